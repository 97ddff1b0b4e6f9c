"""The benchmarks work, as processes and on sizes of which no figure says anything; what they count is exact."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PATIENCE_SECONDS = 400
# Too long for the least of what they can measure: that they load is tested, which finds what they import and is gone.
LOADED_ALONE = ("api_load", "definitions_load", "many")
LOADED = """
import contextlib, runpy, sys
sys.path[0], *names = sys.argv[1:]
for name in names:
    sys.argv = [f"{sys.path[0]}/{name}.py", "--help"]
    with contextlib.suppress(SystemExit):
        runpy.run_path(sys.argv[0], run_name="__main__")
"""


def printed(tmp_path: Path, name: str, *arguments: str) -> str:
    """What a benchmark prints when it ends as it should; its folders are those of the test."""
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / f"{name}.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def measured(tmp_path: Path, name: str, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(printed(tmp_path, name, *arguments))
    return found


def test_the_checks_as_they_are_and_one_for_each_rule(tmp_path: Path) -> None:
    found = measured(tmp_path, "run_events", "--runs", "1")
    folded, one_each = found["folded"], found["one for each rule"]
    assert 0 < folded["checks"] < one_each["checks"]
    assert folded["events"] - folded["events_of_checks"] == one_each["events"] - one_each["events_of_checks"]


def test_a_tick_of_the_sensor(tmp_path: Path) -> None:
    found = measured(tmp_path, "sensor_tick", "--credentials", "40", "--ticks", "1")
    assert found["runs"] == 2, "one in twenty is due"


def test_a_long_history(tmp_path: Path) -> None:
    found = measured(tmp_path, "long_history", "--clubs", "2", "--syncs", "3", "--times", "1")
    first, of_all, measured_alone = 4, 2 * 3 * 4, 2 * 2 * 4
    assert found["rows"] == first + of_all + measured_alone
    assert set(found["times"]) == set(found["seconds"]) >= {"metrics", "sync"}


def test_a_federation(tmp_path: Path) -> None:
    found = measured(tmp_path, "federation", "--made-up", "--contacts", "50")
    assert (found["first"]["created"], found["first"]["failed"]) == (50, 0)
    assert (found["third"]["unchanged"], found["third"]["created"]) == (50, 0)
    assert set(found["ratios"]) == {"first", "second", "third"}


def test_a_run_in_one_process(tmp_path: Path) -> None:
    found = measured(tmp_path, "run_cost", "--runs", "1", "--part", "process")
    assert found["process"]["sync"]["cpu_seconds"] > 0
    assert found["process"]["run"]["cpu_seconds"] > 0


def test_what_they_import_is_there() -> None:
    """In one process, as most of what they import is the same."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(BENCHMARKS), *LOADED_ALONE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [f"usage: {name}.py" in done.stdout for name in LOADED_ALONE] == [True] * len(LOADED_ALONE)


def test_each_benchmark_is_tried() -> None:
    tried = {"run_events", "sensor_tick", "long_history", "federation", "run_cost", *LOADED_ALONE}
    assert {path.stem for path in BENCHMARKS.glob("*.py")} == tried
