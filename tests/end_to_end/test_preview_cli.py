"""`twizzit sync --preview` and `--apply` as a person uses them."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.signs_of_life import beat
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.scheduling import requests
from twizzit_pipeline.scheduling.wishes import RequestOptions
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import Database

pytestmark = pytest.mark.dagster_tables

# The same command in a process of its own, which then says whether Dagster was loaded.
LOADED = """
import sys
from twizzit_pipeline.cli import main
sys.argv = ["twizzit", *sys.argv[1:]]
try:
    main()
except SystemExit as left:
    assert not left.code, left.code
assert "dagster" not in sys.modules, "a preview needs no Dagster"
"""


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulate(clubs=2, teams=2, players_per_team=4, other_contacts=0))


@pytest.fixture
def environment(world: SyncWorld) -> dict[str, str]:
    assert world.settings.encryption_key is not None
    return {
        "TWIZZIT_HOME": str(world.settings.home),
        "TWIZZIT_DATABASE_URL": world.database.url.get_secret_value(),
        "TWIZZIT_ENCRYPTION_KEY": world.settings.encryption_key.get_secret_value(),
        "TWIZZIT_ALLOW_PRIVATE_ENDPOINTS": "1",
        "TWIZZIT_REQUESTS_PER_SECOND": "1000",
    }


@pytest.fixture
def twizzit(environment: dict[str, str], tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path, **environment)


def test_a_preview_shows_writes_nothing_and_ends_with_the_command_that_applies_it(
    twizzit: CommandLine, world: SyncWorld, tmp_path: Path
) -> None:
    credential = world.add_credential()
    shown = twizzit("sync", credential, "--preview", "--csv", "plan.csv")
    assert shown.code == 0, shown.err
    (plan,) = world.rows(tables.plans)
    assert f"twizzit sync {credential} --apply {plan['id']}" in shown.out
    assert "0 of 8 people (0 %) were found in ShotSpot" in shown.out
    _, roster = world.roster()
    names = {one["name"] for one in plan["document"]["entities"][1]["items"]}
    assert not any(name in shown.out for name in names), "names of people are for terminals"
    assert world.rows(tables.players) == []
    file = tmp_path / "plan.csv"
    assert file.stat().st_mode & 0o077 == 0
    text = file.read_text(encoding="utf-8")
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert names == {row["name"] for row in rows if row["entity"] == "players" and row["what"] == "change"}

    applied = twizzit("sync", credential, "--apply", plan["id"], "--without", f"player:{roster[0]}", "--json")
    assert applied.code == 3, applied.err  # the simulator holds rows to reject
    reasons = {line["reason"]: line for line in applied.json()["left_out"] if line["entity"] == "players"}
    assert reasons["left_out"]["ids"] == [str(roster[0])]
    again = twizzit("sync", credential, "--apply", plan["id"])
    assert (again.code, again.err.count("\n")) == (1, 1)
    assert f"Plan {plan['id']} has been applied already" in again.err


def test_a_plan_that_a_request_is_to_apply_is_refused_until_that_is_cancelled(
    twizzit: CommandLine, world: SyncWorld
) -> None:
    credential, engine = world.add_credential(), world.database.engine
    assert twizzit("sync", credential, "--preview", "--quiet").code == 0
    (plan,) = world.rows(tables.plans)
    beat(engine)
    options = RequestOptions(plan_id=plan["id"], without=(("teams", "1"),))
    request = requests.ask(
        engine, credential, sync_type="all", options=options, actor=Actor("token", "7"), queue=True
    ).request

    refused = twizzit("sync", credential, "--apply", plan["id"])

    assert (refused.code, refused.err.count("\n")) == (1, 1)
    said = f"Plan {plan['id']} is being applied already (request {request.id}), without 1 of its rows"
    assert refused.err.startswith(f"Error: {said}: wait for its end, or cancel it while it waits")
    assert world.rows(tables.teams) == []
    assert world.rows(tables.audit_log, action="apply") == []
    assert twizzit("requests", "cancel", request.id).code == 0
    assert twizzit("sync", credential, "--apply", plan["id"], "--quiet").code == 3
    assert world.rows(tables.teams) != []


def test_a_preview_loads_no_dagster(environment: dict[str, str], world: SyncWorld, tmp_path: Path) -> None:
    credential = world.add_credential()
    command = [sys.executable, "-c", LOADED, "sync", str(credential), "--preview", "--json"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["plan"]["changes"] > 0
    assert said["entities"][1]["items"][0]["name"]


@pytest.mark.parametrize(
    "options",
    [
        ("--without", "player:1"),
        ("--apply", "1", "--without", "coach:1"),
        ("--apply", "1", "--only", "teams"),
        ("--apply", "1", "--preview"),
        ("--csv", "plan.csv"),
        ("--preview", "--repair"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    twizzit: CommandLine, world: SyncWorld, options: tuple[str, ...]
) -> None:
    refused = twizzit("sync", world.add_credential(), *options)
    assert refused.code == 2
    assert world.rows(tables.sync_history) == []


def test_plans_are_listed_shown_and_discarded(twizzit: CommandLine, world: SyncWorld) -> None:
    credential = world.add_credential()
    assert "No plan; make one" in twizzit("plans", "list", credential).out
    assert twizzit("sync", credential, "--preview", "--only", "teams", "-q").code == 0
    (listed,) = twizzit("plans", "list", credential, "--json").json()
    assert listed in twizzit("plans", "list", "--json").json()
    assert "Club" in twizzit("plans", "list").out
    assert twizzit("departures", "list", "--json").json() == twizzit("departures", "list", credential, "--json").json()
    assert listed["status"] == "waiting"
    shown = twizzit("plans", "show", listed["id"], "--json").json()
    assert [one["entity"] for one in shown["entities"]] == ["teams"]
    assert twizzit("plans", "discard", listed["id"]).code == 0
    over = twizzit("plans", "show", listed["id"]).out
    assert ("it was discarded on" in over, "--apply" in over) == (True, False)
    refused = twizzit("plans", "discard", listed["id"])
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert twizzit("plans", "show", 999_999).code == 1


def test_a_file_that_cannot_be_written_is_one_line(twizzit: CommandLine, world: SyncWorld) -> None:
    credential = world.add_credential()
    refused = twizzit("sync", credential, "--preview", "--only", "teams", "--csv", "missing/plan.csv")
    assert refused.code == 2
    assert "missing/plan.csv cannot be written" in " ".join(refused.err.split())
    assert "is a folder" in twizzit("sync", credential, "--preview", "--csv", ".").err
    assert (world.rows(tables.plans), world.rows(tables.api_usage)) == ([], [])  # found out before a call was made
