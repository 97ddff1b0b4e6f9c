"""The words that the glossary does without, in names, docstrings, comments, messages and pages."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AVOIDED = re.compile(
    r"(?<![a-z])(somebody|nobody|anybody|everybody|whoever|told|tells?|telling|knows)(?![a-z])", re.IGNORECASE
)
# Names that are stored or public since before: a rule in histories, a key of `twizzit status --json`.
KEPT = re.compile(r"nobody_is_late|needs_somebody|\.tell\(|_KNOWS_STRATEGIES")
# The page that names them, what users were promised under older names, and this test.
MAY_SAY_THEM = {"docs/dev/glossary.md", "CHANGELOG.md", "tests/unit/test_plain_words.py"}
NOT_OURS = {"node_modules"}
READ = sorted(
    path
    for pattern in (
        "twizzit_pipeline/**/*.py",
        "twizzit_pipeline/**/*.toml",
        "twizzit_pipeline/**/*.html",
        "twizzit_pipeline/**/*.yaml",
        "twizzit_pipeline/**/pages.*",
        "tests/**/*.py",
        "tests/**/*.mjs",
        "tests/**/*.sql",
        "benchmarks/**/*.py",
        "deploy/**/*",
        "docs/**/*.md",
        "docs/*.py",
        "*.md",
        "*.yaml",
        ".*.yaml",
        "LICENSE",
        "Makefile",
        "pyproject.toml",
        ".ci/*",
        ".github/**/*.yml",
    )
    for path in ROOT.glob(pattern)
    if path.is_file() and str(path.relative_to(ROOT)) not in MAY_SAY_THEM and not NOT_OURS & set(path.parts)
)


def avoided(path: Path) -> list[str]:
    """The lines with such a word."""
    text = path.read_text(encoding="utf-8")
    if not AVOIDED.search(text):
        return []
    lines = enumerate(text.splitlines(), 1)
    return [f"{number}: {line.strip()}" for number, line in lines if AVOIDED.search(KEPT.sub("", line))]


def test_every_file_uses_the_words_of_the_glossary() -> None:
    assert len(READ) > 1000
    found = {str(path.relative_to(ROOT)): avoided(path) for path in READ}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_a_line_with_an_avoided_word_is_shown_with_its_number(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("A person knows.\n.tell( is a file's\n", encoding="utf-8")
    assert avoided(page) == ["1: A person knows."]


@pytest.mark.parametrize(
    "text", ["nobody", "as_told", "Somebody's", "whoever_asks", "TOLD", "the flag tells", "_tell", "it knows"]
)
def test_an_avoided_word_is_found_in_names_too(text: str) -> None:
    assert AVOIDED.search(text)


def test_words_that_only_contain_one_are_free() -> None:
    assert AVOIDED.search("untold retold toldo intellect unknowns") is None
