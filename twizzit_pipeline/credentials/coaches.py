"""Which clubs a coach may see, where ShotSpot's token does not say.

What belongs here: what an administrator says of a user. A user without a row may see every club; one that is limited
stays so when the last of their clubs is deleted, and sees none then.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.dialects.postgresql import insert as upsert

from twizzit_pipeline.credentials.rows import may_exist, unknown
from twizzit_pipeline.errors import ConfigurationRefused
from twizzit_pipeline.storage import bulk
from twizzit_pipeline.storage.audit import Actor, record, this_user
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import coach_credentials, coaches, credentials

LONGEST_ID = 100


@dataclass(frozen=True, slots=True)
class Visible:
    """A club that a coach may see."""

    credential_id: int
    organization_name: str


@dataclass(frozen=True, slots=True)
class Coach:
    """A user, and the clubs that they are limited to.

    Attributes:
        limited_at: when they were limited, or their clubs last changed; None where they are not limited.
        clubs: by id; empty where they are not limited, too.
    """

    user_id: str
    limited_at: datetime | None
    clubs: tuple[Visible, ...]

    @property
    def limited(self) -> bool:
        """Whether they may see `clubs` alone."""
        return self.limited_at is not None


def user_id_of(text: str) -> str:
    """A user's id as it is kept: numbers are spelled in one way.

    Raises:
        ConfigurationRefused: it is none.
    """
    stripped = text.strip()
    if not 0 < len(stripped) <= LONGEST_ID or not stripped.isprintable():
        raise ConfigurationRefused(f"A user's id has 1 to {LONGEST_ID} printable characters", field="user_id")
    return str(int(stripped)) if stripped.isdecimal() else stripped


def visible_to(engine: Engine, user_id: str) -> frozenset[int] | None:
    """The credentials that a user is limited to; None where they are not limited."""
    try:
        user = user_id_of(user_id)
    except ConfigurationRefused:  # a token's odd id: no one can have said anything of it
        return None
    rows = (
        select(coach_credentials.c.credential_id)
        .select_from(coaches.outerjoin(coach_credentials))
        .where(coaches.c.user_id == user)
    )
    with driver_errors(), engine.connect() as connection:
        found = connection.scalars(rows).all()
    return frozenset(one for one in found if one is not None) if found else None


def read(engine: Engine, user_id: str) -> Coach:
    """What is said of a user.

    Raises:
        ConfigurationRefused: the id is none.
    """
    with driver_errors(), engine.connect() as connection:
        return _read(connection, user_id_of(user_id))


def list_all(engine: Engine) -> list[Coach]:
    """The users that are limited, by id."""
    with driver_errors(), engine.connect() as connection:
        return _coaches(connection, None)


def limit(engine: Engine, user_id: str, credential_ids: Collection[int], *, actor: Actor | None = None) -> Coach:
    """Limits a user to these credentials; they replace those that were set before.

    Raises:
        ConfigurationRefused: the id is none.
        UnknownCredential: no credential has one of those ids; nothing was changed.
    """
    user, wanted = user_id_of(user_id), sorted(set(credential_ids))
    with driver_errors(), engine.begin() as connection:
        marked = upsert(coaches).values(user_id=user)
        connection.execute(
            marked.on_conflict_do_update(index_elements=["user_id"], set_={"limited_at": coaches.c.limited_at})
        )  # the row is locked by that, as by another who says something of the same user
        before = [club.credential_id for club in _read(connection, user).clubs]
        _require_all(connection, wanted)
        if before != wanted:
            connection.execute(sql_delete(coach_credentials).where(coach_credentials.c.user_id == user))
            if wanted:
                connection.execute(
                    insert(coach_credentials), [{"user_id": user, "credential_id": one} for one in wanted]
                )
            connection.execute(update(coaches).where(coaches.c.user_id == user).values(limited_at=func.now()))
        details = {"credentials": wanted, "credentials_before": before}
        record(connection, actor or this_user(), action="limit", target="coach", target_id=user, details=details)
        return _read(connection, user)


def free(engine: Engine, user_id: str, *, actor: Actor | None = None) -> bool:
    """Lets a user see every club again; False where they could already.

    Raises:
        ConfigurationRefused: the id is none.
    """
    user = user_id_of(user_id)
    with driver_errors(), engine.begin() as connection:
        locked = select(coaches.c.user_id).where(coaches.c.user_id == user).with_for_update()
        if connection.execute(locked).first() is None:
            return False
        before = [club.credential_id for club in _read(connection, user).clubs]
        connection.execute(sql_delete(coaches).where(coaches.c.user_id == user))
        details = {"credentials_before": before}
        record(connection, actor or this_user(), action="free", target="coach", target_id=user, details=details)
    return True


def _require_all(connection: Connection, credential_ids: Sequence[int]) -> None:
    """Those credentials are there, and stay until the transaction ends."""
    possible = [one for one in credential_ids if may_exist(one)]
    there = select(credentials.c.id).where(bulk.among(credentials.c.id, possible))
    found = set(connection.scalars(there.with_for_update(read=True, key_share=True)))
    for one in credential_ids:
        if one not in found:
            raise unknown(one)


def _read(connection: Connection, user_id: str) -> Coach:
    return next(iter(_coaches(connection, user_id)), Coach(user_id, None, ()))


def _coaches(connection: Connection, user_id: str | None) -> list[Coach]:
    table = coaches.outerjoin(coach_credentials).outerjoin(credentials)
    rows = (
        select(coaches.c.user_id, coaches.c.limited_at, credentials.c.id, credentials.c.organization_name)
        .select_from(table)
        .order_by(func.length(coaches.c.user_id), coaches.c.user_id, credentials.c.id)
    )
    clubs: dict[tuple[str, datetime], list[Visible]] = {}
    for row in connection.execute(rows if user_id is None else rows.where(coaches.c.user_id == user_id)):
        seen = clubs.setdefault((row.user_id, row.limited_at), [])
        if row.id is not None:
            seen.append(Visible(row.id, row.organization_name))
    return [Coach(user, limited_at, tuple(seen)) for (user, limited_at), seen in clubs.items()]
