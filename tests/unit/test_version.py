"""The version stands in pyproject.toml; tags of images and examples in the docs must have the same one."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
_NAMED = re.compile(r"(?:twizzit:|twizzit-pipeline |newTag: |^ +tag: )(\d+\.\S*?)`?[,;.]?(?=\s|$)", re.MULTILINE)
_TOP = re.compile(r"^## (?:Not released|(?P<version>\S+) \(\d+ \w+ \d{4}\))$", re.MULTILINE)


def named() -> dict[str, set[str]]:
    """File → the versions of this package that it names."""
    files = [path for room in ("deploy", "docs") for path in (ROOT / room).rglob("*") if path.is_file()]
    texts = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in (*files, *ROOT.glob("*.md"))
        if path.suffix not in (".png", ".svg") and path.name != "CHANGELOG.md"
    }
    return {name: found for name, text in texts.items() if (found := set(_NAMED.findall(text)))}


def test_images_and_examples_are_of_this_version() -> None:
    found = named()
    assert {name: versions for name, versions in found.items() if versions != {VERSION}} == {}
    assert {"deploy/helm/values.yaml", "deploy/container/Containerfile", "docs/scaling.md", "docs/operations.md"} <= (
        found.keys()
    )


def test_what_is_installed_is_this_version() -> None:
    assert version("twizzit-pipeline") == VERSION


def test_what_is_not_released_does_not_call_itself_a_release() -> None:
    """By it `doctor` sees whether a worker is of a checkout or of the release before."""
    top = _TOP.search((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert top is not None
    released = top["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+\.dev0", VERSION) if released is None else released == VERSION
