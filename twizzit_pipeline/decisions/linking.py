"""Resolving a doubtful link: the local row that a remote one, or an opponent, is, or that one is to be made.

The link is made at once, from what the last scan saw: the same plan as a sync's, of this one row. What was decided is
kept, and read by every later plan, in case the mapping is lost; a mapping that stands comes before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from twizzit_pipeline.decisions.moving import Moved, move, own_mapping
from twizzit_pipeline.decisions.opening import Deciding, Refusal, decide
from twizzit_pipeline.decisions.opponents import choose_opponent
from twizzit_pipeline.decisions.parts import of_matches
from twizzit_pipeline.decisions.resolving import Left, Resolved
from twizzit_pipeline.decisions.scanned import Scanned
from twizzit_pipeline.decisions.taken_names import take_over
from twizzit_pipeline.decisions.team_moves import move_team
from twizzit_pipeline.entities import ENTITIES, TEAMS
from twizzit_pipeline.errors import ConflictRefused
from twizzit_pipeline.plan import DOUBTFUL_LINK, Change, Plan, is_of_name
from twizzit_pipeline.plan.decisions import plain
from twizzit_pipeline.plan.opponent_questions import OPPONENT, said_of
from twizzit_pipeline.plan.rows import WantedSeason
from twizzit_pipeline.plan.states import MatchState
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.runs.sentences import sentence
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.remote_ids import remote_id
from twizzit_pipeline.storage.tables import LOCAL, MAPPINGS, SNAPSHOTS
from twizzit_pipeline.sync.apply import apply
from twizzit_pipeline.sync.mapping import wanted_season

_SETTLED: Mapping[str, object] = {"status": "settled", "resolution": "row_gone", "resolved_at": func.now()}
_NOT_LISTED = Refusal("Twizzit does not list it any more, so nothing is left to decide", _SETTLED)


@dataclass(frozen=True, slots=True)
class _Calendar:
    """Which day it is in Belgium, and when a season without dates begins."""

    day: date
    season_start: str


def link(
    engine: Engine,
    conflict_id: int,
    local_id: int | None,
    *,
    actor: Actor,
    season_start: str,
    day: date | None = None,
    shown: str | None = None,
) -> Resolved:
    """Links a remote row to a local one, or makes one (`local_id` is None), at once.

    Raises:
        UnknownConflict: there is no such question.
        ConflictRefused: it is none, is over, or cannot be linked so.
        NotAsShown: it is not what `shown`, the mark of what the person looked at, was of.
        SyncInProgress: a sync of the organization is under way.
    """
    calendar = _Calendar(day or seasons.today(), season_start)
    resolution = "create" if local_id is None else "link"
    work = partial(_link, local_id=local_id, calendar=calendar)
    details = {"resolution": resolution, "local_id": local_id}
    done, history_id = decide(engine, conflict_id, work, actor=actor, details=details, shown=shown)
    row, change, of_it = done.row, done.change, (conflict_id, done.row.credential_id, resolution, history_id)
    if row.kind == OPPONENT:
        is_made, what = local_id is None, row.column_name.removesuffix("_id")
        return Resolved(*of_it, row.entity, done.local_id, {}, made=is_made, followed=done.followed, opponent=what)
    if change is None:
        at = row.local_id if local_id is None else local_id
        return Resolved(*of_it, row.entity, at, {}, done.left, followed=done.followed)
    changed = {name: (plain(change.before.get(name)), plain(value)) for name, value in change.changed.items()}
    made = change.row_id if local_id is not None else _made(engine, row)
    is_made = local_id is None
    return Resolved(*of_it, row.entity, made, changed, done.left, is_made, done.followed)


@dataclass(frozen=True, slots=True)
class _Linked:
    """What came of a decision about this row of the conflicts: as `Resolved` has it; `local_id` of an opponent."""

    row: Any
    change: Change | None
    left: Left | None = None
    followed: Mapping[str, int] = field(default_factory=dict)
    local_id: int | None = None


def _link(deciding: Deciding, *, local_id: int | None, calendar: _Calendar) -> _Linked | Refusal:
    row, connection = deciding.row, deciding.connection
    if row.kind == OPPONENT:
        return _link_opponent(deciding, local_id, calendar)
    if row.kind != "doubtful_link":
        raise ConflictRefused(f"{row.id} is a conflict about a field: choose twizzit, shotspot or value")
    if row.local_id is not None:
        return _link_mapped(deciding, local_id, calendar)
    if local_id is not None and is_of_name(row.kind, row.local_id, row.base):
        return _take_over(deciding, local_id, calendar)
    if local_id is not None:
        _require_fitting(connection, row, local_id)
    found = _deciding_season(deciding, calendar) or _latest_season(deciding, calendar)
    if found is None:
        return _NOT_LISTED
    deciding.resolve("create" if local_id is None else "link", local_id)
    plan = _planned(deciding, Scanned(found[0].id, found[1], calendar.day))
    change = _wished(plan, row, local_id)
    apply(connection, plan, credential_id=deciding.credential.id, history_id=deciding.history_id)
    return _Linked(row, change)


def _link_opponent(deciding: Deciding, local_id: int | None, calendar: _Calendar) -> _Linked | Refusal:
    """An opponent that is, in every match against it, the club or the team that was chosen."""
    row = deciding.row
    known = seasons.known(deciding.connection, row.credential_id, calendar.season_start)
    season = next((one for one in known if one.label == said_of(row.remote)["season"]), None)
    if season is None:
        return Refusal("Twizzit does not list the season any more, so nothing is left to decide", _SETTLED)
    scanned = Scanned(season.id, _wanted(deciding, season, calendar), calendar.day)
    done = choose_opponent(deciding, local_id, scanned)
    if isinstance(done, Refusal):
        return done
    return _Linked(row, None, followed=done.followed, local_id=done.local_id)


def _take_over(deciding: Deciding, local_id: int, calendar: _Calendar) -> _Linked | Refusal:
    """A new team that is, from now on, the one whose name it has."""
    found = _deciding_season(deciding, calendar)
    if found is None:
        return _NOT_LISTED
    return _Linked(deciding.row, take_over(deciding, local_id, Scanned(found[0].id, found[1], calendar.day)))


def _link_mapped(deciding: Deciding, local_id: int | None, calendar: _Calendar) -> _Linked | Refusal:
    """One that is mapped: it stays so, or its mapping names another row from now on."""
    row = deciding.row
    if local_id is None:
        if isinstance(refused := own_mapping(deciding), Refusal):
            return refused
        deciding.resolve("create", None)
        return _Linked(row, None)
    found = _deciding_season(deciding, calendar)
    if found is None:
        return _NOT_LISTED
    scanned = Scanned(found[0].id, found[1], calendar.day)
    if row.entity == TEAMS.name:
        done = move_team(deciding, local_id, scanned)
        return done if isinstance(done, Refusal) else _Linked(row, *done)
    stay = scanned.staying(deciding)  # by the mappings that are taken away
    moved = move(deciding, local_id, found[0].id)
    if isinstance(moved, Refusal):
        return moved
    plan = _planned(deciding, scanned, moved, stay)
    change = _wished(plan, row, local_id, moved.links)
    apply(deciding.connection, plan, credential_id=deciding.credential.id, history_id=deciding.history_id)
    return _Linked(row, change, moved.left)


def _require_fitting(connection: Connection, row: Any, local_id: int) -> None:
    """
    Raises:
        ConflictRefused: there is no such local row, or it is of another place than those that fit.
    """
    table, word = LOCAL[row.entity], ENTITIES[row.entity].local_one
    columns = [table.c[name] for name in ENTITIES[row.entity].place]
    ids = {*(row.candidates or ()), local_id}
    places = {
        found.id: tuple(found[1:])
        for found in connection.execute(select(table.c.id, *columns).where(among(table.c.id, sorted(ids))))
    }
    place = places.pop(local_id, None)
    if place is None:
        raise ConflictRefused(f"ShotSpot has no {word} {local_id}: choose one of those that fit (twizzit conflicts)")
    if local_id not in (row.candidates or ()) and place not in places.values():
        where = "season" if "season_id" in ENTITIES[row.entity].place else "club"
        raise ConflictRefused(f"ShotSpot's {word} {local_id} is of another {where} than those that fit: choose another")


def _latest_season(deciding: Deciding, calendar: _Calendar) -> tuple[SeasonRow, WantedSeason] | None:
    """The latest season whose scan lists the remote row, for one that is in none that decides."""
    season = next(iter(_listing_seasons(deciding.connection, deciding.row, calendar)), None)
    return None if season is None else (season, _wanted(deciding, season, calendar))


def _deciding_season(deciding: Deciding, calendar: _Calendar) -> tuple[SeasonRow, WantedSeason] | None:
    """The season whose scan lists the remote row and which decides."""
    for season in _listing_seasons(deciding.connection, deciding.row, calendar):
        wanted = _wanted(deciding, season, calendar)
        if wanted.decides:
            return season, wanted
    return None


def _wanted(deciding: Deciding, season: SeasonRow, calendar: _Calendar) -> WantedSeason:
    return wanted_season(
        deciding.connection,
        deciding.row.credential_id,
        season,
        day=calendar.day,
        season_start=calendar.season_start,
        repair=False,
    )


def _listing_seasons(connection: Connection, row: Any, calendar: _Calendar) -> list[SeasonRow]:
    """The seasons whose scan lists the remote row, the latest first."""
    scanned = SNAPSHOTS[row.entity].c
    listed = select(scanned.season_id).where(
        scanned.credential_id == row.credential_id, scanned[ENTITIES[row.entity].remote_id] == row.twizzit_id
    )
    ids = set(connection.scalars(listed))
    known = seasons.known(connection, row.credential_id, calendar.season_start)
    return [season for season in reversed(known) if season.id in ids]


def _planned(
    deciding: Deciding, scanned: Scanned, moved: Moved | None = None, stay: Mapping[str, str] | None = None
) -> Plan:
    """The plan of that row alone; of a player who was mapped, and of who was mapped to their new row.

    Args:
        stay: see `Scanned.staying`, as it was before mappings were taken away.
    """
    row = deciding.row
    if moved is None:
        state, concerned = scanned.state(deciding, row.entity), {row.twizzit_id}
    else:
        state = moved.seen(scanned.players(deciding, whole=True, stay=stay))
        concerned = {row.twizzit_id, *moved.links}
    if isinstance(state, MatchState):  # what a side is called is read from all matches of the scan
        return of_matches(scanned.plan(row.entity, state), {row.twizzit_id})
    return scanned.plan(row.entity, replace(state, remote=[one for one in state.remote if one.id in concerned]))


def _require_links(plan: Plan, entity: str, links: Mapping[str, int]) -> None:
    """
    Raises:
        ConflictRefused: the plan links one of them to another row, or makes one: the chosen one does not fit any more.
    """
    linked = {change.twizzit_id: change.row_id for change in plan.changes if change.table == plan.table}
    for twizzit_id, local_id in links.items():
        if linked.get(twizzit_id) != local_id:
            raise ConflictRefused(
                f"ShotSpot's {ENTITIES[entity].local_one} {local_id} is of another club by now: choose another answer, "
                "or sync, which looks again"
            )


def _wished(plan: Plan, row: Any, local_id: int | None, links: Mapping[str, int] | None = None) -> Change:
    """The change that the decision asks for.

    Args:
        links: the rows that the plan must link, where a mapping moves.

    Raises:
        ConflictRefused: the plan does something else.
    """
    for failed in plan.failed:
        word = ENTITIES[row.entity].local_one
        if failed.reason == DOUBTFUL_LINK and local_id is not None:
            raise ConflictRefused(f"ShotSpot's {word} {local_id} is mapped to something else already: choose another")
        raise ConflictRefused(f"It cannot be brought into ShotSpot now: {sentence(row.entity, failed.reason)}")
    _require_links(plan, row.entity, links or {})
    actions = ("create",) if local_id is None else ("link", "adopt")
    for change in plan.changes:
        if change.table == plan.table and change.twizzit_id == row.twizzit_id and change.action in actions:
            return change
    raise ConflictRefused("It is linked already: the next sync takes it off the list")


def _made(engine: Engine, row: Any) -> int | None:
    """The id of the row that was made."""
    table, of = MAPPINGS[row.entity], ENTITIES[row.entity]
    wanted = select(table.c[of.local_id]).where(
        remote_id(table) == row.twizzit_id, table.c.credential_id == row.credential_id
    )
    with engine.connect() as connection:
        return connection.scalar(wanted)
