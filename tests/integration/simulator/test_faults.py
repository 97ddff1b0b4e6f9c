"""What can go wrong on purpose, as a client sees it; the counting of calls; changes while the simulator runs."""

import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import pytest

from tests.support.simulator_reader import all_rows, log_in, scope, session
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.simulator.faults import FAULT_KINDS, FaultKind
from twizzit_pipeline.simulator.truth import TruePlayer


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("rate_limit_seconds", 429),
        ("rate_limit_date", 429),
        ("rate_limit_bare", 429),
        ("quota", 429),
        ("error_500", 500),
        ("error_503", 503),
        ("not_found", 404),
        ("forbidden", 403),
    ],
)
def test_refusals_come_once_and_go(simulator: SimulatorServer, kind: FaultKind, status: int) -> None:
    with session(simulator) as client:
        simulator.faults.arm(kind)
        assert client.get("/organizations").status_code == status
        assert client.get("/organizations").status_code == 200


def test_a_rate_limit_says_when_in_both_forms_or_not_at_all(simulator: SimulatorServer) -> None:
    with session(simulator) as client:
        simulator.faults.arm("rate_limit_seconds", seconds=3)
        assert client.get("/organizations").headers["retry-after"] == "3"
        simulator.faults.arm("rate_limit_date", seconds=30)
        date = parsedate_to_datetime(client.get("/organizations").headers["retry-after"])
        assert 28 < (date - datetime.now(UTC)).total_seconds() <= 31
        simulator.faults.arm("rate_limit_bare")
        assert "retry-after" not in client.get("/organizations").headers
        simulator.faults.arm("quota")
        spent = client.get("/organizations")
        assert "retry-after" not in spent.headers
        assert "monthly API call quota" in spent.json()["error"]


def test_answers_that_break(simulator: SimulatorServer) -> None:
    with session(simulator) as client:
        simulator.faults.arm("cut")
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/contacts", params=scope(simulator))
        simulator.faults.arm("truncated_json")
        half = client.get("/contacts", params=scope(simulator))
        assert half.status_code == 200
        with pytest.raises(json.JSONDecodeError):
            half.json()
        simulator.faults.arm("html")
        page = client.get("/contacts", params=scope(simulator))
        assert (page.status_code, page.headers["content-type"][:9]) == (200, "text/html")
        assert len(client.get("/contacts", params=scope(simulator)).json()) == 50


def test_a_slow_answer_is_still_right(simulator: SimulatorServer) -> None:
    with session(simulator) as client:
        simulator.faults.arm("slow", seconds=0.3)
        started = time.monotonic()
        assert len(client.get("/contacts", params=scope(simulator)).json()) == 50
        assert time.monotonic() - started >= 0.3
        simulator.faults.arm("slow", seconds=5)
        with pytest.raises(httpx.ReadTimeout):
            client.get("/contacts", params=scope(simulator), timeout=0.2)


def test_a_session_that_ends_early_is_over(simulator: SimulatorServer) -> None:
    with session(simulator) as client:
        simulator.faults.arm("unauthorized")
        assert client.get("/organizations").status_code == 401
        assert client.get("/organizations").status_code == 401
        simulator.faults.arm("unauthorized", times=None)
        assert log_in(client, simulator.world.organizations[0]).status_code == 200
        assert client.get("/organizations").status_code == 401


def test_rows_twice(simulator: SimulatorServer) -> None:
    with session(simulator) as client:
        simulator.faults.arm("rows_twice")
        rows = client.get("/contacts", params=scope(simulator, limit=20)).json()
        assert set(Counter(row["id"] for row in rows).values()) == {2}
        assert len(rows) == 40
        simulator.faults.arm("rows_twice")
        players = client.get(simulator.v1_endpoint + "/teams").json()
        assert (len(players["teams"]), players["total"]) == (18, 9)


@pytest.mark.parametrize(("shift", "difference"), [(1, -1), (-1, 0)])
def test_rows_shift_between_pages(simulator: SimulatorServer, shift: int, difference: int) -> None:
    with session(simulator) as client:
        right = [row["id"] for row in all_rows(client, "/contacts", scope(simulator))]
        simulator.faults.arm("rows_shifting", path="/contacts", shift=shift, times=None)
        moved = [row["id"] for row in all_rows(client, "/contacts", scope(simulator))]
        assert len(set(moved)) == len(right) + difference
        assert len(moved) == len(right) - shift
        assert (right[100] in moved) == (shift == -1)
        assert (Counter(moved)[right[99]] == 2) == (shift == -1)
        simulator.faults.clear()
        assert [row["id"] for row in all_rows(client, "/contacts", scope(simulator))] == right


def test_v1_totals_show_a_shift(simulator: SimulatorServer) -> None:
    with session(simulator, endpoint=simulator.v1_endpoint) as client:
        simulator.faults.arm("rows_shifting", path="/v1/teams")
        first, second = (client.get("/teams", params={"limit": 5, "page": page}).json() for page in (1, 2))
    assert (first["total"], second["total"]) == (9, 8)
    assert (len(first["teams"]), len(second["teams"])) == (5, 3)


def test_faults_choose_their_calls(simulator: SimulatorServer) -> None:
    with session(simulator) as client:
        fault = simulator.faults.arm("error_500", path="/contacts", times=2, after=1)
        simulator.faults.arm("forbidden", path="/v1/teams/*/players", times=None)
        statuses = [client.get("/contacts", params=scope(simulator)).status_code for _ in range(4)]
        assert statuses == [200, 500, 500, 200]
        assert fault.met == 2
        assert client.get("/group-contacts", params=scope(simulator, group_ids__=[1])).status_code == 200
        team = simulator.world.organizations[0].teams(simulator.world.running_season)[0]
        assert client.get(f"{simulator.v1_endpoint}/teams/{team.id}/players").status_code == 403
        assert client.get(f"{simulator.v1_endpoint}/teams").status_code == 200
        assert [armed.kind for armed in simulator.faults.armed()] == ["forbidden"]


def test_wrong_faults_are_refused(simulator: SimulatorServer) -> None:
    for wrong in ({"kind": "fire"}, {"kind": "slow", "times": 0}, {"kind": "slow", "after": -1}):
        with pytest.raises(ValueError, match=r"no such fault|at least"):
            simulator.faults.arm(**wrong)
    assert simulator.faults.armed() == ()


def test_calls_are_counted(simulator: SimulatorServer) -> None:
    with session(simulator) as client:
        client.get("/organizations")
        client.get("/contacts")
        client.get(simulator.v1_endpoint + "/teams/12/players")
        client.get(simulator.v1_endpoint + "/teams/13/players")
        simulator.faults.arm("error_500")
        client.get("/organizations")
        client.get("/no-such-path")
        counted = client.get(simulator.url + "/simulator/calls").json()
        assert counted == {
            "total": 7,
            "paths": {
                "/v2/api/authenticate": 1,
                "/v2/api/organizations": 2,
                "/v2/api/contacts": 1,
                "/v1/teams/{id}/players": 2,
                "/v2/api/no-such-path": 1,
            },
        }
        assert simulator.calls.of("/organizations") == 2
        assert client.delete(simulator.url + "/simulator/calls").json() == {"total": 0, "paths": {}}
        assert simulator.calls.total == 0


def test_faults_and_changes_by_http(simulator: SimulatorServer) -> None:
    team = simulator.world.organizations[0].teams(simulator.world.running_season)[0]
    with httpx.Client(base_url=simulator.url + "/simulator", verify=False) as control:
        armed = control.post("/faults", json={"kind": "slow", "path": "/contacts", "times": 3, "seconds": 2}).json()
        assert [(fault["kind"], fault["times"]) for fault in armed["faults"]] == [("slow", 3)]
        assert control.get("/faults").json() == armed
        assert control.delete("/faults").json() == {"faults": []}
        assert control.post("/faults", json={"kind": "fire"}).status_code == 400
        assert control.post("/faults", content=b"[").status_code == 400
        renamed = control.post("/changes", json={"change": "rename_team", "group_id": team.id, "name": "Zilver"})
        assert renamed.json() == {"id": None}
        added = control.post(
            "/changes",
            json={"change": "add_person", "group_id": team.id, "first_name": "Noëlle", "last_name": "Özdemir"},
        ).json()
        truth = control.get("/truth", params={"organization": simulator.world.organizations[0].id}).json()
        assert truth["teams"][str(team.id)] == "Zilver"
        assert truth["players"][str(added["id"])]["last_name"] == "Özdemir"
        for wrong, status in (
            ({"change": "explode"}, 400),
            ({"change": "rename_team", "group_id": 1, "name": "x"}, 404),
            ({"change": "rename_team", "colour": "red"}, 400),
        ):
            assert control.post("/changes", json=wrong).status_code == status
        assert control.get("/truth", params={"organization": "unknown"}).status_code == 404
        listed = control.get("/organizations").json()["organizations"]
        assert [row["username"] for row in listed] == [account.username for account in simulator.world.accounts()]


def test_sessions_and_quotas_by_http(simulate: Callable[..., SimulatorServer]) -> None:
    server = simulate(quota=2)
    with session(server) as client:
        assert client.get("/organizations").status_code == 200
        assert client.get("/organizations").status_code == 429
        client.delete(server.url + "/simulator/quota")
        assert client.get("/organizations").status_code == 200
        client.delete(server.url + "/simulator/sessions")
        assert client.get("/organizations").status_code == 401


def test_changes_show_at_once(simulator: SimulatorServer) -> None:
    world, changes = simulator.world, simulator.changes
    organization = world.organizations[0]
    first, second, *_ = organization.teams(world.running_season)
    before = world.truth(organization)
    in_one = [int(id_) for id_, player in before.players.items() if player.team_ids == {str(first.id)}]
    moved, removed, gone, renamed, *_ = in_one
    changes.transfer(moved, second.id)
    changes.remove_from_team(removed, first.id)
    changes.remove_person(gone)
    changes.rename_person(renamed, "Zoë", "D'Hondt")
    changes.set_number(renamed, "44")
    changes.set_gender(renamed, "vrouw")
    changes.add_to_team(renamed, second.id)
    added = changes.add_team(organization, "Zilver")
    newcomer = changes.add_person(added, "José", "O'Connor", "M", 3)
    after = world.truth(organization)
    assert after.players[str(moved)].team_ids == {str(second.id)}
    assert str(removed) not in after.players
    assert str(gone) not in after.players
    assert after.players[str(renamed)] == TruePlayer(
        "Zoë", "D'Hondt", "female", 44, frozenset({str(first.id), str(second.id)})
    )
    assert after.teams[str(added)] == "Zilver"
    assert after.players[str(newcomer)] == TruePlayer("José", "O'Connor", "male", 3, frozenset({str(added)}))
    untouched = set(before.players) - {str(id_) for id_ in (moved, removed, gone, renamed)}
    assert all(after.players[id_] == before.players[id_] for id_ in untouched)
    with session(simulator) as client:
        ids = {row["id"] for row in all_rows(client, "/contacts", scope(simulator))}
        assert removed in ids
        assert gone not in ids
        assert newcomer in ids
        changes.remove_team(added)
        groups = {row["id"] for row in all_rows(client, "/groups", scope(simulator))}
        assert added not in groups
    assert str(newcomer) not in world.truth(organization).players
    with pytest.raises(KeyError):
        changes.transfer(gone, first.id)
    with pytest.raises(KeyError):
        changes.rename_team(1, "x")


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_no_fault_is_without_effect(simulator: SimulatorServer, kind: FaultKind) -> None:
    parameters = scope(simulator, limit=20, offset=20)
    with session(simulator) as client:
        right = client.get("/contacts", params=parameters).content
        simulator.faults.arm(kind, seconds=0.2)
        try:
            spoiled = client.get("/contacts", params=parameters)
        except httpx.RemoteProtocolError:
            return
        assert spoiled.content != right or spoiled.elapsed.total_seconds() >= 0.2
