"""Who reads the process's environment: the settings alone, held by reading every module."""

import ast

import pytest

from tests.support.package_sources import MODULES, ROOT, nodes

pytestmark = pytest.mark.xdist_group("sources")


def test_only_the_settings_read_the_environment() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): environment_readers(path.read_text())
        for path in MODULES
        if path.parent != ROOT / "settings"
    }
    assert len(found) > 20
    assert {module: lines for module, lines in found.items() if lines} == {}


def environment_readers(source: str) -> list[int]:
    """The lines that touch the process's environment, or load it through a library."""
    names = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
    lines = set()
    for node in nodes(source):
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
    "source",
    ["import os\nos.environ['A']", "import os\nos.getenv('A')", "from os import environ", "import pydantic_settings"],
)
def test_the_reading_of_the_environment_is_seen(source: str) -> None:
    assert environment_readers(source)
