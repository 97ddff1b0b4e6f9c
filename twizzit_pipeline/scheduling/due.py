"""All that an orchestrator's tick decides upon, read in one statement, however many credentials there are.

What belongs here: that statement, and making `standing`'s dataclasses of its rows. One row for each credential; what
was read of the database as a whole stands in each of them. Whose turn it is follows in `turns`, without the database;
what a tick writes is in `claims`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    DateTime,
    Engine,
    FromClause,
    Label,
    Row,
    RowMapping,
    Select,
    Text,
    and_,
    case,
    cast,
    distinct,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.exc import ProgrammingError

from twizzit_pipeline.credentials.rows import COLUMNS, credential_of
from twizzit_pipeline.entities import SYNC_TYPES, TEAMS
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.runs.dead import dead_runs
from twizzit_pipeline.runs.lease import is_silent
from twizzit_pipeline.runs.recorded import of_syncs
from twizzit_pipeline.scheduling.schedule import (
    LONGEST_BACK_OFF,
    LONGEST_INTERVAL_MINUTES,
    MONTH,
    SHORTEST_INTERVAL_MINUTES,
    USUAL_INTERVAL_MINUTES,
    Schedule,
)
from twizzit_pipeline.scheduling.standing import EARLIEST, LATEST, Asked, Held, Standing, View
from twizzit_pipeline.scheduling.wishes import RequestOptions
from twizzit_pipeline.storage import bulk, revisions
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.remote_ids import remote_id
from twizzit_pipeline.storage.tables import (
    credentials,
    leases,
    sync_config,
    sync_history,
    sync_requests,
    team_mappings,
    twizzit_seasons,
    twizzit_teams,
)

# A claim whose run never came (the orchestrator died in between) is free again after this.
CLAIM_SECONDS = 60
# A club's sync takes some seconds. One that failed is measured by less: a server that stays silent keeps it waiting for
# the time of one call at least.
QUICK_SECONDS, QUICK_FAILURE_SECONDS = 90, 20
_ROWS_OF_A_RUN = 4

_NOT_MIGRATED = {"42P01", "42703"}  # a table, or a column, that is not there
_TOGGLES = tuple(f"sync_{name}" for name in SYNC_TYPES)
_ASKED = tuple(Asked.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Broken:
    """A credential that is to sync by itself and cannot; `reason` says in one line why, and what to do."""

    credential_id: int
    reason: str


def look(engine: Engine, run_ids: Collection[str] = (), request_ids: Collection[int] = ()) -> View:
    """What there is at this moment.

    Args:
        run_ids: runs that an orchestrator believes to be under way.
        request_ids: requests that it has a run in the queue for.

    Raises:
        MigrationsPending: the database is not at the newest migration.
        DatabaseUnavailable: it cannot be reached.
    """
    with driver_errors():
        try:
            with engine.connect() as connection:
                rows = connection.execute(_reading(run_ids, request_ids)).all()
        except ProgrammingError as error:
            if getattr(error.orig, "sqlstate", None) in _NOT_MIGRATED:
                revisions.require_current(engine)
            raise
    first = rows[0]
    revisions.require_revision(first.migration)
    return View(
        now=first.now,
        standings={row.id: _standing(row) for row in rows if row.id is not None},
        leases=tuple(Held(*held) for held in first.leases or ()),
        dead_runs=frozenset(first.dead_runs),
        cancelled=frozenset(first.cancelled),
    )


def broken(engine: Engine, *, day: date | None = None, season_start: str = "07-01") -> list[Broken]:
    """The credentials that are to sync by themselves and cannot, by id.

    Raises: as `look`.
    """
    return broken_of(look(engine), day=day or seasons.today(), season_start=season_start)


def broken_of(view: View, *, day: date, season_start: str) -> list[Broken]:
    """`broken` of what was read already."""
    found = ((one, standing.trouble(day, season_start)) for one, standing in sorted(view.standings.items()))
    return [Broken(credential_id, reason) for credential_id, reason in found if reason is not None]


def _reading(run_ids: Collection[str], request_ids: Collection[int]) -> Select[Any]:
    whole, asked, listed = _whole(run_ids, request_ids), _first_in_line(), _seasons()
    mine = credentials.c.id
    return select(
        *whole.c,
        *map(_legible, COLUMNS),
        *(_legible(sync_config.c[name], "config_") for name in Schedule.__dataclass_fields__),
        *(sync_config.c[name] for name in _TOGGLES),
        listed.c.seasons,
        *(asked.c[name].label(f"asked_{name}") for name in _ASKED),
        _teams_read(asked).label("teams_read"),
        case((or_(asked.c.id.is_not(None), _is_due()), _quick()), else_=null()).label("quick"),
    ).select_from(
        whole.outerjoin(credentials, true())
        .outerjoin(sync_config, sync_config.c.credential_id == mine)
        .outerjoin(listed, listed.c.credential_id == mine)
        .outerjoin(asked, asked.c.credential_id == mine)
    )


def _whole(run_ids: Collection[str], request_ids: Collection[int]) -> FromClause:
    """What is not about one credential: it is there even where there is none."""
    held = func.json_build_array(
        leases.c.organization,
        leases.c.credential_id,
        leases.c.dagster_run_id,
        leases.c.holder,
        is_silent(),
    )
    dead = dead_runs(bulk.among(sync_history.c.dagster_run_id, run_ids))
    cancelled = select(sync_requests.c.id).where(
        bulk.among(sync_requests.c.id, request_ids), sync_requests.c.status == "cancelled"
    )
    return select(
        func.clock_timestamp().label("now"),
        revisions.applied_revision().label("migration"),
        select(func.json_agg(held)).select_from(leases).scalar_subquery().label("leases"),
        func.array(dead.scalar_subquery()).label("dead_runs"),
        func.array(cancelled.scalar_subquery()).label("cancelled"),
    ).subquery("whole")


def _legible(column: Column[Any], prefix: str = "") -> Label[Any]:
    """The column; a time beyond what Python can hold (PostgreSQL has infinity) is the last or the first that it can.

    One such row would otherwise keep all the others from being read.
    """
    found: ColumnElement[Any] = column
    if isinstance(column.type, DateTime):
        found = case((column > LATEST, LATEST), (column < EARLIEST, EARLIEST), else_=column)
    return found.label(prefix + column.name)


def _seasons() -> FromClause:
    row = func.json_build_array(*(twizzit_seasons.c[name] for name in seasons.ROW))
    return (
        select(twizzit_seasons.c.credential_id, func.json_agg(row).label("seasons"))
        .group_by(twizzit_seasons.c.credential_id)
        .subquery("listed")
    )


def _first_in_line() -> FromClause:
    """One open request of each credential: the others wait for it anyway."""
    table = sync_requests.c
    claimed = is_claimed()
    made = {"run_id": table.dagster_run_id, "was_claimed": table.claimed_at.is_not(None), "claimed": claimed}
    return (
        select(table.credential_id, *((made[name] if name in made else table[name]).label(name) for name in _ASKED))
        .where(table.completed_at.is_(None))
        .ext(distinct_on(table.credential_id))
        .order_by(table.credential_id, (table.status == "started").desc(), table.requested_at, table.id)
        .subquery("asked")
    )


def is_claimed() -> ColumnElement[bool]:
    """Whether a process took a request within the last minute (null: none ever did); one that lies ahead is no such."""
    now, lately = func.clock_timestamp(), timedelta(seconds=CLAIM_SECONDS)
    return sync_requests.c.claimed_at.between(now - lately, now + lately)


def _teams_read(asked: FromClause) -> ColumnElement[Any]:
    """Labels of seasons whose teams were read, asked only where a run without teams may have to be made.

    For a request of one team alone: of the seasons in which that team was read and mapped.
    """
    details, group = sync_history.c.details, asked.c.options["group_id"].astext
    one_team = (
        select(twizzit_seasons.c.label)
        .join(twizzit_teams, twizzit_teams.c.season_id == twizzit_seasons.c.id)
        .join(team_mappings, remote_id(team_mappings) == twizzit_teams.c.twizzit_team_id)
        .where(
            twizzit_teams.c.credential_id == credentials.c.id,
            team_mappings.c.credential_id == credentials.c.id,
            twizzit_teams.c.twizzit_team_id == group,
        )
    )
    all_teams = select(distinct(details["season"].astext)).where(
        sync_history.c.credential_id == credentials.c.id,
        sync_history.c.sync_type == "teams",
        sync_history.c.status.in_(("success", "partial_success")),
        details["season_exists"].astext.is_(None),
        details["group_id"].astext.is_(None),
    )
    by_itself = and_(_is_due(), sync_config.c.sync_teams.is_(False))
    for_players = asked.c.sync_type == "players"
    without_teams = asked.c.sync_type.in_(set(SYNC_TYPES) - {TEAMS.sync_type})
    return case(
        (and_(for_players, group.is_not(None)), _labels(one_team, credentials, asked)),
        (or_(without_teams, by_itself), _labels(all_teams, credentials)),
        else_=cast(literal([], ARRAY(Text)), ARRAY(Text)),
    )


def _is_due() -> ColumnElement[bool]:
    """As `Schedule.is_due`, but for pauses."""
    now, config = func.timezone("utc", func.now()), sync_config.c
    minutes = func.coalesce(config.sync_interval_minutes, USUAL_INTERVAL_MINUTES)
    period = func.least(func.greatest(minutes, SHORTEST_INTERVAL_MINUTES), LONGEST_INTERVAL_MINUTES)
    interval = func.make_interval(0, 0, 0, 0, 0, period)
    longest = func.greatest(interval, case((config.monthly_call_limit.is_(None), LONGEST_BACK_OFF), else_=MONTH))
    next_ = config.next_sync_at
    ahead = or_(config.last_sync_at > now + interval, next_ > now + longest + interval)
    return and_(config.auto_sync_enabled, or_(next_.is_(None), next_ <= now, ahead))


def _quick() -> ColumnElement[Any]:
    """Whether each of a credential's last syncs was over soon; null where it has none. Found by the index."""
    history = sync_history.c
    last = (
        select(history.started_at, history.completed_at, history.status)
        .where(history.credential_id == credentials.c.id, history.dagster_run_id.is_not(None), of_syncs)
        .order_by(history.started_at.desc())
        .limit(_ROWS_OF_A_RUN)
        .correlate(credentials)
        .subquery("last")
    )
    within = case(
        (last.c.status == "failed", timedelta(seconds=QUICK_FAILURE_SECONDS)), else_=timedelta(seconds=QUICK_SECONDS)
    )
    soon = last.c.completed_at <= last.c.started_at + within
    return select(func.bool_and(func.coalesce(soon, false()))).scalar_subquery()


def _labels(wanted: Select[Any], *correlated: FromClause) -> ColumnElement[Any]:
    return cast(func.array(wanted.correlate(*correlated).scalar_subquery()), ARRAY(Text))


def _standing(row: Row[Any]) -> Standing:
    values = row._mapping
    configured = {name: values[f"config_{name}"] for name in Schedule.__dataclass_fields__}
    return Standing(
        credential=credential_of(row),
        schedule=None if row.config_credential_id is None else Schedule.of(configured),
        wanted=frozenset(name for name in SYNC_TYPES if values[f"sync_{name}"] is not False),
        listed=tuple(map(tuple, row.seasons or ())),
        asked=None if row.asked_id is None else _asked(values),
        teams_read=frozenset(row.teams_read),
        quick=row.quick,
    )


def _asked(values: RowMapping) -> Asked:
    found = {name: values[f"asked_{name}"] for name in _ASKED}
    return Asked(**{**found, "options": RequestOptions.of(found["options"]), "claimed": bool(found["claimed"])})
