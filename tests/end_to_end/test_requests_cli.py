"""`twizzit requests`: what waits, taking it back, and a sync by hand that carries a waiting one out along the way."""

import csv
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine, Ended, command_line_on
from tests.support.signs_of_life import beat
from twizzit_pipeline.runs import plans
from twizzit_pipeline.scheduling import requests
from twizzit_pipeline.scheduling.requested import Request
from twizzit_pipeline.scheduling.wishes import RequestOptions, RequestType
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import Database

pytestmark = pytest.mark.dagster_tables

Ask = Callable[..., Request]


@pytest.fixture
def simulator(simulate: Callable[..., SimulatorServer]) -> SimulatorServer:
    return simulate(clubs=1, teams=2, players_per_team=2, other_contacts=2)


@pytest.fixture
def twizzit(tmp_path: Path, database_url: str, simulator: SimulatorServer) -> CommandLine:
    """With one club, whose credential is 1."""
    made = command_line_on(tmp_path, database_url)
    club = simulator.world.organizations[0]
    with (tmp_path / "clubs.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["organization", "username", "endpoint", "password"])
        rows.writerow([club.name, club.account.username, simulator.v2_endpoint, club.account.password])
    assert made("credentials", "add", "--from", "clubs.csv").code == 0
    return made


@pytest.fixture
def ask(twizzit: CommandLine, database: Database) -> Ask:
    beat(database.engine)

    def ask(sync_type: RequestType = "teams", user: str = "12", **more: Any) -> Request:
        actor = Actor("token", user, "coach")
        return requests.ask(database.engine, 1, sync_type=sync_type, actor=actor, queue=True, **more).request

    return ask


# What a request says that is about no stored plan.
NO_PLAN: dict[str, object] = {"preview": False, "plan_id": None, "without": [], "sync_types": []}


def words(ended: Ended) -> str:
    assert ended.code == 0, ended.err
    return " ".join(ended.out.split())


def test_the_list_says_what_waits(
    twizzit: CommandLine, simulator: SimulatorServer, database: Database, ask: Ask
) -> None:
    club = simulator.world.organizations[0].name
    assert words(twizzit("requests")) == "No request waits, and none is under way."
    first = ask("teams", season="2025-2026", options=RequestOptions(include_players=True))
    second = ask("players", user="13", options=RequestOptions(group_id="77", create_missing=False))
    (one, other) = twizzit("requests", "--json").json()
    assert datetime.fromisoformat(one.pop("requested_at")).tzinfo is not None
    assert one == {
        "id": first.id,
        "credential_id": 1,
        "organization": club,
        "sync_type": "teams",
        "season": "2025-2026",
        "options": {"group_id": None, "create_missing": True, "include_players": True, **NO_PLAN},
        "requested_by": ["token:12"],
        "trigger": "request",
        "status": "queued",
        "error": None,
        "run_id": None,
        "history_ids": [],
        "started_at": None,
        "completed_at": None,
    }
    assert other["id"] == second.id
    shown = words(twizzit("requests", "--club", club))
    assert "2025-2026 teams and players" in shown
    assert "running players of group 77, nothing new" in shown
    assert "token:13 waits" in shown
    made = plans.NewPlan(1, "2026-2027", "asked", 12, {"changes": 3}, {"entities": []}, "d", None, "run-0")
    with database.engine.begin() as connection:
        plan_id = plans.store(connection, made).id
    for options, said in (  # neither is a sync, and the second only of what the plan has
        (RequestOptions(preview=True, sync_types=("teams",)), "running preview of teams"),
        (RequestOptions(preview=True), "running preview of everything"),
        (RequestOptions(plan_id=plan_id, sync_types=("teams", "players")), f"running plan {plan_id}"),
    ):
        special = ask("all", options=options)
        assert said in words(twizzit("requests"))
        assert f"cancelled: {said.partition(' ')[2]} of" in words(twizzit("requests", "cancel", special.id))
    unknown = twizzit("requests", "--club", "99")
    assert (unknown.code, unknown.out) == (1, "")
    assert "No credential has the id 99" in unknown.err
    assert [row["id"] for row in twizzit("requests", "--limit", "1", "--offset", "1", "--json").json()] == [second.id]


def test_cancelling_ends_it_for_those_who_wait(twizzit: CommandLine, database: Database, ask: Ask) -> None:
    asked = ask()
    ask(user="13")
    assert words(twizzit("requests", "cancel", asked.id)) == f"Request {asked.id} is cancelled: teams of credential 1."
    over = requests.get(database.engine, asked.id)
    assert (over.status, over.error) == ("cancelled", "Cancelled on the command line before it began")
    assert twizzit("requests", "--json").json() == []
    assert "cancelled: Cancelled on the command line before it began" in words(twizzit("requests", "--over"))
    (row, *_) = audit.recent(database.engine)
    assert (row.actor, row.action, row.target_id) == (audit.this_user(), "cancel", str(asked.id))
    unknown = twizzit("requests", "cancel", 999)
    assert (unknown.code, unknown.err) == (1, "Error: No request has the id 999; see: twizzit requests\n")
    assert twizzit("requests", "cancel", "x").code == 2


def test_a_sync_by_hand_carries_out_what_waits_for_it(
    twizzit: CommandLine, simulator: SimulatorServer, database: Database, ask: Ask
) -> None:
    covered, narrow, other_season = ask("players"), ask(options=RequestOptions(group_id="1")), ask(season="1999-2000")
    done = twizzit("sync", 1)
    assert done.code in (0, 3), done.err
    over = requests.get(database.engine, covered.id)
    assert over.status in ("success", "partial_success")
    assert len(over.history_ids) == 4
    for untouched in (narrow, other_season):
        assert requests.get(database.engine, untouched.id) == untouched
    late = twizzit("requests", "cancel", covered.id)
    assert (late.code, late.err.partition("(")[0]) == (1, f"Error: Request {covered.id} is over ")


def test_players_alone_carry_out_nothing_and_an_older_season_not_the_running_one(
    twizzit: CommandLine, simulator: SimulatorServer, database: Database, ask: Ask
) -> None:
    assert twizzit("sync", 1, "--only", "teams").code in (0, 3)
    waits = ask("players")
    assert twizzit("sync", 1, "--only", "players").code in (0, 3)
    older = min(season.label for season in simulator.world.seasons_of(simulator.world.organizations[0]))
    assert older != simulator.world.running_season.label
    assert twizzit("sync", 1, "--season", older).code in (0, 3)
    assert requests.get(database.engine, waits.id) == waits
