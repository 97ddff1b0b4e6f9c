"""A year of hourly syncs: what is read of the history at each look, tick and sync does not grow with it.

PostgreSQL has statistics of the table here, as autovacuum gives it: without any it takes other ways than with them.
"""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from tests.support.explained import queries_of, rows_read
from tests.support.registered_world import local_team
from tests.support.sync_world import SyncWorld
from twizzit_pipeline.http_api.metrics import Metrics
from twizzit_pipeline.local.syncs import EndedSyncs
from twizzit_pipeline.quality import mapping_quality, scan_quality
from twizzit_pipeline.queries import overview
from twizzit_pipeline.queries.left_out import left_out
from twizzit_pipeline.queries.registered import registered
from twizzit_pipeline.scheduling import config, due, usage
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.sync.entities.competitions import map_competitions, scan_competitions
from twizzit_pipeline.sync.entities.matches import map_matches, scan_matches
from twizzit_pipeline.sync.entities.players import map_players, scan_players
from twizzit_pipeline.sync.entities.teams import map_teams, scan_teams

SYNCS = 1500
FEW = 60  # the newest ten, for each entity, and what is beside them in the index
SCANS = (scan_teams, scan_players, scan_competitions, scan_matches)
MAPS = (map_teams, map_players, map_competitions, map_matches)
SMALL = {"clubs": 1, "teams": 4, "players_per_team": 6, "other_contacts": 0}
_AGAIN = """
    INSERT INTO twizzit_sync_history
        (credential_id, sync_type, sync_direction, status, items_processed, items_succeeded, items_failed,
         started_at, completed_at, created_at, dagster_run_id, details)
    SELECT credential_id, sync_type, sync_direction, status, items_processed, items_succeeded, items_failed,
           started_at - earlier, completed_at - earlier, created_at - earlier, 'run ' || number, details
    FROM twizzit_sync_history
    CROSS JOIN generate_series(1, :syncs) AS number
    CROSS JOIN LATERAL (SELECT make_interval(days => :days, hours => number)) AS before (earlier)
"""


def whole(world: SyncWorld, credential_id: int, run_id: str) -> None:
    """A sync of everything, with its checks."""
    with world.session(credential_id, run_id=run_id) as session:
        for scan in SCANS:
            scan_quality(session, scan(session))
        for mapping in MAPS:
            mapping_quality(session, mapping(session))


def a_year(world: SyncWorld) -> None:
    """The first sync again and again, an hour apart, all of it older than the days of which each row is counted."""
    credential_id = world.add_credential()
    config.change(world.database.engine, credential_id, actor=this_user(), auto_sync_enabled=True)
    whole(world, credential_id, "first")
    with world.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(_AGAIN), {"syncs": SYNCS, "days": 31})
        connection.execute(text("ANALYZE"))


SYNCED_BY = a_year


def metrics(world: SyncWorld, credential_id: int) -> object:
    return Metrics(world.database.engine, season_start=world.settings.season_start).exposition()


def status(world: SyncWorld, credential_id: int) -> object:
    return overview.read(world.database.engine, season_start=world.settings.season_start)


def what_was_left_out(world: SyncWorld, credential_id: int) -> object:
    return left_out(world.database.engine, credential_id)


def who_may_play(world: SyncWorld, credential_id: int) -> object:
    return registered(world.database.engine, local_team(world))


def lines_of_up(world: SyncWorld, credential_id: int) -> None:
    EndedSyncs(world.database.engine, lambda _: None).look()


def tick(world: SyncWorld, credential_id: int) -> object:
    return due.look(world.database.engine)


def calls_of_a_sync(world: SyncWorld, credential_id: int) -> object:
    with world.database.engine.connect() as connection:
        return usage.average_calls(connection, credential_id)


def another_sync(world: SyncWorld, credential_id: int) -> None:
    whole(world, credential_id, "another")


@pytest.mark.parametrize(
    "work",
    [metrics, status, what_was_left_out, who_may_play, lines_of_up, tick, calls_of_a_sync, another_sync],
)
def test_few_rows_of_the_history_are_read(
    world: SyncWorld, club: int, work: Callable[[SyncWorld, int], object]
) -> None:
    with queries_of(world.database.engine) as queries:
        work(world, club)
    read = {statement: rows_read(plan, "twizzit_sync_history") for statement, plan in queries}
    assert {statement: rows for statement, rows in read.items() if rows > FEW} == {}
    assert read
