"""Behind a pooler that drops connection options: noticed before anything is written, and done without."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, text

from tests.support.optionless_proxy import optionless
from twizzit_pipeline.cli.doctor.finding import Installation, Severity
from twizzit_pipeline.cli.doctor.roles import look_at_pooler
from twizzit_pipeline.errors import DatabaseRefused
from twizzit_pipeline.orchestration.instance.home import dagster_environment, open_instance
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.dagster_schema import prepare_schema
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.storage.migrate import check, migrate


@pytest.fixture
def pooled(empty_database_url: str) -> Iterator[str]:
    """The URL of an empty database, the options of whose connections do not arrive."""
    with optionless(empty_database_url) as url:
        yield url


def _settings(url: str, home: Path, **more: object) -> Settings:
    return load_settings(_env_file=None, home=home, database_url=SecretStr(url), **more)


def _tables(database: Database) -> set[tuple[str, str]]:
    found = text(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    with database.engine.connect() as connection:
        return {(row[0], row[1]) for row in connection.execute(found)}


def test_options_that_arrive_are_seen_to_arrive(empty_database_url: str, tmp_path: Path) -> None:
    settings = _settings(empty_database_url, tmp_path)
    with open_database(settings) as database:
        assert not database.options_dropped
        (found,) = look_at_pooler(Installation(settings, database))
        assert found.severity is Severity.OK


def test_each_transaction_has_the_options_that_were_dropped(pooled: str, tmp_path: Path) -> None:
    url = make_url(pooled).update_query_dict({"options": "-cstatement_timeout=1234 -csearch_path=pg_temp,public"})
    shown = text(
        "SELECT current_setting('timezone'), current_setting('lock_timeout'), current_setting('statement_timeout'),"
        " current_setting('search_path')"
    )
    with open_database(_settings(url.render_as_string(hide_password=False), tmp_path)) as database:
        assert database.options_dropped
        for _ in range(2):
            with database.engine.connect() as connection:
                assert tuple(connection.execute(shown).one()) == ("UTC", "5s", "1234ms", "pg_temp, public")
        with database.engine.connect() as connection:
            outside = connection.execution_options(isolation_level="AUTOCOMMIT")
            assert outside.scalar(text("SHOW lock_timeout")) == "0"  # nothing stays with the session


def test_what_a_transaction_sees_is_still_fixed_by_its_own_first_statement(pooled: str, tmp_path: Path) -> None:
    with open_database(_settings(pooled, tmp_path)) as database:
        with database.engine.begin() as connection:
            connection.execute(text("CREATE TABLE seen (id integer)"))
        late = database.engine.connect().execution_options(isolation_level="REPEATABLE READ")
        with late as connection, connection.begin():
            with database.engine.begin() as another:
                another.execute(text("INSERT INTO seen VALUES (1)"))
            assert connection.scalar(text("SELECT count(*) FROM seen")) == 1


def test_a_stricter_isolation_of_the_database_does_not_count(pooled: str, tmp_path: Path) -> None:
    with open_database(_settings(pooled, tmp_path)) as database, database.engine.begin() as connection:
        name = connection.scalar(text("SELECT quote_ident(current_database())"))
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_isolation = serializable"))
    with open_database(_settings(pooled, tmp_path)) as database, database.engine.connect() as connection:
        assert connection.scalar(text("SHOW transaction_isolation")) == "read committed"


def test_our_own_connections_work_and_dagsters_are_refused_before_a_table_is_made(pooled: str, tmp_path: Path) -> None:
    settings = _settings(pooled, tmp_path)
    with open_database(settings) as database:
        migrate(database.engine)
        assert check(database.engine).differences == ()
        before = _tables(database)
        for attempt in (
            lambda: prepare_schema(database),
            lambda: open_instance(settings, database).__enter__(),
            lambda: dagster_environment(settings, database),
        ):
            with pytest.raises(DatabaseRefused, match="DAGSTER_POSTGRES_URL") as caught:
                attempt()
            assert "\n" not in str(caught.value)
        assert _tables(database) == before
        (found,) = look_at_pooler(Installation(settings, database))
        assert found.severity is Severity.PROBLEM


def test_dagster_may_go_past_the_pooler_into_its_own_schema_alone(
    pooled: str, empty_database_url: str, tmp_path: Path
) -> None:
    direct = make_url(empty_database_url)
    own = direct.update_query_dict({"options": "-csearch_path=dagster"}).render_as_string(hide_password=False)
    among = _settings(pooled, tmp_path, dagster_postgres_url=SecretStr(empty_database_url))
    with open_database(among) as database:
        migrate(database.engine)
        with pytest.raises(DatabaseRefused, match=r"\?options=-csearch_path%3Ddagster"):
            prepare_schema(database)
    apart = _settings(pooled, tmp_path, dagster_postgres_url=SecretStr(own))
    with open_database(apart) as database:
        before = _tables(database)
        with open_instance(apart, database):
            pass
        made = _tables(database) - before
        assert {schema for schema, _ in made} == {"dagster"}
        assert ("dagster", "runs") in made
        (found,) = look_at_pooler(Installation(apart, database))
        assert found.severity is Severity.OK
