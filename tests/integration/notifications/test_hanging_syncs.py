"""A sync that hangs is named by `status`, `doctor` and a notification, until it is over."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, insert

from tests.support.monitored import add_credential, add_run
from twizzit_pipeline.cli.doctor.finding import Installation, Severity
from twizzit_pipeline.cli.doctor.orchestrator import look_at_orchestrator
from twizzit_pipeline.notifications import outbox
from twizzit_pipeline.notifications.rounds import look
from twizzit_pipeline.queries import overview
from twizzit_pipeline.queries.hanging import hanging
from twizzit_pipeline.queries.overview import CredentialStatus
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database


@pytest.fixture
def club(database: Database) -> int:
    return add_credential(database, "KC Noord")


def begins(database: Database, club: int, ago: timedelta) -> None:
    """A sync that is alive and began so long ago."""
    with database.engine.begin() as connection:
        connection.execute(
            insert(tables.leases).values(
                organization="v2:1",
                token=func.gen_random_uuid(),
                credential_id=club,
                dagster_run_id="run-1",
                holder="another machine|1",
                acquired_at=func.now() - ago,
            )
        )


def usually(database: Database, club: int, seconds: float, ago: timedelta = timedelta(hours=2)) -> None:
    ended = datetime.now(UTC).replace(tzinfo=None) - ago
    row = {"sync_type": "teams", "started_at": ended - timedelta(seconds=seconds), "completed_at": ended}
    add_run(database, club, ago, row)


def status(database: Database) -> CredentialStatus:
    (one,) = overview.read(database.engine, season_start="07-01").credentials
    return one


@pytest.mark.parametrize(
    ("seconds", "ago", "hangs"),
    [
        (8, timedelta(seconds=120), False),
        (8, timedelta(seconds=200), True),
        (300, timedelta(minutes=19), False),
        (300, timedelta(minutes=21), True),
        (None, timedelta(minutes=14), False),
        (None, timedelta(minutes=16), True),
    ],
)
def test_what_hangs_follows_from_what_is_usual(
    database: Database, club: int, seconds: float | None, ago: timedelta, hangs: bool
) -> None:
    if seconds is not None:
        usually(database, club, seconds)
    begins(database, club, ago)
    assert [one.credential_id for one in hanging(database.engine)] == [club] * hangs


def test_usual_is_the_longest_of_the_last_syncs_of_the_same_credential(database: Database, club: int) -> None:
    other = add_credential(database, "KC Zuid")
    usually(database, other, 3600)
    for seconds in (8, 300, 9):
        usually(database, club, seconds)
    begins(database, club, timedelta(minutes=21))
    (found,) = hanging(database.engine)
    assert (found.credential_id, found.usual) == (club, timedelta(minutes=5))
    for _ in range(20):  # from here on the slow one is long ago
        usually(database, club, 10, ago=timedelta(hours=1))
    (found,) = hanging(database.engine)
    assert found.usual == timedelta(seconds=10)


def test_a_hanging_sync_is_shown_everywhere_until_it_ends(database: Database, settings: Settings, club: int) -> None:
    usually(database, club, 8)
    look(database.engine, "webhook")
    begins(database, club, timedelta(minutes=12))
    said = "a sync hangs: it has been under way for 12 minutes, usually over within 8 s"
    todo = f"See whether its server answers: twizzit credentials verify {club}."
    one = status(database)
    assert (one.why, one.state.value) == (said, "running")
    assert one.what_to_do.startswith(todo)
    findings = [one for one in look_at_orchestrator(Installation(settings, database)) if one.subject == "syncs"]
    assert [(one.severity, one.message) for one in findings] == [(Severity.WARNING, f"Credential {club}: {said}")]
    assert look(database.engine, "webhook") == 1
    assert look(database.engine, "webhook") == 0, "once"
    (notification,) = outbox.recent(database.engine)
    assert (notification.kind, notification.credential_id) == ("hanging", club)
    with database.engine.begin() as connection:
        connection.execute(delete(tables.leases))
    assert look(database.engine, "webhook") == 0
    assert status(database).hanging is None
    findings = [one for one in look_at_orchestrator(Installation(settings, database)) if one.subject == "syncs"]
    assert [one.severity for one in findings] == [Severity.OK]
    begins(database, club, timedelta(seconds=1))
    assert look(database.engine, "webhook") == 0
