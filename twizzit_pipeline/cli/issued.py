"""A token is made: the audit log says for which role and how long, and never the token."""

from collections.abc import Sequence

from sqlalchemy import Engine

from twizzit_pipeline import errors
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.audit import record_beside, this_user
from twizzit_pipeline.storage.engine import open_database


def record_token(
    engine: Engine, role: str, *, user_id: int, seconds: int, credentials: Sequence[int] | None
) -> str | None:
    """Leave the row of a token; None, or why there is none."""
    details = {"role": role, "user_id": user_id, "seconds": seconds, "credentials": credentials}
    return record_beside(engine, this_user(), action="token", target="api", details=details)


def record_token_of(
    settings: Settings, role: str, *, user_id: int, seconds: int, credentials: Sequence[int] | None
) -> str | None:
    """`record_token` where no database is open: a token needs none, so one that is away or not made yet stops none."""
    if settings.embedded and not (settings.home / "postgres").exists():
        return "there is no database yet"
    try:
        with open_database(settings) as database:
            return record_token(database.engine, role, user_id=user_id, seconds=seconds, credentials=credentials)
    except (
        errors.DatabaseUnavailable,
        errors.DatabaseRefused,
        errors.UnsupportedDatabase,
        errors.EmbeddedServerFailed,
        errors.SettingsError,
    ) as error:
        return " ".join(str(error).split())
