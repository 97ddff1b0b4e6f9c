"""Who may do what stands in one table: the routes, and the documentation, have what it says, no more and no less."""

import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from twizzit_pipeline.http_api.access_table import ACCESS, OPEN, ROLES
from twizzit_pipeline.http_api.app import ROUTERS
from twizzit_pipeline.http_api.auth import GuardedRoute, guarded_router

DOCUMENTED = Path(__file__).parents[3] / "docs/http-api.md"
_HEADING = re.compile(r"^### `([A-Z]+ /[^`?]*)[^`]*` \(([^)]*)\)$", re.MULTILINE)
_PARAMETER = re.compile(r"\{\w+\}|:\w+")


def routes() -> dict[str, APIRoute]:
    found = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    assert len(found) == sum(len(router.routes) for router in ROUTERS), "a route of another kind"
    named = {f"{' '.join(route.methods or ())} {route.path}": route for route in found}
    assert len(named) == len(found), "two routes with one path"
    return named


def test_every_route_has_a_line_and_every_line_a_route() -> None:
    guarded = {name for name, route in routes().items() if isinstance(route, GuardedRoute)}
    assert guarded == set(ACCESS)
    assert set(routes()) - guarded == OPEN


def test_a_route_without_a_line_cannot_be_made() -> None:
    router = guarded_router("Operations")
    with pytest.raises(KeyError, match="GET /forgotten"):
        router.get("/forgotten")(lambda: None)


def test_the_document_says_which_roles_each_route_lets_in() -> None:
    documented = {
        _PARAMETER.sub(":", name): frozenset(said.split(", "))
        for name, said in _HEADING.findall(DOCUMENTED.read_text())
    }
    table = {_PARAMETER.sub(":", name): frozenset[str](roles) for name, roles in ACCESS.items()}
    assert documented == table | dict.fromkeys(OPEN, frozenset({"no token"}))


def test_a_line_lets_administrators_in_and_users_never() -> None:
    assert all("admin" in roles and "user" not in roles and roles <= set(ROLES) for roles in ACCESS.values())
