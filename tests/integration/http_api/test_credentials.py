"""Storing, listing and deleting logins over HTTP, and that no password ever comes back."""

import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from tests.support.api_server import ApiServer, token
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.accounts.verify import usual_endpoint
from twizzit_pipeline.credentials import store
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import audit, tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.twizzit import lookup

PASSWORD = "Geheim & vàlid pässword"
GUIDE_BODY = {
    "organizationName": "Belgian Korfball Federation",
    "apiUsername": "your-api-username",
    "apiPassword": PASSWORD,
    "apiEndpoint": "https://api.twizzit.com/v1",
}


@pytest.fixture
def api(serve: Callable[..., ApiServer]) -> ApiServer:
    return serve()


@pytest.fixture
def world(settings: Settings, database: Database, simulator: SimulatorServer) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulator)


def test_a_login_is_stored_as_the_guide_shows(admin: httpx.Client, settings: Settings, database: Database) -> None:
    answer = admin.post("/credentials", json=GUIDE_BODY)
    assert answer.status_code == 201
    assert set(answer.json()) == {"message", "credential", "dialect"}
    assert answer.json()["dialect"] == "v1"
    stored = answer.json()["credential"]
    assert stored == {
        "id": stored["id"],
        "organizationName": "Belgian Korfball Federation",
        "apiUsername": "your-api-username",
        "apiEndpoint": "https://api.twizzit.com/v1",
    }
    assert settings.encryption_key is not None
    kept = store.reveal_login(database.engine, settings.encryption_key, stored["id"]).password
    assert kept.get_secret_value() == PASSWORD


@pytest.mark.parametrize(
    "typed", ["https://app.twizzit.com/", "https://APP.twizzit.com", "https://app.twizzit.com/v2/api/"]
)
def test_an_endpoint_stays_as_it_was_typed(admin: httpx.Client, typed: str) -> None:
    answer = admin.post("/credentials", json={**GUIDE_BODY, "apiEndpoint": f" {typed} "}).json()
    assert (answer["credential"]["apiEndpoint"], answer["dialect"]) == (typed, "v2")


@pytest.mark.parametrize("left_out", [{}, {"apiEndpoint": None}, {"apiEndpoint": ""}, {"apiEndpoint": "  "}])
def test_without_an_endpoint_it_is_the_live_service_where_the_guides_default_does_not_answer(
    admin: httpx.Client, monkeypatch: pytest.MonkeyPatch, left_out: dict[str, Any]
) -> None:
    """As if the names led nowhere."""

    def gone(host: str, port: int) -> list[str]:
        raise socket.gaierror(f"{host}:{port}")

    monkeypatch.setattr(lookup, "_ask", gone)
    body = {key: value for key, value in GUIDE_BODY.items() if key != "apiEndpoint"}
    answer = admin.post("/credentials", json={**body, **left_out})
    assert answer.status_code == 201
    # without a path, as ShotSpot stores it: its back end appends that by itself
    assert answer.json()["credential"]["apiEndpoint"] == "https://app.twizzit.com"
    assert answer.json()["dialect"] == "v2"
    assert "https://app.twizzit.com" in answer.json()["message"]


def test_the_guides_default_is_taken_where_it_answers(settings: Settings, simulator: SimulatorServer) -> None:
    here, gone = simulator.v1_endpoint, "http://127.0.0.1:9/v1"
    assert usual_endpoint(settings, default=here, otherwise="https://else.example") == (here, True)
    assert usual_endpoint(settings, default=gone, otherwise="https://else.example") == ("https://else.example", False)


@pytest.mark.parametrize("how", ["body", "query"])
def test_a_login_is_verified_as_it_is_stored_where_that_is_asked_for(
    admin: httpx.Client, world: SyncWorld, how: str
) -> None:
    club = world.club()
    body = {
        "organizationName": club.name,
        "apiUsername": club.account.username,
        "apiPassword": club.account.password,
        "apiEndpoint": world.simulator.v2_endpoint,
        **({"verify": True} if how == "body" else {}),
    }
    path = "/credentials" + ("?verify=true" if how == "query" else "")
    good = admin.post(path, json=body)
    assert (good.status_code, good.json()["dialect"]) == (201, "v2")
    assert good.json()["verification"]["success"] is True
    assert good.json()["verification"]["organizationName"] == club.name
    wrong = admin.post(path, json={**body, "apiPassword": "another"})
    assert wrong.status_code == 201  # stored all the same: it may be a typing error, or Twizzit away
    refused = wrong.json()["verification"]
    assert (refused["success"], refused["error"]) == (False, "Authentication failed")
    assert [one["lastVerifiedAt"] is None for one in admin.get("/credentials").json()["credentials"]] == [False, True]


def test_the_list_shows_what_the_guide_says_and_no_password(admin: httpx.Client, database: Database) -> None:
    first = admin.post("/credentials", json=GUIDE_BODY).json()["credential"]["id"]
    second = admin.post("/credentials", json=GUIDE_BODY).json()["credential"]["id"]  # the same name twice is allowed
    answer = admin.get("/credentials")
    assert answer.status_code == 200
    listed = answer.json()["credentials"]
    assert [one["id"] for one in listed] == [first, second]
    assert set(listed[0]) == {
        "id",
        "organizationName",
        "apiUsername",
        "apiEndpoint",
        "isActive",
        "lastVerifiedAt",
        "createdAt",
        "updatedAt",
    }
    assert (listed[0]["isActive"], listed[0]["lastVerifiedAt"]) == (True, None)
    assert listed[0]["createdAt"].endswith("Z")
    with database.engine.connect() as connection:
        row = connection.execute(select(tables.credentials).where(tables.credentials.c.id == first)).one()
    for secret in (PASSWORD, row.encrypted_password, row.encryption_iv):
        assert secret not in answer.text


def test_a_fault_in_a_body_never_repeats_what_was_sent(admin: httpx.Client) -> None:
    answer = admin.post("/credentials", json={**GUIDE_BODY, "apiPassword": [PASSWORD], "apiUsername": 12345678})
    assert answer.status_code == 400
    assert PASSWORD not in answer.text
    assert "12345678" not in answer.text


REFUSED_ENDPOINTS = [
    "https://127.0.0.1/v1",
    "https://localhost/v1",
    "https://[::1]/v2/api",
    "https://10.1.2.3/v1",
    "https://192.168.0.1/v1",
    "https://169.254.169.254/v1",
    "https://[fe80::1]/v1",
    "https://[::ffff:127.0.0.1]/v1",
    "https://100.64.0.1/v1",
    "https://0.0.0.0/v1",
    "http://93.184.216.34/v1",
    "http://twizzit.invalid/v1",
    "https://user:secret-in-url@api.twizzit.com/v1",
    "https://api.twizzit.com/v1?x=1",
    "https://api.twizzit.com/elsewhere",
    "javascript:alert(1)",
    "https://app..twizzit.com/v1",
    "https://xn--/v1",
    "https://twizzit.example:0/v1",
    "https://twizzit.example:65536/v1",
    "https://[fe80::1%25eth0]/v1",
    "https://" + "a" * 300 + ".example/v1",
    "https://-twizzit.example/v1",
    "https://192.0.0.9/v1",
    "https://198.18.0.1/v1",
]


def test_an_endpoint_on_a_private_address_or_without_tls_is_refused(serve: Callable[..., ApiServer]) -> None:
    with serve(allow_private_endpoints=False).client(token("admin")) as client:
        for refused in REFUSED_ENDPOINTS:
            answer = client.post("/credentials", json={**GUIDE_BODY, "apiEndpoint": refused})
            assert answer.status_code == 400, refused
            assert [fault["field"] for fault in answer.json()["details"]] == ["apiEndpoint"]
            assert "secret-in-url" not in answer.text
        assert client.get("/credentials").json() == {"credentials": []}


def test_an_endpoint_that_became_private_is_refused_when_it_is_connected_to(
    serve: Callable[..., ApiServer], database: Database, simulator: SimulatorServer, settings: Settings
) -> None:
    """As if DNS had changed after the endpoint was stored."""
    credential_id = SyncWorld(settings, database, simulator).add_credential()
    with serve(allow_private_endpoints=False).client(token("admin")) as client:
        answer = client.post(f"/verify/{credential_id}")
        assert (answer.status_code, answer.json()["error"]) == (200, "Endpoint refused")
        assert client.get(f"/organization/{credential_id}").status_code == 424
    assert simulator.calls.total == 0


def test_deleting_takes_configuration_and_history_along_and_leaves_people_and_mappings(
    admin: httpx.Client, settings: Settings, database: Database, simulator: SimulatorServer
) -> None:
    world = SyncWorld(quick(settings), database, simulator)
    credential_id = world.add_credential()
    world.sync(credential_id)
    admin.get(f"/sync/config/{credential_id}")
    before = world.dump((tables.teams, tables.players))
    mapped = len(world.rows(tables.player_mappings))
    assert mapped > 20

    assert admin.delete(f"/credentials/{credential_id}").json() == {"message": "Credentials deleted successfully"}

    assert world.dump((tables.teams, tables.players)) == before
    left = world.rows(tables.player_mappings)
    assert len(left) == mapped
    assert {row["credential_id"] for row in left} == {None}
    assert not world.rows(tables.sync_history)
    assert not world.rows(tables.sync_config)
    assert admin.delete(f"/credentials/{credential_id}").status_code == 404
    assert len(admin.get("/mappings/players").json()["mappings"]) == mapped


def test_a_credential_is_not_deleted_in_the_middle_of_its_sync(admin: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    with world.session(credential_id) as session, session.recording("teams"):
        answer = admin.delete(f"/credentials/{credential_id}")
        assert (answer.status_code, answer.json()["error"]) == (409, "Sync already in progress")
        assert answer.json()["syncId"] == session.history_id("teams")
    assert admin.delete(f"/credentials/{credential_id}").status_code == 200


def test_who_changes_something_is_in_the_audit_log(api: ApiServer, database: Database) -> None:
    with api.client(token("admin", user_id=12)) as client:
        credential_id = client.post("/credentials", json=GUIDE_BODY).json()["credential"]["id"]
        client.put(f"/sync/config/{credential_id}", json={"syncIntervalMinutes": 90})
        client.delete(f"/credentials/{credential_id}")
        answer = client.get("/audit?limit=2")
        assert answer.headers["x-total-count"] == "3"
        rows = client.get("/audit").json()["audit"]
        assert client.get("/audit?limit=2&offset=2").json()["audit"] == rows[2:]
    assert [(row["action"], row["target"], row["targetId"]) for row in rows] == [
        ("delete", "credential", str(credential_id)),
        ("change", "config", str(credential_id)),
        ("add", "credential", str(credential_id)),
    ]
    assert {(row["actorKind"], row["actorId"], row["actorRole"]) for row in rows} == {("token", "12", "admin")}
    assert PASSWORD not in answer.text
    assert audit.count(database.engine) == 3


def test_a_database_of_shotspot_that_allows_a_name_once_says_so(admin: httpx.Client, database: Database) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE twizzit_credentials ADD UNIQUE (organization_name)")
    assert admin.post("/credentials", json=GUIDE_BODY).status_code == 201
    answer = admin.post("/credentials", json=GUIDE_BODY)
    assert (answer.status_code, answer.json()["error"]) == (409, "Organization already has credentials")
    with database.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(tables.credentials)) == 1
