"""Requests over HTTP: many that become one, the list, taking one back, and how many one person may make."""

import base64
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.support.api_server import PREFIX, ApiServer, token, token_of
from tests.support.signs_of_life import beat
from tests.support.sync_world import STEPS, SyncWorld, quick
from twizzit_pipeline.scheduling import claims, due
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

MANY = {"api_syncs_per_hour": 1000}


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    beat(database.engine)
    return SyncWorld(quick(settings, **MANY), database, simulate(clubs=2, teams=2, players_per_team=2))


def asked(client: httpx.Client, credential_id: int, what: str = "teams", **body: object) -> int:
    answer = client.post(f"/sync/{what}/{credential_id}?queue=true&wait=0", json=body)
    assert answer.status_code == 202, answer.text
    return int(answer.json()["requestId"])


def test_40_at_once_are_one_request_and_each_gets_it(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    with ThreadPoolExecutor(30) as people:
        answers = list(people.map(lambda _: coach.post(f"/sync/teams/{credential_id}?queue=true&wait=0"), range(40)))
    assert {answer.status_code for answer in answers} == {202}
    (row,) = world.rows(tables.sync_requests)
    for answer in answers:
        assert answer.headers["location"] == f"{PREFIX}/sync/requests/{row['id']}"
        assert (answer.json()["requestId"], answer.json()["status"]) == (row["id"], "queued")
    assert [answer.json().get("alreadyQueued") for answer in answers].count(True) == 39
    (said,) = {answer.json()["message"] for answer in answers if "alreadyQueued" in answer.json()}
    assert said.startswith("Such a sync waits for its turn already")


def test_who_joins_a_wider_one_is_answered_about_what_they_asked(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    wide = asked(coach, credential_id, includePlayers=True)
    with ThreadPoolExecutor(1) as people:
        joined = people.submit(coach.post, f"/sync/players/{credential_id}?queue=true&wait=20")
        while not world.rows(tables.sync_requests)[0]["started_at"]:
            with world.session(credential_id, run_id="run-1", request_id=wide) as session:
                time.sleep(0.3)
                for step in STEPS:
                    step(session)
        answer = joined.result()
    assert (answer.status_code, answer.json()["requestId"], answer.json()["alreadyQueued"]) == (200, wide, True)
    of_players = coach.get(f"/sync/history/{credential_id}/{answer.json()['syncId']}").json()["history"]
    assert of_players["syncType"] == "players"
    assert answer.json()["processed"] == of_players["itemsProcessed"]


def test_the_list_says_what_waits_since_when_and_for_whom(api: ApiServer, world: SyncWorld) -> None:
    first, second = world.add_credential(0), world.add_credential(1)
    with api.client(token("coach", user_id=7)) as seven, api.client(token("coach", user_id=8)) as eight:
        one = asked(seven, first, includePlayers=True, seasonId="2025-2026")
        assert asked(eight, first, seasonId="2025-2026") == one
        other = asked(eight, second, "players", groupId="5", createMissing=False)
        answer = seven.get("/sync/requests")
        rows = answer.json()["requests"]
        assert (answer.headers["x-total-count"], [row["id"] for row in rows]) == ("2", [one, other])
        since = rows[0].pop("requestedAt")
        assert since.endswith("Z")
        assert rows[0] == {
            "id": one,
            "credentialId": first,
            "organizationName": world.club(0).name,
            "syncType": "teams",
            "includePlayers": True,
            "season": "2025-2026",
            "groupId": None,
            "createMissing": True,
            "preview": False,
            "planId": None,
            "requestedBy": ["token:7", "token:8"],
            "status": "queued",
            "error": None,
            "startedAt": None,
            "completedAt": None,
        }
        assert (rows[1]["groupId"], rows[1]["createMissing"], rows[1]["season"]) == ("5", False, None)
        assert [row["id"] for row in seven.get(f"/sync/requests?credentialId={second}").json()["requests"]] == [other]
        assert seven.get("/sync/requests?credentialId=99").status_code == 404
        assert eight.delete(f"/sync/requests/{other}").status_code == 200
        assert [row["id"] for row in seven.get("/sync/requests").json()["requests"]] == [one]
        over = seven.get("/sync/requests?over=true&limit=1").json()["requests"]
        assert [(row["id"], row["status"]) for row in over] == [(other, "cancelled")]


def test_the_caller_takes_it_back_and_all_who_wait_get_the_answer(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    with ThreadPoolExecutor(1) as people:
        waiting = people.submit(coach.post, f"/sync/teams/{credential_id}?wait=30")
        while not (rows := coach.get("/sync/requests").json()["requests"]):
            time.sleep(0.05)
        answer = coach.delete(f"/sync/requests/{rows[0]['id']}")
        ended = waiting.result(10)
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    said = "Cancelled by user 7 (coach) before it began"
    assert answer.json()["error"] == said
    assert answer.json()["result"]["message"] == f"{said}: nothing was synced"
    assert ended.status_code == 200
    result = ended.json()
    assert (result["success"], result["status"], result["syncId"], result["processed"]) == (False, "cancelled", None, 0)
    assert result["message"] == f"{said}: nothing was synced"
    assert coach.get(f"/sync/requests/{rows[0]['id']}").json() == answer.json()
    assert coach.delete(f"/sync/requests/{rows[0]['id']}").json() == answer.json()


def test_who_may_not_cancel_changes_nothing(api: ApiServer, world: SyncWorld) -> None:
    first, second = world.add_credential(0), world.add_credential(1)
    nameless = token_of({"role": "coach"})
    with api.client(token("coach")) as client:
        request_id = asked(client, first)
        assert client.delete("/sync/requests/999").json() == {"error": "Sync request not found"}
    with api.client(nameless) as client:
        unnamed = asked(client, second)
    for sent, there, wanted in (
        (token("coach", user_id=8), request_id, 403),
        (token("coach", credentials=[second]), request_id, 403),
        (token("coach", credentials=[second]), 999, 403),
        (nameless, unnamed, 403),
        (token("user"), request_id, 403),
        (token("monitor"), request_id, 403),
    ):
        with api.client(sent) as client:
            assert client.delete(f"/sync/requests/{there}").status_code == wanted
    assert [row["status"] for row in world.rows(tables.sync_requests)] == ["queued", "queued"]
    with api.client(token("admin", user_id=1)) as client:
        assert client.delete(f"/sync/requests/{request_id}").json()["status"] == "cancelled"
        assert client.delete(f"/sync/requests/{unnamed}").json()["status"] == "cancelled"


def test_what_has_begun_or_was_asked_by_others_too_is_a_409(api: ApiServer, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    with api.client(token("coach", user_id=7)) as seven, api.client(token("coach", user_id=8)) as eight:
        request_id = asked(seven, credential_id)
        asked(eight, credential_id)
        for client in (seven, eight):
            shared = client.delete(f"/sync/requests/{request_id}")
            assert (shared.status_code, shared.json()["error"]) == (409, "Sync request shared")
            assert "an administrator can cancel it" in shared.json()["message"]
        with (
            world.session(credential_id, run_id="0123456789", request_id=request_id) as session,
            session.recording("teams"),
        ):
            begun = seven.delete(f"/sync/requests/{request_id}")
        over = seven.delete(f"/sync/requests/{request_id}")
    assert (begun.status_code, begun.json()["error"]) == (409, "Sync request not waiting")
    assert "terminate its run 01234567 in Dagster's UI" in begun.json()["message"]
    assert (over.status_code, over.json()["error"]) == (409, "Sync request not waiting")
    assert "is over" in over.json()["message"]


def test_one_that_is_emitted_is_cancelled_by_the_person_or_begun_by_the_run(
    coach: httpx.Client, world: SyncWorld
) -> None:
    """Between the tick that takes it and the run that begins it."""
    credential_id = world.add_credential()
    for _ in range(5):
        request_id, gate = asked(coach, credential_id), threading.Barrier(2)
        assert claims.take(world.database.engine, [request_id], []).requests == {request_id}

        def begin(request_id: int = request_id, gate: threading.Barrier = gate) -> bool:
            gate.wait()
            try:
                with (
                    world.session(credential_id, run_id=f"run-{request_id}", request_id=request_id) as session,
                    session.recording("teams"),
                ):
                    return True
            except Exception:
                return False

        with ThreadPoolExecutor(1) as runs:
            run = runs.submit(begin)
            gate.wait()
            cancelled = coach.delete(f"/sync/requests/{request_id}").status_code == 200
            assert run.result() is not cancelled
        rows = [row for row in world.rows(tables.sync_history) if row["dagster_run_id"] == f"run-{request_id}"]
        assert bool(rows) is not cancelled
        status = coach.get(f"/sync/requests/{request_id}").json()["status"]
        assert (status == "cancelled") is cancelled
        assert due.look(world.database.engine).leases == ()


def spellings(sent: str) -> list[str]:
    """Ways in which the same token may come: the header's spelling, and that of the signature's base64."""
    header, payload, signature = sent.split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(signature[-1])
    alike = [signature[:-1] + alphabet[last & ~3 | low] for low in range(4)]  # two bits of it mean nothing
    assert len({base64.urlsafe_b64decode(one + "=") for one in alike}) == 1
    texts = [f"{header}.{payload}.{one}" for one in (*alike, f"{signature}=")]
    return [f"{scheme} {text}" for text in texts for scheme in ("Bearer", "bearer", "BEARER", "Bearer ")]


def test_one_person_counts_once_however_their_token_is_spelled(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    limited = {"api_syncs_per_hour": 3, "api_verifications_per_minute": 3, "api_live_per_minute": 3}
    calls = (
        ("POST", f"/sync/teams/{credential_id}?queue=true&wait=0"),
        ("POST", f"/verify/{credential_id}"),
        ("GET", f"/seasons/{credential_id}"),
    )
    tokens = [
        token("coach"),
        token_of({"userId": "7", "role": "COACH"}),
        token("admin"),
        token_of({"userId": 7, "role": "coach", "x": 1}),
    ]
    headers = [*spellings(tokens[0]), *(f"Bearer {sent}" for sent in tokens[1:]), *spellings(tokens[-1])[:4]]
    with ApiServer(world.settings.model_copy(update=limited), world.database) as api, api.client(None) as client:
        for verb, path in calls:
            codes = [client.request(verb, path, headers={"Authorization": one}).status_code for one in headers]
            let_in = [code for code in codes if code not in (401, 429)]
            assert len(let_in) == 3, path
            assert codes.count(429) == len(headers) - codes.count(401) - 3 > 8, path
            other = {"Authorization": f"Bearer {token('coach', user_id=8)}"}
            assert client.request(verb, path, headers=other).status_code in (200, 202)


def test_syncs_are_counted_by_person_and_credential(world: SyncWorld) -> None:
    first, second = world.add_credential(0), world.add_credential(1)
    settings = world.settings.model_copy(update={"api_syncs_per_hour": 2})
    with ApiServer(settings, world.database) as api, api.client(token("coach")) as client:
        for _ in range(20):
            assert client.post("/sync/teams/999?queue=true").status_code == 404
        for _ in range(2):
            asked(client, first)
        for what in ("teams", "players", "competitions", "clubs"):
            refused = client.post(f"/sync/{what}/{first}?queue=true&wait=0")
            assert refused.status_code == 429
            assert 3590 <= int(refused.headers["retry-after"]) <= 3600
            assert set(refused.json()) == {"error", "message"}
            assert refused.json()["error"] == "Too many requests"
        asked(client, second)
    assert len(world.rows(tables.sync_requests)) == 2


def test_a_caller_without_an_id_is_counted_by_address(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    settings = world.settings.model_copy(update={"api_syncs_per_hour": 2})
    with ApiServer(settings, world.database) as api:
        codes = []
        for number in range(4):
            with api.client(token_of({"role": "coach", "username": f"person {number}"})) as client:
                codes.append(client.post(f"/sync/teams/{credential_id}?queue=true&wait=0").status_code)
    assert codes == [202, 202, 429, 429]
