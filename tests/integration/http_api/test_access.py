"""Who may call what: every route of the guide and of this project, against every role and every fault of a token.

Against a real server and the real database. What the routes do for those who may is in the other `test_api_*`.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.support.api_routes import (
    ROUTES,
    UNKNOWN,
    Route,
)
from tests.support.api_server import PREFIX, ApiServer, NewDatabase, api_of_two, token, token_of

WITHOUT_EXPIRY = {"userId": 7, "role": "admin", "exp": None}
NO_TOKENS: dict[str, Callable[[], str | None]] = {
    "none": lambda: None,
    "empty": lambda: "-",
    "rubbish": lambda: "rubbish",
    "three parts of rubbish": lambda: "e30.e30.e30",
    "nested": lambda: "W1tb" * 3000 + ".e30.e30",
    "expired": lambda: token_of({"userId": 7, "role": "admin", "exp": int(time.time()) - 60}),
    "without expiry": lambda: token_of(WITHOUT_EXPIRY),
    "not valid yet": lambda: token_of({"userId": 7, "role": "admin", "nbf": int(time.time()) + 600}),
    "another secret": lambda: token_of(
        {"userId": 7, "role": "admin"}, secret="another secret, also long enough for it"
    ),
    "alg none": lambda: token_of({"userId": 7, "role": "admin"}, algorithm="none"),
    "alg HS512": lambda: token_of({"userId": 7, "role": "admin"}, algorithm="HS512"),
    "alg HS384": lambda: token_of({"userId": 7, "role": "admin"}, algorithm="HS384"),
    "no role": lambda: token_of({"userId": 7}),
    "role null": lambda: token_of({"userId": 7, "role": None}),
    "role empty": lambda: token_of({"userId": 7, "role": " "}),
    "role of another kind": lambda: token_of({"userId": 7, "role": ["admin"]}),
    "an end that no clock reaches": lambda: token_of({"userId": 7, "role": "admin", "exp": 10**400}),
    "user that cannot be printed": lambda: token_of({"userId": "7\x00", "role": "admin"}),
    "user that is half a letter": lambda: token_of({"userId": "\ud800", "role": "coach"}),
    "user of another kind": lambda: token_of({"userId": {"id": 7}, "role": "admin"}),
    "organizations that cannot be read": lambda: token_of({"userId": 7, "role": "coach", "organizations": "1"}),
    "organizations null": lambda: token_of({"userId": 7, "role": "coach", "organizations": None}),
    "organizations that are no ids": lambda: token_of({"userId": 7, "role": "coach", "organizations": [2, True]}),
}


@pytest.fixture(scope="module")
def api(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """One server over one database for the whole module: nothing here that is let in changes anything."""
    with api_of_two(
        new_database, tmp_path_factory.mktemp("api"), api_verifications_per_minute=10_000, api_live_per_minute=10_000
    ) as server:
        yield server


@pytest.fixture(scope="module")
def client(api: ApiServer) -> Iterator[httpx.Client]:
    """One for all, since most of what a question takes is a client and a connection of its own; it sends no token."""
    with api.client(None) as one:
        yield one


def ask(client: httpx.Client, route: Route, url: str, sent: str | None, **more: Any) -> httpx.Response:
    if "content" not in more and "json" not in more and route.body is not None:
        more["json"] = route.body
    headers = {**more.pop("headers", {}), **({} if sent is None else {"Authorization": f"Bearer {sent}"})}
    return client.request(route.method, url, headers=headers, **more)


# Every route asks the same gate: which tokens it refuses is tried at one for any credential, one for some, and one that
# changes something; that a route has the gate, with no token and with one that anyone can make.
EVERY_TOKEN = ("GET /credentials", "GET /sync/history/{credentialId}", "PUT /sync/config/{credentialId}")
AT_EVERY_ROUTE = ("none", "alg none", "another secret", "expired")


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_a_wrong_token_opens_no_route(client: httpx.Client, route: Route) -> None:
    for name in NO_TOKENS if str(route) in EVERY_TOKEN else AT_EVERY_ROUTE:
        answer = ask(client, route, route.url(), NO_TOKENS[name]())
        assert answer.status_code == 401, name
        assert set(answer.json()) == {"error", "message"}, name
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_a_stranger_gets_401_before_anything_else(client: httpx.Client, route: Route) -> None:
    rubbish = {"content": b"{[", "headers": {"content-type": "application/json"}}
    assert ask(client, route, route.url("x", query="limit=x"), None, **rubbish).status_code == 401
    assert ask(client, route, route.url("x", query="limit=x"), token("user"), **rubbish).status_code == 403


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_each_role_gets_in_where_the_reference_says(client: httpx.Client, route: Route) -> None:
    """A caller with access gets a 404 or a list: nothing is changed."""
    for role in ("admin", "coach", "user", "monitor", "superuser"):
        for spelled in (role, role.upper(), role.capitalize()) if str(route) in EVERY_TOKEN else (role,):
            sent = token_of({"userId": 7, "username": "someone", "role": spelled})
            rubbish: dict[str, Any] = {"json": []} if str(route) == "POST /credentials" else {}
            answer = ask(client, route, route.url(), sent, **rubbish)
            if role not in route.roles:
                assert answer.status_code == 403, spelled
                assert answer.json() == {"error": "Insufficient permissions"}
            elif str(route) in ("GET /coaches/{userId}", "DELETE /coaches/{userId}"):
                assert (answer.status_code, answer.json()["limited"]) == (200, False), spelled
            elif "{" in route.path or route.path in ("/registered", "/sync/undo"):
                assert answer.status_code == 404, spelled
            else:
                assert answer.status_code == (400 if rubbish else 200), spelled


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_a_caller_who_must_change_their_password_may_do_nothing_else(client: httpx.Client, route: Route) -> None:
    sent = token_of({"userId": 7, "role": "admin", "passwordMustChange": True})
    answer = ask(client, route, route.url(), sent)
    assert (answer.status_code, answer.json()["error"]) == (403, "Password change required")


def test_a_caller_who_has_changed_it_gets_in(client: httpx.Client) -> None:
    for claim in (False, None, 0):
        sent = token_of({"userId": 7, "role": "admin", "passwordMustChange": claim})
        assert client.get("/credentials", headers={"Authorization": f"Bearer {sent}"}).status_code == 200


def test_a_token_from_the_future_is_taken_as_shotspot_takes_it_and_the_clocks_are_named(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    for ahead in (3, 90, 86_400):
        sent = token_of({"userId": 7, "role": "admin", "iat": int(time.time()) + ahead, "exp": time.time() + 90_000})
        caplog.clear()
        with caplog.at_level("WARNING", logger="twizzit_pipeline"):
            answer = client.get("/credentials", headers={"Authorization": f"Bearer {sent}"})
        assert answer.status_code == 200
        assert ("clocks differ" in caplog.text) is (ahead > 5)


@pytest.mark.parametrize("issued", [10**400, float("inf"), float("nan"), -(10**400), "soon"])
def test_a_moment_of_issue_that_is_none_keeps_no_caller_out(client: httpx.Client, issued: object) -> None:
    sent = token_of({"userId": 7, "role": "admin", "iat": issued})
    assert client.get("/organizations", headers={"Authorization": f"Bearer {sent}"}).status_code == 200


def test_a_token_that_is_over_names_the_time_by_this_clock(client: httpx.Client) -> None:
    for claims in ({"exp": int(time.time()) - 60}, {"nbf": int(time.time()) + 600}):
        sent = token_of({"userId": 7, "role": "admin", **claims})
        answer = client.get("/credentials", headers={"Authorization": f"Bearer {sent}"})
        assert answer.status_code == 401
        assert f"{datetime.now(UTC):%Y-%m-%d}" in answer.json()["message"]
        assert "clock" in answer.json()["message"]


def test_the_scheme_of_the_header_may_be_spelled_as_one_likes(client: httpx.Client) -> None:
    for spelled, status in (("bearer", 200), ("BEARER", 200), ("Basic", 401), ("Token", 401)):
        answer = client.get("/credentials", headers={"Authorization": f"{spelled} {token('admin')}"})
        assert answer.status_code == status


@pytest.mark.parametrize("route", [route for route in ROUTES if route.takes_credential], ids=str)
def test_an_id_that_is_none_is_bad_and_one_without_a_row_is_unknown(client: httpx.Client, route: Route) -> None:
    for wrong in ("x", "0", "-1", "1.5", "%00", "1e3", "None"):
        answer = ask(client, route, route.url(wrong), token("admin"))
        assert answer.status_code == 400, wrong
        assert answer.json()["error"] == "Validation failed"
        assert {fault["field"] for fault in answer.json()["details"]} == {"credentialId"}
    for unknown in (UNKNOWN, 2**31, 2**63, 10**40):
        answer = ask(client, route, route.url(unknown), token("admin"))
        assert answer.status_code == 404, unknown
        assert answer.json()["error"] == "Credential not found"


@pytest.mark.parametrize("route", [route for route in ROUTES if route.bodies], ids=str)
def test_a_wrong_body_is_reported_field_by_field(client: httpx.Client, route: Route) -> None:
    for wrong in route.bodies:
        more = {"content": b""} if wrong is None else {"json": wrong}
        answer = ask(client, route, route.url(1), token("admin"), **more)
        assert answer.status_code == 400, wrong
        assert answer.json()["error"] == "Validation failed"
        faults = answer.json()["details"]
        assert faults
        assert all(set(fault) == {"field", "message", "param", "msg"} and fault["message"] for fault in faults)
        assert all((fault["param"], fault["msg"]) == (fault["field"], fault["message"]) for fault in faults)
        if isinstance(wrong, dict) and len(wrong) == 1:
            assert {fault["field"].split(".")[0] for fault in faults} == set(wrong)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.body is not None], ids=str)
def test_a_body_that_is_no_json_is_bad(client: httpx.Client, route: Route) -> None:
    for content in (b"{", b"[" * 60_000, b"\xff\xfe", b'{"a": ' + b"9" * 5000 + b"}", b'"\\ud800"'):
        headers = {"content-type": "application/json"}
        answer = ask(client, route, route.url(1), token("admin"), content=content, headers=headers)
        assert answer.status_code == 400, content[:10]
        assert answer.json()["error"] == "Validation failed"


@pytest.mark.parametrize("route", [route for route in ROUTES if route.wrong_queries], ids=str)
def test_a_wrong_query_is_reported_field_by_field(client: httpx.Client, route: Route) -> None:
    for wrong in route.wrong_queries:
        answer = ask(client, route, route.url(1, query=wrong), token("admin"))
        assert answer.status_code == 400, wrong
        field = wrong.partition("=")[0] or "teamId"
        assert [fault["field"] for fault in answer.json()["details"]] == [field]


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.takes_credential and "coach" in route.roles], ids=str
)
def test_a_coach_is_held_to_the_organizations_of_the_token(client: httpx.Client, route: Route) -> None:
    """One credential is theirs; of another the answer does not even say whether there is one."""
    theirs = token("coach", credentials=[2, UNKNOWN])
    for foreign in (1, UNKNOWN + 1):
        answer = ask(client, route, route.url(foreign), theirs)
        assert (answer.status_code, answer.json()) == (403, {"error": "Insufficient permissions"})
    assert ask(client, route, route.url(UNKNOWN), theirs).status_code == 404
    nothing = token("coach", credentials=[])
    assert ask(client, route, route.url(2), nothing).status_code == 403


def test_an_admin_is_held_to_nothing(api: ApiServer) -> None:
    sent = token_of({"userId": 1, "role": "admin", "organizations": [2]})
    with api.client(sent) as client:
        assert client.get("/sync/history/1").status_code == 200
        assert len(client.get("/organizations").json()["organizations"]) == 2


def test_lists_show_a_coach_their_own_alone(api: ApiServer) -> None:
    with api.client(token("coach", credentials=[2, 5, 2**40, -1])) as client:
        assert [one["id"] for one in client.get("/organizations").json()["organizations"]] == [2]
        for path in ("/mappings/teams", "/mappings/players", "/mappings/competitions", "/mappings/matches"):
            assert client.get(path).status_code == 200
            assert client.get(f"{path}?credentialId=2").status_code == 200
            assert client.get(f"{path}?credentialId=1").status_code == 403
        assert client.get("/registered?teamId=1").status_code == 403
        assert client.get(f"/sync/requests/{UNKNOWN}").status_code == 403


def test_every_token_is_tried_at_routes_that_are_there() -> None:
    assert {str(route) for route in ROUTES} >= set(EVERY_TOKEN)


def test_the_table_holds_every_route_of_the_document(api: ApiServer) -> None:
    document = httpx.get(f"{api.root}/openapi.json", verify=False).json()
    documented = {
        f"{method.upper()} {path.removeprefix(PREFIX)}" for path, verbs in document["paths"].items() for method in verbs
    }
    assert documented == {str(route) for route in ROUTES} | {"GET /health"}


def test_health_and_the_document_ask_for_no_token(api: ApiServer) -> None:
    for path in ("/health", f"{PREFIX}/health", "/openapi.json", f"{PREFIX}/openapi.json", "/docs"):
        assert httpx.get(api.root + path, verify=False).status_code == 200, path
    assert httpx.get(f"{api.root}{PREFIX}/docs", follow_redirects=True, verify=False).status_code == 200


def test_other_paths_and_verbs_are_refused_in_the_same_shape(api: ApiServer) -> None:
    with api.client(token("admin")) as client:
        assert (client.get("/nothing").status_code, client.get("/nothing").json()) == (404, {"error": "Not found"})
        answer = client.patch("/credentials", json={})
        assert (answer.status_code, answer.json()) == (405, {"error": "Method not allowed"})
        assert answer.headers["allow"] == "GET, HEAD, POST"


def test_a_slash_at_the_end_is_no_other_address(api: ApiServer) -> None:
    """A redirect would lead from a proxy's https to http, and the token with it."""
    with api.client(token("admin")) as client:
        assert client.get("/credentials/").json() == client.get("/credentials").json()
        assert client.post("/credentials/", json={}).status_code == 400
        assert client.get("/credentials//").status_code == 404
        for path in ("/health/", "/docs/"):
            assert client.get(f"{api.root}{path}").status_code == 200, path


def test_a_head_is_a_get_without_its_body(api: ApiServer) -> None:
    with api.client(token("admin")) as client:
        for path in ("/health", "/credentials", f"{api.root}/health", f"{api.root}/twizzit/sign-in"):
            got, head = client.get(path), client.head(path)
            assert (head.status_code, head.content) == (got.status_code, b""), path
            assert head.headers["content-length"] == str(len(got.content)), path
        assert client.get("/credentials").status_code == 200, "the connection goes on"
    assert httpx.head(f"{api.root}{PREFIX}/credentials", verify=False).status_code == 401
