"""Roles in ShotSpot's database: ours, ShotSpot's own, one with grants alone."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from tests.conftest import ENCRYPTION_KEY
from tests.support.shotspot_house import (
    House,
    as_superuser,
    house_in,
    new_role,
    privileges,
    role_of,
    run,
    settings_of,
)
from twizzit_pipeline.cli.doctor.finding import Severity
from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import (
    DatabaseRefused,
)
from twizzit_pipeline.orchestration.instance.home import open_instance
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import open_database
from twizzit_pipeline.storage.migrate import check, migrate

OLDER = ("older.sql",)
NEWER = ("older.sql", "newer.sql")


@pytest.fixture
def house(request: pytest.FixtureRequest, empty_database_url: str) -> Iterator[House]:
    """ShotSpot's database, all of it its own role's: the newer version, with more tables, unless the test names one."""
    with house_in(empty_database_url, *getattr(request, "param", NEWER)) as url:
        yield url


# --- roles ------------------------------------------------------------------------------------------------------------


def test_a_role_of_our_own_is_refused_with_the_statement_that_mends_it_and_then_works(
    house: House, postgres_url: str, tmp_path: Path
) -> None:
    with new_role(as_superuser(house, postgres_url)) as own:
        settings = settings_of(house.as_role(own), tmp_path)
        mends = f"GRANT {role_of(house)} TO {own}"
        with open_database(settings) as database:
            (found,) = privileges(settings, database)
            assert (found.severity, str(found.what_to_do).rpartition(": ")[2]) == (Severity.PROBLEM, mends)
            with pytest.raises(DatabaseRefused, match=f"{mends}$"):
                migrate(database.engine)
        run(as_superuser(house, postgres_url), mends)
        _assert_works(house, settings)


def test_the_superuser_makes_everything_shotspots(house: House, postgres_url: str, tmp_path: Path) -> None:
    _assert_works(house, settings_of(as_superuser(house, postgres_url), tmp_path))


@pytest.mark.parametrize("house", [OLDER, NEWER], ids=["older", "newer"], indirect=True)
def test_shotspots_own_role_works(house: House, tmp_path: Path) -> None:
    _assert_works(house, settings_of(house, tmp_path))


def _assert_works(house: House, settings: Settings) -> None:
    with open_database(settings) as database:
        migrate(database.engine)
        with open_instance(settings, database):
            pass
        assert [one.severity for one in privileges(settings, database)] == [Severity.OK]
        assert check(database.engine).differences == ()
    with psycopg.connect(house) as connection:
        owners = connection.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert owners == [(role_of(house),)]
        # What pg_dump does first: it locks every table, and reads every sequence.
        relations = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('public', 'dagster')"
        ).fetchall()
        for (name,) in relations:
            connection.execute(f"LOCK TABLE {name} IN ACCESS SHARE MODE")
        connection.execute("SELECT last_value FROM pg_sequences")


def test_a_role_with_grants_alone_reads_of_each_of_them_and_then_syncs(
    house: House, postgres_url: str, tmp_path: Path
) -> None:
    with open_database(settings_of(house, tmp_path)) as database:
        migrate(database.engine)
    with new_role(as_superuser(house, postgres_url)) as own:
        settings = settings_of(house.as_role(own), tmp_path)
        with open_database(settings) as database:
            name = psycopg.conninfo.conninfo_to_dict(house)["dbname"]
            run(
                as_superuser(house, postgres_url), f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC'
            )  # as careful people do
            run(as_superuser(house, postgres_url), f'GRANT CONNECT ON DATABASE "{name}" TO {own}')
            (found,) = privileges(settings, database)
            assert found.severity is Severity.PROBLEM
            assert f"GRANT TEMPORARY ON DATABASE {name} TO {own}" in str(found.what_to_do)
            for statement in str(found.what_to_do).partition(": ")[2].split("; "):
                run(as_superuser(house, postgres_url), statement)
            (after,) = privileges(settings, database)
            assert (after.severity, "may sync, and may not migrate" in after.message) == (Severity.WARNING, True)
            store.add(
                database.engine,
                SecretStr(ENCRYPTION_KEY),
                organization_name="KC Elders",
                api_username="u",
                password=SecretStr("hush"),
                api_endpoint="https://twizzit.example/v2/api",
            )
            with open_instance(settings, database):
                pass


def test_a_dump_that_shotspots_role_could_not_make_is_found(house: House, postgres_url: str, tmp_path: Path) -> None:
    superuser = as_superuser(house, postgres_url)
    settings = settings_of(superuser, tmp_path)
    with open_database(settings) as database:
        migrate(database.engine)
        run(superuser, "ALTER TABLE twizzit_leases OWNER TO CURRENT_USER")
        found = next(one for one in privileges(settings, database) if one.subject == "dump")
        assert "its pg_dump fails" in found.message
        for statement in str(found.what_to_do).partition(": ")[2].split("; "):
            run(superuser, statement)
        assert all(one.subject != "dump" for one in privileges(settings, database))
