"""Links between the pages lead somewhere, and the modules and files that pages name are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(path for pattern in ("*.md", "docs/**/*.md") for path in ROOT.glob(pattern))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
NAMED = re.compile(r"`([\w.-]+(?:/[\w.-]+)*/[\w.-]+\.(?:py|md|ya?ml|json|sql|toml))`")
# Where a page may mean a path from; of the last, Dagster's home stands for a folder that only an installation has.
FROM = (ROOT, ROOT / "twizzit_pipeline", ROOT / "docs")
ELSEWHERE = re.compile(r"(DAGSTER_HOME|TWIZZIT_HOME)/")


def anchors(page: Path) -> set[str]:
    """Of the page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken(page: Path, text: str) -> list[str]:
    """The links and paths of `text`, which stands in `page`, that lead nowhere."""
    found = []
    for target in LINK.findall(text):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        there = page.parent / name if name else page
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
            found.append(target)
    paths = (path for path in NAMED.findall(text) if not ELSEWHERE.match(path))
    return found + [path for path in paths if not any((base / path).exists() for base in (*FROM, page.parent))]


def test_what_a_page_points_at_is_there() -> None:
    assert [(page, found) for page in PAGES for found in broken(page, page.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    "text", ["[a](nowhere.md)", "[a](#nowhere)", "[a](README.md#nowhere)", "`plan/nowhere.py`", "`docs/nowhere.md`"]
)
def test_what_leads_nowhere_is_found(text: str) -> None:
    assert len(broken(ROOT / "README.md", text)) == 1
