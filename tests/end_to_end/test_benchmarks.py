"""The benchmarks work, on sizes of which no figure says anything; what they count is exact."""

import contextlib
import io
import json
import runpy
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import logging_as_it_was

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
# Too long for the least of what they can measure: that they load is tested, which finds what they import and is gone.
LOADED_ALONE = ("api_load", "definitions_load", "many")


def measured(tmp_path: Path, name: str, *arguments: str) -> dict[str, Any]:
    """What a benchmark prints when it ends as it should; its folders are those of the test."""
    found: dict[str, Any] = json.loads(run(tmp_path, name, *arguments))
    return found


def run(tmp_path: Path, name: str, *arguments: str) -> str:
    """In this process, where what they import is loaded already; what they measure starts processes of its own."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, logging_as_it_was(), contextlib.redirect_stdout(said):
        patch.syspath_prepend(BENCHMARKS)
        patch.setenv("TMPDIR", str(tmp_path))
        patch.setattr(tempfile, "tempdir", None)
        patch.setattr(sys, "argv", [f"{name}.py", *arguments])
        try:
            runpy.run_path(str(BENCHMARKS / f"{name}.py"), run_name="__main__")
        except SystemExit as left:
            assert not left.code, left.code
    return said.getvalue()


def test_the_checks_as_they_are_and_one_for_each_rule(tmp_path: Path) -> None:
    found = measured(tmp_path, "run_events", "--runs", "1")
    folded, one_each = found["folded"], found["one for each rule"]
    assert 0 < folded["checks"] < one_each["checks"]
    assert folded["events"] - folded["events_of_checks"] == one_each["events"] - one_each["events_of_checks"]


def test_a_tick_of_the_sensor(tmp_path: Path) -> None:
    found = measured(tmp_path, "sensor_tick", "--credentials", "40", "--ticks", "1")
    assert found["runs"] == 2, "one in twenty is due"


def test_a_long_history(tmp_path: Path) -> None:
    found = measured(tmp_path, "long_history", "--clubs", "2", "--syncs", "3", "--times", "1", "--teams", "1")
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


@pytest.mark.parametrize("name", LOADED_ALONE)
def test_what_they_import_is_there(tmp_path: Path, name: str) -> None:
    assert f"usage: {name}.py" in run(tmp_path, name, "--help")


def test_each_benchmark_is_tried() -> None:
    tried = {"run_events", "sensor_tick", "long_history", "federation", "run_cost", *LOADED_ALONE}
    assert {path.stem for path in BENCHMARKS.glob("*.py")} == tried
