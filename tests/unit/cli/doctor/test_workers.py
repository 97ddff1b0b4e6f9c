"""What `doctor` says of where runs take place: the launcher, its broker, its workers, their version, the queue."""

from importlib.metadata import version

import pytest

from twizzit_pipeline.cli.doctor.finding import Severity
from twizzit_pipeline.cli.doctor.workers import look_at_workers
from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.settings import Settings, load_settings

MINE = version("twizzit-pipeline")
NOWHERE = "redis://:hush@127.0.0.1:1/0"


def settings(launcher: str, **changes: object) -> Settings:
    known = {"database_url": "postgresql://u@db/x", "broker_url": NOWHERE, "run_launcher": launcher}
    return load_settings(_env_file=None, **{**known, **changes})


@pytest.mark.parametrize(
    ("versions", "waiting", "severity", "said"),
    [
        ({"a": MINE, "b": MINE}, 1, Severity.OK, "2 workers of Celery answer; 1 run waits"),
        ({}, 3, Severity.PROBLEM, "No worker answers at the broker; 3 runs wait in the queue"),
        ({"old": "0.1.0"}, 0, Severity.WARNING, f"Workers of another version than {MINE}: old"),
        ({"a": MINE}, 500, Severity.WARNING, "500 runs wait in the queue"),
    ],
)
def test_workers_and_the_queue(
    versions: dict[str, str], waiting: int, severity: Severity, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from twizzit_pipeline.orchestration.instance import workers

    found = workers.Workers(tuple(workers.Worker(*each) for each in versions.items()), waiting)
    monkeypatch.setattr(workers, "inspect_workers", lambda _: found)
    first, *_ = look_at_workers(settings("celery"))
    assert (first.severity, first.subject) == (severity, "runs take place")
    assert said in first.message
    assert (first.what_to_do is None) == (severity is Severity.OK)


def test_a_setting_that_a_launcher_lacks_is_a_finding() -> None:
    with pytest.raises(SettingsError, match="TWIZZIT_RUN_IMAGE"):
        list(look_at_workers(settings("kubernetes")))


def test_a_workers_name_says_its_version() -> None:
    from twizzit_pipeline.orchestration.instance import workers
    from twizzit_pipeline.orchestration.instance.worker import worker_name

    assert workers._worker(worker_name(None)).version == MINE
    assert workers._worker("celery@elsewhere").version is None


def test_a_workers_name_says_its_database() -> None:
    from twizzit_pipeline.orchestration.instance import workers
    from twizzit_pipeline.orchestration.instance.worker import worker_name

    named = workers._worker(worker_name("0a1b2c3d4e5f"))
    assert (named.version, named.database) == (MINE, "0a1b2c3d4e5f")
    older = workers._worker("twizzit-0.2.0-71@machine")
    assert (older.version, older.database) == ("0.2.0", None)


def test_without_a_launcher_nothing_is_looked_for() -> None:
    (found,) = look_at_workers(settings("process", broker_url=None))
    assert found.severity is Severity.OK
