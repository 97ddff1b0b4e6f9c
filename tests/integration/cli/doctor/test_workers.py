"""`twizzit doctor` and workers on another database: named, since each run that such a one takes fails minutes later."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.support.examined import look
from twizzit_pipeline.cli.doctor.finding import Severity
from twizzit_pipeline.errors import BrokerUnavailable
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.dagster_schema import prepare_schema
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.storage.fingerprint import fingerprint

VERSION = "0.0.0"
INSPECT = "twizzit_pipeline.orchestration.instance.workers.inspect_workers"


def fingerprint_of(url: str, dagster_url: str | None = None) -> str:
    """Of a database that is opened for it, as by another machine."""
    settings = load_settings(_env_file=None, database_url=url, dagster_postgres_url=dagster_url)
    with open_database(settings) as database:
        prepare_schema(database)
        found = fingerprint(database)
    assert found is not None
    return found


@pytest.fixture
def answering(own_database: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs are for workers: ``answering(fingerprint, None)`` says on which database each works."""
    monkeypatch.setenv("TWIZZIT_RUN_LAUNCHER", "celery")
    monkeypatch.setenv("TWIZZIT_BROKER_URL", "redis://127.0.0.1:1/0")

    def answer(*fingerprints: str | None) -> None:
        from twizzit_pipeline.orchestration.instance.workers import Worker, Workers

        found = tuple(Worker(f"worker-{place}", VERSION, one) for place, one in enumerate(fingerprints))
        monkeypatch.setattr(INSPECT, lambda _: Workers(found, 0))

    return answer


def test_the_same_database_has_one_fingerprint_and_another_one_another(
    database_url: str, new_database: Callable[[], AbstractContextManager[str]]
) -> None:
    here = fingerprint_of(database_url)
    assert here == fingerprint_of(database_url)
    with new_database() as other:
        assert fingerprint_of(other) != here, "of the same server"
        dagsters = f"{other}{'&' if '?' in other else '?'}options=-csearch_path%3Ddagster"
        assert fingerprint_of(database_url, dagsters) != here, "its runs are in another place"


def test_a_worker_on_another_database_is_named(answering: Callable[..., None], database: Database) -> None:
    prepare_schema(database)
    here = fingerprint(database)
    answering(here, here)
    assert look().of("workers").severity is Severity.OK
    answering(here, "0a1b2c3d4e5f")
    found = look().of("workers")
    assert (found.severity, found.message.endswith("fails: worker-1")) == (Severity.PROBLEM, True)
    assert "TWIZZIT_DATABASE_URL" in (found.what_to_do or "")


def test_a_worker_that_does_not_say_is_named_as_such(answering: Callable[..., None], database: Database) -> None:
    prepare_schema(database)
    answering(fingerprint(database), None)
    found = look().of("workers")
    assert (found.severity, found.message) == (
        Severity.WARNING,
        "They do not say which database they work on: worker-1",
    )


def test_a_broker_that_is_away_hides_nothing_else(
    answering: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: Settings) -> None:
        raise BrokerUnavailable("The broker cannot be reached")

    monkeypatch.setattr(INSPECT, away)
    seen = look()
    assert seen.of("workers").severity is Severity.NOT_CHECKED
    assert seen.of("runs take place").severity is Severity.PROBLEM
    assert "orchestrator" in seen.subjects


def test_where_the_server_does_not_say_which_it_is_nothing_is_claimed(
    answering: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twizzit_pipeline.storage.fingerprint._MAY", "SELECT false")
    answering(None, "0a1b2c3d4e5f")
    assert look().of("workers").severity is Severity.NOT_CHECKED
