"""The views for monitoring: the guide's answers under its names, alone and beside ShotSpot, in every time zone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select, text

from twizzit_pipeline.errors import DatabaseRefused, MigrationsPending
from twizzit_pipeline.queries import overview
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.storage.migrate import check, migrate, restore
from twizzit_pipeline.storage.migrations.additive import make_view
from twizzit_pipeline.storage.migrations.versions import r0011_states
from twizzit_pipeline.storage.migrations.views_of_syncs import VIEWS_OF_SYNCS
from twizzit_pipeline.storage.tables.views import views

SHOTSPOT = Path(__file__).parents[2] / "support" / "shotspot"
NOW = datetime.now(UTC).replace(tzinfo=None)
VIEWS = {**r0011_states.VIEWS, **VIEWS_OF_SYNCS}

# The guide's own queries; but for the rounding, which PostgreSQL refuses for a float.
SYNC_STATUS = """
    SELECT sync_type, sync_direction, status, items_processed, items_succeeded, items_failed, started_at, completed_at
    FROM twizzit_sync_history ORDER BY started_at DESC LIMIT 10"""
SUCCESS_RATE = """
    SELECT sync_type, COUNT(*) as total_syncs, SUM(CASE WHEN status = 'success' THEN 1 ELSE 0 END) as successful,
      ROUND((AVG(items_succeeded::float / NULLIF(items_processed, 0) * 100))::numeric, 2) as success_rate_pct
    FROM twizzit_sync_history WHERE completed_at >= NOW() - INTERVAL '30 days' GROUP BY sync_type ORDER BY sync_type"""
FAILURES = """
    SELECT sync_type, status, error_message, items_failed, started_at
    FROM twizzit_sync_history WHERE status IN ('failed', 'partial_success') ORDER BY started_at DESC LIMIT 20"""


@pytest.fixture(scope="module", params=["alone", "older", "newer"])
def prepared(request: pytest.FixtureRequest, beside_shotspot: Callable[..., str]) -> str:
    """Alone, or beside one of the shapes of ShotSpot's."""
    return beside_shotspot(*{"alone": (), "older": ("older.sql",), "newer": ("older.sql", "newer.sql")}[request.param])


@pytest.fixture
def anywhere(prepared: str, database: Database) -> Engine:
    """A migrated database, with one credential at least."""
    with database.engine.begin() as connection:
        if not connection.scalar(select(tables.credentials.c.id).limit(1)):
            add_credential(connection, "KC Noord")
    return database.engine


def add_credential(connection: Connection, name: str) -> int:
    values = {"organization_name": name, "api_username": "u", "encrypted_password": "00", "encryption_iv": "00"}
    added = insert(tables.credentials).values(values).returning(tables.credentials.c.id)
    return int(connection.execute(added).scalar_one())


def ended(ago: timedelta, status: str = "success", **changes: Any) -> dict[str, Any]:
    """A row of the history that ended so long ago, a minute after it began."""
    done = NOW - ago
    return {
        "credential_id": 1,
        "sync_type": "teams",
        "sync_direction": "import",
        "status": status,
        "items_processed": 3,
        "items_succeeded": 2,
        "items_failed": 1,
        "started_at": done - timedelta(minutes=1),
        "completed_at": done,
        **changes,
    }


HISTORY = [
    ended(timedelta(hours=1), "partial_success", error_message="1 rejected: name: present (7)"),
    ended(timedelta(hours=2), items_processed=0, items_succeeded=0, items_failed=0),
    ended(timedelta(days=3), "failed", items_processed=0, items_succeeded=0, items_failed=0, error_message="no answer"),
    ended(timedelta(days=4), items_processed=7, items_succeeded=7, items_failed=0),
    ended(timedelta(hours=5), sync_type="players", items_processed=9, items_succeeded=8),
    ended(timedelta(0), "in_progress", completed_at=None, sync_type="players"),
    ended(timedelta(days=31), "failed", sync_type="players"),
]


def test_they_answer_what_the_guide_asks(anywhere: Engine) -> None:
    with anywhere.begin() as connection:
        for row in HISTORY:
            connection.execute(insert(tables.sync_history).values(row))
    with anywhere.connect() as connection:
        for query, view, order in (
            (SYNC_STATUS, "twizzit_sync_status LIMIT 10", ""),
            (SUCCESS_RATE, "twizzit_success_rate", " ORDER BY sync_type"),
            (FAILURES, "twizzit_recent_failures LIMIT 20", ""),
        ):
            guide = connection.execute(text(query))
            names = list(guide.keys())
            answer = connection.execute(text(f"SELECT * FROM {view}{order}"))
            assert list(answer.keys())[: len(names)] == names
            assert [tuple(row)[: len(names)] for row in answer] == [tuple(row) for row in guide]
    with anywhere.connect() as connection:
        rates = {row.sync_type: row for row in connection.execute(text("SELECT * FROM twizzit_success_rate"))}
    teams = rates["teams"]
    assert (teams.total_syncs, teams.successful, teams.partly_successful, teams.failed) == (4, 2, 1, 1)
    assert str(teams.success_rate_pct) == "83.33"
    assert rates["players"].total_syncs == 1  # neither the one in progress nor the one of last month


def test_thirty_days_are_thirty_days_in_every_time_zone(database: Database) -> None:
    """Two syncs on either side of the edge, by less than the distance of the zones from UTC."""
    with database.engine.begin() as connection:
        add_credential(connection, "KC Noord")
        for ago in (timedelta(days=30, hours=2), timedelta(days=30, hours=-2)):
            connection.execute(insert(tables.sync_history).values(ended(ago)))
    for zone in ("UTC", "Pacific/Kiritimati", "America/Los_Angeles", "Europe/Brussels"):
        with database.engine.connect() as connection:
            connection.execute(text(f"SET TIME ZONE '{zone}'"))
            assert connection.scalar(text("SELECT total_syncs FROM twizzit_success_rate")) == 1, zone
            assert connection.scalar(text("SELECT total_syncs FROM twizzit_credential_status")) == 1, zone


def test_a_month_begins_in_utc(database: Database) -> None:
    first = datetime.now(UTC).date().replace(day=1)
    with database.engine.begin() as connection:
        credential_id = add_credential(connection, "KC Noord")
        months = [(first, 5), (first - timedelta(days=1), 7), ((first + timedelta(days=32)).replace(day=1), 9)]
        for month, calls in months:
            used = {"credential_id": credential_id, "month": month.replace(day=1), "calls": calls}
            connection.execute(insert(tables.api_usage).values(used))
        for zone in ("Pacific/Kiritimati", "America/Los_Angeles"):
            connection.execute(text(f"SET LOCAL TIME ZONE '{zone}'"))
            assert connection.scalar(text("SELECT calls_this_month FROM twizzit_credential_status")) == 5


def test_the_last_sync_of_each_entity_is_the_last_whole_one_that_did_not_fail(anywhere: Engine) -> None:
    rows = [
        ended(timedelta(hours=1), "failed", dagster_run_id="d"),
        ended(timedelta(hours=2), details={"group_id": "5"}, dagster_run_id="c"),
        ended(timedelta(hours=3), details={"season_exists": False}),
        ended(timedelta(hours=4), "partial_success", dagster_run_id="b"),
        ended(timedelta(hours=5), dagster_run_id="a"),
        ended(timedelta(hours=6), sync_type="players"),
        ended(timedelta(hours=7), "failed", sync_type="matches"),
        ended(timedelta(hours=1), sync_type="teams", credential_id=None),
    ]
    with anywhere.begin() as connection:
        other = add_credential(connection, "KC Oost")
        ids = [
            connection.execute(insert(tables.sync_history).values(row).returning(tables.sync_history.c.id)).scalar_one()
            for row in [*rows, ended(timedelta(hours=8), credential_id=other)]
        ]
        for history_id in (ids[3], ids[3], ids[4], ids[0]):
            rejected = {
                "history_id": history_id,
                "credential_id": 1,
                "entity": "teams",
                "column_name": "n",
                "rule": "r",
            }
            connection.execute(insert(tables.rejected_rows).values(rejected))
    with anywhere.connect() as connection:
        found = connection.execute(text("SELECT * FROM twizzit_last_syncs ORDER BY credential_id, sync_type")).all()
        wanted = [(1, "players", ids[5], 0), (1, "teams", ids[3], 2), (other, "teams", ids[8], 0)]
        assert [(row.credential_id, row.sync_type, row.history_id, row.rejected_rows) for row in found] == wanted
        assert {row.seconds for row in found} == {60.0}
        status = connection.execute(text("SELECT * FROM twizzit_credential_status WHERE credential_id = 1")).one()
    assert (status.rejected_rows, status.items_failed) == (2, 2)
    assert (status.last_sync_status, status.last_success_at) == ("failed", rows[5]["completed_at"].replace(tzinfo=UTC))


def test_a_run_ended_as_the_worst_of_its_rows(database: Database) -> None:
    with database.engine.begin() as connection:
        add_credential(connection, "KC Noord")
        for row in (
            ended(timedelta(minutes=5), dagster_run_id="two", sync_type="players", error_message=None),
            ended(timedelta(minutes=6), "partial_success", dagster_run_id="two", error_message="one left out"),
            ended(timedelta(hours=2), "failed", dagster_run_id="one", error_message="of an earlier run"),
            ended(timedelta(0), "in_progress", dagster_run_id="three", completed_at=None),
        ):
            connection.execute(insert(tables.sync_history).values(row))
        run = connection.execute(text("SELECT * FROM twizzit_credential_status")).one()
    assert (run.last_sync_status, run.last_sync_error) == ("partial_success", "one left out")
    assert run.last_sync_started_at == (NOW - timedelta(minutes=7)).replace(tzinfo=UTC)
    assert run.last_sync_completed_at == (NOW - timedelta(minutes=5)).replace(tzinfo=UTC)
    assert run.is_running is False  # a row that was never closed is no sync: a lease is


def test_a_credential_without_configuration_or_history_is_there(anywhere: Engine) -> None:
    with anywhere.begin() as connection:
        added = add_credential(connection, "KC Oost")
        row = connection.execute(
            text("SELECT * FROM twizzit_credential_status WHERE credential_id = :id"), {"id": added}
        ).one()
    assert (row.is_active, row.auto_sync_enabled, row.sync_interval_minutes) == (True, False, 60)
    assert (row.last_sync_status, row.next_sync_at, row.success_rate_pct, row.monthly_call_limit) == (None,) * 4
    assert (row.total_syncs, row.rejected_rows, row.calls_this_month, row.consecutive_failures) == (0,) * 4


def test_the_tables_to_select_from_are_the_views(database: Database) -> None:
    assert set(views.tables) == set(VIEWS)
    with database.engine.connect() as connection:
        for name, view in views.tables.items():
            there = connection.execute(text(f"SELECT * FROM {name}")).keys()
            assert list(there) == [column.name for column in view.c]
            assert connection.execute(select(view)).all() == []


def test_they_are_replaced_as_often_as_one_likes(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("CREATE VIEW of_another AS SELECT * FROM twizzit_success_rate"))
        for name, query in VIEWS.items():
            make_view(connection, name, query)
    assert check(database.engine).differences == ()


def test_what_was_dropped_is_found_reported_and_put_back(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("DROP VIEW twizzit_last_syncs CASCADE"))
    assert check(database.engine).differences == (
        "add_view twizzit_last_syncs",
        "add_view twizzit_credential_status",
    )
    with pytest.raises(MigrationsPending, match="A view for monitoring is missing in the database; run: twizzit migr"):
        overview.read(database.engine, season_start="07-01")
    assert restore(database.engine) == ["view twizzit_last_syncs", "view twizzit_credential_status"]
    assert restore(database.engine) == []
    assert check(database.engine).differences == ()
    assert overview.read(database.engine, season_start="07-01").credentials == []


@pytest.mark.parametrize("kind", ["VIEW twizzit_success_rate AS SELECT 1 AS one", "TABLE twizzit_success_rate ()"])
def test_a_relation_of_another_owner_is_left_alone(empty_database_url: str, tmp_path: Path, kind: str) -> None:
    with open_database(load_settings(_env_file=None, home=tmp_path, database_url=empty_database_url)) as database:
        with database.engine.begin() as connection:
            connection.execute(text(f"CREATE {kind}"))
        with pytest.raises(DatabaseRefused, match="has another twizzit_success_rate already: rename it, then run"):
            migrate(database.engine)
        assert check(database.engine).current is None


def test_a_role_may_read_them_that_may_not_read_passwords(database: Database) -> None:
    with database.engine.begin() as connection:
        add_credential(connection, "KC Noord")
        connection.execute(
            text("DO $$ BEGIN CREATE ROLE grafana_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        )
        connection.execute(text("GRANT SELECT ON twizzit_credential_status TO grafana_reader"))
    with database.engine.connect() as connection:
        connection.execute(text("SET ROLE grafana_reader"))
        assert connection.scalar(text("SELECT organization_name FROM twizzit_credential_status")) == "KC Noord"
        names = connection.execute(text("SELECT * FROM twizzit_credential_status")).keys()
        assert not any("password" in name or "username" in name for name in names)
        with pytest.raises(Exception, match="permission denied"):
            connection.execute(text("SELECT 1 FROM twizzit_credentials"))
    with database.engine.begin() as connection:
        connection.execute(text("DROP OWNED BY grafana_reader"))
