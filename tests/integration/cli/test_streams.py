"""A command whose output finds no room, or that is started without one of its streams."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import COMMAND


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full: a device that takes nothing")
@pytest.mark.parametrize("arguments", [["--version"], ["--help"]])
def test_output_that_finds_no_room_is_one_line_that_says_so(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "Error: The output could not be written: No space left on device; make room\n"


@pytest.mark.parametrize("streams", ["<&-", ">&-", "<&- >&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("arguments", "code"), [(["--version"], 0), (["simulate", "--port", "x"], 2)])
def test_a_process_that_is_started_without_a_stream_ends_as_ever(streams: str, arguments: list[str], code: int) -> None:
    shell = ["sh", "-c", f'exec "$@" {streams}', "sh", *COMMAND, *arguments]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    if ">&-" not in streams:
        assert done.stdout.startswith("twizzit ") is (code == 0)


def test_a_question_that_no_one_can_answer_ends_as_where_nothing_comes() -> None:
    ask = "from twizzit_pipeline.cli.streams import open_missing as o; o(); import sys; print(sys.stdin.read() == '')"
    shell = ["sh", "-c", 'exec "$@" <&-', "sh", sys.executable, "-c", ask]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
