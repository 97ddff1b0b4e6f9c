"""Verifying a login over HTTP: what it reads, or why it does not work."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import update

from tests.support.api_server import ApiServer, token
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database


@pytest.fixture
def world(settings: Settings, database: Database, simulator: SimulatorServer) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulator)


def test_a_login_that_works_says_what_it_reads_and_is_remembered(admin: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    answer = admin.post(f"/verify/{credential_id}")
    club = world.club()
    assert answer.status_code == 200
    found = answer.json()
    teams = found.pop("teams")
    assert (teams["season"], sorted(teams["names"])) == (
        world.season,
        sorted(world.simulator.world.truth(club).teams.values()),
    )
    assert found == {
        "success": True,
        "message": "Connection verified successfully",
        "organizationName": club.name,
        "capabilities": {"organizations": 1, "groups": 21, "seasons": 2},
    }
    (listed,) = admin.get("/credentials").json()["credentials"]
    assert listed["lastVerifiedAt"] is not None
    labels = [row["label"] for row in world.rows(tables.twizzit_seasons, credential_id=credential_id)]
    assert len(labels) == 2
    assert world.season in labels


def _closed(world: SyncWorld) -> dict[str, Any]:
    return {"api_endpoint": "http://127.0.0.1:9/v2/api"}


REFUSALS: dict[str, tuple[str, Callable[[SyncWorld], dict[str, Any]]]] = {
    "password": ("Authentication failed", lambda _: {"password": SecretStr("wrong")}),
    "username": ("Authentication failed", lambda _: {"api_username": "wrong"}),
    "connection": ("Connection failed", _closed),
    "another place": ("Not a Twizzit", lambda world: {"api_endpoint": f"{world.simulator.url}/elsewhere/v1"}),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_login_that_does_not_work_says_why(admin: httpx.Client, world: SyncWorld, what: str) -> None:
    error, changes = REFUSALS[what]
    credential_id = world.add_credential(**changes(world))
    answer = admin.post(f"/verify/{credential_id}")
    assert answer.status_code == 200  # ShotSpot's front end shows the message; a 401 would log its user out
    guide = admin.post(f"/verify/{credential_id}?refusedAs=401")
    assert (guide.status_code, guide.json()) == (401, answer.json())
    assert "www-authenticate" not in guide.headers
    assert set(answer.json()) == {"success", "error", "message"}
    assert (answer.json()["success"], answer.json()["error"]) == (False, error)
    assert answer.json()["message"]
    assert "www-authenticate" not in answer.headers  # the caller's own token is right
    (listed,) = admin.get("/credentials").json()["credentials"]
    assert listed["lastVerifiedAt"] is None


FAULTS = [("forbidden", "Access denied"), ("html", "Connection failed"), ("quota", "Quota spent")]


@pytest.mark.parametrize(("fault", "error"), FAULTS)
def test_what_twizzit_refuses_after_the_login_has_its_own_error(
    admin: httpx.Client, world: SyncWorld, fault: Any, error: str
) -> None:
    credential_id = world.add_credential()
    world.simulator.faults.arm(fault, path="/groups", times=None)
    answer = admin.post(f"/verify/{credential_id}")
    assert (answer.status_code, answer.json()["error"]) == (200, error)


def test_an_endpoint_that_is_no_twizzit_gets_the_probable_one(admin: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential(api_endpoint=f"{world.simulator.url}/elsewhere/v1")
    assert "https://app.twizzit.com/v2/api" in admin.post(f"/verify/{credential_id}").json()["message"]


def test_a_wrong_key_is_reported_with_the_guides_remedies(serve: Callable[..., ApiServer], world: SyncWorld) -> None:
    credential_id = world.add_credential()
    with serve(encryption_key=SecretStr("f" * 64)).client(token("admin")) as client:
        answer = client.post(f"/verify/{credential_id}")
        assert (answer.status_code, answer.json()["error"]) == (200, "Password decryption failed")
        assert "TWIZZIT_ENCRYPTION_KEY" in answer.json()["message"]
        live = client.get(f"/organization/{credential_id}")
        assert (live.status_code, live.json()["error"]) == (503, "Password decryption failed")
        preview = client.post(f"/sync/preview/players/{credential_id}", json={"groupId": "1"})
        assert (preview.status_code, preview.json()["error"]) == (424, "Password decryption failed")


def test_a_credential_that_was_switched_off_is_not_asked_with(admin: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    off = update(tables.credentials).where(tables.credentials.c.id == credential_id).values(is_active=False)
    with world.database.engine.begin() as connection:
        connection.execute(off)
    for method, path in (("POST", "/verify"), ("GET", "/organization"), ("GET", "/seasons"), ("GET", "/groups")):
        answer = admin.request(method, f"{path}/{credential_id}")
        assert (answer.status_code, answer.json()["error"]) == (409, "Credential is inactive")
    assert admin.get("/organizations").json()["organizations"][0]["isActive"] is False
    assert world.simulator.calls.total == 0


def test_verifying_is_limited_for_each_token(serve: Callable[..., ApiServer], world: SyncWorld) -> None:
    credential_id = world.add_credential(password=SecretStr("wrong"))
    api = serve(api_verifications_per_minute=3)
    with api.client(token("admin", user_id=1)) as client:
        statuses = [client.post(f"/verify/{credential_id}").status_code for _ in range(5)]
        limited = client.post(f"/verify/{credential_id}")
        assert client.get("/credentials").status_code == 200
    assert statuses == [200, 200, 200, 429, 429]
    assert limited.json()["error"] == "Too many requests"
    assert 1 <= int(limited.headers["retry-after"]) <= 60
    assert world.simulator.calls.total == 3
    with api.client(token("admin", user_id=2)) as client:
        assert client.post(f"/verify/{credential_id}").status_code == 200
