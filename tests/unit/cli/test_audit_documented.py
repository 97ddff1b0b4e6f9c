"""`docs/audit.md` says of every command and every changing route whether it is in the audit log, or why not."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest
import typer
from fastapi import APIRouter
from fastapi.routing import APIRoute
from typer.core import TyperCommand, TyperGroup

from tests.support.package_sources import MODULES, ROOT, nodes
from twizzit_pipeline.cli.app import whole
from twizzit_pipeline.http_api import routes
from twizzit_pipeline.http_api.pages import mounting
from twizzit_pipeline.storage.migrations import triggers

DOCUMENT = (ROOT.parent / "docs" / "audit.md").read_text(encoding="utf-8")
RECORDS = {"record", "_record", "record_beside", "record_if_there", "record_once"}
# Their one name means something else there: a run's outcome, a season, the counted calls.
NO_AUDIT = {"orchestration/outcomes.py", "orchestration/unstarted.py", "orchestration/resources.py", "sync/usage.py"}
NO_AUDIT |= {"orchestration/runs.py"}

pytestmark = pytest.mark.xdist_group("sources")


def commands(group: TyperGroup, *path: str) -> Iterator[str]:
    """Every command of the program."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, *path, name)
        else:
            assert isinstance(command, TyperCommand)
            yield " ".join(("twizzit", *path, name))


def all_commands() -> list[str]:
    group = typer.main.get_command(whole())
    assert isinstance(group, TyperGroup)
    return list(commands(group))


def changing_routes() -> list[str]:
    """Every route whose verb is none of reading, found in the modules of the routes themselves."""
    found = []
    for module in pkgutil.iter_modules(routes.__path__, f"{routes.__name__}."):
        router = getattr(importlib.import_module(module.name), "router", None)
        for route in router.routes if isinstance(router, APIRouter) else ():
            assert isinstance(route, APIRoute)
            assert route.methods is not None
            found += [f"{verb} {route.path}" for verb in sorted(route.methods - {"GET", "HEAD", "OPTIONS"})]
    return found


def forms() -> list[str]:
    """Every form of the pages."""
    found = [route for router in mounting.ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    return [f"POST {route.path}" for route in found if "POST" in (route.methods or ())]


def table(heading: str) -> dict[str, tuple[set[str], str]]:
    """What a table says of each thing: the actions of its rows, and the reason or what they hold."""
    part = DOCUMENT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]+`) \| ([^|]+) \| ([^|]*) ?\|$", part, flags=re.MULTILINE)
    assert len({name for name, *_ in rows}) == len(rows)
    return {name.strip("`"): (set(re.findall(r"`(\w+)`", said)), why.strip()) for name, said, why in rows}


def recorded() -> set[str]:
    """Every action that the program records, as its source names them."""
    found: set[str] = set()
    for path in MODULES:
        if path.relative_to(ROOT).as_posix() in NO_AUDIT:
            continue
        for node in nodes(path.read_text(encoding="utf-8")):
            if isinstance(node, ast.Call) and _called(node) in RECORDS:
                given = [word.value for word in node.keywords if word.arg == "action"] or node.args[2:3]
                found |= {text for one in given for text in _texts(one)}
    return found


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from _texts(one)
            yield from _texts(other)


@pytest.mark.parametrize(
    ("heading", "there"),
    [("Commands", all_commands()), ("Routes", changing_routes()), ("Pages", forms())],
    ids=["commands", "routes", "pages"],
)
def test_each_is_audited_or_says_why_not(heading: str, there: list[str]) -> None:
    listed = table(heading)
    assert sorted(listed) == sorted(there)
    assert len(there) >= 6
    assert [name for name, (actions, why) in listed.items() if not actions and not why] == []


def test_every_action_is_documented_and_none_is_invented() -> None:
    documented = {
        action
        for heading in ("Commands", "Routes", "Pages")
        for actions, _ in table(heading).values()
        for action in actions
    }
    assert documented == recorded()
    elsewhere = set(re.findall(r"`(\w+_elsewhere)`", DOCUMENT))
    assert elsewhere == set(re.findall(r"'(\w+_elsewhere)'", triggers._AUDIT_CREDENTIALS))
