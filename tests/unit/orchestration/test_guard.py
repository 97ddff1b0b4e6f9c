"""What gets through to Dagster's UI: requests of its own pages, and of programs that are no browser."""

import asyncio
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.orchestration.instance.guard import Guard
from twizzit_pipeline.settings import load_settings

PROXIED = "https://dagster.example.org"
HERE = "http://127.0.0.1:3000"
JSON = {"Content-Type": "application/json"}
MUTATION = "/graphql?query=mutation{launchPartitionBackfill(backfillParams:{}){__typename}}"

GETS_THROUGH = {
    "a page": ("GET", "/runs", {}),
    "a page, followed from a mail": (
        "GET",
        "/runs",
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    ),
    "a script of the page": ("GET", "/static/js/main.js", {"Sec-Fetch-Site": "same-origin"}),
    "a question": ("POST", "/graphql", {**JSON, "Origin": HERE, "Sec-Fetch-Site": "same-origin"}),
    "a question with a charset": ("POST", "/graphql", {"Content-Type": "Application/JSON; charset=utf-8"}),
    "a program": ("POST", "/graphql", JSON),
    "by the other name": ("POST", "/graphql", {**JSON, "Host": "localhost:3000", "Origin": "http://localhost:3000"}),
    "by IPv6": ("POST", "/graphql", {**JSON, "Host": "[::1]:3000", "Origin": "http://[::1]:3000"}),
    "through ssh -L": ("POST", "/graphql", {**JSON, "Host": "127.0.0.1:9", "Origin": "http://127.0.0.1:9"}),
    "through the proxy": ("POST", "/graphql", {**JSON, "Host": "dagster.example.org", "Origin": PROXIED}),
    "by the name that it listens on": ("GET", "/", {"Host": "box.local:3000"}),
}
REFUSED = {
    "a picture": ("GET", MUTATION, {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "image"}, 403),
    "a picture in an old browser": ("GET", MUTATION, {}, 405),
    "a picture asked for with its origin": ("GET", MUTATION, {"Origin": "http://127.0.0.1:9999"}, 403),
    "a link": (
        "GET",
        MUTATION,
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
        405,
    ),
    "a frame": (
        "GET",
        "/runs",
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        403,
    ),
    "with a slash": ("GET", "/graphql/?query={version}", {}, 405),
    "with a prefix": ("GET", "/dagster/graphql?query={version}", {}, 405),
    "spelled otherwise": ("GET", "/%67raphql?query={version}", {}, 405),
    "by its head": ("HEAD", MUTATION, {}, 405),
    "another local page": ("POST", "/graphql", {**JSON, "Origin": "http://127.0.0.1:9999"}, 403),
    "another page": ("POST", "/graphql", {**JSON, "Origin": "https://evil.example"}, 403),
    "a page from a file": ("POST", "/graphql", {**JSON, "Origin": "null"}, 403),
    "a page that is called nearly so": ("POST", "/graphql", {**JSON, "Origin": f"{HERE}.evil.example"}, 403),
    "a page with a name before it": ("POST", "/graphql", {**JSON, "Origin": "http://127.0.0.1:3000@evil.example"}, 403),
    "the proxy's name without TLS": ("POST", "/graphql", {**JSON, "Origin": "http://dagster.example.org"}, 403),
    "a form": ("POST", MUTATION, {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    "a form without a type": ("POST", MUTATION, {}, 415),
    "a form with the type's name in it": (
        "POST",
        "/graphql",
        {"Content-Type": "text/plain; x=application/json"},
        415,
    ),
    "GraphQL as such": ("POST", "/graphql", {"Content-Type": "application/graphql"}, 415),
    "an event of a form": ("POST", "/report_asset_materialization/twizzit_teams", {}, 415),
    "asked beforehand": ("OPTIONS", "/graphql", {"Origin": "https://evil.example"}, 403),
    "another method": ("DELETE", "/graphql", JSON, 405),
    "a name that points here": ("POST", "/graphql", {**JSON, "Host": "evil.example:3000"}, 421),
    "a name that points here, and its own page": (
        "POST",
        "/graphql",
        {**JSON, "Host": "evil.example:3000", "Origin": "http://evil.example:3000"},
        421,
    ),
    "a page of such a name": ("GET", "/", {"Host": "evil.example"}, 421),
    "no name": ("GET", "/", {"Host": ""}, 421),
}


class Unguarded:
    """Dagster as it is: it accepts every request, and counts them."""

    def __init__(self) -> None:
        self.obeyed = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.obeyed += 1
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})


def _guarded() -> tuple[Unguarded, Guard]:
    behind = Unguarded()
    return behind, Guard(behind, host="box.local", origins=[PROXIED])


def _asked(guard: Guard, method: str, path: str, headers: Any) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url=HERE) as client:
            request = client.build_request(method, path, headers=headers)
            return await client.send(request)

    return asyncio.run(ask())


@pytest.mark.parametrize(("method", "path", "headers"), GETS_THROUGH.values(), ids=GETS_THROUGH)
def test_its_own_pages_get_through(method: str, path: str, headers: dict[str, str]) -> None:
    behind, guard = _guarded()
    answer = _asked(guard, method, path, headers)
    assert (answer.status_code, answer.text, behind.obeyed) == (200, "done", 1)
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(("method", "path", "headers", "status"), REFUSED.values(), ids=REFUSED)
def test_others_are_refused_before_they_reach_dagster(
    method: str, path: str, headers: dict[str, str], status: int
) -> None:
    behind, guard = _guarded()
    assert _asked(guard, method, path, headers).status_code == status
    assert behind.obeyed == 0


def test_two_of_a_header_are_refused() -> None:
    behind, guard = _guarded()
    doubled = [[("Host", "127.0.0.1:3000"), ("Host", "evil.example")]]
    doubled += [[("Origin", HERE), ("Origin", "https://evil.example")], [*JSON.items(), ("Content-Type", "text/plain")]]
    for headers in doubled:
        assert _asked(guard, "POST", "/graphql", headers).is_client_error
    assert behind.obeyed == 0


def _connected(guard: Guard, **headers: str) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    given = [(name.encode(), value.encode()) for name, value in {"host": "127.0.0.1:3000", **headers}.items()]
    asyncio.run(guard({"type": "websocket", "path": "/graphql", "headers": given}, receive, send))
    return sent


def test_a_websocket_is_for_its_own_pages_too() -> None:
    behind, guard = _guarded()
    assert _connected(guard, origin=HERE)[0]["type"] == "websocket.accept"
    assert _connected(guard)[0]["type"] == "websocket.accept"
    assert behind.obeyed == 2
    for headers in ({"origin": "http://127.0.0.1:9999"}, {"origin": "null"}, {"host": "evil.example:3000"}):
        assert [one["type"] for one in _connected(guard, **headers)] == ["websocket.close"]
    assert behind.obeyed == 2


def test_the_origins_of_the_ui_are_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIZZIT_UI_ORIGINS", f"{PROXIED}, https://other.example:8443")
    assert load_settings(_env_file=None).own_ui_origins == (PROXIED, "https://other.example:8443")
    monkeypatch.setenv("TWIZZIT_UI_ORIGINS", "dagster.example.org")
    with pytest.raises(SettingsError, match="TWIZZIT_UI_ORIGINS"):
        load_settings(_env_file=None)
