"""An audit that did not take place does not look like one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CLEAN = {"name": "httpx", "version": "0.28.1", "vulns": []}
UNKNOWN = {"name": "rich", "skip_reason": "Dependency not found"}
VULNERABLE = {"name": "click", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}


@pytest.mark.parametrize(
    ("packages", "code", "says"),
    [
        ([CLEAN], 0, "1 packages, no known vulnerability"),
        ([], 2, "Not audited"),
        ([CLEAN, UNKNOWN], 2, "has no data on 1 of 2 packages"),
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
