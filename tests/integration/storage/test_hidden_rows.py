"""Row-level security: rows that the database's user does not see, or may not write, are never planned upon."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tests.conftest import settings_with
from tests.support.previewed import previewed
from tests.support.shotspot_house import House, new_role
from tests.support.sync_world import SyncWorld
from twizzit_pipeline.errors import DatabaseRefused
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.storage.roles import lacking_to_sync, sight_to_undo

FOR_ALL = "CREATE POLICY open ON players USING (true)"
# Policies → whether a sync would see and write every row.
POLICIES = {
    (): False,
    (FOR_ALL,): True,
    ("CREATE POLICY half ON players USING (id % 2 = 0)",): False,
    ("CREATE POLICY half ON players USING (id % 2 = 0)", FOR_ALL): True,
    (FOR_ALL, "CREATE POLICY less ON players AS RESTRICTIVE USING (id % 2 = 0)"): False,
    ("CREATE POLICY reading ON players FOR SELECT USING (true)",): False,
    (f"{FOR_ALL} WITH CHECK (id > 0)",): False,
    ("CREATE POLICY others ON players TO pg_monitor USING (true)",): False,
}


@pytest.fixture
def role(database_url: str) -> Iterator[str]:
    with new_role(database_url) as name:
        yield name


def _limit(connection: Connection, role: str, *policies: str) -> None:
    """The role has every right on every table, and owns none of them."""
    grants = ("SCHEMA public", "ALL TABLES IN SCHEMA public", "ALL SEQUENCES IN SCHEMA public")
    for statement in (
        *(f"GRANT ALL ON {what} TO {role}" for what in grants),
        "ALTER TABLE players ENABLE ROW LEVEL SECURITY",
        *policies,
    ):
        connection.exec_driver_sql(statement.replace("%", "%%"))


@pytest.mark.parametrize("policies", POLICIES, ids=str)
def test_what_hides_rows_is_named_with_the_statement_that_mends_it(
    database: Database, role: str, policies: tuple[str, ...]
) -> None:
    with database.engine.begin() as connection:
        _limit(connection, role, *policies)
        connection.exec_driver_sql(f"SET LOCAL ROLE {role}")
        mended = [lack.statement for lack in lacking_to_sync(connection)]
        assert mended == ([] if POLICIES[policies] else [f"ALTER ROLE {role} BYPASSRLS"])
        assert [lack.statement for lack in sight_to_undo(connection)] == [f"ALTER ROLE {role} BYPASSRLS"]


def test_neither_a_sync_nor_a_preview_begins(
    database: Database, database_url: str, role: str, tmp_path: Path, simulator: SimulatorServer
) -> None:
    settings = settings_with(House(database_url).as_role(role), tmp_path)
    credential_id = SyncWorld(settings, database, simulator).add_credential()
    with database.engine.begin() as connection:
        _limit(connection, role)
    with open_database(settings) as opened:
        world = SyncWorld(settings, opened, simulator)
        for begin in (world.sync, lambda one: previewed(world, one)):
            with pytest.raises(DatabaseRefused, match=rf"every row of players .*ALTER ROLE {role} BYPASSRLS$"):
                begin(credential_id)
    assert simulator.calls.total == 0
