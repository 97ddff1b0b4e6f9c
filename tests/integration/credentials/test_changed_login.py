"""A login that was changed by SQL, as those meet it who verify, sync, ask live, and accept it over the API."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from tests.support.api_server import ApiServer, token
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.accounts.verify import verify
from twizzit_pipeline.errors import CredentialChanged
from twizzit_pipeline.notifications.advice import what_helps
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import audit, tables
from twizzit_pipeline.storage.engine import Database


@pytest.fixture
def world(settings: Settings, database: Database, simulator: SimulatorServer) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulator)


@pytest.fixture
def thief(simulate: Any) -> SimulatorServer:
    """Another server, to which the credential's endpoint was changed."""
    server: SimulatorServer = simulate()
    return server


@pytest.fixture
def club(world: SyncWorld, thief: SimulatorServer) -> int:
    credential_id = world.add_credential()
    with world.database.engine.begin() as connection:
        connection.execute(update(tables.credentials).values(api_endpoint=thief.v2_endpoint))
    return credential_id


@pytest.fixture
def admin(world: SyncWorld) -> Iterator[httpx.Client]:
    with ApiServer(world.settings, world.database) as api, api.client(token("admin", user_id=12)) as client:
        yield client


def test_a_sync_stops_before_the_password_goes_anywhere(world: SyncWorld, club: int, thief: SimulatorServer) -> None:
    with pytest.raises(CredentialChanged) as caught:
        world.sync(club, run_id="changed")
    (row,) = world.history_of("changed").values()
    assert (row.status, row.error_message) == ("failed", str(caught.value))
    assert f"twizzit credentials accept {club})" in str(row.error_message)
    assert what_helps(str(row.error_message), club) is None  # the message names the commands itself
    assert (thief.calls.total, world.simulator.calls.total) == (0, 0)
    assert not world.rows(tables.leases)


def test_so_does_verifying(world: SyncWorld, club: int, thief: SimulatorServer) -> None:
    with pytest.raises(CredentialChanged):
        verify(world.settings, world.database, club)
    assert (thief.calls.total, world.simulator.calls.total) == (0, 0)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/verify/{}", 200), ("GET", "/seasons/{}", 409), ("GET", "/organization/{}", 409)],
)
def test_so_does_the_api(
    admin: httpx.Client, club: int, thief: SimulatorServer, method: str, path: str, status: int
) -> None:
    answer = admin.request(method, path.format(club))
    assert answer.status_code == status
    assert answer.json()["error"] == "Credential was changed"
    assert f"twizzit credentials accept {club})" in answer.json()["message"]
    assert thief.calls.total == 0


def test_an_administrator_accepts_what_is_shown(admin: httpx.Client, world: SyncWorld, club: int) -> None:
    (shown,) = admin.get("/credentials").json()["credentials"]
    body = {"apiUsername": shown["apiUsername"], "apiEndpoint": shown["apiEndpoint"]}
    answer = admin.post(f"/credentials/{club}/accept", json=body)
    assert answer.status_code == 200
    assert answer.json() == {
        "message": "Credentials accepted successfully",
        "credential": {
            "id": club,
            "organizationName": world.club().name,
            "apiUsername": shown["apiUsername"],
            "apiEndpoint": shown["apiEndpoint"],
        },
        "because": "changed",
    }
    row = audit.recent(world.database.engine)[0]
    assert (row.action, row.actor.id, row.actor.role, row.target_id) == ("accept", "12", "admin", str(club))
    assert admin.post(f"/verify/{club}").json()["success"]
    again = admin.post(f"/credentials/{club}/accept", json=body).json()
    assert (again["message"], again["because"]) == ("There is nothing to accept", None)


def test_an_endpoint_that_came_meanwhile_is_not_accepted(admin: httpx.Client, world: SyncWorld, club: int) -> None:
    (shown,) = admin.get("/credentials").json()["credentials"]
    with world.database.engine.begin() as connection:
        connection.execute(update(tables.credentials).values(api_endpoint="https://later.example/v2/api"))
    body = {"apiUsername": shown["apiUsername"], "apiEndpoint": shown["apiEndpoint"]}
    answer = admin.post(f"/credentials/{club}/accept", json=body)
    assert (answer.status_code, answer.json()["error"]) == (409, "Credential changed meanwhile")
    assert admin.post(f"/verify/{club}").json()["success"] is False


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"apiUsername": "u", "apiEndpoint": "https://10.0.0.1/v1"}, "apiEndpoint"),
        ({"apiUsername": "u", "apiEndpoint": "nonsense://"}, "apiEndpoint"),
        ({"apiUsername": "u"}, "apiEndpoint"),
        ({"apiEndpoint": "https://app.twizzit.com"}, "apiUsername"),
    ],
)
def test_an_endpoint_that_may_not_be_stored_may_not_be_accepted(
    world: SyncWorld, club: int, body: dict[str, str], field: str
) -> None:
    settings = world.settings.model_copy(update={"allow_private_endpoints": False})
    with ApiServer(settings, world.database) as api, api.client(token("admin")) as client:
        answer = client.post(f"/credentials/{club}/accept", json=body)
    assert answer.status_code == 400
    assert [fault["field"] for fault in answer.json()["details"]] == [field]


def test_accepting_is_for_administrators(world: SyncWorld, club: int) -> None:
    body = {"apiUsername": "u", "apiEndpoint": "https://app.twizzit.com"}
    with ApiServer(world.settings, world.database) as api:
        for role in ("coach", "user", "monitor"):
            with api.client(token(role)) as client:
                assert client.post(f"/credentials/{club}/accept", json=body).status_code == 403
        with api.client(token("admin")) as client:
            assert client.post("/credentials/99/accept", json=body).status_code == 404
