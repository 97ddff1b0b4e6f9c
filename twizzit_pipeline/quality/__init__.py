"""Judges what a step left in the database: complete, as much as usual, no person twice, nothing pointing nowhere.

What belongs here: the order of the questions. What is asked of an entity is in its own module (`judged` says how to add
one). All reads of one step see one moment, write nothing, and are as many statements for a federation as for a club.

A judgement never fails a sync: what cannot be judged is said to be so.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module

from sqlalchemy import CompoundSelect, Connection, Select, distinct, func, select, text

from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.plan.chosen import LEFT
from twizzit_pipeline.plan.departures import DEPARTED
from twizzit_pipeline.plan.narrowing import NOT_CREATED
from twizzit_pipeline.quality.asides import details_before, set_aside_in_plan, set_aside_in_scan
from twizzit_pipeline.quality.findings import Finding, Quality, Scope, Tolerance, ratio
from twizzit_pipeline.quality.judged import KEPT, Judged, Step
from twizzit_pipeline.quality.names import COMPLETE, CONFLICTS, FEW_REJECTED, OWNED
from twizzit_pipeline.quality.namesakes import namesakes
from twizzit_pipeline.quality.volume import counted_before, volume
from twizzit_pipeline.runs.details import LISTED, MAPPINGS
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.remote_ids import remote_id
from twizzit_pipeline.storage.tables import conflicts
from twizzit_pipeline.sync.reports import MappingReport, ScanReport
from twizzit_pipeline.sync.session import SyncSession

# Entity → `JUDGED` of the module of its name.
JUDGED: Mapping[str, Judged] = {name: import_module(f"{__name__}.{name}").JUDGED for name in ENTITIES}

FEW = Tolerance(share=0.05, fewest=2)
MANY = Tolerance(share=0.2, fewest=5)
# Hints of a contract that are worth a warning only beyond a share of the rows, by the name of the rule. A match is
# played by four women and four men; shirt numbers are for the older teams, and many clubs keep them elsewhere.
TOLERATED: Mapping[str, Tolerance] = {
    "gender_known": Tolerance(share=0.05, fewest=3),
    "jersey_number_given": Tolerance(share=0.25, fewest=3),
}

_LONGEST = text("SET LOCAL statement_timeout = '30s'")


def scan_quality(session: SyncSession, report: ScanReport) -> Quality:
    """Judges the snapshot that a scan has just written. Of rejected rows a narrowed scan has its own team's alone."""
    return _judge(session, report.season_exists, lambda connection, season: _scan(connection, session, season, report))


def mapping_quality(session: SyncSession, report: MappingReport) -> Quality:
    """Judges the mappings, and ShotSpot's rows behind them, as a mapping step has just left them.

    In the deciding season everything of the credential is judged; in another one what that season lists.
    """
    return _judge(
        session, report.season_exists, lambda connection, season: _mapping(connection, session, season, report)
    )


def _judge(
    session: SyncSession, season_exists: bool, judge: Callable[[Connection, SeasonRow], Iterator[Finding]]
) -> Quality:
    began = time.monotonic()
    season = session.stored_season() if season_exists else None
    if season is None:
        return Quality()
    findings: dict[str, Finding] = {}
    error: str | None = None
    try:
        with _reading(session) as connection:
            for finding in judge(connection, season):
                findings[finding.check] = finding
    except TwizzitPipelineError as failed:
        error = type(failed).__name__
    return Quality(findings, error, round(time.monotonic() - began, 3), _limited_to(session))


def _limited_to(session: SyncSession) -> Scope:
    return "season" if session.narrowing.group_id is None else "one team"


@contextmanager
def _reading(session: SyncSession) -> Iterator[Connection]:
    """One moment of the database, to look at only, and not for long."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with driver_errors(), session.engine.connect().execution_options(**options) as connection, connection.begin():
        connection.execute(_LONGEST)
        yield connection


def _scan(connection: Connection, session: SyncSession, season: SeasonRow, report: ScanReport) -> Iterator[Finding]:
    judged = JUDGED[report.entity]
    rejected = tuple(dict.fromkeys(remote_id for ids in report.rejected.values() for remote_id in ids))
    yield Finding(
        FEW_REJECTED,
        _limited_to(session),
        rejected,
        numbers={"items": report.items, "share": ratio(len(rejected), report.items), "tolerated": FEW.share},
        passed=not FEW.exceeded(len(rejected), report.items),
        grave=MANY.exceeded(len(rejected), report.items),
    )
    now = int(connection.scalar(_listed(judged, session.credential.id, season.id)) or 0)
    before = details_before(connection, session, report.entity)
    yield volume([int(details[LISTED]) for details in before if details[LISTED] is not None], now, "season")
    yield set_aside_in_scan(connection, session, season, report, before)
    if judged.scanned_names is not None:
        names_seen = judged.scanned_names(connection, session.credential.id, season.id)
        yield namesakes(names_seen, "season", local=False)
    if judged.more_of_scan is not None:
        yield from judged.more_of_scan(connection, session.credential.id, season.id)


def _mapping(
    connection: Connection, session: SyncSession, season: SeasonRow, report: MappingReport
) -> Iterator[Finding]:
    judged, credential_id = JUDGED[report.entity], session.credential.id
    speaks_of: Scope = "credential" if report.deciding else "season"
    ours = judged.ours(credential_id, season.id, speaks_of)
    yield _completeness(connection, session, season, report, judged)
    before = counted_before(connection, session, report.entity, MAPPINGS)
    yield volume(before, report.mappings, "credential")
    yield set_aside_in_plan(connection, session, report, report.items)
    yield judged.astray(connection, credential_id, ours, speaks_of)
    yield _open_conflicts(connection, credential_id, report)
    if judged.registration is not None:
        yield judged.registration(connection, credential_id, ours, speaks_of)
    if judged.more_of_mapping is not None:
        yield from judged.more_of_mapping(connection, Step(credential_id, season), ours, speaks_of)
    if report.deciding:
        without = connection.scalars(judged.without_owner(credential_id))
        yield Finding(OWNED, speaks_of, tuple(without))
        if judged.local_names is not None:
            yield namesakes(connection.execute(judged.local_names(credential_id)), speaks_of, local=True)


def _open_conflicts(connection: Connection, credential_id: int, report: MappingReport) -> Finding:
    """The remote ids of what both sides changed and no person has decided, each once; asked where anything waits."""
    found: list[str] = []
    if report.questions:
        row = conflicts.c
        wanted = select(row.twizzit_id).where(
            row.credential_id == credential_id, row.entity == report.entity, row.kind == "field", row.status == "open"
        )
        found = list(connection.scalars(wanted.order_by(row.id)))
    return Finding(CONFLICTS, "credential", (*dict.fromkeys(found),), numbers={"open_conflicts": len(found)})


def _completeness(
    connection: Connection, session: SyncSession, season: SeasonRow, report: MappingReport, judged: Judged
) -> Finding:
    """Every row of the snapshot has a mapping of this credential, or the step said that it has none, and why."""
    narrowing = session.narrowing
    accounted = {remote_id for why in (report.failed, report.set_aside) for ids in why.values() for remote_id in ids}
    accounted.update(report.warnings.get(DEPARTED, ()))
    if not narrowing.create_missing:
        accounted.update(report.warnings.get(NOT_CREATED, ()))
    if narrowing.chosen is not None:
        accounted.update(remote_id for reason in LEFT for remote_id in report.warnings.get(reason, ()))
    unmapped = _unmapped(judged, session.credential.id, season.id, narrowing.group_id)
    found = sorted(connection.scalars(unmapped))
    lost = tuple(remote_id for remote_id in found if remote_id not in accounted)
    return Finding(COMPLETE, _limited_to(session), lost, numbers={"failed_and_said_so": len(accounted)}, grave=True)


@lru_cache(KEPT)
def _listed(judged: Judged, credential_id: int, season_id: int) -> Select[int]:
    """How many distinct remote ids the snapshot holds."""
    listed = func.count(distinct(judged.snapshot.c[judged.remote_id]))
    return select(listed).where(judged.of_scan(credential_id, season_id))


@lru_cache(KEPT)
def _unmapped(judged: Judged, credential_id: int, season_id: int, group_id: str | None) -> CompoundSelect[str]:
    """The remote ids of the snapshot, or of one team's rows in it, that have no mapping of the credential.

    Sets, since PostgreSQL may compare each row with each in an EXISTS of tables that have no statistics yet.
    """
    mapped = select(remote_id(judged.mappings)).where(judged.mappings.c.credential_id == credential_id)
    seen = select(judged.snapshot.c[judged.remote_id]).where(judged.of_scan(credential_id, season_id))
    if group_id is not None and judged.of_one_team:
        seen = seen.where(judged.snapshot.c["twizzit_team_id"] == group_id)
    return seen.except_(mapped)
