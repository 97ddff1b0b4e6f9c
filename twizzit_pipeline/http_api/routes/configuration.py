"""When a credential syncs by itself, and what."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, cast

from pydantic.alias_generators import to_camel

from twizzit_pipeline.entities import SYNC_TYPES
from twizzit_pipeline.errors import ConfigurationRefused
from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.auth import CurrentCaller, guarded_router
from twizzit_pipeline.http_api.config_bodies import ConfigChange
from twizzit_pipeline.http_api.problems import invalid_field
from twizzit_pipeline.http_api.routes.documented import answers
from twizzit_pipeline.http_api.service import CredentialId, Here
from twizzit_pipeline.queries import later
from twizzit_pipeline.scheduling import config, recipients

router = guarded_router("Synchronization")

_HOUR, _DAY = 60, 1440


@router.get(
    "/sync/config/{credentialId}",
    response_model=schemas.ConfigAnswer,
    responses=answers(400, 404),
)
def sync_configuration(here: Here, caller: CurrentCaller, credential_id: CredentialId) -> schemas.ConfigAnswer:
    """The configuration; the defaults where it was never changed."""
    found = config.read(here.engine, credential_id)
    return _answer(found, recipients.read(here.engine, credential_id) if caller.role == "admin" else None)


@router.put(
    "/sync/config/{credentialId}",
    response_model=schemas.ConfigAnswer,
    responses=answers(400, 404),
)
def change_sync_configuration(
    here: Here, caller: CurrentCaller, credential_id: CredentialId, body: ConfigChange
) -> schemas.ConfigAnswer:
    """Change the fields that are sent; the others stay. It takes effect within seconds."""
    try:
        wanted = None if body.notify_to is None else recipients.checked(body.notify_to)
        found = config.change(here.engine, credential_id, actor=caller.actor, **_changes(body))
        if wanted is not None:
            recipients.change(here.engine, credential_id, wanted, actor=caller.actor)
        return _answer(found, recipients.read(here.engine, credential_id))
    except ConfigurationRefused as error:
        raise invalid_field(to_camel(error.field), str(error)) from None


# Fields that are changed where they are sent and not null.
_SENT = (
    *(f"sync_{name}" for name in SYNC_TYPES),
    "auto_sync_enabled",
    "is_federation",
    "review",
    "functions",
    "event_types",
    "group_types",
    "statuses",
    "conflict_policy",
    "conflict_exceptions",
)


def _changes(body: ConfigChange) -> config.ConfigChanges:
    sent = {name: value for name in _SENT if (value := getattr(body, name)) is not None}
    changes = cast("config.ConfigChanges", sent)
    if body.minutes is not None:
        changes["sync_interval_minutes"] = body.minutes
    if body.says_limit:
        changes["monthly_call_limit"] = body.monthly_call_limit
    if body.says_event_type:
        changes["match_event_type"] = body.match_event_type
    return changes


def _answer(found: config.SyncConfig, addresses: Sequence[str] | None) -> schemas.ConfigAnswer:
    minutes = found.sync_interval_minutes
    unit: Literal["minutes", "hours", "days"] = "minutes"
    if minutes % _DAY == 0:
        unit = "days"
    elif minutes % _HOUR == 0:
        unit = "hours"
    because = later.of_config(found, datetime.now(UTC))
    shown = schemas.SyncConfig.of(
        found,
        next_sync_because=None if because is None else because.words,
        notify_to=None if addresses is None else list(addresses),
        sync_interval_hours=minutes / _HOUR,
        sync_interval_days=minutes / _DAY,
        sync_interval_unit=unit,
    )
    return schemas.ConfigAnswer.of(shown, config=shown)
