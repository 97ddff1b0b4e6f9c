"""`dagster dev` as a user has it: its daemon works off backfills of a terminal and of the UI, and all ends with it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import httpx
import psutil
import pytest
from pydantic import SecretStr

from tests.integration.test_orchestration_instance import RUN_DAGSTER
from twizzit_pipeline.credentials import store
from twizzit_pipeline.orchestration.instance import open_instance
from twizzit_pipeline.orchestration.partitions import CredentialSeason
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync import history, seasons
from twizzit_pipeline.sync.verify import verify
from twizzit_pipeline.twizzit.simulator import SimulatorServer

ASSETS = ("twizzit_teams", "twizzit_players", "twizzit_team_mappings", "twizzit_player_mappings")
LAUNCH = """
mutation Launch($parameters: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $parameters) { __typename ... on LaunchBackfillSuccess { backfillId } }
}
"""


def environment(settings: Settings) -> dict[str, str]:
    assert settings.database_url is not None
    assert settings.encryption_key is not None
    return {
        **os.environ,
        "TWIZZIT_HOME": str(settings.home),
        "TWIZZIT_DATABASE_URL": settings.database_url.get_secret_value(),
        "TWIZZIT_ENCRYPTION_KEY": settings.encryption_key.get_secret_value(),
        "TWIZZIT_ALLOW_PRIVATE_ENDPOINTS": "1",
    }


def until(true: Callable[[], object], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.3)


@pytest.fixture
def clubs(simulate: Callable[..., SimulatorServer]) -> SimulatorServer:
    return simulate(clubs=2, teams=2, players_per_team=4, other_contacts=4)


@pytest.fixture
def partitions(settings: Settings, database: Database, clubs: SimulatorServer) -> list[str]:
    """One partition of each of the two clubs."""
    assert settings.encryption_key is not None
    keys = []
    for organization in clubs.world.organizations:
        credential_id = store.add(
            database.engine,
            settings.encryption_key,
            organization_name=organization.name,
            api_username=organization.account.username,
            password=SecretStr(organization.account.password),
            api_endpoint=clubs.v2_endpoint,
        )
        verify(settings, database, credential_id)
        season = seasons.running_season(
            database.engine, credential_id, day=seasons.today(), season_start=settings.season_start
        )
        partition_key = store.get(database.engine, credential_id).partition_key
        keys.append(str(CredentialSeason(str(partition_key), str(season)).key))
    return keys


@pytest.fixture
def dev(settings: Settings, partitions: list[str], tmp_path: Path) -> Iterator[str]:
    """The URL of a running `dagster dev`; afterwards nothing of it may be left."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = tmp_path / "dev.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", RUN_DAGSTER, "dev", "--port", str(port)],
            env=environment(settings),
            cwd=tmp_path,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return httpx.get(f"{url}/server_info").status_code == 200
        except httpx.TransportError:
            return False

    family: list[psutil.Process] = []
    try:
        until(answers, 90, "dagster dev")
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) >= 4, "the command, its UI, its daemon, its code server"
        listening = {
            connection.laddr.ip
            for member in family
            for connection in member.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
        }
        assert listening == {"127.0.0.1"}
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(60)
        finally:
            process.kill()
            left = [member for member in family if member.is_running() and member.status() != psutil.STATUS_ZOMBIE]
            for member in left:
                member.kill()
    assert not left
    assert code == 0, log.read_text()


@pytest.mark.timeout(240)
def test_backfills_from_the_command_line_and_from_the_ui(
    dev: str, settings: Settings, database: Database, clubs: SimulatorServer, partitions: list[str], tmp_path: Path
) -> None:
    first, second = partitions
    clubs.calls.reset()
    asked = subprocess.run(
        [
            sys.executable,
            "-c",
            RUN_DAGSTER,
            *("job", "backfill", "--job", "sync_all", "--noprompt", "--partitions", first),
        ],
        env=environment(settings),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert asked.returncode == 0, asked.stdout + asked.stderr
    parameters = {"assetSelection": [{"path": [asset]} for asset in ASSETS], "partitionNames": [second]}
    launched = httpx.post(f"{dev}/graphql", json={"query": LAUNCH, "variables": {"parameters": parameters}}).json()
    assert launched["data"]["launchPartitionBackfill"]["__typename"] == "LaunchBackfillSuccess", json.dumps(launched)

    with open_instance(settings, database) as instance:
        until(lambda: len(instance.get_runs()) == 2, 90, "a run for each partition")
        until(lambda: all(run.is_finished for run in instance.get_runs()), 90, "the end of both")
        runs = {run.tags["dagster/partition"]: run for run in instance.get_runs()}
        assert {key: run.status for key, run in runs.items()} == {
            first: dg.DagsterRunStatus.SUCCESS,
            second: dg.DagsterRunStatus.SUCCESS,
        }
        for asset in ASSETS:
            assert instance.get_materialized_partitions(dg.AssetKey(asset)) == {first, second}
    for run in runs.values():
        assert {row.sync_type: row.status for row in history.for_run(database.engine, run.run_id)} == {
            "teams": "partial_success",
            "players": "partial_success",
        }
    assert clubs.calls.of("/authenticate") == 2, "the steps of a run share one process, and so one token"
