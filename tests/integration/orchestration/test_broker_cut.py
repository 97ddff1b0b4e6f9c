"""A broker to which the way is cut: its connections stay, and nothing comes. Nothing waits for it without an end."""

import socket
from collections.abc import Iterator

import pytest

from twizzit_pipeline.errors import BrokerUnavailable
from twizzit_pipeline.orchestration.instance import launchers
from twizzit_pipeline.settings import Settings, load_settings

pytest.importorskip("dagster_celery", reason="the extra celery is not installed")
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def cut_off() -> Iterator[Settings]:
    """Settings with a broker that takes connections, and answers nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as mute:
        broker = f"redis://127.0.0.1:{mute.getsockname()[1]}/0"
        database = "postgresql://nowhere@127.0.0.1:1/none"
        yield load_settings(_env_file=None, run_launcher="celery", broker_url=broker, database_url=database)


def test_doctor_says_that_the_broker_cannot_be_reached(cut_off: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from twizzit_pipeline.orchestration.instance import workers

    monkeypatch.setattr(workers, "_ANSWER_SECONDS", 0.2)
    with pytest.raises(BrokerUnavailable, match="TWIZZIT_BROKER_URL cannot be reached"):
        workers.inspect_workers(cut_off)


def test_the_daemon_gives_up_to_launch_a_run(cut_off: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would launch no other meanwhile, until the system gives the connection up: after a quarter of an hour."""
    from celery.result import denied_join_result
    from kombu.exceptions import OperationalError

    from twizzit_pipeline.orchestration.instance.worker import celery_app

    monkeypatch.setattr(launchers, "_ANSWER_SECONDS", 0.2)
    app = celery_app(cut_off)
    with pytest.raises(OperationalError), denied_join_result():  # as the launcher
        app.send_task("execute_job", queue=launchers.QUEUE)
    app.close()


def test_a_worker_looks_for_its_broker_until_it_is_back(cut_off: Settings) -> None:
    """Celery's own ends after a hundred tries, some fifty minutes."""
    from twizzit_pipeline.orchestration.instance.worker import celery_app

    app = celery_app(cut_off)
    assert app.conf.broker_connection_max_retries is None
    assert app.conf.broker_transport_options["socket_timeout"] == app.conf.redis_socket_timeout > 0
    app.close()


def test_a_run_is_not_taken_for_dead_where_the_broker_says_nothing_of_it(
    cut_off: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was started anew with nothing in it, or the way to it is cut: the run goes on, and ends by itself."""
    from celery import states
    from dagster import DagsterRun
    from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

    from twizzit_pipeline.orchestration.dagster_private import WorkerStatus
    from twizzit_pipeline.orchestration.instance.worker_launcher import WorkerLauncher

    monkeypatch.setattr(launchers, "_ANSWER_SECONDS", 0.2)
    broker = launchers.broker_of(cut_off)
    run = DagsterRun(job_name="sync_teams", tags={DAGSTER_CELERY_TASK_ID_TAG: "task"})
    away = WorkerLauncher("dagster", broker=broker, backend=broker, config_source=launchers.celery_options())
    assert away.check_run_worker_health(run).status is WorkerStatus.RUNNING
    assert away.check_run_worker_health(run.with_tags({})).status is WorkerStatus.RUNNING, "its launch was cut short"
    away.celery.close()
    there = WorkerLauncher("dagster", broker="memory://", backend="cache+memory://")
    assert there.check_run_worker_health(run).status is WorkerStatus.RUNNING, "it has no result of it"
    there.celery.backend.store_result("task", None, states.STARTED)
    assert there.check_run_worker_health(run).status is WorkerStatus.RUNNING
    there.celery.backend.store_result("task", OSError(), states.FAILURE)
    assert there.check_run_worker_health(run).status is WorkerStatus.FAILED
    there.celery.close()
