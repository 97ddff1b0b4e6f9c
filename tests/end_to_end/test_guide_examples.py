"""The guide's usage examples against a real `twizzit api`, with Dagster's own daemon at work and a simulated Twizzit.

"Basic Sync Workflow" and "Configure Automated Sync" are run twice: step by step with httpx, and word for word in the
guide's own JavaScript where there is a `node`. Then the same sync through the command line.
"""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from tests.end_to_end.conftest import AtWork
from tests.support.command_line import CommandLine
from twizzit_pipeline.simulator import Organization, SimulatorOptions, SimulatorServer
from twizzit_pipeline.simulator.calendar_truth import calendar_truth
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

# As many kinds of rows as in a large one, some of which must be rejected.
SMALL = SimulatorOptions(clubs=3, teams=3, players_per_team=4, other_contacts=6)


@dataclass(frozen=True)
class Stage:
    """Everything running: `url` is the API's, with the path that the guide's examples leave out."""

    url: str
    token: str
    twizzit: CommandLine
    database: Database
    simulator: SimulatorServer

    def club(self, place: int) -> Organization:
        return self.simulator.world.organizations[place]

    def assert_mapped(self, credential_id: int, place: int, dialect: Any) -> None:
        """The mappings of this credential are what the simulator holds, and no more."""
        truth = self.simulator.world.truth(self.club(place), dialect=dialect)
        for table, column, wanted in (
            (tables.team_mappings, "twizzit_team_id", truth.teams),
            (tables.player_mappings, "twizzit_player_id", truth.players),
        ):
            with self.database.engine.connect() as connection:
                found = connection.scalars(select(table.c[column]).where(table.c.credential_id == credential_id))
                assert set(found) == set(wanted)

    def rest(self, credential_id: int) -> None:
        """It syncs no more by itself: the next example waits no longer than the guide, and not for this club."""
        bearer = {"Authorization": f"Bearer {self.token}"}
        off = f"{self.url}/api/twizzit/sync/config/{credential_id}"
        assert httpx.put(off, headers=bearer, json={"autoSyncEnabled": False}).status_code == 200


@pytest.fixture(scope="module")
def stage(dagster_at_work: AtWork) -> Iterator[Stage]:
    twizzit = dagster_at_work.twizzit
    with SimulatorServer(SMALL) as simulator, api(twizzit) as address:
        alive = f"{address}/api/twizzit/health"
        dagster_at_work.until(
            lambda: httpx.get(alive, verify=False).json()["orchestrator"]["alive"], "the orchestrator's first beat"
        )
        token = twizzit("token", "--role", "admin").out.strip()
        yield Stage(address, token, twizzit, dagster_at_work.database, simulator)


@contextmanager
def api(twizzit: CommandLine) -> Iterator[str]:
    """`twizzit api` on a free port; SIGTERM must end it cleanly, and it says its address and its requests alone."""
    running = twizzit.start("api", "--port", "0")
    assert running.stderr is not None
    try:
        said = running.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert found is not None, said + running.stderr.read()
        yield found[0]
    finally:
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=30)
    assert running.returncode == 0, err
    assert out == ""
    assert len([line for line in err.splitlines() if " request answered " not in line]) <= 2, err


@contextmanager
def javascript(stage: Stage, node: str) -> Iterator["subprocess.Popen[str]"]:
    """The examples in node. They wait as long as the guide does, so no other first sync may have the place before."""
    club = stage.club(1)
    given = {
        "API": stage.url,
        "TOKEN": stage.token,
        "ENDPOINT": stage.simulator.v1_endpoint,
        "ORGANIZATION": club.name,
        "USERNAME": club.account.username,
        "PASSWORD": club.account.password,
    }
    running = subprocess.Popen(
        [node, str(Path(__file__).with_name("guide_examples.mjs"))],
        env={**os.environ, **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def test_the_basic_sync_workflow_step_by_step(stage: Stage) -> None:
    club = stage.club(0)
    truth = stage.simulator.world.truth(club, dialect="v1")
    bearer = {"Authorization": f"Bearer {stage.token}"}
    with httpx.Client(base_url=stage.url, timeout=130) as client:
        stored = client.post(
            "/api/twizzit/credentials",
            headers=bearer,
            json={
                "organizationName": club.name,
                "apiUsername": club.account.username,
                "apiPassword": club.account.password,
                "apiEndpoint": stage.simulator.v1_endpoint,
            },
        )
        assert stored.status_code == 201
        credential = stored.json()["credential"]

        verified = client.post(f"/api/twizzit/verify/{credential['id']}", headers=bearer)
        assert verified.status_code == 200
        assert (verified.json()["success"], verified.json()["message"]) == (True, "Connection verified successfully")

        synced = client.post(
            f"/api/twizzit/sync/teams/{credential['id']}", headers=bearer, json={"includePlayers": True}
        )
        assert synced.status_code == 200
        result = synced.json()
        assert result["succeeded"] == len(truth.teams)
        assert result["failed"] == len(truth.rejected["teams"])

        history = client.get(f"/api/twizzit/sync/history/{credential['id']}", headers=bearer).json()["history"]
        assert [row["syncType"] for row in history] == ["players", "teams"]
        assert history[1]["id"] == result["syncId"]

        changed = client.put(
            f"/api/twizzit/sync/config/{credential['id']}",
            headers=bearer,
            json={
                "syncTeams": True,
                "syncPlayers": True,
                "syncCompetitions": False,
                "syncIntervalMinutes": 60,
                "autoSyncEnabled": True,
            },
        )
        assert changed.status_code == 200
        assert (changed.json()["syncCompetitions"], changed.json()["autoSyncEnabled"]) == (False, True)
    stage.rest(credential["id"])
    stage.assert_mapped(credential["id"], 0, "v1")


def test_the_examples_run_word_for_word_in_their_own_language(stage: Stage) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on the path: the guide's JavaScript cannot run")
    with javascript(stage, node) as running:
        out, err = running.communicate(timeout=150)
    assert running.returncode == 0, err
    learned = json.loads(out)
    stage.rest(learned["credentialId"])
    assert [status for _, _, status in learned["seen"]] == [201, 200, 200, 200, 200]
    truth = stage.simulator.world.truth(stage.club(1), dialect="v1")
    assert learned["said"] == [f"Synced {len(truth.teams)} teams"]
    assert len(learned["history"]) == 2
    stage.assert_mapped(learned["credentialId"], 1, "v1")


def test_the_same_sync_through_the_command_line_is_in_the_same_history(stage: Stage) -> None:
    club = stage.club(2)
    added = stage.twizzit(
        "credentials",
        "add",
        "--organization",
        club.name,
        "--username",
        club.account.username,
        "--endpoint",
        stage.simulator.v2_endpoint,
        "--password-stdin",
        stdin=club.account.password,
    )
    credential_id = int(added.out)
    assert stage.twizzit("credentials", "verify", credential_id).code == 0
    assert stage.twizzit("sync", credential_id).code == 3  # the simulator holds rows that must be rejected
    stage.assert_mapped(credential_id, 2, "v2")
    bearer = {"Authorization": f"Bearer {stage.token}"}
    with httpx.Client(base_url=f"{stage.url}/api/twizzit", headers=bearer) as client:
        rows = client.get(f"/sync/history/{credential_id}").json()["history"]
        trail = client.get("/audit").json()["audit"]
    truth = stage.simulator.world.truth(club)
    calendar = calendar_truth(stage.simulator.world, club)
    counts = [(row["entity"], row["itemsSucceeded"], row["itemsFailed"]) for row in rows]
    assert counts == [
        ("matches", len(calendar.matches), 0),
        ("competitions", len(calendar.competitions), 0),
        ("players", len(truth.players), len(truth.rejected["players"])),
        ("teams", len(truth.teams), len(truth.rejected["teams"])),
    ]
    who = {(row["action"], row["actorKind"]) for row in trail}
    assert who >= {("ask", "token"), ("add", "token"), ("add", "os"), ("change", "token")}
