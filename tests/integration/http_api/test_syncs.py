"""Syncs over HTTP: asked for, waited for, refused. Real requests and real syncs; Dagster itself is in `end_to_end`."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from tests.support.api_orchestrator import Orchestrator
from tests.support.api_server import PREFIX, ApiServer, token
from tests.support.previewed import previewed
from tests.support.signs_of_life import beat
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.errors import DatabaseUnavailable
from twizzit_pipeline.scheduling import requested, requests
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.simulator.calendar_truth import calendar_truth
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulate(clubs=2, teams=3, players_per_team=4, other_contacts=4))


def test_without_an_orchestrator_nothing_is_asked_for(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    for path in ("teams", "players", "clubs"):
        answer = coach.post(f"/sync/{path}/{credential_id}")
        assert answer.status_code == 424  # a 5xx is shown as success by ShotSpot's front end
        assert set(answer.json()) == {"error", "message"}
        assert answer.json()["error"] == "No orchestrator is running"
        assert "twizzit up" in answer.json()["message"]
    beat(world.database.engine)
    with world.database.engine.begin() as connection:
        connection.execute(text("UPDATE twizzit_orchestrators SET heartbeat_at = now() - interval '61 seconds'"))
    assert coach.post(f"/sync/teams/{credential_id}").status_code == 424
    assert coach.get("/health").json()["orchestrator"]["alive"] is False
    assert not world.rows(tables.sync_requests)


def test_the_machines_clock_does_not_say_whether_an_orchestrator_lives(coach: httpx.Client, world: SyncWorld) -> None:
    """The database's clock is ten minutes ahead of this machine's, as where two machines do not agree."""
    engine = world.database.engine
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
                "$$SELECT pg_catalog.clock_timestamp() + interval '10 minutes'$$"
            )
        )
        name = connection.dialect.identifier_preparer.quote(str(engine.url.database))
        connection.execute(text(f"ALTER DATABASE {name} SET search_path = public, pg_catalog"))
    engine.dispose()  # connections of before have the search path of before
    beat(engine)
    assert coach.get("/health").json()["orchestrator"]["alive"] is True
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE twizzit_orchestrators SET heartbeat_at = clock_timestamp() - interval '5 minutes'")
        )
    assert coach.get("/health").json()["orchestrator"]["alive"] is False


def test_a_sync_of_teams_with_players_answers_when_it_is_over(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    with Orchestrator(world).working():
        beat(world.database.engine)
        answer = coach.post(f"/sync/teams/{credential_id}", json={"includePlayers": True})
    assert answer.status_code == 200
    truth = world.simulator.world.truth(world.club())
    result = answer.json()
    assert (result["success"], result["status"]) == (True, "partial_success")  # the simulator holds rows to reject
    assert (result["succeeded"], result["failed"]) == (len(truth.teams), len(truth.rejected["teams"]))
    assert result["processed"] == result["succeeded"] + result["failed"]
    assert result["players"]["succeeded"] == len(truth.players)
    errors = {(error["entity"], error["twizzitId"]) for error in result["errors"]}
    assert errors == {(entity, one) for entity in ("teams", "players") for one in truth.rejected[entity]}
    assert result["message"].startswith(f"Synced {len(truth.teams)} of ")
    assert 0 < result["duration"] < 60_000
    rows = {row["syncType"]: row["id"] for row in coach.get(f"/sync/history/{credential_id}").json()["history"]}
    assert (result["syncId"], result["players"]["syncId"]) == (rows["teams"], rows["players"])
    world.assert_truth(credential_id)


def test_teams_alone_bring_no_players_and_players_bring_what_they_need(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    truth = world.simulator.world.truth(world.club())
    beat(world.database.engine)
    with Orchestrator(world).working():
        teams = coach.post(f"/sync/clubs/{credential_id}").json()
        assert teams["succeeded"] == len(truth.teams)
        assert "players" not in teams
        assert not world.rows(tables.players)
        players = coach.post(f"/sync/players/{credential_id}", json={}).json()
    assert players["succeeded"] == len(truth.players)
    assert {error["entity"] for error in players["errors"]} >= {"players"}
    row = coach.get(f"/sync/history/{credential_id}/{players['syncId']}").json()["history"]
    assert row["syncType"] == "players"


def test_competitions_bring_their_matches_and_the_teams_that_they_need(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    beat(world.database.engine)
    truth = calendar_truth(world.simulator.world, world.club())
    with Orchestrator(world).working():
        first = coach.post(f"/sync/competitions/{credential_id}").json()
        again = coach.post(f"/sync/competitions/{credential_id}", json={"seasonId": world.season}).json()
    assert first["success"] is True
    assert first["succeeded"] == first["processed"] == len(truth.competitions)
    assert first["matches"]["succeeded"] == len(truth.matches)
    assert first["message"].startswith(f"Synced {len(truth.competitions)} of {len(truth.competitions)} competitions")
    assert "players" not in first
    assert again["status"] == "success"
    rows = {row["id"]: row for row in coach.get(f"/sync/history/{credential_id}").json()["history"]}
    assert [row["entity"] for row in rows.values()] == ["matches", "competitions", "matches", "competitions", "teams"]
    of_again = [rows[again["syncId"]]["entity"], rows[again["matches"]["syncId"]]["entity"]]
    assert of_again == ["competitions", "matches"]


def test_a_sync_that_fails_says_so_and_why(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential(password=SecretStr("not-the-right-one"))
    beat(world.database.engine)
    with Orchestrator(world).working():
        answer = coach.post(f"/sync/teams/{credential_id}")
    assert answer.status_code == 200
    result = answer.json()
    assert (result["success"], result["status"], result["succeeded"]) == (False, "failed", 0)
    assert result["message"].startswith("Sync failed: ")
    assert [error["twizzitId"] for error in result["errors"]] == [None]
    assert "not-the-right-one" not in answer.text


def test_a_caller_who_does_not_wait_gets_the_address_to_ask(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    beat(world.database.engine)
    answer = coach.post(f"/sync/teams/{credential_id}", headers={"Prefer": 'foo="bar", Respond-Async; wait=10'})
    assert answer.status_code == 202
    asked = answer.json()
    assert answer.headers["location"] == f"{PREFIX}/sync/requests/{asked['requestId']}"
    assert (asked["success"], asked["status"], asked["syncId"]) == (True, "queued", None)
    assert "sync history" in asked["message"]  # all that ShotSpot's page shows of it
    place = answer.headers["location"].removeprefix(PREFIX)
    waiting = coach.get(place).json()
    assert (waiting["status"], waiting["result"], waiting["credentialId"]) == ("queued", None, credential_id)
    with Orchestrator(world).working():
        until = time.monotonic() + 30
        while (over := coach.get(place).json())["result"] is None:
            assert time.monotonic() < until
            time.sleep(0.1)
    assert over["status"] == "partial_success"
    assert over["result"]["syncId"] == over["syncId"]
    assert over["result"]["succeeded"] == len(world.simulator.world.truth(world.club()).teams)


def test_the_usual_wait_ends_before_shotspots_proxy_gives_up(coach: httpx.Client, api: ApiServer) -> None:
    paths = httpx.get(f"{api.root}/openapi.json", verify=False).json()["paths"]
    for what in ("teams", "clubs", "players", "competitions"):
        parameters = paths[f"{PREFIX}/sync/{what}/{{credentialId}}"]["post"]["parameters"]
        (usual,) = (one["schema"]["default"] for one in parameters if one["name"] == "wait")
        assert 0 < usual < 55


def test_a_wait_that_is_over_before_the_sync_ends_as_202(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    beat(world.database.engine)
    for wait in ("0", "0.4"):
        began = time.monotonic()
        answer = coach.post(f"/sync/teams/{credential_id}?wait={wait}&queue=true")
        assert answer.status_code == 202
        assert time.monotonic() - began < 20


def test_a_database_that_is_away_for_a_moment_ends_no_wait(
    coach: httpx.Client, world: SyncWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that starts anew takes seconds, and the sync that was asked for goes on."""
    credential_id = world.add_credential()
    get, away = requests.get, ["restarts", "still does"]

    def looked(engine: Engine, request_id: int) -> requested.Request:
        if away:
            raise DatabaseUnavailable(f"The database {away.pop()}")
        return get(engine, request_id)

    monkeypatch.setattr(requests, "get", looked)
    with Orchestrator(world).working():
        beat(world.database.engine)
        answer = coach.post(f"/sync/teams/{credential_id}")

    assert (answer.status_code, away) == (200, [])
    assert answer.json()["status"] == "partial_success"


@pytest.mark.parametrize("path", ["sync/teams/{id}", "sync/preview/{id}", "sync/apply/{plan}"])
def test_a_credential_that_is_deleted_while_its_sync_is_waited_for_is_named(
    coach: httpx.Client, admin: httpx.Client, world: SyncWorld, path: str
) -> None:
    """The client asked for the credential's sync: of the request that went with it it has not heard."""
    credential_id = world.add_credential()
    plan_id = previewed(world, credential_id, entities=["teams"]).plan.id
    beat(world.database.engine)
    with ThreadPoolExecutor(1) as people:
        asked = people.submit(coach.post, f"/{path.format(id=credential_id, plan=plan_id)}?wait=60", timeout=90)
        while not world.rows(tables.sync_requests):
            time.sleep(0.05)
        assert admin.delete(f"/credentials/{credential_id}").is_success
        answer = asked.result()
    assert (answer.status_code, answer.json()["error"]) == (404, "Credential not found")
    assert f"No credential has the id {credential_id}" in answer.json()["message"]


def test_a_second_sync_is_refused_or_waits_its_turn(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    beat(world.database.engine)
    first = coach.post(f"/sync/teams/{credential_id}?wait=0").json()
    refused = coach.post(f"/sync/players/{credential_id}")
    assert refused.status_code == 409
    assert refused.json()["error"] == "Sync already in progress"
    assert "twizzit requests cancel" in refused.json()["message"]
    assert (refused.json()["syncId"], refused.json()["requestId"]) == (None, first["requestId"])
    queued = coach.post(f"/sync/players/{credential_id}?queue=true&wait=0")
    assert queued.status_code == 202
    with world.session(credential_id) as session, session.recording("teams"):
        under_way = coach.post(f"/sync/teams/{credential_id}")
        assert under_way.json()["syncId"] == session.history_id("teams")
    with Orchestrator(world).working():
        until = time.monotonic() + 30
        while coach.get(f"/sync/requests/{queued.json()['requestId']}").json()["result"] is None:
            assert time.monotonic() < until
            time.sleep(0.1)
    rows = world.rows(tables.sync_requests)
    assert [row["status"] for row in rows] == ["partial_success"] * 2
    assert rows[0]["completed_at"] <= rows[1]["started_at"]


def test_one_group_alone_is_brought(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    group_id, player_ids = world.roster()
    beat(world.database.engine)
    with Orchestrator(world).working():
        body = {"includePlayers": True, "groupId": group_id, "seasonId": world.season}
        result = coach.post(f"/sync/teams/{credential_id}", json=body).json()
        assert (result["success"], result["succeeded"]) == (True, 1)
        assert [row["twizzit_team_id"] for row in world.rows(tables.team_mappings)] == [str(group_id)]
        assert {row["twizzit_player_id"] for row in world.rows(tables.player_mappings)} == {
            str(one) for one in player_ids
        }
        nothing_new = coach.post(f"/sync/teams/{credential_id}", json={"includePlayers": True, "createMissing": False})
    assert nothing_new.json()["success"] is True
    assert len(world.rows(tables.team_mappings)) == 1


def test_a_season_that_the_account_does_not_have_is_unknown(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    beat(world.database.engine)
    assert coach.post(f"/verify/{credential_id}").status_code == 200
    answer = coach.post(f"/sync/teams/{credential_id}", json={"seasonId": "1999-2000"})
    assert (answer.status_code, answer.json()["error"]) == (404, "Season not found")
    (newest, older) = coach.get(f"/seasons/{credential_id}").json()["seasons"]
    answer = coach.post(f"/sync/teams/{credential_id}?wait=0", json={"seasonId": int(older["id"])})
    assert answer.status_code == 202
    assert world.rows(tables.sync_requests)[0]["season"] == older["name"] != newest["name"]


def test_a_coach_held_to_credentials_sees_their_requests_alone(api: ApiServer, world: SyncWorld) -> None:
    first, second = world.add_credential(0), world.add_credential(1)
    beat(world.database.engine)
    with api.client(token("coach", credentials=[second])) as client:
        assert client.post(f"/sync/teams/{first}?wait=0").status_code == 403
        assert not world.rows(tables.sync_requests)
        asked = client.post(f"/sync/teams/{second}?wait=0").json()["requestId"]
        assert client.get(f"/sync/requests/{asked}").status_code == 200
    with api.client(token("coach", credentials=[first])) as client:
        assert client.get(f"/sync/requests/{asked}").status_code == 403
    with api.client(token("admin")) as client:
        rows = client.get("/audit").json()["audit"]
    assert [(row["action"], row["target"], row["actorRole"]) for row in rows] == [
        ("ask", "sync", "coach"),
        ("add", "credential", None),
        ("add", "credential", None),
    ]


def test_people_who_wait_for_a_sync_keep_no_caller_from_reading(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    beat(world.database.engine)
    with ThreadPoolExecutor(64) as people:
        waiting = [
            people.submit(coach.post, f"/sync/teams/{credential_id}?queue=true&wait=5", timeout=60) for _ in range(40)
        ]
        time.sleep(1)
        for _ in range(5):
            assert coach.get(f"/sync/history/{credential_id}").status_code == 200
        assert not any(one.done() for one in waiting)
        assert {one.result().status_code for one in waiting} == {202}
