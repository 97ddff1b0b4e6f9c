"""Who may import whom: the arrows of the design, held by reading every module's imports.

Imports count wherever they stand: inside functions, under TYPE_CHECKING, and by name through importlib.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import twizzit_pipeline

PACKAGE = "twizzit_pipeline"
ROOT = Path(twizzit_pipeline.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

ARROWS: dict[str, set[str]] = {
    "errors": set(),
    "settings": {"env_file"},
    "env_file": set(),
    "logs": set(),
    "garbage": set(),
    "words": set(),
    "twizzit": {"words"},
    "contracts": set(),
    "storage": set(),
    "transform": {"contracts", "twizzit.records", "words"},
    "credentials": {"storage"},
    "sync": {"twizzit", "transform", "contracts", "storage", "credentials", "words"},
    "notifications": {"sync", "storage", "credentials"},
    # more than the design draws: a check for each rule of a contract, and the type of an open database
    "orchestration": {"notifications", "sync", "credentials", "storage", "contracts"},
    "http_api": {"sync", "credentials", "storage", "words"},
    "cli": {
        "words",
        "twizzit",
        "contracts",
        "transform",
        "storage",
        "credentials",
        "sync",
        "notifications",
        "orchestration",
        "http_api",
    },
    "definitions": {"orchestration", "storage"},
    "__init__": set(),
    "__main__": {"cli"},
}
FOR_ALL = {"errors", "settings", "logs", "garbage"}

# The simulator is for the demo, development and tests.
SIMULATOR = "twizzit.simulator"
MAY_SIMULATE = {"cli"}

DATABASE = {"sqlalchemy", "psycopg", "psycopg2", "alembic", "pixeltable"}
HTTP = {"httpx", "starlette", "uvicorn", "fastapi"}
BARRED: dict[str, set[str]] = {
    "words": DATABASE | HTTP,
    "twizzit": DATABASE,
    "contracts": DATABASE | HTTP,
    "transform": DATABASE | HTTP,
    "storage": HTTP,
    "credentials": HTTP,
    "sync": HTTP,
}
IMPORTS_DAGSTER = {"orchestration", "definitions"}


def dotted(path: Path) -> str:
    """The dotted name of a module; a package is called by its ``__init__``, so that it too is a file in its folder."""
    return ".".join([PACKAGE, *path.relative_to(ROOT).with_suffix("").parts])


def imported_names(tree: ast.AST, module: str) -> Iterator[str]:
    """Everything that a module imports, as absolute dotted names; ``from a import b`` is ``a.b``."""
    for node in ast.walk(tree):
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


def faults(source: str, module: str) -> list[str]:
    """What the source of a module imports against the arrows, as dotted names."""
    part = module.split(".")[1]
    assert part in ARROWS, f"{part} is not in the design: draw it there, then here"
    return sorted({name for name in imported_names(ast.parse(source), module) if not _may_import(part, module, name)})


def _may_import(part: str, module: str, name: str) -> bool:
    top, _, inside = name.partition(".")
    if top != PACKAGE:
        library = top.partition("_")[0]
        return library not in BARRED.get(part, set()) and (library != "dagster" or part in IMPORTS_DAGSTER)
    if _lies_in(inside, SIMULATOR):
        return part in MAY_SIMULATE or _lies_in(module.partition(".")[2], SIMULATOR)
    return any(_lies_in(inside, arrow) for arrow in ARROWS[part] | FOR_ALL | {part})


def _lies_in(name: str, folder: str) -> bool:
    return name == folder or name.startswith(f"{folder}.")


def test_every_module_imports_only_along_the_arrows() -> None:
    found = {dotted(path): faults(path.read_text(), dotted(path)) for path in MODULES}
    assert {module: names for module, names in found.items() if names} == {}


def test_only_the_settings_read_the_environment() -> None:
    found = {dotted(path): environment_readers(path.read_text()) for path in MODULES if path != ROOT / "settings.py"}
    assert {module: lines for module, lines in found.items() if lines} == {}


def environment_readers(source: str) -> list[int]:
    """The lines that touch the process's environment, or load it through a library."""
    names = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
    lines = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(attr=attribute, value=ast.Name(id="os")) if attribute in names:
                lines.add(node.lineno)
            case ast.ImportFrom(module="os", names=aliases) if names & {alias.name for alias in aliases}:
                lines.add(node.lineno)
            case ast.ImportFrom(module="pydantic_settings" | "dotenv"):
                lines.add(node.lineno)
            case ast.Import(names=aliases) if {"pydantic_settings", "dotenv"} & {alias.name for alias in aliases}:
                lines.add(node.lineno)
    return sorted(lines)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("storage.bulk", "import twizzit_pipeline.sync.plan"),
        ("storage.bulk", "from twizzit_pipeline import twizzit"),
        ("sync.teams", "def scan():\n    from dagster import asset"),
        ("sync.teams", "import importlib\nimportlib.import_module('twizzit_pipeline.orchestration.jobs')"),
        ("cli.app", "import dagster_postgres"),
        ("contracts.teams", "if TYPE_CHECKING:\n    from twizzit_pipeline.twizzit.records import Team"),
        ("contracts.teams", "from ..transform import teams"),
        ("contracts.__init__", "from ..transform import teams"),
        ("transform.teams", "from twizzit_pipeline.twizzit import client"),
        ("transform.teams", "from twizzit_pipeline.twizzit.records_of_old import Team"),
        ("twizzit.client", "import sqlalchemy.exc"),
        ("twizzit.client", "from twizzit_pipeline.twizzit.simulator import World"),
        ("orchestration.jobs", "from twizzit_pipeline.http_api import app"),
        ("notifications.events", "from twizzit_pipeline.orchestration import jobs"),
        ("sync.session", "from twizzit_pipeline.notifications import outbox"),
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
        ("twizzit.simulator.server", "from twizzit_pipeline.twizzit.simulator.world import World\nimport uvicorn"),
        ("cli.simulate", "from twizzit_pipeline.twizzit.simulator import World"),
        ("orchestration.jobs", "import dagster as dg\nfrom twizzit_pipeline.sync import teams"),
        ("sync.teams", "from . import plan\nfrom .plan import Plan\nfrom twizzit_pipeline.errors import LeaseLost"),
        ("sync.plan.__init__", "from .merge import Move\nfrom ..rows import Row"),
    ],
)
def test_an_import_along_the_arrows_passes(module: str, source: str) -> None:
    assert faults(source, f"{PACKAGE}.{module}") == []


def test_a_folder_that_is_not_drawn_is_refused() -> None:
    with pytest.raises(AssertionError, match="not in the design"):
        faults("", f"{PACKAGE}.utils.things")


@pytest.mark.parametrize(
    "source",
    ["import os\nos.environ['A']", "import os\nos.getenv('A')", "from os import environ", "import pydantic_settings"],
)
def test_the_reading_of_the_environment_is_seen(source: str) -> None:
    assert environment_readers(source)


def test_every_module_is_read() -> None:
    assert len(MODULES) > 20
    assert {part.split(".")[1] for part in map(dotted, MODULES)} >= {
        "twizzit",
        "contracts",
        "transform",
        "storage",
        "sync",
    }
