"""The demo's proofs: what the simulator really holds, and PostgreSQL's own counters."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from time import monotonic, sleep

from sqlalchemy import Connection, Engine, text

from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.queries import fixtures
from twizzit_pipeline.runs.history import HistoryRow, rejected_rows
from twizzit_pipeline.simulator import Truth
from twizzit_pipeline.simulator.calendar_truth import CalendarTruth

UNTOUCHED = {
    "ShotSpot's tables": ("clubs", "seasons", *(each.local for each in ENTITIES.values())),
    "Mappings": tuple(each.mappings for each in ENTITIES.values()),
    "Opponents": ("twizzit_opponents",),
    "Snapshots": tuple(each.snapshot for each in ENTITIES.values()),
    "Journal": ("twizzit_sync_changes",),
}
_PATIENCE_SECONDS = 5.0
_APPLICATION = "twizzit-pipeline"
_COLLECTOR_PROCESS_BEFORE = 150000


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows that statements wrote to some tables, since the counters began."""

    inserted: int
    updated: int
    deleted: int

    def __sub__(self, other: "Counts") -> "Counts":
        return Counts(self.inserted - other.inserted, self.updated - other.updated, self.deleted - other.deleted)

    def __bool__(self) -> bool:
        return bool(self.inserted or self.updated or self.deleted)


def counters(engine: Engine) -> dict[str, Counts]:
    """PostgreSQL's counters (`pg_stat_user_tables`) of the groups of `UNTOUCHED`, and of the sync history.

    A server process reports its counts when its connection ends, so ours are ended first.
    """
    engine.dispose()
    with engine.connect() as connection:
        _await_others_gone(connection)
        groups = {**UNTOUCHED, "Sync history": ("twizzit_sync_history",)}
        return {group: _counts(connection, tables) for group, tables in groups.items()}


def rows_in(engine: Engine) -> dict[str, int]:
    """Rows of the tables of each group of `UNTOUCHED`."""
    with engine.connect() as connection:
        return {
            group: sum(int(connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0) for name in tables)  # noqa: S608
            for group, tables in UNTOUCHED.items()
        }


def differences(
    engine: Engine,
    credential_id: int,
    season: str,
    history: Iterable[HistoryRow],
    truth: Truth,
) -> list[str]:
    """What is otherwise in the database than the simulator has it, a line each; counts, never names."""
    found = []
    with engine.connect() as connection:
        for entity, wanted in (("team", set(truth.teams)), ("player", set(truth.players))):
            mapped = _mapped(connection, entity, credential_id, season)
            if mapped != wanted:
                found.append(f"{entity}s: {len(wanted - mapped)} missing, {len(mapped - wanted)} too many")
    rejected = {(row.entity, row.twizzit_id) for one in history for row in rejected_rows(engine, one.id)}
    awaited = {(entity, remote_id) for entity, reasons in truth.rejected.items() for remote_id in reasons}
    if rejected != awaited:
        found.append(f"rejected rows: {len(rejected)} instead of {len(awaited)}")
    return found


def calendar_differences(engine: Engine, credential_id: int, start: date, calendar: CalendarTruth) -> list[str]:
    """Competitions and matches of the season that begins then, as far as ShotSpot has them otherwise."""
    found = []
    competitions = {
        one.twizzit_competition_id: one.local_competition_name
        for one in fixtures.competition_mappings_of(engine, credential_id=credential_id)
        if one.start_date >= start
    }
    if competitions != dict(calendar.competitions):
        found.append(f"competitions: {len(competitions)} instead of {len(calendar.competitions)}, or of other names")
    since = datetime.combine(start, time(), UTC)
    games = fixtures.match_mappings_of(engine, credential_id=credential_id, since=since)
    held = {one.twizzit_match_id: (one.starts_at, one.status, one.home_score, one.away_score) for one in games}
    wanted = {id_: (one.starts_at, one.status, *(one.score or (0, 0))) for id_, one in calendar.matches.items()}
    if held != wanted:
        wrong = sum(held.get(one) != match for one, match in wanted.items())
        found.append(f"matches: {wrong} missing or otherwise, {len(held.keys() - wanted.keys())} too many")
    return found


def biggest_teams(engine: Engine, credential_id: int, limit: int) -> list[tuple[str, str | None, int]]:
    """Some teams as they stand in ShotSpot's tables: name, age group, players."""
    statement = text(
        "SELECT t.name, t.age_group, count(p.id) FROM twizzit_team_mappings m JOIN teams t ON t.id = m.local_team_id"
        " LEFT JOIN players p ON p.team_id = t.id WHERE m.credential_id = :credential_id"
        " GROUP BY t.id ORDER BY count(p.id) DESC, t.name LIMIT :limit"
    )
    with engine.connect() as connection:
        rows = connection.execute(statement, {"credential_id": credential_id, "limit": limit})
        return [(name, age_group, players) for name, age_group, players in rows]


def _mapped(connection: Connection, entity: str, credential_id: int, season: str) -> set[str]:
    """Remote ids that this season's snapshot lists and that have both a mapping and a row of ShotSpot."""
    statement = text(
        f"SELECT DISTINCT s.twizzit_{entity}_id FROM twizzit_{entity}s s"  # noqa: S608  (team or player)
        " JOIN twizzit_seasons y ON y.id = s.season_id AND y.label = :season"
        f" JOIN twizzit_{entity}_mappings m"
        f" ON m.twizzit_{entity}_id = s.twizzit_{entity}_id AND m.credential_id = s.credential_id"
        f" JOIN {entity}s l ON l.id = m.local_{entity}_id WHERE s.credential_id = :credential_id"
    )
    return set(connection.scalars(statement, {"credential_id": credential_id, "season": season}))


def _counts(connection: Connection, tables: tuple[str, ...]) -> Counts:
    statement = text(
        "SELECT coalesce(sum(n_tup_ins), 0), coalesce(sum(n_tup_upd), 0), coalesce(sum(n_tup_del), 0)"
        " FROM pg_stat_user_tables WHERE relid IN (SELECT to_regclass(name) FROM unnest(CAST(:tables AS text[])) name)"
    )
    inserted, updated, deleted = connection.execute(statement, {"tables": list(tables)}).one()
    return Counts(int(inserted), int(updated), int(deleted))


def _await_others_gone(connection: Connection) -> None:
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = :name AND pid <> pg_backend_pid()"
    )
    until = monotonic() + _PATIENCE_SECONDS
    while connection.scalar(others, {"name": _APPLICATION}) and monotonic() < until:
        connection.rollback()  # a transaction sees one state of the activity
        sleep(0.02)
    connection.rollback()
    version = int(connection.scalar(text("SELECT current_setting('server_version_num')")) or 0)
    if version < _COLLECTOR_PROCESS_BEFORE:
        sleep(1)  # until 14 a process of its own collects the counts, twice a second
