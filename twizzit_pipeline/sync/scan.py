"""A scan: read, judge, the valid rows into the table of the same name, the rejected ones beside it.

What belongs here: what every entity's scan does alike. What is asked of Twizzit, and by which contract it is judged, is
in the entity's own module.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Table, or_, select

from twizzit_pipeline.contracts.checked import Checked, Found
from twizzit_pipeline.contracts.counts import RowCounts
from twizzit_pipeline.entities import PLAYERS, Entity
from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.details import GROUP_NOT_FOUND, LISTED, MOST_PLACES, PLACES, PLAYERS_NOT_READ, TEAM_PLAYERS
from twizzit_pipeline.runs.entity_counts import EntityCounts
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.storage import bulk
from twizzit_pipeline.storage.bulk import Written
from twizzit_pipeline.storage.tables import SNAPSHOTS
from twizzit_pipeline.sync.reports import ScanReport, by_label, grouped
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.sync.timing import Stopwatch
from twizzit_pipeline.sync.unread_values import UnreadValues, as_before
from twizzit_pipeline.twizzit.records import SetAside

_Row = Mapping[str, Any]


@dataclass(frozen=True)
class Read:
    """What was read of one entity, and judged.

    Attributes:
        checked: valid rows with the snapshot's columns, credential and season aside.
        unread: remote team id → why its players could not be read; what an earlier scan knew of them stays.
        set_aside: rows that the dialect set aside before the contract saw them.
        unread_values: what could not be read of valid rows; what an earlier scan had of it stays.
        found: False where the one team that the session is narrowed to is not listed.
        places: remote id of a person who was rejected or set aside → the remote teams that list them; those without an
            id under the empty text.
        details: what else a reader of the history should know, as JSON, without names of people.
    """

    checked: Checked
    unread: Mapping[str, TwizzitPipelineError] = field(default_factory=dict)
    set_aside: tuple[SetAside, ...] = ()
    unread_values: Sequence[UnreadValues] = ()
    found: bool = True
    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def all_set_aside(self) -> tuple[SetAside, ...]:
        """Those of the dialect, then those of the contract."""
        return (*self.set_aside, *(SetAside(one.twizzit_id, one.rule) for one in self.checked.set_aside))

    @property
    def counts(self) -> RowCounts:
        """What became of the rows that were read."""
        return self.checked.rows.with_set_aside(len(self.set_aside))


def scan_entity(
    session: SyncSession,
    of: Entity,
    read: Callable[[SeasonRow, Stopwatch], Read],
    then: Callable[[SeasonRow, EntityCounts], None] | None = None,
) -> ScanReport:
    """Reads the season's rows of one entity and makes them its snapshot.

    Args:
        read: asks Twizzit and judges the answer, with the laps ``fetch`` and ``validate``.
        then: what is found out besides, once the snapshot is written.

    Raises:
        TwizzitPipelineError: any leaf; nothing was written to the snapshot then.
    """
    watch, calls = Stopwatch(), session.calls
    entity, table = of.name, SNAPSHOTS[of.name]
    with session.recording(entity) as counts:
        season = session.listed_season()
        if season is None:
            counts.details["season_exists"] = False
            return ScanReport(entity, season_exists=False, calls=session.calls - calls, seconds=watch.phases)
        seen = read(season, watch)
        checked = seen.checked
        unread = {"twizzit_team_id": tuple(seen.unread)} if seen.unread else {}
        written, listed = store_scan(session, entity, table, season.id, seen, keep=unread)
        if then is not None:
            then(season, counts)
        watch.lap("write")
        if session.narrowing.group_id is None:
            counts.details[LISTED] = listed
        _count(session, counts, table, seen)
        counts.details |= seen.details
        team_players = _by_team(checked.valid) if of is PLAYERS else {}
        if team_players:
            counts.details[TEAM_PLAYERS] = team_players
        return ScanReport(
            entity,
            season_exists=True,
            rows=len(checked.valid),
            items=counts.scanned + len(counts.rejected_items),
            rejected=counts.rejected,
            warnings=_by_rule(checked.warnings),
            failed={team_id: str(error) for team_id, error in seen.unread.items()},
            counts=seen.counts,
            set_aside=seen.all_set_aside,
            team_players=team_players,
            written=written,
            calls=session.calls - calls,
            seconds=watch.phases,
        )


def _count(session: SyncSession, counts: EntityCounts, table: Table, seen: Read) -> None:
    remote_id = [column.name for column in table.primary_key][-1]
    counts.rejected = _by_rule(seen.checked.rejected)
    counts.hints = _by_rule(seen.checked.warnings)
    counts.scanned = len(set(seen.checked.valid[remote_id].tolist()) - counts.rejected_items)
    counts.rows = seen.counts
    if seen.places:
        counts.details[PLACES] = dict(islice(seen.places.items(), MOST_PLACES))
    counts.set_aside = by_label(seen.all_set_aside)
    if seen.unread:
        counts.failed[PLAYERS_NOT_READ] = tuple(seen.unread)
    if not seen.found and session.narrowing.group_id is not None:
        counts.failed[GROUP_NOT_FOUND] = (session.narrowing.group_id,)


def _by_rule(found: Sequence[Found]) -> dict[str, tuple[str, ...]]:
    return grouped((one.rule, one.twizzit_id) for one in found)


def _by_team(valid: pd.DataFrame) -> dict[str, int]:
    """Remote team id → how many players it has."""
    return dict(Counter(valid["twizzit_team_id"].tolist()).most_common())


def store_scan(
    session: SyncSession,
    entity: str,
    table: Table,
    season_id: int,
    seen: Read,
    *,
    keep: Mapping[str, Sequence[str]],
) -> tuple[Written, int]:
    """Makes the snapshot of this credential and season what was seen, in one transaction; of one team alone where the
    session is narrowed to it.

    A row that was rejected, that the contract set aside, or that could not be read (`keep`: column → values), is not
    known to be gone: what an earlier scan knew of it stays. So does what it knew of a single value that is unread now.

    Returns:
        The rows that changed, and how many distinct remote ids the snapshot (or that part of it) holds now.
    """
    checked = seen.checked
    scope: dict[str, int | str] = {"credential_id": session.credential.id, "season_id": season_id}
    snapshot = tuple(scope)
    keys = [column.name for column in table.primary_key if column.name not in scope]
    columns = [column.name for column in table.c if column.name not in scope]
    season = dict(scope)
    if session.narrowing.group_id is not None and "twizzit_team_id" in table.c:
        scope["twizzit_team_id"] = session.narrowing.group_id
    named = (one.twizzit_id for one in (*checked.rejected, *checked.set_aside))
    said_nothing = [remote_id for remote_id in named if remote_id is not None]
    unknown = {**keep, keys[-1]: [*keep.get(keys[-1], ()), *said_nothing]}
    for attempt in session.attempts():
        with attempt, session.writing() as connection:
            earlier = _earlier(connection, table, scope, columns, unknown)
            if earlier and len(keys) > 1:
                earlier = _not_left(earlier, seen)
            frame = checked.valid
            for unread in seen.unread_values:
                frame = as_before(connection, table, season, frame, unread)
            if earlier:
                kept = pd.DataFrame(earlier, columns=columns, dtype=object)
                frame = pd.concat([frame.astype(object), kept], ignore_index=True).drop_duplicates(keys)
            written = bulk.synchronise(connection, table, frame, keys=[*snapshot, *keys], scope=scope)
            if checked.rejected:
                history.reject(
                    connection,
                    session.history_id(entity),
                    credential_id=session.credential.id,
                    entity=entity,
                    rejected=checked.rejected,
                )
    if written.inserted + written.updated >= bulk.MANY:
        session.analyse([table])
    return written, len(set(frame[keys[-1]].tolist()))


def _earlier(
    connection: Connection,
    table: Table,
    scope: Mapping[str, int | str],
    columns: Sequence[str],
    unknown: Mapping[str, Sequence[str]],
) -> list[_Row]:
    """The rows of the last scan that this one says nothing about."""
    wanted = [bulk.among(table.c[name], values) for name, values in unknown.items() if values]
    if not wanted:
        return []
    within = [table.c[name] == value for name, value in scope.items()]
    found = connection.execute(select(*(table.c[name] for name in columns)).where(*within, or_(*wanted)))
    return [dict(row._mapping) for row in found]


def _not_left(earlier: Sequence[_Row], seen: Read) -> list[_Row]:
    """The places of the last scan, but for those of people who stand in another team now and not there any more:
    one row of theirs that says nothing, elsewhere, does not keep them.
    """
    here = set(seen.checked.valid["twizzit_player_id"].tolist())
    return [
        row
        for row in earlier
        if (one := row["twizzit_player_id"]) not in here
        or (team := row["twizzit_team_id"]) in seen.unread
        or team in seen.places.get(one, ())
    ]
