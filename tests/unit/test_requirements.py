"""Every package that is installed is pinned by hash."""

import re
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PIN = re.compile(
    r"^(?P<name>[a-z0-9.-]+)==(?P<version>\S+)(?: ; [^\\]+)? \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", re.M
)


def pins(*files: str) -> dict[str, str]:
    """Name → version of every pin with hashes; a line that is no part of one fails the test."""
    found: dict[str, str] = {}
    for file in files:
        text = (ROOT / file).read_text(encoding="utf-8")
        assert _PIN.sub("", text) == "", f"{file} has a line without a hash"
        found |= {pin["name"]: pin["version"] for pin in _PIN.finditer(text)}
    return found


def test_what_is_installed_is_what_the_requirements_pin() -> None:
    pinned = pins("requirements.txt", "requirements-dev.txt")
    installed = {re.sub(r"[-_.]+", "-", each.name).lower(): each.version for each in distributions()}
    others = {name: version for name, version in installed.items() if pinned.get(name) != version}
    assert others.keys() <= {"pip", "setuptools", "wheel", "twizzit-pipeline"}


def test_what_only_the_tests_need_is_pinned_apart() -> None:
    assert not pins("requirements.txt").keys() & pins("requirements-dev.txt").keys()
    assert "pytest" not in pins("requirements.txt")


def test_pip_itself_is_in_neither_file() -> None:
    """`make` installs both at once: one pip would replace the other while that is at work."""
    assert "pip" not in pins("requirements.txt", "requirements-dev.txt")


def test_what_the_extras_need_is_the_same_for_the_tests() -> None:
    """A user installs `requirements-scale.txt` beside `requirements.txt`."""
    scale, tests = pins("requirements-scale.txt"), pins("requirements-dev.txt")
    assert {"celery", "dagster-celery", "dagster-docker", "dagster-k8s", "redis"} <= scale.keys()
    assert not scale.keys() & pins("requirements.txt").keys()
    assert {name: tests.get(name) for name in scale} == scale
