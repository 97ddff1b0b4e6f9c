"""Reads a simulator as plainly as can be: every page in turn, nothing between the test and the wire."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from twizzit_pipeline.simulator import Organization, SimulatorServer

Row = dict[str, Any]


def log_in(client: httpx.Client, organization: Organization) -> httpx.Response:
    """Logs in; the client sends the token from then on."""
    account = organization.account
    answer = client.post("/authenticate", data={"username": account.username, "password": account.password})
    client.headers["Authorization"] = f"Bearer {answer.json().get('token')}"
    return answer


@contextmanager
def session(server: SimulatorServer, place: int = 0, *, endpoint: str | None = None) -> Iterator[httpx.Client]:
    """A client that is logged in with the account of the organization at that place, on v2 unless another is named."""
    with httpx.Client(base_url=endpoint or server.v2_endpoint, verify=False) as client:
        log_in(client, server.world.organizations[place])
        yield client


def scope(server: SimulatorServer, place: int = 0, **more: object) -> dict[str, Any]:
    """The parameters of a v2 call for that organization; ``group_ids__`` stands for ``group-ids[]``."""
    named = {name.replace("__", "[]").replace("_", "-"): value for name, value in more.items()}
    return {"organization-ids[]": server.world.organizations[place].id, **named}


def all_rows(client: httpx.Client, path: str, parameters: dict[str, Any], size: int = 100) -> list[Row]:
    """All rows of a paged v2 endpoint."""
    rows: list[Row] = []
    while True:
        page = client.get(path, params={**parameters, "limit": size, "offset": len(rows)}).json()
        rows += page
        if len(page) < size:
            return rows


def all_pages(client: httpx.Client, path: str, name: str) -> list[Row]:
    """All rows of a v1 list, by `hasMore`."""
    rows: list[Row] = []
    number = 0
    more = True
    while more:
        number += 1
        page = client.get(path, params={"page": number, "limit": 100}).json()
        rows += page[name]
        more = page["hasMore"]
    return rows
