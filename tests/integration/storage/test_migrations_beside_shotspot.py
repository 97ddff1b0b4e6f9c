"""The migrations beside two shapes of ShotSpot's own database."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Connection, Engine, insert, make_url, select, text
from sqlalchemy.exc import IntegrityError

from tests.support.shotspot_house import SHOTSPOT
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.bulk import synchronise, written_through
from twizzit_pipeline.storage.engine import open_database
from twizzit_pipeline.storage.migrate import check, migrate
from twizzit_pipeline.storage.revisions import known

ALL = list(known())

SHAPES = {"older": ("older.sql",), "newer": ("older.sql", "newer.sql")}


def _made_shotspots(engine: Engine, shape: str) -> None:
    with engine.begin() as connection:
        for file in SHAPES[shape]:
            connection.exec_driver_sql((SHOTSPOT / file).read_text(encoding="utf-8"))


@pytest.fixture(params=SHAPES)
def shotspot(request: pytest.FixtureRequest, empty_database_url: str, tmp_path: Path) -> Iterator[Engine]:
    """ShotSpot's own database with rows, in the named shape."""
    with open_database(load_settings(_env_file=None, home=tmp_path, database_url=empty_database_url)) as database:
        _made_shotspots(database.engine, request.param)
        yield database.engine


@dataclass(frozen=True)
class Seen:
    """Rows of the columns that were there before the migrations, and the structure of everything."""

    content: dict[str, list[tuple[object, ...]]]
    structure: set[tuple[object, ...]]


@dataclass(frozen=True)
class Beside:
    """ShotSpot's own database in one shape, and what the migrations did to it; `name`: of the database."""

    name: str
    applied: list[str]
    before: Seen
    after: Seen


@pytest.fixture(scope="module", params=SHAPES)
def beside(
    request: pytest.FixtureRequest,
    copied_database: Callable[[str], AbstractContextManager[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Beside]:
    """Migrated once for the tests that begin with a copy of it; nothing is connected to it."""
    home = tmp_path_factory.mktemp("beside")
    with copied_database("template0") as url:
        with open_database(load_settings(_env_file=None, home=home, database_url=url)) as database:
            engine = database.engine
            _made_shotspots(engine, request.param)
            with engine.connect() as connection:
                columns = _columns(connection)
                before = Seen(_content(connection, columns), _structure(connection))
            applied = migrate(engine)
            with engine.connect() as connection:
                after = Seen(_content(connection, columns), _structure(connection))
        yield Beside(str(make_url(url).database), applied, before, after)


@pytest.fixture
def migrated(
    beside: Beside, copied_database: Callable[[str], AbstractContextManager[str]], tmp_path: Path
) -> Iterator[Engine]:
    """ShotSpot's own database with rows and with our tables, a copy for each test."""
    with (
        copied_database(beside.name) as url,
        open_database(load_settings(_env_file=None, home=tmp_path, database_url=url)) as database,
    ):
        yield database.engine


def _content(
    connection: Connection, columns: dict[str, list[str]] | None = None
) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables; of the named columns alone, if they are given."""
    found = columns or _columns(connection)
    return {
        table: sorted(tuple(row) for row in connection.exec_driver_sql(f"SELECT {', '.join(names)} FROM {table}"))
        for table, names in found.items()
    }


def _columns(connection: Connection) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table, column in connection.exec_driver_sql(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"
    ):
        found.setdefault(table, []).append(f"{column}::text")
    return found


def _structure(connection: Connection) -> set[tuple[object, ...]]:
    """Every column with its type, nullability and default, every constraint and every trigger."""
    return {
        *map(
            tuple,
            connection.exec_driver_sql(
                "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default"
                " FROM information_schema.columns WHERE table_schema = 'public'"
            ),
        ),
        *map(
            tuple,
            connection.exec_driver_sql(
                "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE connamespace = 'public'::regnamespace"
            ),
        ),
        *map(tuple, connection.exec_driver_sql("SELECT tgrelid::regclass::text, tgname FROM pg_trigger")),
    }


def test_beside_shotspot_nothing_of_it_changes(beside: Beside, migrated: Engine) -> None:
    assert beside.applied == ALL
    assert beside.after.content == beside.before.content
    assert beside.after.structure >= beside.before.structure
    state = check(migrated)
    assert (state.pending, state.differences) == ((), ())


def test_beside_shotspot_registration_is_in_step_with_mappings(migrated: Engine) -> None:
    with migrated.begin() as connection:
        registered = select(tables.players.c.id).where(tables.players.c.is_twizzit_registered)
        assert set(connection.scalars(registered)) == {1, 3}
        connection.exec_driver_sql(
            "INSERT INTO twizzit_player_mappings (local_player_id, twizzit_player_id) VALUES (2, '9002')"
        )
        connection.exec_driver_sql("DELETE FROM twizzit_player_mappings WHERE local_player_id = 1")
        assert set(connection.scalars(registered)) == {2, 3}
        triggers = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgname = 'player_registration'"
        ours = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE 'twizzit_%regist%'"
        assert (connection.scalar(text(triggers)), connection.scalar(text(ours))) in {(1, 0), (0, 3)}


def test_beside_shotspot_its_own_inserts_go_on_working(migrated: Engine) -> None:
    with migrated.begin() as connection:
        link = written_through(connection, tables.team_mappings).get("local_team_id", "local_team_id")
        connection.exec_driver_sql(
            f"INSERT INTO twizzit_team_mappings ({link}, twizzit_team_id, twizzit_team_name)"
            " VALUES (2, '503', 'Noord 2')"
        )
        connection.exec_driver_sql(
            "INSERT INTO twizzit_sync_history (credential_id, sync_type, sync_direction, status, started_at)"
            " VALUES (1, 'teams', 'import', 'in_progress', now())"
        )
        connection.exec_driver_sql(
            "INSERT INTO twizzit_credentials (organization_name, api_username, encrypted_password, encryption_iv)"
            " VALUES ('KC Oost', 'oost', '00', '00')"
        )
        mapped = select(tables.team_mappings.c.local_team_id).order_by(tables.team_mappings.c.id)
        assert list(connection.scalars(mapped)) == [1, 3, 2]


def test_beside_shotspot_the_link_is_written_in_bulk_under_either_name(migrated: Engine) -> None:
    mappings = tables.team_mappings
    with migrated.begin() as connection:
        new = pd.DataFrame({"local_team_id": [2, 1], "twizzit_team_id": ["503", "504"]})
        connection.execute(mappings.delete().where(mappings.c.twizzit_team_id == "501"))
        synchronise(connection, mappings, new, keys=["twizzit_team_id"], scope={"sync_status": "new"})
        rows = connection.execute(select(mappings.c.twizzit_team_id, mappings.c.local_team_id)).all()
        assert sorted(tuple(row) for row in rows) == [("502", 3), ("503", 2), ("504", 1)]


def test_beside_shotspot_a_name_is_as_unique_as_it_was(beside: Beside, migrated: Engine) -> None:
    was_unique = "twizzit_credentials_organization_name_key" in {row[1] for row in beside.before.structure}
    values = {"organization_name": "KC Zuid", "api_username": "u", "encrypted_password": "0", "encryption_iv": "0"}
    statement = insert(tables.credentials).values(values)
    if was_unique:
        with pytest.raises(IntegrityError, match="organization_name_key"), migrated.begin() as connection:
            connection.execute(statement)
    else:
        with migrated.begin() as connection:
            connection.execute(statement)


def test_beside_shotspot_a_missing_column_of_ours_is_seen(migrated: Engine) -> None:
    with migrated.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE twizzit_player_mappings DROP COLUMN last_values")
        connection.exec_driver_sql("ALTER TABLE clubs ADD COLUMN colour text")
    assert check(migrated).differences == ("add_column twizzit_player_mappings.last_values",)


def test_nothing_stays_of_migrations_that_broke(shotspot: Engine) -> None:
    with shotspot.begin() as connection:
        # A view of that name is in the way of the last migration.
        connection.exec_driver_sql("CREATE VIEW twizzit_leases AS SELECT 1 AS one")
        before = _structure(connection)
    with pytest.raises(Exception, match="twizzit_leases"):
        migrate(shotspot)
    with shotspot.connect() as connection:
        assert _structure(connection) == before
    assert list(check(shotspot).pending) == ALL
