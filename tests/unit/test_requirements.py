"""Every package that is installed is pinned by hash, and an audit that did not take place does not look like one."""

import json
import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

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


CLEAN = {"name": "httpx", "version": "0.28.1", "vulns": []}
UNKNOWN = {"name": "rich", "skip_reason": "Dependency not found"}
VULNERABLE = {"name": "click", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}


@pytest.mark.parametrize(
    ("packages", "code", "says"),
    [
        ([CLEAN], 0, "1 packages, no known vulnerability"),
        ([], 2, "Not audited"),
        ([CLEAN, UNKNOWN], 2, "knows nothing of 1 of 2 packages"),
        ([CLEAN, UNKNOWN, VULNERABLE], 1, "click 1.0: PYSEC-1, mended in 1.1"),
        (None, 2, "Not audited: the service of advisories did not answer (no route)"),
    ],
)
def test_an_audit_says_what_it_looked_at(tmp_path: Path, packages: list[object] | None, code: int, says: str) -> None:
    answer = "" if packages is None else json.dumps({"dependencies": packages})
    stand_in = tmp_path / "pip-audit"
    stand_in.write_text(f"#!{sys.executable}\nimport sys\nprint({answer!r})\nprint('no route', file=sys.stderr)\n")
    stand_in.chmod(0o755)
    command = [sys.executable, str(ROOT / ".ci/audit.py"), str(stand_in), "requirements.txt"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == code
    assert says in ended.stdout
