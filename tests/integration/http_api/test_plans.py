"""Plans over HTTP: a preview that is asked for and waited for, one that is applied, and who reaches which."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from pydantic import SecretStr

from tests.support.api_orchestrator import Orchestrator
from tests.support.api_server import ApiServer, token
from tests.support.previewed import previewed
from tests.support.signs_of_life import beat
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulate(clubs=2, teams=3, players_per_team=4, other_contacts=4))


@pytest.fixture
def orchestrated(world: SyncWorld) -> Iterator[None]:
    beat(world.database.engine)
    with Orchestrator(world).working():
        yield


@pytest.mark.usefixtures("orchestrated")
def test_a_preview_is_answered_with_its_plan_which_can_be_applied(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    answer = coach.post(f"/sync/preview/{credential_id}")
    assert answer.status_code == 200
    said = answer.json()
    assert (said["success"], said["status"]) == (True, "success")
    assert not world.rows(tables.players)
    plan, document = said["plan"], said["document"]
    assert (plan["status"], plan["reason"], plan["changes"]) == ("waiting", "asked", len_of(document))
    assert coach.get(f"/sync/plans/{credential_id}").json()["plans"] == [plan]
    assert coach.get(f"/sync/plans/{credential_id}/{plan['id']}").json() == {"plan": plan, "document": document}

    person = document["entities"][1]["items"][0]["twizzit_id"]
    applied = coach.post(f"/sync/apply/{plan['id']}", json={"without": [f"player:{person}"]}).json()
    assert applied["status"] == "partial_success"  # the simulator holds rows to reject
    assert world.rows(tables.player_mappings, twizzit_player_id=person) == []
    assert len(world.rows(tables.player_mappings)) == len(document["entities"][1]["items"]) - 1
    again = coach.post(f"/sync/apply/{plan['id']}")
    assert (again.status_code, again.json()["error"]) == (409, "Plan cannot be used")
    (shown,) = coach.get(f"/sync/plans/{credential_id}").json()["plans"]
    assert (shown["status"], shown["decidedBy"].split(":")[0]) == ("applied", "token")


def len_of(document: dict[str, list[dict[str, list[object]]]]) -> int:
    return sum(len(one["items"]) for one in document["entities"])


@pytest.mark.usefixtures("orchestrated")
def test_a_preview_that_cannot_be_made_says_why(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential(password=SecretStr("not-the-right-one"))
    answer = coach.post(f"/sync/preview/{credential_id}")
    assert answer.status_code == 200
    assert answer.json()["success"] is False
    assert "does not accept the username and password" in answer.json()["message"]
    assert coach.get(f"/sync/requests/{answer.json()['requestId']}").json()["status"] == "failed"


@pytest.mark.usefixtures("orchestrated")
def test_a_preview_of_teams_alone(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    said = coach.post(f"/sync/preview/{credential_id}", json={"only": "teams"}).json()
    assert [one["entity"] for one in said["document"]["entities"]] == ["teams"]
    assert coach.post(f"/sync/preview/{credential_id}", json={"only": "coaches"}).status_code == 400


def test_who_does_not_wait_is_shown_where_to_ask(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    beat(world.database.engine)
    answer = coach.post(f"/sync/preview/{credential_id}", headers={"Prefer": "respond-async"})
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/twizzit/sync/requests/{answer.json()['requestId']}"
    assert coach.post(f"/sync/preview/{credential_id}").status_code == 409


@pytest.mark.usefixtures("orchestrated")
def test_the_request_of_a_preview_says_which_plan_it_made(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    said = coach.post(f"/sync/preview/{credential_id}", json={"only": "teams"}).json()
    request = coach.get(f"/sync/requests/{said['requestId']}").json()
    assert (request["preview"], request["planId"]) == (True, said["plan"]["id"])
    assert request["result"]["message"] == "The plan is made, and nothing of it is written"


def test_a_plan_of_a_credential_that_was_switched_off_is_refused(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    plan_id = previewed(world, credential_id, entities=["teams"]).plan.id
    beat(world.database.engine)
    world.change(tables.credentials, credential_id, is_active=False)
    refused = coach.post(f"/sync/apply/{plan_id}")
    assert (refused.status_code, refused.json()["error"]) == (409, "Credential is inactive")


def test_a_plan_that_is_not_wanted(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    plan_id = previewed(world, credential_id, entities=["teams"]).plan.id
    assert coach.delete(f"/sync/plans/{credential_id}/{plan_id}").json()["status"] == "discarded"
    assert coach.delete(f"/sync/plans/{credential_id}/{plan_id}").status_code == 409
    assert coach.post(f"/sync/apply/{plan_id}").status_code == 409
    assert coach.get(f"/sync/plans/{credential_id}/{plan_id + 1}").status_code == 404
    assert coach.post(f"/sync/apply/{plan_id + 1}").status_code == 404


def test_a_plan_that_is_asked_to_be_applied_is_discarded_when_that_was_cancelled(
    coach: httpx.Client, world: SyncWorld
) -> None:
    credential_id = world.add_credential()
    plan_id = previewed(world, credential_id, entities=["teams"]).plan.id
    beat(world.database.engine)
    asked = coach.post(f"/sync/apply/{plan_id}", headers={"Prefer": "respond-async"}).json()["requestId"]
    refused = coach.delete(f"/sync/plans/{credential_id}/{plan_id}")
    assert (refused.status_code, refused.json()["error"]) == (409, "Plan cannot be used")
    assert f"is being applied already (request {asked})" in refused.json()["message"]
    assert coach.delete(f"/sync/requests/{asked}").status_code == 200
    assert coach.delete(f"/sync/plans/{credential_id}/{plan_id}").json()["status"] == "discarded"


def test_a_coach_reaches_the_plans_of_their_clubs_alone(api: ApiServer, world: SyncWorld) -> None:
    mine, other = world.add_credential(0), world.add_credential(1)
    plan_id = previewed(world, other, entities=["teams"]).plan.id
    with api.client(token("coach", credentials=[mine])) as held, api.client(token("user")) as user:
        for method, path in (
            ("POST", f"/sync/preview/{other}"),
            ("POST", f"/sync/apply/{plan_id}"),
            ("GET", f"/sync/plans/{other}"),
            ("GET", f"/sync/plans/{other}/{plan_id}"),
            ("DELETE", f"/sync/plans/{other}/{plan_id}"),
        ):
            assert held.request(method, path).status_code == 403, path
            assert user.request(method, path).status_code == 403, path
        assert held.get(f"/sync/plans/{mine}/{plan_id}").status_code == 404
        assert held.post("/sync/apply/999999").status_code == 403
    assert world.rows(tables.plans)[0]["status"] == "waiting"
