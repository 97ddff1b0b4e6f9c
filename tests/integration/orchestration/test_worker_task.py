"""A message that the broker gives out more than once: one process carries the run out."""

import pytest

from twizzit_pipeline.orchestration.instance.launchers import BROKER
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.storage.held import held

pytest.importorskip("dagster_celery", reason="the extra celery is not installed")


def test_a_copy_of_a_message_that_is_worked_on_does_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from twizzit_pipeline.orchestration.instance.worker import celery_app

    monkeypatch.setenv(BROKER, "redis://127.0.0.1:1/0")
    monkeypatch.setenv("TWIZZIT_DATABASE_URL", database.url.get_secret_value())
    app = celery_app(load_settings(_env_file=None, run_launcher="celery"))
    task = app.tasks["execute_job"]

    with held(database.engine, "run of 7"):
        copy = task.apply(kwargs={"execute_job_args_packed": "no run"}, task_id="7")
        other = task.apply(kwargs={"execute_job_args_packed": "no run"}, task_id="8")
    again = task.apply(kwargs={"execute_job_args_packed": "no run"}, task_id="7")

    assert (copy.state, copy.result) == ("SUCCESS", 0)
    assert [record.message for record in caplog.records if "twice" in record.message]
    for begun in (other, again):  # Dagster's own task, which finds no run in that message
        assert begun.state == "FAILURE"
        assert "ExecuteRunArgs" in str(begun.result)
    app.close()
