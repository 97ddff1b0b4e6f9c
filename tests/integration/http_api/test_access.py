"""Who may call what: every route of the guide and of this project, against every role and every fault of a token.

Against a real server and the real database. What the routes do for those who may is in the other `test_api_*`.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from tests.conftest import ENCRYPTION_KEY, settings_with
from tests.support.api_server import PREFIX, ApiServer, token, token_of
from twizzit_pipeline.credentials import store
from twizzit_pipeline.storage.engine import open_database

ADMIN, COACH, MONITOR = ("admin",), ("admin", "coach"), ("admin", "monitor")
UNKNOWN = 999_999


@dataclass(frozen=True)
class Route:
    """A row of the API Reference. `bodies`: wrong ones; `body`: one that is right; `query`: what it cannot do without.

    `wrong_queries`: queries that must be refused.
    """

    method: str
    path: str
    roles: tuple[str, ...]
    body: dict[str, Any] | None = None
    bodies: tuple[Any, ...] = ()
    query: str = ""
    wrong_queries: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def takes_credential(self) -> bool:
        return "{credentialId}" in self.path

    def url(self, credential: object = UNKNOWN, query: str | None = None) -> str:
        filled = self.path.replace("{credentialId}", str(credential))
        filled = filled.replace("{syncId}", str(UNKNOWN)).replace("{requestId}", str(UNKNOWN))
        filled = filled.replace("{userId}", "12")
        asked = self.query if query is None else query
        return filled + (f"?{asked}" if asked else "")


CREDENTIAL = {
    "organizationName": "My Korfball Club",
    "apiUsername": "api-user",
    "apiPassword": "secure-password",
    "apiEndpoint": "https://api.twizzit.com/v1",
}
_SYNC_BODIES: tuple[Any, ...] = (
    [],
    "all",
    {"seasonId": True},
    {"groupId": {}},
    {"groupId": -1},
    {"groupId": ""},
    {"createMissing": 1},
)
_PAGES = ("limit=0", "limit=x", "limit=1001", "offset=-1", "offset=99999999999999999999")

# The guide's API Reference, row by row.
GUIDE = [
    Route(
        "POST",
        "/credentials",
        ADMIN,
        CREDENTIAL,
        (
            None,
            [],
            "text",
            *({key: value for key, value in CREDENTIAL.items() if key != left} for left in list(CREDENTIAL)[:3]),
            {**CREDENTIAL, "organizationName": "  "},
            {**CREDENTIAL, "organizationName": "x" * 256},
            {**CREDENTIAL, "organizationName": "nul\0"},
            {**CREDENTIAL, "apiUsername": 5},
            {**CREDENTIAL, "apiPassword": ""},
            {**CREDENTIAL, "apiPassword": "two\nlines"},
            {**CREDENTIAL, "apiPassword": ["a"]},
            {**CREDENTIAL, "apiEndpoint": "not a url"},
            {**CREDENTIAL, "apiEndpoint": "ftp://api.twizzit.com/v1"},
        ),
    ),
    Route("GET", "/credentials", ADMIN),
    Route("DELETE", "/credentials/{credentialId}", ADMIN),
    Route("POST", "/verify/{credentialId}", COACH),
    Route(
        "POST",
        "/sync/teams/{credentialId}",
        COACH,
        {"includePlayers": True},
        (*_SYNC_BODIES, {"includePlayers": "yes"}),
        wrong_queries=("wait=-1", "wait=601", "wait=nan", "queue=maybe"),
    ),
    Route("POST", "/sync/players/{credentialId}", COACH, {}, _SYNC_BODIES, wrong_queries=("wait=long",)),
    Route("GET", "/sync/config/{credentialId}", COACH),
    Route(
        "PUT",
        "/sync/config/{credentialId}",
        ADMIN,
        {"syncTeams": True},
        (
            None,
            [],
            {"syncTeams": "yes"},
            {"syncPlayers": 1},
            {"autoSyncEnabled": "on"},
            {"syncIntervalMinutes": 4},
            {"syncIntervalMinutes": 525_601},
            {"syncIntervalMinutes": 5.5},
            {"syncIntervalMinutes": "60"},
            {"syncIntervalMinutes": 10**30},
            {"syncIntervalHours": 0.01},
            {"syncIntervalDays": 366},
            {"syncIntervalUnit": "weeks"},
            {"matchEventType": ""},
            {"matchEventType": "x" * 101},
            {"matchEventType": ["Match"]},
            {"matchEventType": True},
            {"functions": []},
            {"functions": {"Trainer": "match"}},
            {"functions": {"": "player"}},
            {"functions": {"x" * 101: "player"}},
            {"functions": {f"word {number}": "player" for number in range(101)}},
            {"functions": {"Trainer": "player", "trainer": "other"}},
            {"eventTypes": {"Training": True}},
            {"groupTypes": {"Kern": "match"}},
            {"statuses": {"WO": "other"}},
        ),
    ),
    Route(
        "GET",
        "/sync/history/{credentialId}",
        COACH,
        query="limit=50&offset=0",
        wrong_queries=("limit=101", *_PAGES),
    ),
    Route("GET", "/mappings/teams", COACH, wrong_queries=("credentialId=x", "credentialId=0", *_PAGES)),
    Route(
        "GET",
        "/mappings/players",
        COACH,
        query="teamId=1",
        wrong_queries=("teamId=x", "teamId=0", "teamId=99999999999", *_PAGES),
    ),
]

_MATCH_QUERIES = ("competitionId=0", "competitionId=99999999999", "teamId=x", "credentialId=0", *_PAGES)

# What ShotSpot's front end also calls, and what this project adds.
MORE = [
    Route(
        "POST",
        "/credentials/{credentialId}/accept",
        ADMIN,
        {"apiUsername": "u", "apiEndpoint": "https://app.twizzit.com"},
        (None, [], {}, {"apiUsername": 5, "apiEndpoint": "https://app.twizzit.com"}),
    ),
    Route("GET", "/credentials/{credentialId}/club", ADMIN),
    Route(
        "PUT",
        "/credentials/{credentialId}/club",
        ADMIN,
        {"clubId": 1},
        (None, [], {}, {"clubId": "1"}, {"clubId": 0}, {"clubId": 2**31}, {"clubId": True}),
    ),
    Route("GET", "/credentials/{credentialId}/clubs", ADMIN),
    Route(
        "PUT",
        "/credentials/{credentialId}/endpoint",
        ADMIN,
        {"sameOrganization": True},
        ([], "text", {"apiEndpoint": 5}, {"sameOrganization": "yes"}, {"apiEndpoint": "not a url"}),
    ),
    Route("GET", "/organizations", COACH),
    Route("GET", "/organization/{credentialId}", COACH),
    Route("GET", "/groups/{credentialId}", COACH, wrong_queries=(f"seasonId={'x' * 101}", "groupType=%00")),
    Route("GET", "/seasons/{credentialId}", COACH, wrong_queries=("organizationId=%00",)),
    Route(
        "POST",
        "/sync/preview/players/{credentialId}",
        COACH,
        {"groupId": "1"},
        (None, {}, {"groupId": None}, {"groupId": ""}, {"groupId": "1", "seasonId": []}),
    ),
    Route("POST", "/sync/clubs/{credentialId}", COACH, {}, _SYNC_BODIES),
    Route(
        "POST",
        "/sync/competitions/{credentialId}",
        COACH,
        {"seasonId": None, "createMissing": True},
        ([], {"seasonId": True}, {"groupId": 5}, {"groupId": ""}, {"createMissing": False}, {"createMissing": 1}),
        wrong_queries=("wait=-1", "queue=maybe"),
    ),
    Route("GET", "/mappings/competitions", COACH, wrong_queries=("credentialId=x", *_PAGES)),
    Route("GET", "/mappings/matches", COACH, query="teamId=1", wrong_queries=_MATCH_QUERIES),
    Route("GET", "/sync/requests", COACH, wrong_queries=("credentialId=0", "over=perhaps", "limit=101", *_PAGES)),
    Route("GET", "/sync/requests/{requestId}", COACH),
    Route("DELETE", "/sync/requests/{requestId}", COACH),
    Route("GET", "/coaches", ADMIN),
    Route("GET", "/coaches/{userId}", ADMIN),
    Route(
        "PUT",
        "/coaches/{userId}",
        ADMIN,
        {"credentials": [UNKNOWN]},
        (
            None,
            [],
            {},
            {"credentials": None},
            {"credentials": 1},
            {"credentials": ["1"]},
            {"credentials": [0]},
            {"credentials": [True]},
            {"credentials": [2**31]},
        ),
    ),
    Route("DELETE", "/coaches/{userId}", ADMIN),
    Route("GET", "/sync/history/{credentialId}/{syncId}", COACH),
    Route("GET", "/registered", COACH, query=f"teamId={UNKNOWN}", wrong_queries=("", "teamId=x", "teamId=0")),
    Route("GET", "/audit", ADMIN, wrong_queries=("limit=101", *_PAGES)),
    Route("GET", "/metrics", MONITOR),
]
ROUTES = [*GUIDE, *MORE]

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
    "user of another kind": lambda: token_of({"userId": {"id": 7}, "role": "admin"}),
    "organizations that cannot be read": lambda: token_of({"userId": 7, "role": "coach", "organizations": "1"}),
    "organizations null": lambda: token_of({"userId": 7, "role": "coach", "organizations": None}),
}


@pytest.fixture(scope="module")
def api(
    new_database: Callable[[], AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiServer]:
    """One server over one database for the whole module: nothing here that is let in changes anything."""
    with new_database() as url:
        settings = settings_with(
            url,
            tmp_path_factory.mktemp("api"),
            allow_private_endpoints=False,
            api_verifications_per_minute=10_000,
            api_live_per_minute=10_000,
        )
        with open_database(settings) as database:
            for name in ("One", "Two"):
                store.add(
                    database.engine,
                    SecretStr(ENCRYPTION_KEY),
                    organization_name=name,
                    api_username="u",
                    password=SecretStr("p"),
                )
            with ApiServer(settings, database) as server:
                yield server


def ask(api: ApiServer, route: Route, url: str, sent: str | None, **more: Any) -> httpx.Response:
    with api.client(sent) as client:
        if "content" not in more and "json" not in more and route.body is not None:
            more["json"] = route.body
        return client.request(route.method, url, **more)


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_nobody_gets_in_without_a_right_token(api: ApiServer, route: Route) -> None:
    for name, make in NO_TOKENS.items():
        answer = ask(api, route, route.url(), make())
        assert answer.status_code == 401, name
        assert set(answer.json()) == {"error", "message"}, name
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_a_stranger_hears_401_before_anything_else(api: ApiServer, route: Route) -> None:
    rubbish = {"content": b"{[", "headers": {"content-type": "application/json"}}
    assert ask(api, route, route.url("x", query="limit=x"), None, **rubbish).status_code == 401
    assert ask(api, route, route.url("x", query="limit=x"), token("user"), **rubbish).status_code == 403


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_each_role_gets_in_where_the_reference_says(api: ApiServer, route: Route) -> None:
    """Whoever is let in hears that there is no such thing, or gets a list: nothing is changed."""
    for role in ("admin", "coach", "user", "monitor", "superuser"):
        for spelled in (role, role.upper(), role.capitalize()):
            sent = token_of({"userId": 7, "username": "somebody", "role": spelled})
            rubbish: dict[str, Any] = {"json": []} if str(route) == "POST /credentials" else {}
            answer = ask(api, route, route.url(), sent, **rubbish)
            if role not in route.roles:
                assert answer.status_code == 403, spelled
                assert answer.json() == {"error": "Insufficient permissions"}
            elif str(route) in ("GET /coaches/{userId}", "DELETE /coaches/{userId}"):
                assert (answer.status_code, answer.json()["limited"]) == (200, False), spelled
            elif "{" in route.path or route.path == "/registered":
                assert answer.status_code == 404, spelled
            else:
                assert answer.status_code == (400 if rubbish else 200), spelled


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_whoever_must_change_their_password_may_do_nothing_else(api: ApiServer, route: Route) -> None:
    sent = token_of({"userId": 7, "role": "admin", "passwordMustChange": True})
    answer = ask(api, route, route.url(), sent)
    assert (answer.status_code, answer.json()["error"]) == (403, "Password change required")


def test_whoever_has_changed_it_gets_in(api: ApiServer) -> None:
    for claim in (False, None, 0):
        sent = token_of({"userId": 7, "role": "admin", "passwordMustChange": claim})
        assert httpx.get(f"{api.url}/credentials", headers={"Authorization": f"Bearer {sent}"}).status_code == 200


def test_a_token_from_the_future_is_taken_as_shotspot_takes_it_and_the_clocks_are_named(
    api: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    for ahead in (3, 90, 86_400):
        sent = token_of({"userId": 7, "role": "admin", "iat": int(time.time()) + ahead, "exp": time.time() + 90_000})
        caplog.clear()
        with caplog.at_level("WARNING", logger="twizzit_pipeline"):
            answer = httpx.get(f"{api.url}/credentials", headers={"Authorization": f"Bearer {sent}"})
        assert answer.status_code == 200
        assert ("clocks differ" in caplog.text) is (ahead > 5)


def test_a_token_that_is_over_names_the_time_by_this_clock(api: ApiServer) -> None:
    for claims in ({"exp": int(time.time()) - 60}, {"nbf": int(time.time()) + 600}):
        sent = token_of({"userId": 7, "role": "admin", **claims})
        answer = httpx.get(f"{api.url}/credentials", headers={"Authorization": f"Bearer {sent}"})
        assert answer.status_code == 401
        assert f"{datetime.now(UTC):%Y-%m-%d}" in answer.json()["message"]
        assert "clock" in answer.json()["message"]


def test_the_scheme_of_the_header_may_be_spelled_as_one_likes(api: ApiServer) -> None:
    for spelled, status in (("bearer", 200), ("BEARER", 200), ("Basic", 401), ("Token", 401)):
        answer = httpx.get(f"{api.url}/credentials", headers={"Authorization": f"{spelled} {token('admin')}"})
        assert answer.status_code == status


@pytest.mark.parametrize("route", [route for route in ROUTES if route.takes_credential], ids=str)
def test_an_id_that_is_none_is_bad_and_one_of_nobody_is_unknown(api: ApiServer, route: Route) -> None:
    for wrong in ("x", "0", "-1", "1.5", "%00", "1e3", "None"):
        answer = ask(api, route, route.url(wrong), token("admin"))
        assert answer.status_code == 400, wrong
        assert answer.json()["error"] == "Validation failed"
        assert {fault["field"] for fault in answer.json()["details"]} == {"credentialId"}
    for nobody in (UNKNOWN, 2**31, 2**63, 10**40):
        answer = ask(api, route, route.url(nobody), token("admin"))
        assert answer.status_code == 404, nobody
        assert answer.json()["error"] == "Credential not found"


@pytest.mark.parametrize("route", [route for route in ROUTES if route.bodies], ids=str)
def test_a_wrong_body_is_told_field_by_field(api: ApiServer, route: Route) -> None:
    for wrong in route.bodies:
        more = {"content": b""} if wrong is None else {"json": wrong}
        answer = ask(api, route, route.url(1), token("admin"), **more)
        assert answer.status_code == 400, wrong
        assert answer.json()["error"] == "Validation failed"
        faults = answer.json()["details"]
        assert faults
        assert all(set(fault) == {"field", "message", "param", "msg"} and fault["message"] for fault in faults)
        assert all((fault["param"], fault["msg"]) == (fault["field"], fault["message"]) for fault in faults)
        if isinstance(wrong, dict) and len(wrong) == 1:
            assert {fault["field"].split(".")[0] for fault in faults} == set(wrong)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.body is not None], ids=str)
def test_a_body_that_is_no_json_is_bad(api: ApiServer, route: Route) -> None:
    for content in (b"{", b"[" * 60_000, b"\xff\xfe", b'{"a": ' + b"9" * 5000 + b"}", b'"\\ud800"'):
        headers = {"content-type": "application/json"}
        answer = ask(api, route, route.url(1), token("admin"), content=content, headers=headers)
        assert answer.status_code == 400, content[:10]
        assert answer.json()["error"] == "Validation failed"


@pytest.mark.parametrize("route", [route for route in ROUTES if route.wrong_queries], ids=str)
def test_a_wrong_query_is_told_field_by_field(api: ApiServer, route: Route) -> None:
    for wrong in route.wrong_queries:
        answer = ask(api, route, route.url(1, query=wrong), token("admin"))
        assert answer.status_code == 400, wrong
        field = wrong.partition("=")[0] or "teamId"
        assert [fault["field"] for fault in answer.json()["details"]] == [field]


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.takes_credential and "coach" in route.roles], ids=str
)
def test_a_coach_is_held_to_the_organizations_of_the_token(api: ApiServer, route: Route) -> None:
    """One credential is theirs; of another they do not even learn whether there is one."""
    theirs = token("coach", credentials=[2, UNKNOWN])
    for foreign in (1, UNKNOWN + 1):
        answer = ask(api, route, route.url(foreign), theirs)
        assert (answer.status_code, answer.json()) == (403, {"error": "Insufficient permissions"})
    assert ask(api, route, route.url(UNKNOWN), theirs).status_code == 404
    nothing = token("coach", credentials=[])
    assert ask(api, route, route.url(2), nothing).status_code == 403


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
        assert answer.headers["allow"] == "GET, POST"
        assert client.get("/credentials/").status_code in (307, 404)
