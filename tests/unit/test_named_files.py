"""Documentation and docstrings name files of the package by their path, or by its end: each of them is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import twizzit_pipeline

ROOT = Path(twizzit_pipeline.__file__).parent
PROJECT = ROOT.parent
PAST = "CHANGELOG.md"  # names what was there at the time
PAGES = [path for path in PROJECT.glob("*.md") if path.name != PAST]
TEXTS = [*PAGES, *PROJECT.glob("docs/**/*.md"), *ROOT.rglob("*.py")]
ROOMS = [ROOT, *(PROJECT / name for name in ("tests", "docs", "benchmarks"))]
FILES = [*PROJECT.glob("*.*"), *(path for room in ROOMS for path in room.rglob("*.*"))]
THERE = {f"/{path.relative_to(PROJECT).as_posix()}" for path in FILES}
INVENTED = {"staff.py", "staff.toml"}  # the entity that docs/dev/README.md adds
_FILE = re.compile(r"`((?:[a-z_0-9]+/)*[a-z_0-9]+\.(?:py|toml|html))[`:]")
_OLD_ROOM = re.compile(r"`(v[12]_[a-z_]+)`")  # a module's name of the time before the dialects had folders


def missing(text: str) -> Iterator[str]:
    for name in _FILE.findall(text):
        if not any(path.endswith(f"/{name}") for path in THERE):
            yield name


def test_tests_lie_in_the_folders_of_the_package() -> None:
    """Those of `deploy` beside them, which is a folder of the project."""
    there = [PROJECT / "tests" / kind for kind in ("unit", "integration")]
    folders = {path.parent.relative_to(kind) for kind in there for path in kind.rglob("test_*.py")}
    assert {str(one) for one in folders if not (ROOT / one).is_dir()} == {"deploy"}


def test_a_file_that_is_not_there_is_found() -> None:
    assert list(missing("`plan/players.py`, `players.py: here`, `plan/nothing.py`, `nothing.toml`")) == [
        "plan/nothing.py",
        "nothing.toml",
    ]


def test_every_file_that_is_named_is_there() -> None:
    texts = {path.relative_to(PROJECT).as_posix(): path.read_text(encoding="utf-8") for path in TEXTS}
    assert len(texts) > 500
    absent = {(name, one) for name, text in texts.items() for one in missing(text) if Path(one).name not in INVENTED}
    assert absent == set()
    modules = {Path(each).stem for each in THERE}
    old = {(name, one) for name, text in texts.items() for one in _OLD_ROOM.findall(text) if one not in modules}
    assert old == set()
