"""Who is late: judged by what ended, against the configured interval."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, event, insert, text, update

from tests.conftest import ENCRYPTION_KEY
from twizzit_pipeline.credentials import store
from twizzit_pipeline.scheduling.freshness import Late, late
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1)  # noqa: DTZ001 - as the columns have it


def ago(**before: float) -> datetime:
    """As ShotSpot's columns have it: UTC without zone."""
    return (NOW - timedelta(**before)).replace(tzinfo=None)


class Club:
    """A credential that syncs by itself each hour, and what is known of its past."""

    def __init__(self, engine: Engine, name: str = "KC Test", **config: Any) -> None:
        self.engine = engine
        self.id = store.add(
            engine,
            SecretStr(ENCRYPTION_KEY),
            organization_name=name,
            api_username="user",
            password=SecretStr("password"),
            api_endpoint="https://app.twizzit.com/v2/api",
        )
        settled = {"created_at": LONG_AGO, "updated_at": LONG_AGO}
        row = {"auto_sync_enabled": True, "sync_interval_minutes": 60, **settled, **config}
        self.credential(**settled)
        with engine.begin() as connection:
            connection.execute(insert(tables.sync_config).values(credential_id=self.id, **row))

    def credential(self, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(update(tables.credentials).where(tables.credentials.c.id == self.id).values(**values))

    def config(self, **values: Any) -> None:
        where = tables.sync_config.c.credential_id == self.id
        with self.engine.begin() as connection:
            connection.execute(update(tables.sync_config).where(where).values(**values))

    def synced(self, at: datetime, *entities: str, status: str = "success", **details: object) -> None:
        common = {"credential_id": self.id, "sync_direction": "import", "status": status}
        common |= {"started_at": at, "completed_at": at}
        rows = [
            {**common, "sync_type": "competitions", "details": {**details, "entity": one}}
            if one == "matches"
            else {**common, "sync_type": one, "details": details}
            for one in entities or ("teams", "players", "competitions", "matches")
        ]
        with self.engine.begin() as connection:
            connection.execute(insert(tables.sync_history).values(rows))

    @property
    def late(self) -> Late | None:
        return next((one for one in late(self.engine, NOW) if one.credential_id == self.id), None)


@pytest.fixture
def club(database: Database) -> Club:
    return Club(database.engine)


def test_twice_the_interval_is_the_limit(club: Club) -> None:
    club.synced(ago(minutes=120))
    assert club.late is None
    club.synced(ago(minutes=119), status="failed")
    expected, last = NOW - timedelta(minutes=1), NOW - timedelta(minutes=121)
    assert late(club.engine, NOW + timedelta(minutes=1)) == [
        Late(club.id, NOW, NOW - timedelta(minutes=120), 60, "overdue")
    ]
    with club.engine.begin() as connection:
        a_minute_earlier = tables.sync_history.c.completed_at - timedelta(minutes=1)
        connection.execute(update(tables.sync_history).values(completed_at=a_minute_earlier))
    assert club.late == Late(club.id, expected, last, 60, "overdue")
    club.synced(ago(minutes=3), status="partial_success")
    assert club.late is None


def test_all_that_is_to_be_synced_must_have_been(club: Club) -> None:
    club.synced(ago(hours=5), "teams", "players", "competitions", "matches")
    club.synced(ago(minutes=5), "teams")
    assert club.late is not None
    assert club.late.last_success_at == NOW - timedelta(hours=5)
    club.config(sync_players=False, sync_competitions=False)
    assert club.late is None
    club.config(sync_players=True, sync_teams=False)
    assert club.late is not None
    club.config(sync_players=False, sync_competitions=True)
    club.synced(ago(minutes=5), "competitions")
    assert club.late is not None, "their matches are recorded under the same type, and are late"
    club.synced(ago(minutes=5), "matches")
    assert club.late is None
    club.config(sync_competitions=False)
    assert club.late is None, "it is to sync nothing, which is another check's matter"


def test_one_team_alone_is_no_sync_of_the_whole(club: Club) -> None:
    club.synced(ago(hours=5))
    club.synced(ago(minutes=5), group_id="7")
    assert club.late is not None


def test_one_that_never_synced_has_its_two_intervals_since_it_was_switched_on(club: Club) -> None:
    assert club.late is not None
    assert club.late.last_success_at is None
    club.config(updated_at=ago(minutes=30))
    assert club.late is None
    club.config(updated_at=ago(hours=3))
    assert club.late is not None
    club.credential(updated_at=ago(minutes=30))  # activated again, or given another password
    assert club.late is None


def test_one_that_is_off_inactive_or_paused_is_not_late(club: Club) -> None:
    club.config(auto_sync_enabled=False)
    assert club.late is None
    club.config(auto_sync_enabled=True)
    club.credential(is_active=False)
    assert club.late is None
    club.credential(is_active=True)
    club.config(paused_until=ago(days=-3), paused_because="no calls left")
    assert club.late is None
    club.config(paused_until=ago(minutes=90))
    assert club.late is None, "since the pause ended, two intervals are not over yet"
    club.config(paused_until=ago(minutes=121))
    assert club.late is not None


def test_what_keeps_it_is_reported(club: Club) -> None:
    def because() -> str | None:
        return None if club.late is None else club.late.because

    assert because() == "overdue"
    club.config(next_sync_at=ago(hours=-4))
    assert because() == "waiting", "by a call budget, or by a schedule; the configured interval is judged"
    club.config(consecutive_failures=3)
    assert because() == "failing"
    lease = {"organization": "x", "token": "00" * 16, "dagster_run_id": "r", "holder": "h|1"}
    with club.engine.begin() as connection:
        connection.execute(insert(tables.leases).values(credential_id=club.id, **lease))
    assert because() == "running"


def test_the_configuration_remembers_what_the_history_lost(club: Club) -> None:
    """An interval of a year outlives the history's retention."""
    years_ago = {"created_at": ago(days=2000), "updated_at": ago(days=2000)}
    club.credential(**years_ago)
    club.config(sync_interval_minutes=365 * 24 * 60, last_sync_at=ago(days=729), **years_ago)
    assert club.late is None
    club.config(last_sync_at=ago(days=731))
    assert club.late is not None


@pytest.mark.parametrize(
    "strange",
    [
        {"sync_interval_minutes": 0},
        {"sync_interval_minutes": -(2**31)},
        {"sync_interval_minutes": 2**31 - 1, "last_sync_at": text("'infinity'")},
        {"next_sync_at": text("'infinity'"), "paused_until": text("'-infinity'"), "updated_at": text("'-infinity'")},
        {
            "sync_interval_minutes": None,
            "sync_teams": None,
            "sync_players": None,
            "created_at": None,
            "updated_at": None,
        },
    ],
)
def test_one_strange_configuration_hides_no_other_credential(database: Database, strange: dict[str, Any]) -> None:
    Club(database.engine, "Strange", **strange)
    other = Club(database.engine, "Other")
    assert other.id in {one.credential_id for one in late(database.engine, NOW)}


def test_many_are_judged_by_one_statement(database: Database) -> None:
    first = Club(database.engine)
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO twizzit_credentials"
                " (organization_name, api_username, encrypted_password, encryption_iv, created_at, updated_at)"
                " SELECT 'Club ' || n, 'u', '', '', '2026-01-01', '2026-01-01' FROM generate_series(1, 500) n"
            )
        )
        connection.execute(
            text(
                "INSERT INTO twizzit_sync_config (credential_id, auto_sync_enabled, created_at, updated_at)"
                " SELECT id, true, '2026-01-01', '2026-01-01' FROM twizzit_credentials WHERE id <> :first"
            ),
            {"first": first.id},
        )
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *seen: statements.append(seen[2]))
    found = late(database.engine)
    assert len(found) == 501
    assert [one.credential_id for one in found] == sorted(one.credential_id for one in found)
    assert len(statements) == 1
