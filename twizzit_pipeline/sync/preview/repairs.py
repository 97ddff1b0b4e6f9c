"""What a repair would write: made from the last scan and what ShotSpot holds now. Twizzit is not asked.

What belongs here: the question and its answer, before a person says yes. Nothing is written. The answer holds names.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, select

from twizzit_pipeline.credentials import store
from twizzit_pipeline.entities import ENTITIES, Entity, EntityName
from twizzit_pipeline.errors import InactiveCredential, NothingScanned, UnknownSeason
from twizzit_pipeline.plan import Change, Plan
from twizzit_pipeline.plan.repair import REPAIRED_ON_REQUEST, ordinary, repairing
from twizzit_pipeline.plan.rows import Owner, WantedSeason
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.runs.details import ROWS
from twizzit_pipeline.runs.recorded import newest
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import sync_history
from twizzit_pipeline.sync.entities import planned
from twizzit_pipeline.sync.mapping import wanted_season
from twizzit_pipeline.sync.owners import owner_of


@dataclass(frozen=True, slots=True)
class Repair:
    """One row of ShotSpot that differs from what Twizzit says.

    Attributes:
        row_id: ShotSpot's id; `twizzit_id`: the remote one.
        name: what ShotSpot calls it; of a game what Twizzit calls its match.
        columns: column → what it holds, and what Twizzit says; a negative id is one of a row that would be made.
    """

    row_id: int
    twizzit_id: str
    name: str
    columns: Mapping[str, tuple[object, object]]


@dataclass(frozen=True, slots=True)
class EntityRepair:
    """What a repair would do to one entity.

    Attributes:
        scanned_at: when the last scan of it ended (UTC); None where there was none, and then the rest is empty.
        items: how many the scan lists.
        repairs: the rows that would be written, by id.
        left: reason → remote ids of what cannot be as Twizzit has it, and stays as it is.
    """

    entity: EntityName
    scanned_at: datetime | None
    items: int = 0
    repairs: Sequence[Repair] = ()
    left: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RepairPreview:
    """What a repair of one club and season would do; `past`: a later season decides, and nothing is written."""

    season: str
    past: bool
    entities: Sequence[EntityRepair]

    @property
    def rows(self) -> int:
        """How many rows of ShotSpot would be written."""
        return sum(len(one.repairs) for one in self.entities)

    @property
    def oldest_scan(self) -> datetime | None:
        """When the oldest of the scans ended that it is made from."""
        return min((one.scanned_at for one in self.entities if one.scanned_at is not None), default=None)


def repairs_to_come(
    engine: Engine, credential_id: int, *, only: str | None, season: str | None, day: date, season_start: str
) -> RepairPreview:
    """What a repair would write, if Twizzit still says what it said at the last scan. Costs no call.

    Args:
        only: the sync type whose entities are meant; None for all.
        season: its label or remote id, however it is written; None for the running one.

    Raises:
        UnknownCredential, InactiveCredential: there is no such credential, or it is switched off.
        UnknownSeason: the account has no such season.
        NothingScanned: no sync has read the season yet.
    """
    credential = store.get(engine, credential_id)
    if not credential.is_active:
        raise InactiveCredential(f"Credential {credential_id} is switched off: activate it before syncing")
    options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with driver_errors(), engine.connect().execution_options(**options) as connection:
        row = _season(connection, credential_id, season, day=day, season_start=season_start)
        wanted = wanted_season(connection, credential_id, row, day=day, season_start=season_start, repair=True)
        found = [
            _of_entity(connection, entity.name, owner_of(credential), row, wanted, day)
            for entity in ENTITIES.values()
            if only in (None, entity.sync_type)
        ]
    if all(one.scanned_at is None for one in found):
        raise _nothing_scanned(credential_id, row.label, only)
    return RepairPreview(row.label, not wanted.repairs, found)


def _season(
    connection: Connection, credential_id: int, asked: str | None, *, day: date, season_start: str
) -> SeasonRow:
    known = seasons.known(connection, credential_id, season_start)
    if not known:
        raise _nothing_scanned(credential_id, asked)
    found = seasons.meant(known, asked or str(seasons.running(known, day)))
    if found is None:
        raise UnknownSeason(seasons.not_listed(known))
    return found


def _nothing_scanned(credential_id: int, season: str | None, only: str | None = None) -> NothingScanned:
    what = f"the {only} of season {season}" if only and season else f"season {season}" if season else "this club"
    narrowed = (f" --only {only}" if only else "") + (f' --season "{season}"' if season else "")
    return NothingScanned(
        f"No sync has read {what} yet, so nothing can be said to differ; nothing was written."
        f" Sync it first: twizzit sync {credential_id}{narrowed}"
    )


def _of_entity(
    connection: Connection, entity: EntityName, owner: Owner, season: SeasonRow, wanted: WantedSeason, day: date
) -> EntityRepair:
    scanned_at = _scanned_at(connection, owner.credential_id, entity, season.label)
    if scanned_at is None:
        return EntityRepair(entity, None)
    repair, without = _planned(connection, entity, owner, season.id, wanted, day)
    rows = [_row(ENTITIES[entity], change) for change in repair.changes if change.repaired]
    known = set(_remarks(without))
    left: dict[str, list[str]] = defaultdict(list)
    for reason, remote_id in _remarks(repair):
        if (reason, remote_id) not in known and reason != REPAIRED_ON_REQUEST:
            left[reason].append(remote_id)
    rows.sort(key=lambda row: row.row_id)
    return EntityRepair(entity, scanned_at, repair.items, rows, {reason: (*ids,) for reason, ids in left.items()})


def _planned(
    connection: Connection, entity: EntityName, owner: Owner, season_id: int, wanted: WantedSeason, day: date
) -> tuple[Plan, Plan]:
    """The plan of a repair, and the one of an ordinary sync."""
    of = planned(entity)
    state = of.read(connection, owner, season_id, wanted, day)
    return repairing(of.plan)(state), ordinary(of.plan, state)


def _remarks(plan: Plan) -> list[tuple[str, str]]:
    """Reason and remote id of what failed, and of what has a remark."""
    failed = [(one.reason, one.twizzit_id) for one in plan.failed]
    return [*failed, *((one.reason, one.twizzit_id) for one in plan.warned)]


def _row(entity: Entity, change: Change) -> Repair:
    columns = {column: (change.before[column], change.values[column]) for column in change.repaired}
    return Repair(change.row_id, str(change.twizzit_id), _name(entity, change), columns)


def _name(entity: Entity, change: Change) -> str:
    if entity.names:
        return " ".join(str(change.before[column]) for column in entity.names)
    return str((change.mapping_before or change.mapping or {}).get("twizzit_name") or "")


def _scanned_at(connection: Connection, credential_id: int, entity: EntityName, season: str) -> datetime | None:
    """When the last scan of the whole season ended, whatever became of it afterwards (UTC)."""
    row = sync_history.c
    ended = newest(
        select(row.completed_at),
        credential_id,
        entity,
        row.completed_at.is_not(None),
        row.details["season"].astext == season,
        row.details["group_id"].astext.is_(None),
        row.details.has_key(ROWS),
    )
    found: datetime | None = connection.scalar(ended.limit(1))
    return None if found is None else found.replace(tzinfo=UTC)
