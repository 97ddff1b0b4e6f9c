"""A credential's own configuration: what is synced, how often, and whether by itself.

What belongs here: reading the rows of `twizzit_sync_config`, and what people change in them. What follows for the next
automatic sync is in `automatic`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypedDict, Unpack

from sqlalchemy import Connection, Engine, func, select, true, update
from sqlalchemy.dialects.postgresql import insert

from twizzit_pipeline.credentials import store
from twizzit_pipeline.entities import SYNC_TYPES
from twizzit_pipeline.errors import ConfigurationRefused
from twizzit_pipeline.policies import Policy
from twizzit_pipeline.scheduling import automatic, meanings, policies, usage
from twizzit_pipeline.scheduling.schedule import (
    LONGEST_INTERVAL_MINUTES,
    SHORTEST_INTERVAL_MINUTES,
    USUAL_INTERVAL_MINUTES,
    Schedule,
    month,
)
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import credentials, sync_config

LARGEST_LIMIT = 2**31 - 1

_DEFAULTS: Mapping[str, bool | int] = {
    "sync_teams": True,
    "sync_players": True,
    "sync_competitions": True,
    "sync_interval_minutes": USUAL_INTERVAL_MINUTES,
    "auto_sync_enabled": False,
    "is_federation": False,
    "review": False,
}
_LIMIT = "monthly_call_limit"
_EVENT_TYPES, _MATCH_TYPE = "event_types", "match_event_type"
_DECIDE_WHEN = {"sync_interval_minutes", "auto_sync_enabled", _LIMIT}
_PLAIN = {*_DEFAULTS, _LIMIT, policies.POLICY, policies.EXCEPTIONS}
_TOGGLES = tuple(f"sync_{name}" for name in SYNC_TYPES)


@dataclass(frozen=True, slots=True)
class SyncConfig:
    """What a credential syncs, and when; times are UTC with zone.

    Attributes:
        last_sync_at: when the last whole sync of the running season that did not fail had ended.
        next_sync_at: when the next automatic sync is to start; None is at the next look where `starts_by_itself`, and
            never otherwise.
        monthly_call_limit: calls to Twizzit that automatic syncs make a UTC month last with; None: no limit.
        calls_this_month: those made so far, by any sync or person.
        consecutive_failures: of automatic syncs; where there are any, the interval is doubled for each.
        backing_off_until: when the next try is, where there are failures.
        paused_until: no automatic sync before then; None where there is no pause. `paused_because`: why, for people.
        is_federation: its groups may name other clubs than the organization, and their teams go into those of ShotSpot.
        review: automatic syncs stop at their plan, which a person applies.
        functions, event_types, group_types, statuses: what words of the account mean that its dialect leaves open: a
            name or an id as it was written → ``player``, ``match``, ``team``, one of ShotSpot's statuses, or ``other``.
        conflict_policy: who wins where both sides changed a field: ``twizzit``, ``shotspot``, ``newest``, or ``ask``.
        conflict_exceptions: field (``first_name``, or ``players.first_name``) → another policy for it.
        is_active: of the credential; nothing syncs one that is switched off.
    """

    credential_id: int
    sync_teams: bool
    sync_players: bool
    sync_competitions: bool
    sync_interval_minutes: int
    auto_sync_enabled: bool
    last_sync_at: datetime | None
    next_sync_at: datetime | None
    monthly_call_limit: int | None = None
    calls_this_month: int = 0
    consecutive_failures: int = 0
    backing_off_until: datetime | None = None
    paused_until: datetime | None = None
    paused_because: str | None = None
    is_federation: bool = False
    review: bool = False
    functions: Mapping[str, str] = field(default_factory=dict, hash=False)
    event_types: Mapping[str, str] = field(default_factory=dict, hash=False)
    group_types: Mapping[str, str] = field(default_factory=dict, hash=False)
    statuses: Mapping[str, str] = field(default_factory=dict, hash=False)
    conflict_policy: Policy = policies.USUAL
    conflict_exceptions: Mapping[str, Policy] = field(default_factory=dict, hash=False)
    is_active: bool = True

    @property
    def starts_by_itself(self) -> bool:
        """Whether there will be an automatic sync, as far as the configuration says it."""
        return self.auto_sync_enabled and self.is_active and any(getattr(self, name) for name in _TOGGLES)

    @property
    def match_event_type(self) -> str | None:
        """The first event type that was said to be a match: what clients of an older version ask for."""
        return next((word for word, meaning in self.event_types.items() if meaning == "match"), None)


class ConfigChanges(TypedDict, total=False):
    """The fields that may be changed; those left out stay as they are. A limit of None is no limit.

    Of the lists of words, and of the exceptions from the policy on conflicts, those change that are named; None forgets
    one. `match_event_type` is another spelling of `event_types`: X is ``{X: "match"}``, and None forgets every type
    that was said to be a match.
    """

    sync_teams: bool
    sync_players: bool
    sync_competitions: bool
    sync_interval_minutes: int
    auto_sync_enabled: bool
    monthly_call_limit: int | None
    is_federation: bool
    review: bool
    functions: Mapping[str, str | None]
    event_types: Mapping[str, str | None]
    group_types: Mapping[str, str | None]
    statuses: Mapping[str, str | None]
    match_event_type: str | None
    conflict_policy: Policy
    conflict_exceptions: Mapping[str, Policy | None]


def read(engine: Engine, credential_id: int) -> SyncConfig:
    """The configuration of a credential; its row is made, with the defaults, at the first read.

    Raises:
        UnknownCredential: no credential has that id.
    """
    with driver_errors():
        store.get(engine, credential_id)
        with engine.begin() as connection:
            return _read(connection, credential_id)


def change(engine: Engine, credential_id: int, *, actor: Actor, **fields: Unpack[ConfigChanges]) -> SyncConfig:
    """Changes the fields given, and leaves a row in the audit log where that made a difference.

    Whatever decides when takes effect at the next look of the orchestrator. Another limit ends every pause, the one
    that Twizzit's own quota asked for as well: a larger quota may have been bought.

    Raises:
        UnknownCredential: no credential has that id.
        ConfigurationRefused: a field is unknown, of another type, or out of its bounds.
    """
    wanted: dict[str, object] = dict(fields)
    for name, value in wanted.items():
        _check(name, value)
    with driver_errors():
        store.get(engine, credential_id)
        with engine.begin() as connection:
            store.keep(connection, credential_id)
            before = _read(connection, credential_id, locked=True)
            lists = _lists(before, wanted)
            if "conflict_exceptions" in fields:
                after = policies.changed(before.conflict_exceptions, fields["conflict_exceptions"])
                wanted["conflict_exceptions"] = after
            differing = {
                name: value for name, value in wanted.items() if name in _PLAIN and getattr(before, name) != value
            }
            words = {name: found for name in lists if (found := meanings.differing(getattr(before, name), lists[name]))}
            if not differing and not words:
                return before
            columns = {**differing, **({"meanings": _stored(before, lists)} if words else {})}
            connection.execute(
                update(sync_config)
                .where(sync_config.c.credential_id == credential_id)
                .values(**columns, updated_at=func.timezone("utc", func.now()))
            )
            if differing.keys() & _DECIDE_WHEN:
                automatic.changed(connection, credential_id, limit=_LIMIT in differing)
            audit.record(
                connection,
                actor,
                action="change",
                target="config",
                target_id=str(credential_id),
                details={
                    "from": {name: getattr(before, name) for name in differing} | _said(before, words),
                    "to": differing | {name: dict(of_it) for name, of_it in words.items()},
                },
            )
            return _read(connection, credential_id)


def _check(name: str, value: object) -> None:
    if name == _LIMIT:
        if value is not None and (type(value) is not int or not 1 <= value <= LARGEST_LIMIT):
            raise ConfigurationRefused(f"{name} must be a whole number of at least 1, or null for no limit", field=name)
        return
    if name == _MATCH_TYPE:
        _check_match_type(value)
        return
    if name in meanings.LISTS:
        meanings.changed(name, {}, value)
        return
    if name in (policies.POLICY, policies.EXCEPTIONS):
        policies.check(name, value)
        return
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


def _check_match_type(value: object) -> None:
    try:
        meanings.changed(_EVENT_TYPES, {}, {} if value is None else {value: "match"})
    except (ConfigurationRefused, TypeError):
        said = f"must be the id or the name of a type of events, at most {meanings.LONGEST_WORD} characters, or null"
        raise ConfigurationRefused(f"{_MATCH_TYPE} {said}", field=_MATCH_TYPE) from None


def _lists(before: SyncConfig, wanted: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """The lists of words that are to change, as they are to be."""
    lists = {
        name: meanings.changed(name, getattr(before, name), wanted[name]) for name in meanings.LISTS if name in wanted
    }
    if _MATCH_TYPE in wanted:
        types = lists.get(_EVENT_TYPES, before.event_types)
        type_ = wanted[_MATCH_TYPE]
        one_more = meanings.matches_alone(types, None if type_ is None else str(type_))
        lists[_EVENT_TYPES] = meanings.changed(_EVENT_TYPES, types, one_more)
    return lists


def _said(before: SyncConfig, words: Mapping[str, Mapping[str, str | None]]) -> dict[str, dict[str, str | None]]:
    """What was said until now of the words that change; None: nothing."""
    return {name: {word: getattr(before, name).get(word) for word in of_it} for name, of_it in words.items()}


def _stored(before: SyncConfig, lists: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    """The column's JSON; empty lists are left out."""
    words = {name: lists.get(name, getattr(before, name)) for name in meanings.LISTS}
    return {name: of_it for name, of_it in words.items() if of_it}


def _read(connection: Connection, credential_id: int, *, locked: bool = False) -> SyncConfig:
    """The row, made where there is none: two who ask at once make one."""
    owner = credentials.c
    is_active = select(func.coalesce(owner.is_active, true())).where(owner.id == credential_id).scalar_subquery()
    wanted = select(sync_config, is_active.label("is_active")).where(sync_config.c.credential_id == credential_id)
    if locked:
        wanted = wanted.with_for_update()
    row = connection.execute(wanted).mappings().one_or_none()
    if row is None:
        made = insert(sync_config).values(credential_id=credential_id, **_DEFAULTS)
        connection.execute(made.on_conflict_do_nothing(index_elements=["credential_id"]))
        row = connection.execute(wanted).mappings().one()
    now = automatic.database_now(connection)
    return _shown(dict(row), usage.used(connection, credential_id, month(now)), now)


def _shown(row: Mapping[str, object], calls: int, now: datetime) -> SyncConfig:
    """The row as it counts at this moment; ShotSpot's own columns may be null."""
    when = Schedule.of(row)
    pause = when.paused_until if when.is_paused(now) else None
    switches = {name: bool(_DEFAULTS[name] if row[name] is None else row[name]) for name in _TOGGLES}
    said = meanings.kept(row["meanings"])
    found = SyncConfig(
        credential_id=when.credential_id,
        sync_teams=switches["sync_teams"],
        sync_players=switches["sync_players"],
        sync_competitions=switches["sync_competitions"],
        sync_interval_minutes=when.sync_interval_minutes,
        auto_sync_enabled=when.auto_sync_enabled,
        last_sync_at=when.last_sync_at,
        next_sync_at=None,
        monthly_call_limit=when.monthly_call_limit,
        calls_this_month=calls,
        consecutive_failures=when.consecutive_failures,
        paused_until=pause,
        paused_because=when.paused_because if pause is not None else None,
        is_federation=row["is_federation"] is True,
        review=row["review"] is True,
        functions=said["functions"],
        event_types=said["event_types"],
        group_types=said["group_types"],
        statuses=said["statuses"],
        conflict_policy=policies.policy_of(row["conflict_policy"]),
        conflict_exceptions=policies.kept(row["conflict_exceptions"]),
        is_active=row["is_active"] is True,
    )
    if not found.starts_by_itself:
        return found
    start = when.next_sync_at if pause is None else max(when.next_sync_at or pause, pause)
    return replace(found, next_sync_at=start, backing_off_until=start if when.consecutive_failures else None)
