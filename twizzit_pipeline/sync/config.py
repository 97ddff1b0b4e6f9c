"""A credential's own configuration: what is synced, how often, and whether by itself.

What belongs here: reading and changing the rows of `twizzit_sync_config`. What follows from them is the sensors' part.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict, Unpack

from sqlalchemy import Connection, Engine, func, select, update
from sqlalchemy.dialects.postgresql import insert

from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import ConfigurationRefused
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import sync_config

SHORTEST_INTERVAL_MINUTES = 5
LONGEST_INTERVAL_MINUTES = 365 * 24 * 60

_DEFAULTS: Mapping[str, bool | int] = {
    "sync_teams": True,
    "sync_players": True,
    "sync_competitions": True,
    "sync_interval_minutes": 60,
    "auto_sync_enabled": False,
}
_TIMES = ("last_sync_at", "next_sync_at")


@dataclass(frozen=True, slots=True)
class SyncConfig:
    """What a credential syncs, and when; times are UTC with zone, None where there was or will be no automatic sync."""

    credential_id: int
    sync_teams: bool
    sync_players: bool
    sync_competitions: bool
    sync_interval_minutes: int
    auto_sync_enabled: bool
    last_sync_at: datetime | None
    next_sync_at: datetime | None


class ConfigChanges(TypedDict, total=False):
    """The fields that somebody may change; those left out stay as they are."""

    sync_teams: bool
    sync_players: bool
    sync_competitions: bool
    sync_interval_minutes: int
    auto_sync_enabled: bool


def read(engine: Engine, credential_id: int) -> SyncConfig:
    """The configuration of a credential; its row is made, with the defaults, the first time that somebody asks.

    Raises:
        UnknownCredential: no credential has that id.
    """
    with driver_errors():
        store.get(engine, credential_id)
        with engine.begin() as connection:
            return _read(connection, credential_id)


def change(engine: Engine, credential_id: int, *, actor: Actor, **fields: Unpack[ConfigChanges]) -> SyncConfig:
    """Changes the fields given, and leaves a row in the audit log where that made a difference.

    Raises:
        UnknownCredential: no credential has that id.
        ConfigurationRefused: a field is unknown, of another type, or the interval not 5 minutes to a year.
    """
    wanted: dict[str, object] = dict(fields)
    for name, value in wanted.items():
        _check(name, value)
    with driver_errors():
        store.get(engine, credential_id)
        with engine.begin() as connection:
            before = _read(connection, credential_id, locked=True)
            differing = {name: value for name, value in wanted.items() if getattr(before, name) != value}
            if not differing:
                return before
            connection.execute(
                update(sync_config)
                .where(sync_config.c.credential_id == credential_id)
                .values(**differing, updated_at=func.timezone("utc", func.now()))
            )
            audit.record(
                connection,
                actor,
                action="change",
                target="config",
                target_id=str(credential_id),
                details={"from": {name: getattr(before, name) for name in differing}, "to": differing},
            )
            return _read(connection, credential_id)


def _check(name: str, value: object) -> None:
    if name not in _DEFAULTS:
        raise ConfigurationRefused(f"A sync configuration has no field {name}", field=name)
    if type(value) is not type(_DEFAULTS[name]):
        kind = "true or false" if isinstance(_DEFAULTS[name], bool) else "a whole number"
        raise ConfigurationRefused(f"{name} must be {kind}", field=name)
    if isinstance(value, int) and not isinstance(value, bool):
        if value < SHORTEST_INTERVAL_MINUTES:
            raise ConfigurationRefused(f"{name} must be at least {SHORTEST_INTERVAL_MINUTES} minutes", field=name)
        if value > LONGEST_INTERVAL_MINUTES:
            raise ConfigurationRefused(f"{name} must be at most {LONGEST_INTERVAL_MINUTES} (a year)", field=name)


def _read(connection: Connection, credential_id: int, *, locked: bool = False) -> SyncConfig:
    """The row, made where there is none: two who ask at once make one."""
    wanted = select(*(sync_config.c[name] for name in SyncConfig.__dataclass_fields__)).where(
        sync_config.c.credential_id == credential_id
    )
    if locked:
        wanted = wanted.with_for_update()
    row = connection.execute(wanted).one_or_none()
    if row is None:
        made = insert(sync_config).values(credential_id=credential_id, **_DEFAULTS)
        connection.execute(made.on_conflict_do_nothing(index_elements=["credential_id"]))
        row = connection.execute(wanted).one()
    values = dict(row._mapping)
    for name, default in _DEFAULTS.items():  # ShotSpot's own columns may be null
        values[name] = default if values[name] is None else values[name]
    for name in _TIMES:
        values[name] = values[name] and values[name].replace(tzinfo=UTC)
    return SyncConfig(**values)
