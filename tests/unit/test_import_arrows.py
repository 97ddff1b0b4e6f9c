"""Who may import whom: the arrows of the design, held by reading every module's imports.

Imports count wherever they stand: inside functions, under TYPE_CHECKING, by name through importlib, and as a text
``module:name`` that `pkgutil.resolve_name` is to load.
"""

import ast
import re
from collections.abc import Collection, Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.package_sources import MODULES, ROOT, nodes

PACKAGE = "twizzit_pipeline"

pytestmark = pytest.mark.xdist_group("sources")

_DATABASE = {"storage", "storage.tables"}
_RECORDS = {"twizzit.people", "twizzit.records"}
# A dialect is a folder of its own, which imports none of the others.
DIALECT_FOLDERS = sorted(f"twizzit.{path.parent.name}" for path in ROOT.glob("twizzit/*/__init__.py"))

# For each folder what its modules may import besides their own folder: folders (without those inside them), or single
# modules where no more is meant.
ARROWS: dict[str, set[str]] = {
    "errors": set(),
    "entities": set(),
    "settings": set(),
    "logs": set(),
    "garbage": set(),
    "policies": set(),
    "words": set(),
    "twizzit": {"words", *DIALECT_FOLDERS},
    **{folder: {"words", "twizzit"} for folder in DIALECT_FOLDERS},
    "simulator": set(),
    "contracts": {"contracts.rules"},
    "contracts.rules": set(),
    "transform": {"contracts", *_RECORDS, "words"},
    "plan": {"transform", "words"},
    "storage": {"storage.embedded", "storage.tables", "storage.migrations"},
    "storage.embedded": set(),
    "storage.tables": set(),
    "storage.migrations": {"storage.tables"},
    "storage.migrations.versions": {"storage.migrations"},
    "credentials": {"storage", "storage.tables"},
    "runs": {"plan", "contracts.rules", "contracts.counts", "words", "twizzit", "credentials", *_DATABASE},
    "scheduling": {"runs", "plan", "words", "twizzit.endpoint", "credentials", *_DATABASE},
    "accounts": {
        "scheduling",
        "runs",
        "transform",
        "contracts",
        "contracts.rules",
        "words",
        "twizzit",
        "credentials",
        *_DATABASE,
    },
    "sync": {"sync.state", "accounts", "scheduling", "runs", "plan", "contracts", "twizzit", "credentials", *_DATABASE},
    "sync.state": {"scheduling.policies", "runs", "plan", *_DATABASE},
    "sync.entities": {
        "sync",
        "sync.state",
        "runs",
        "plan",
        "transform",
        "contracts",
        "contracts.rules",
        *_RECORDS,
        *_DATABASE,
    },
    "sync.preview": {
        "sync",
        "sync.entities",
        "accounts",
        "scheduling",
        "runs",
        "plan",
        "twizzit",
        "credentials",
        *_DATABASE,
    },
    "decisions": {
        "sync",
        "sync.state",
        "sync.entities",
        "runs",
        "plan",
        "contracts.rules",
        "words",
        "credentials",
        *_DATABASE,
    },
    "undo": {"sync.rewrites", "runs", "credentials", *_DATABASE},
    "quality": {"sync", "scheduling", "runs", "plan", "transform", "contracts.rules", "words", *_DATABASE},
    "queries": {"accounts", "scheduling", "runs", "transform", "words", "credentials", *_DATABASE},
    "notifications": {"queries", "scheduling", "runs", "credentials", *_DATABASE},
    "orchestration": {
        "orchestration.assets",
        "orchestration.instance",
        "orchestration.run",
        "sync",
        "sync.preview",
        "accounts",
        "scheduling",
        "runs",
        "plan",
        "credentials",
        *_DATABASE,
    },
    "orchestration.assets": {
        "orchestration",
        "orchestration.checks",
        "orchestration.run",
        "sync",
        "sync.entities",
        "sync.preview",
        "quality",
        "scheduling",
        *_DATABASE,
    },
    "orchestration.checks": {"orchestration.partitions", "sync.reports", "quality", "plan", "contracts.rules"},
    "orchestration.run": {
        "orchestration.dagster_private",
        "orchestration.checks",
        "sync.reports",
        "quality",
        "runs",
        *_DATABASE,
    },
    "orchestration.instance": {"orchestration", "orchestration.run", "runs", "scheduling", *_DATABASE},
    "orchestration.sensors": {
        "orchestration",
        "orchestration.instance",
        "orchestration.run",
        "notifications",
        "sync.run_end",
        "scheduling",
        "runs",
        "credentials",
        *_DATABASE,
    },
    "definitions": {"orchestration", "orchestration.assets", "orchestration.sensors", "storage"},
    "preloaded": {"sync.entities", "definitions", "orchestration.instance", "twizzit"},
    "http_api": {
        "http_api.pages",
        "http_api.routes",
        "http_api.schemas",
        "accounts",
        "queries",
        "scheduling",
        "runs",
        "words",
        "credentials",
        *_DATABASE,
    },
    "http_api.routes": {
        "http_api",
        "http_api.schemas",
        "decisions",
        "plan",
        "undo",
        "accounts",
        "queries",
        "scheduling",
        "runs",
        "words",
        "credentials",
        *_DATABASE,
    },
    "http_api.pages": {
        "http_api",
        "undo",
        "accounts",
        "decisions",
        "queries",
        "scheduling",
        "runs",
        "credentials",
        *_DATABASE,
    },
    "http_api.schemas": {"words"},
}
# Folders whose modules may import everything below these; what is above them is named.
_BELOW = set(ARROWS) - {"definitions", "preloaded"}
_TERMINAL = {"cli", "cli.output"}
ARROWS |= {
    "cli.output": {"queries", "words", "storage.ends_of_time", "runs.asked"},
    "cli.sync_report": {*_TERMINAL, *_BELOW},
    "local": {*_TERMINAL, *_BELOW},
    "cli.doctor": {*_TERMINAL, *_BELOW},
    "cli.demo": {*_TERMINAL, "cli.sync_report", "local", *_BELOW},
    "cli.commands": {*_TERMINAL, "cli.sync_report", "local", *_BELOW},
    "cli": {"cli.output", "cli.commands", "cli.demo", "cli.doctor", *_BELOW},
    "__init__": set(),
    "__main__": {"cli"},
}
FOR_ALL = {"entities", "errors", "settings", "logs", "garbage", "policies"}

# The simulator is for the demo, development and tests.
SIMULATOR = "simulator"
MAY_SIMULATE = {"cli.commands", "cli.demo", "local"}

_NAME_ALONE = re.compile(rf"{PACKAGE}(\.\w+)+(?=:\w)")
_LOADED_BY_NAME = re.compile(rf"{PACKAGE}(\.\w+)+:\w+")

DATABASE = {"sqlalchemy", "psycopg", "psycopg2", "alembic", "pixeltable"}
HTTP = {"httpx", "starlette", "uvicorn", "fastapi"}
DAGSTER = {"dagster", "dagster_postgres", "dagster_webserver", "dagster_graphql", "dagster_shared"}
PURE = DATABASE | HTTP | DAGSTER | {"twizzit_pipeline.storage", "twizzit_pipeline.twizzit.client"}
# What a folder, or a single module, may not import, whatever the arrows say.
BARRED: dict[str, set[str]] = {
    "words": PURE,
    "twizzit": DATABASE | DAGSTER,
    "contracts": PURE,
    "transform": PURE,
    "plan": PURE,
    "scheduling.schedule": PURE,
    **dict.fromkeys(
        (f"undo.{name}" for name in ("rows", "bases", "rewind", "settle", "questions", "departed", "following")), PURE
    ),
    "notifications.choice": PURE,
    "notifications.events": PURE,
    "notifications.look": PURE,
    "notifications.messages": PURE,
    "notifications.streaks": PURE,
    "storage": HTTP,
    "credentials": HTTP,
    **dict.fromkeys(
        ("runs", "scheduling", "accounts", "sync", "undo", "decisions", "quality", "queries"), HTTP | DAGSTER
    ),
    **dict.fromkeys(("notifications", "http_api", "cli", "local", "simulator"), DAGSTER),
}


def dotted(path: Path) -> str:
    """The dotted name of a module; a package is called by its ``__init__``, so that it too is a file in its folder."""
    return ".".join([PACKAGE, *path.relative_to(ROOT).with_suffix("").parts])


def imported_names(text: str, module: str) -> Iterator[str]:
    """Everything that a module imports, as absolute dotted names; ``from a import b`` is ``a.b``."""
    for node in nodes(text):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=source, names=names, level=level):
                folder = module.split(".")[:-level] if level else []
                yield from (".".join([*folder, *filter(None, [source]), alias.name]) for alias in names)
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name
            case ast.Constant(value=str(named)) if _LOADED_BY_NAME.fullmatch(named):
                yield named.replace(":", ".")


def faults(source: str, module: str) -> list[str]:
    """What the source of a module imports against the arrows, as dotted names."""
    inside = module.partition(".")[2]
    room = room_of(inside)
    assert room is not None, f"{inside} lies in no folder of the design: draw it there, then here"
    return sorted({name for name in imports_of(source, module) if not _may_import(room, inside, name)})


@cache
def imports_of(source: str, module: str) -> tuple[str, ...]:
    """What `imported_names` finds in the source of a module, which is read once for several tests."""
    return tuple(imported_names(source, module))


def room_of(inside: str) -> str | None:
    """The folder of ARROWS that a module, or a name in one, lies in."""
    return max((room for room in ARROWS if _lies_in(inside, room)), key=len, default=None)


def _may_import(room: str, importer: str, name: str) -> bool:
    if any(_lies_in(name, barred) for part, names in BARRED.items() if _lies_in(importer, part) for barred in names):
        return False
    top, _, inside = name.partition(".")
    if top != PACKAGE:
        return True
    imported = room_of(inside)
    if imported == SIMULATOR and room != SIMULATOR:
        return room in MAY_SIMULATE
    return any(
        imported == arrow or (arrow not in ARROWS and _lies_in(inside, arrow))
        for arrow in ARROWS[room] | FOR_ALL | {room}
    )


def _lies_in(name: str, folder: str) -> bool:
    return name == folder or name.startswith(f"{folder}.")


def test_every_module_imports_only_along_the_arrows() -> None:
    found = {dotted(path): faults(path.read_text(), dotted(path)) for path in MODULES}
    assert {module: names for module, names in found.items() if names} == {}


def test_private_modules_of_dagster_are_imported_in_one_place_each() -> None:
    """What each must do is said in tests/unit/orchestration/test_dagster_private.py."""
    found = {dotted(path): private_parts(path.read_text(), dotted(path)) for path in MODULES}
    names = ("dagster_private", "instance.dagster_cli", "instance.code_server")
    faces = {f"{PACKAGE}.orchestration.{name}" for name in names}
    assert {module for module, names in found.items() if names} == faces


def private_parts(source: str, module: str) -> set[str]:
    """What a module imports of Dagster's modules whose names begin with an underscore."""
    return {name for name in imports_of(source, module) if re.match(r"dagster(_\w+)?\._|dagster_shared\.", name)}


def test_no_module_imports_itself_on_a_way_round() -> None:
    """Imports for types alone count too: two files that need each other's types are one thing in two places."""
    graph = {dotted(path).removesuffix(".__init__"): path for path in MODULES}
    imports = {
        module: {_module(name, graph) for name in imports_of(_without_names(path), dotted(path))} - {None, module}
        for module, path in graph.items()
    }
    TopologicalSorter(imports).prepare()  # raises CycleError, which names the circle


def _module(name: str, modules: Collection[str]) -> str | None:
    """The module of ours that a dotted name is, or lies in."""
    return name if name in modules else parent if (parent := name.rpartition(".")[0]) in modules else None


def _without_names(path: Path) -> str:
    """The source of a module without what is loaded by a name in a text: a dialect's class, a command."""
    return _NAME_ALONE.sub("", path.read_text())


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("storage.bulk", "import twizzit_pipeline.plan"),
        ("storage.bulk", "from twizzit_pipeline import twizzit"),
        ("storage.embedded.server", "from twizzit_pipeline.storage import engine"),
        ("sync.entities.teams", "def scan():\n    from dagster import asset"),
        ("sync.session", "import importlib\nimportlib.import_module('twizzit_pipeline.orchestration.jobs')"),
        ("sync.session", "from twizzit_pipeline.sync.entities import teams"),
        ("sync.session", "from twizzit_pipeline.notifications import outbox"),
        ("cli.app", "import dagster_postgres"),
        ("cli.output.terminal", "from twizzit_pipeline.cli.commands import sync"),
        ("contracts.teams", "if TYPE_CHECKING:\n    from twizzit_pipeline.twizzit.records import Team"),
        ("contracts.teams", "from ..transform import teams"),
        ("contracts.__init__", "from ..transform import teams"),
        ("transform.teams", "from twizzit_pipeline.twizzit import client"),
        ("transform.teams", "from twizzit_pipeline.twizzit.records_of_old import Team"),
        ("plan.players", "from twizzit_pipeline.storage import bulk"),
        ("plan.players", "import sqlalchemy as sa"),
        ("scheduling.schedule", "from twizzit_pipeline.storage.tables import sync_config"),
        ("notifications.messages", "import sqlalchemy.exc"),
        ("twizzit.client", "import sqlalchemy.exc"),
        ("twizzit.client", "from twizzit_pipeline.simulator import World"),
        ("twizzit.v1.dialect", "from twizzit_pipeline.twizzit.v2 import lists"),
        ("twizzit.v1.dialect", "SOURCE = 'twizzit_pipeline.twizzit.v2.dialect:V2'"),
        ("plan.sides", "import pkgutil\npkgutil.resolve_name('twizzit_pipeline.storage.bulk:copy')"),
        ("orchestration.jobs", "from twizzit_pipeline.http_api import app"),
        ("orchestration.checks.rules", "from twizzit_pipeline.orchestration.assets import step"),
        ("notifications.events", "from twizzit_pipeline.orchestration import jobs"),
        ("queries.overview", "from twizzit_pipeline.notifications import advice"),
        ("local.story", "from twizzit_pipeline.cli.commands import status"),
        ("orchestration.jobs", "from twizzit_pipeline import *"),
    ],
)
def test_an_import_against_the_arrows_is_seen_in_every_form(module: str, source: str) -> None:
    assert len(faults(source, f"{PACKAGE}.{module}")) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("transform.teams", "from twizzit_pipeline.twizzit import records"),
        ("transform.teams", "from twizzit_pipeline.twizzit.records import Team\nimport pandas as pd"),
        ("simulator.server", "from twizzit_pipeline.simulator.world import World\nimport uvicorn"),
        ("cli.commands.simulate", "from twizzit_pipeline.simulator import World"),
        ("orchestration.assets.step", "import dagster as dg\nfrom twizzit_pipeline.sync.entities import teams"),
        ("sync.entities.teams", "from .. import mapping\nfrom twizzit_pipeline.errors import LeaseLost"),
        ("plan.__init__", "from .merge import Move\nfrom .rows import Row"),
    ],
)
def test_an_import_along_the_arrows_passes(module: str, source: str) -> None:
    assert faults(source, f"{PACKAGE}.{module}") == []


def test_a_folder_that_is_not_drawn_is_refused() -> None:
    with pytest.raises(AssertionError, match="in no folder of the design"):
        faults("", f"{PACKAGE}.utils.things")


def test_every_folder_is_drawn_and_every_drawn_one_is_there() -> None:
    """A new folder inside one that is drawn has arrows of its own; it does not inherit those around it."""
    assert len(MODULES) > 20
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in MODULES} - {""}
    assert folders - set(ARROWS) == set(), "draw it in the design, then here"
    read = {room_of(dotted(path).partition(".")[2]) for path in MODULES}
    assert set(ARROWS) - read == set(), "a folder that is drawn and not there"
