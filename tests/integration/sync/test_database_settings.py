"""How the database, or a role, is set for its people decides nothing: styles of times, plans, isolation, schemas."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import insert, make_url

from tests.conftest import settings_with
from tests.support.calendar_world import EVERYTHING, assert_calendar
from tests.support.sync_world import SyncWorld, quick
from tests.support.undone import state, undo
from twizzit_pipeline.runs import history
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import open_database
from twizzit_pipeline.storage.hanging import detach
from twizzit_pipeline.storage.migrate import migrate
from twizzit_pipeline.storage.roles import lacking_to_sync, lacking_to_undo

SMALL: dict[str, Any] = {"clubs": 1, "teams": 2, "players_per_team": 5, "other_contacts": 0, "tidy": frozenset({1})}
OF_ITS_PEOPLE = {
    "datestyle": "SQL, DMY",
    "intervalstyle": "sql_standard",
    "timezone": "Asia/Kathmandu",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "standard_conforming_strings": "off",
    "transform_null_equals": "on",
    "default_transaction_isolation": "serializable",
    "plan_cache_mode": "force_generic_plan",
}


def test_a_sync_is_the_same_under_the_settings_of_a_database(database_url: str, tmp_path: Path) -> None:
    name = sql.Identifier(str(make_url(database_url).database))
    with psycopg.connect(database_url, autocommit=True) as connection:
        for setting, value in OF_ITS_PEOPLE.items():
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET {} = {}").format(name, sql.Identifier(setting), sql.Literal(value))
            )
    settings = settings_with(database_url, tmp_path / "home")
    with SimulatorServer(SimulatorOptions(**SMALL)) as simulator, open_database(settings) as database:
        world = SyncWorld(quick(settings), database, simulator)
        club = world.add_credential()
        world.sync(club, steps=EVERYTHING)
        world.assert_truth(club)
        assert_calendar(world, club, "v2")
        written = world.dump()
        world.sync(club, steps=EVERYTHING)
        assert world.dump() == written
        assert_a_doubt_is_asked_twice_and_kept_once(world, club)


def assert_a_doubt_is_asked_twice_and_kept_once(world: SyncWorld, club: int) -> None:
    """Who is new in Twizzit and has the name of two players of ShotSpot's."""
    local_club = world.rows(tables.clubs, name=world.club().name)[0]["id"]
    group, _ = world.roster()
    new = str(world.simulator.changes.add_person(group, "Noor", "Tweemaal", "F", None))
    with world.database.engine.begin() as connection:
        for _ in range(2):
            connection.execute(
                insert(tables.players).values(club_id=local_club, first_name="Noor", last_name="Tweemaal")
            )
    for _ in range(2):
        world.sync(club, steps=EVERYTHING)
        asked = world.rows(tables.conflicts, credential_id=club)
        assert [(row["twizzit_id"], row["kind"], row["status"]) for row in asked] == [(new, "doubtful_link", "open")]
    last = next(row for row in history.recent(world.database.engine, club) if row.sync_type == "players")
    assert last.status == "partial_success"


@pytest.mark.parametrize("schema", ["ShotSpot", 'Shot it"s été.2026'])
def test_the_tables_may_be_in_a_schema_of_any_name(schema: str, empty_database_url: str, tmp_path: Path) -> None:
    name, quoted = sql.Identifier(str(make_url(empty_database_url).database)), sql.Identifier(schema)
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(quoted))
        connection.execute(sql.SQL("ALTER DATABASE {} SET search_path = {}").format(name, quoted))
    settings = settings_with(empty_database_url, tmp_path / "home")
    with SimulatorServer(SimulatorOptions(**SMALL)) as simulator, open_database(settings) as database:
        migrate(database.engine)
        world = SyncWorld(quick(settings), database, simulator)
        club = world.add_credential()
        nothing = state(world)
        synced = world.sync(club)
        world.assert_truth(club)
        undo(world, synced)
        assert state(world)["players"] == nothing["players"] == []
        assert "twizzit_running_seasons" in " ".join(detach(database.engine, lambda _: None))
        migrate(database.engine)
        with database.engine.connect() as reading:
            assert lacking_to_sync(reading) == lacking_to_undo(reading) == []
