"""From a scan to ShotSpot: read the state, make the plan, apply it, close the history row. One transaction."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any, Generic

from sqlalchemy import Connection, Select, Table, bindparam, func, select
from tenacity import TryAgain

from twizzit_pipeline.contracts.counts import RowCounts
from twizzit_pipeline.entities import ENTITIES, MATCHES, Entity, EntityName
from twizzit_pipeline.plan import Action, Plan, by_reason
from twizzit_pipeline.plan.asking import doubts
from twizzit_pipeline.plan.narrowing import narrowed, spoken_of
from twizzit_pipeline.plan.repair import repaired_columns, repairing
from twizzit_pipeline.plan.rows import Owner, WantedSeason
from twizzit_pipeline.plan.states import EntityState, MatchState, PlayerState, State, TeamState
from twizzit_pipeline.runs import deciding_season, fed_clubs, history, seasons
from twizzit_pipeline.runs.asked import counted
from twizzit_pipeline.runs.details import (
    CLUBS,
    COMPETITION_TEAMS,
    DECIDES,
    DEPARTURES,
    GROUP_NOT_FOUND,
    MAPPINGS,
    NEW_QUESTIONS,
    NEW_QUESTIONS_OF,
    OPPONENT_CLUBS,
    OPPONENT_TEAMS,
    PLAYERS_NOT_READ,
    QUESTIONS,
    QUESTIONS_OF,
    REPAIRED,
)
from twizzit_pipeline.runs.entity_counts import MOST_ITEMS_IN_DETAILS, EntityCounts
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.bulk import MANY, among
from twizzit_pipeline.sync.apply import apply
from twizzit_pipeline.sync.chosen import chosen_part
from twizzit_pipeline.sync.reports import MappingReport
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.sync.state.departures import read_departures
from twizzit_pipeline.sync.timing import Stopwatch


@dataclass(frozen=True, slots=True)
class EntityPlan(Generic[State]):
    """How an entity is planned.

    Attributes:
        read: the state, given the credential's owner, the id in `twizzit_seasons`, the season, and today in Belgium.
        plan: the pure function that makes the plan of it.
    """

    of: Entity
    read: Callable[[Connection, Owner, int, WantedSeason, date], State]
    plan: Callable[[State], Plan]


def map_entity(
    session: SyncSession,
    planned: EntityPlan[State],
) -> MappingReport:
    """Plans from what the database holds and applies that, both in one transaction.

    Where a user of ShotSpot wrote the same rows meanwhile, everything is read and planned again: nothing is lost. So it
    is where a season must be made, or a club gets its first team, with the table locked this time: ShotSpot would take
    the same season twice, and two organizations the same club.
    """
    watch = Stopwatch()
    alone_with = frozenset[Table]()
    entity = planned.of.name
    with session.recording(entity) as counts:
        season = session.stored_season()
        if season is None:
            counts.details["season_exists"] = False
            session.to_map.discard(entity)  # nothing of it is left to be brought in step
            return MappingReport(entity, season_exists=False)
        session.progress(f"Bringing the {entity} into ShotSpot")
        for attempt in session.attempts():
            with attempt, session.writing(alone_with) as connection:
                wanted = _season_of(connection, session, season)
                state = planned.read(connection, session.owner, season.id, wanted, session.day)
                state = _with_departures(connection, session, planned.of.name, season.id, state)
                watch.lap("read")
                whole = _with_doubts(narrowed(repairing(planned.plan), state, session.narrowing), state, session)
                made = chosen_part(connection, session, whole, state)
                watch.lap("plan")
                if not (needed := _to_make_once(made)) <= alone_with:
                    alone_with |= needed
                    raise TryAgain
                ids = apply(
                    connection, made, credential_id=session.credential.id, history_id=session.history_id(entity)
                )
                session.planned(connection, made, state, ids)
                _count(counts, made, _scanned_of(connection, session, entity, season.id, counts.rejected_items))
                owned = _owned(connection, tables.MAPPINGS[entity], session.credential.id)
                waiting = _waiting(made, state)
                _count_departures(counts, made)
                counts.details |= {MAPPINGS: owned, **_details(connection, session, made, state, wanted)}
                counts.details |= _asked(made, waiting) if waiting else {}
                history.finish(connection, session.history_id(entity), counts)
        session.analyse(_filled(made))
        watch.lap("apply")
        counts.done = True
        return _report(made, wanted, owned, watch, len(waiting))
    raise AssertionError("unreachable: recording lets no error pass in silence")


def _season_of(connection: Connection, session: SyncSession, season: SeasonRow) -> WantedSeason:
    return wanted_season(
        connection,
        session.credential.id,
        season,
        day=session.day,
        season_start=session.settings.season_start,
        repair=session.repair,
    )


def _details(
    connection: Connection, session: SyncSession, made: Plan, state: State, wanted: WantedSeason
) -> dict[str, object]:
    """What the history says of a plan where it is not the usual one."""
    found: dict[str, object] = {}
    if isinstance(state, TeamState) and state.rights.is_federation:
        found[CLUBS] = fed_clubs.counted(connection, session.credential.id)
    if not wanted.decides:
        found[DECIDES] = False
    if session.repair:
        found[REPAIRED] = repaired_columns(made.changes)
    return found


def _with_departures(
    connection: Connection, session: SyncSession, entity: EntityName, season_id: int, state: State
) -> State:
    """The state with those who are missing and those who are back; of the deciding season alone the former."""
    if not isinstance(state, TeamState | PlayerState | MatchState):
        return state
    absences, limit = session.absences.get(entity), session.departure_limit
    departures = read_departures(connection, session.owner, entity, season_id, state.season, absences, limit)
    return replace(state, departures=departures)


def _count_departures(counts: EntityCounts, plan: Plan) -> None:
    """How many wait, and for what: in the history's details where there are any."""
    found = {"held": len(plan.held), "waiting": len(plan.waiting), "closed": len(plan.closed)}
    counts.details.pop(DEPARTURES, None)
    if any(found.values()):
        counts.details[DEPARTURES] = found


def _with_doubts(plan: Plan, state: EntityState, session: SyncSession) -> Plan:
    """The plan with what is to be asked about its doubtful links."""
    asked, settled = doubts(plan.failed, state.decisions, spoken_of(state, session.narrowing))
    return replace(plan, questions=[*plan.questions, *asked], settled={**plan.settled, **settled})


def _waiting(plan: Plan, state: EntityState) -> list[str]:
    """The kinds of the questions that wait for a person once the plan is applied, one for each."""
    settled = set(plan.settled)
    before = {(one.twizzit_id, one.column): one.kind for one in state.decisions.open if one.id not in settled}
    return [*(before | {(one.twizzit_id, one.column): one.kind for one in plan.questions}).values()]


def _asked(plan: Plan, waiting: Sequence[str]) -> dict[str, object]:
    """What the history says of the questions that wait, and of those that are new."""
    new = [one.kind for one in plan.questions]
    return {
        QUESTIONS: len(waiting),
        NEW_QUESTIONS: len(new),
        QUESTIONS_OF: counted(waiting),
        NEW_QUESTIONS_OF: counted(new),
    }


def _to_make_once(plan: Plan) -> frozenset[Table]:
    """The tables that no other transaction may write while this plan is made and applied."""
    makes_season = any(change.table == "seasons" for change in plan.changes)
    return frozenset(
        ({tables.seasons} if makes_season else set()) | ({tables.team_mappings} if plan.first_fed else set())
    )


def _filled(plan: Plan) -> list[Table]:
    """The tables that the plan has written many rows of, which have no statistics of them yet."""
    rows = Counter(str(change.table) for change in plan.changes)
    rows[tables.MAPPINGS[plan.entity].name] = sum(change.mapping is not None for change in plan.changes)
    rows[tables.sync_changes.name] = rows.total()
    return [tables.metadata.tables[name] for name, count in rows.items() if count >= MANY]


def wanted_season(
    connection: Connection, credential_id: int, season: SeasonRow, *, day: date, season_start: str, repair: bool
) -> WantedSeason:
    """The season as a plan needs it; a repair leaves past seasons alone, as every sync does."""
    listed = seasons.in_use(seasons.known(connection, credential_id, season_start), day)
    decides = deciding_season.decides_among(connection, credential_id, season, listed, day=day)
    repairs = repair and (decides or season.start_date > day)
    others = seasons.others(listed, season)
    ended = season.end_date < day
    return WantedSeason(season.label, season.start_date, season.end_date, decides, ended, repairs, others)


def _scanned_of(
    connection: Connection, session: SyncSession, entity: EntityName, season_id: int, ids: Collection[str]
) -> set[str]:
    """Those of the remote ids that the snapshot holds."""
    if not ids:
        return set()
    columns = tables.SNAPSHOTS[entity].c
    remote_id = columns[ENTITIES[entity].remote_id]
    held = select(remote_id).where(
        columns.credential_id == session.credential.id, columns.season_id == season_id, among(remote_id, sorted(ids))
    )
    return set(connection.scalars(held))


def _count(counts: EntityCounts, plan: Plan, seen: set[str]) -> None:
    """Adds what the plan does to what the scan of this run found; without a scan, the snapshot is what was seen.

    A rejected row that an earlier scan knew (`seen`) is in the plan too: it failed, and counts once.
    """
    counts.scanned = plan.items - len(counts.rejected_items & seen)
    unread = {name: ids for name, ids in counts.failed.items() if name in (PLAYERS_NOT_READ, GROUP_NOT_FOUND)}
    counts.failed = {**unread, **by_reason(plan.failed)}
    counts.warnings = by_reason(plan.warned)
    _set_aside(counts, by_reason(plan.set_aside))
    actions: tuple[Action, ...] = ("create", "link", "adopt", "update")
    counts.details |= {action: plan.count(action) for action in actions} | {"unchanged": plan.unchanged}
    rare: tuple[Action, ...] = ("depart", "return")
    for action in rare:
        counts.details.pop(action, None)
        if plan.count(action):
            counts.details[action] = plan.count(action)
    counts.details |= {word: len(ids) for word, ids in plan.news.items()}
    if plan.entity == MATCHES.name:
        counts.details |= {OPPONENT_CLUBS: plan.made("clubs"), OPPONENT_TEAMS: plan.made("teams")}
        counts.details[COMPETITION_TEAMS] = plan.made("competition_teams")
    places: dict[str, Any] = {item.twizzit_id: list(item.local_ids) for item in plan.failed if item.local_ids}
    counts.details.pop("fitting_local_ids", None)
    if places:
        counts.details["fitting_local_ids"] = dict(list(places.items())[:MOST_ITEMS_IN_DETAILS])


def _set_aside(counts: EntityCounts, found: Mapping[str, tuple[str, ...]]) -> None:
    """Moves what the plan sets aside out of what the scan kept; a plan that is made again counts once.

    One item of the plan is one row of the scan: competitions, matches and teams alone are set aside by a plan.
    """
    before = counts.planned_aside
    counts.set_aside = {reason: ids for reason, ids in counts.set_aside.items() if reason not in before} | dict(found)
    moved = sum(map(len, found.values())) - sum(map(len, before.values()))
    if counts.rows is not None:
        rows = counts.rows
        counts.rows = RowCounts(rows.read, rows.kept - moved, rows.rejected, rows.set_aside + moved)
    counts.planned_aside = dict(found)


def _owned(connection: Connection, table: Table, credential_id: int) -> int:
    return int(connection.scalar(_count_of(table), {"owner": credential_id}) or 0)


@cache
def _count_of(mappings: Table) -> Select[int]:
    return select(func.count()).select_from(mappings).where(mappings.c.credential_id == bindparam("owner"))


def _report(plan: Plan, season: WantedSeason, owned: int, watch: Stopwatch, waiting: int) -> MappingReport:
    return MappingReport(
        plan.entity,
        season_exists=True,
        deciding=season.decides,
        created=plan.count("create"),
        linked=plan.count("link"),
        adopted=plan.count("adopt"),
        updated=plan.count("update"),
        unchanged=plan.unchanged,
        departed=plan.count("depart"),
        returned=plan.count("return"),
        held=tuple(plan.held),
        waiting=tuple(plan.waiting),
        failed=by_reason(plan.failed),
        warnings=by_reason(plan.warned),
        set_aside=by_reason(plan.set_aside),
        news=plan.news,
        mappings=owned,
        questions=waiting,
        seconds=watch.phases,
    )
