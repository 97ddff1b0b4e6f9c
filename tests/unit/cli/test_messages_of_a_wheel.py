"""What is said points at what an installed wheel has: no file of a checkout, no command of its Makefile."""

import ast
from pathlib import Path

import pytest

from tests.support.package_sources import MODULES, ROOT, nodes
from twizzit_pipeline.cli.output.guides import more

OF_A_CHECKOUT = (".venv/bin", "docs/", "make demo", "README.md")
# The one place that looks whether there are docs, and a look that works on a file of the checkout alone.
MAY_NAME = {ROOT / "cli" / "output" / "guides.py", ROOT / "cli" / "doctor" / "machine.py"}

pytestmark = pytest.mark.xdist_group("sources")


def said(path: Path) -> list[str]:
    """The texts of a module that are no docstrings."""
    found = nodes(path.read_text())
    docstrings = {
        id(node.body[0].value)
        for node in found
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    texts = (node for node in found if isinstance(node, ast.Constant) and id(node) not in docstrings)
    return [node.value for node in texts if isinstance(node.value, str)]


def test_no_message_names_a_file_of_a_checkout() -> None:
    texts = {path: said(path) for path in MODULES if path not in MAY_NAME}
    assert len(texts) > 500
    assert [
        (str(path.relative_to(ROOT)), text)
        for path, found in texts.items()
        for text in found
        if any(word in text for word in OF_A_CHECKOUT)
    ] == []


def test_a_checkout_points_at_its_pages_and_a_wheel_at_none(tmp_path: Path) -> None:
    assert more("vault.md", "The key is lost") == "; more in docs/vault.md, The key is lost"
    assert more("security.md") == "; more in docs/security.md"
    assert more("vault.md", "The key is lost", checkout=tmp_path) == ""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "vault.md").touch()
    assert more("vault.md", checkout=tmp_path) == "", "the docs of another package"


@pytest.mark.parametrize(
    ("page", "part"),
    [
        ("vault.md", "When a password cannot be read"),
        ("operations.md", "Disk full"),
        ("operations.md", "Backup"),
        ("operations.md", "Logs"),
    ],
)
def test_the_headings_that_messages_name_are_there(page: str, part: str) -> None:
    text = (ROOT.parent / "docs" / page).read_text()
    assert any(line.startswith("#") and part in line for line in text.splitlines())
