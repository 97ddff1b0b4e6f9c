"""Requests for a sync with Dagster's own daemon, and the processes that it starts."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.conftest import ENCRYPTION_KEY
from twizzit_pipeline.credentials import store
from twizzit_pipeline.orchestration.dagster_command import MODULE
from twizzit_pipeline.orchestration.instance import dagster_environment
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync import heartbeat, requests
from twizzit_pipeline.twizzit.simulator import SimulatorServer

COACH = Actor("token", "12", "coach")
PATIENCE_SECONDS = 90


@pytest.fixture
def daemon(tmp_path: Path, database: Database, settings: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    """Dagster's daemon on this project's instance, its definitions in a code server of its own."""
    environment = {
        **os.environ,
        **dagster_environment(settings, database),
        "TWIZZIT_DATABASE_URL": database.url.get_secret_value(),
        "TWIZZIT_ENCRYPTION_KEY": ENCRYPTION_KEY,
        "TWIZZIT_ALLOW_PRIVATE_ENDPOINTS": "1",
    }
    command = [sys.executable, "-m", "dagster._daemon", "run", "--module-name", MODULE]
    with (tmp_path / "dagster.log").open("w") as log:
        running = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
        try:
            yield running
        finally:
            family = psutil.Process(running.pid).children(recursive=True)
            running.send_signal(signal.SIGINT)
            running.wait(60)
            _, alive = psutil.wait_procs(family, timeout=10)
            for process in alive:
                process.kill()


def add(database: Database, settings: Settings, simulator: SimulatorServer) -> int:
    club = simulator.world.organizations[0]
    assert settings.encryption_key is not None
    return store.add(
        database.engine,
        settings.encryption_key,
        organization_name=club.name,
        api_username=club.account.username,
        password=SecretStr(club.account.password),
        api_endpoint=simulator.v2_endpoint,
    )


def test_requests_are_served_in_turn_by_the_daemon(
    daemon: "subprocess.Popen[bytes]",
    database: Database,
    settings: Settings,
    simulator: SimulatorServer,
    tmp_path: Path,
) -> None:
    log = tmp_path / "dagster.log"
    engine = database.engine
    credential_id = add(database, settings, simulator)
    until = time.monotonic() + PATIENCE_SECONDS
    while heartbeat.last(engine) is None:
        assert daemon.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.2)

    asked = requests.ask(engine, credential_id, sync_type="all", actor=COACH)
    queued = requests.ask(engine, credential_id, sync_type="players", actor=COACH, queue=True)
    first, second = (requests.wait(engine, request.id, PATIENCE_SECONDS) for request in (asked, queued))

    assert (first.status, second.status) == ("partial_success", "partial_success"), log.read_text()
    assert first.completed_at is not None
    assert second.started_at is not None
    assert second.started_at >= first.completed_at, "one sync of a credential at a time"
    truth = simulator.world.truth(simulator.world.organizations[0])
    with engine.connect() as connection:
        mapped = connection.scalar(text("SELECT count(*) FROM twizzit_player_mappings"))
        runs = connection.execute(text("SELECT run_id, pipeline_name FROM dagster.runs")).all()
    assert mapped == len(truth.players)
    assert {(row.run_id, row.pipeline_name) for row in runs} == {
        (first.run_id, "sync_all"),
        (second.run_id, "sync_players"),
    }
