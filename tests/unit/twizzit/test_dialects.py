"""The list of dialects: each line is whole, and nothing outside of the dialects' own folders names one."""

import ast
import inspect
import pkgutil
from typing import TypeGuard

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import String

from tests.support.package_sources import MODULES, ROOT, nodes
from twizzit_pipeline.errors import EndpointRefused
from twizzit_pipeline.storage.tables import opponents, team_mappings
from twizzit_pipeline.twizzit import dialects, endpoint
from twizzit_pipeline.twizzit.client import TwizzitClient
from twizzit_pipeline.twizzit.dialects import DIALECTS, LIVE_ENDPOINT, Dialect
from twizzit_pipeline.twizzit.endpoint import parse_endpoint
from twizzit_pipeline.twizzit.source import Source

QUESTIONS = {name for name, _ in inspect.getmembers(Source, inspect.isfunction) if not name.startswith("_")}

pytestmark = pytest.mark.xdist_group("sources")


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda one: one.name)
def test_a_dialect_answers_every_question_of_a_scan_itself(dialect: Dialect) -> None:
    source = pkgutil.resolve_name(dialect.answered_by)
    assert Source in source.__mro__
    assert len(QUESTIONS) == 13
    assert QUESTIONS - set(vars(source)) == set()


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda one: one.name)
def test_the_columns_hold_the_name_of_a_dialect(dialect: Dialect) -> None:
    for table in (team_mappings, opponents):
        column = table.c.twizzit_dialect.type
        assert isinstance(column, String)
        assert len(dialect.name) <= (column.length or 0)


def test_no_two_dialects_have_a_name_or_a_path_in_common() -> None:
    assert {name: one.name for name, one in DIALECTS.items()} == {name: name for name in DIALECTS}
    assert len({one.path for one in DIALECTS.values()}) == len(DIALECTS)


def test_the_live_service_speaks_what_a_bare_host_does() -> None:
    assert LIVE_ENDPOINT == "https://app.twizzit.com/v2/api"
    assert parse_endpoint(LIVE_ENDPOINT) == parse_endpoint("https://app.twizzit.com")


def test_a_further_dialect_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint, the messages and the client know it from that line; the longer of two paths that fit decides."""
    further = Dialect("further", "/new/v1", DIALECTS["v1"].answered_by)
    for module in (dialects, endpoint):
        monkeypatch.setattr(module, "DIALECTS", {**DIALECTS, "further": further})

    assert parse_endpoint("https://twizzit.example/new/v1/").dialect == "further"
    assert parse_endpoint("https://twizzit.example/old/v1").dialect == "v1"
    with pytest.raises(EndpointRefused, match=r"must end in .* or /new/v1, or be the host alone"):
        parse_endpoint("https://twizzit.example/v4")
    with TwizzitClient(
        endpoint="https://twizzit.example/new/v1",
        username="api",
        password=SecretStr("p"),
        organization_name="KC Duinen",
        transport=httpx.MockTransport(lambda _: httpx.Response(500)),
    ) as client:
        assert client.dialect == "further"
        assert client.source.organization().name == "KC Duinen"


def test_nothing_else_asks_which_dialect_it_is() -> None:
    own = (*(f"twizzit/{name}/" for name in DIALECTS), "simulator/", "storage/migrations/", "credentials/mac.py")
    found: dict[str, list[int]] = {}
    for path in MODULES:
        inside = path.relative_to(ROOT).as_posix()
        if not inside.startswith((*own, "twizzit/dialects.py")):
            named = [node.lineno for node in nodes(path.read_text()) if isinstance(node, ast.expr) and _is_a_name(node)]
            found |= {inside: named} if named else {}
    assert found == {}


def _is_a_name(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and node.value in DIALECTS
