"""The process of a command ends at once, and all that must happen before has happened."""

import subprocess
import sys

import pytest

_PROCESS = """
import atexit, sys, threading, time
from twizzit_pipeline.cli.ending import end_quickly

class TakenApart:
    def __del__(self):
        print("taken apart")

def slow():
    time.sleep(0.2)
    print("thread")

with end_quickly():
    kept = TakenApart()
    atexit.register(print, "exit function")
    threading.Thread(target=slow).start()
    print("no newline at the end", end=" ")
    {leaves}
"""


def ended(leaves: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _PROCESS.format(leaves=leaves)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("leaves", "code"), [("sys.exit()", 0), ("sys.exit(3)", 3), ("sys.exit(False)", 0)])
def test_threads_and_exit_functions_come_first_and_what_was_written_is_there(leaves: str, code: int) -> None:
    done = ended(leaves)
    assert done.returncode == code
    assert done.stdout == "no newline at the end thread\nexit function\n"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("leaves", "said"), [("sys.exit('why')", "why\n"), ("raise KeyError(1)", "KeyError: 1\n"), ("pass", "")]
)
def test_what_is_no_code_ends_as_ever(leaves: str, said: str) -> None:
    done = ended(leaves)
    assert done.returncode == (1 if said else 0)
    assert done.stderr.endswith(said)
    assert done.stdout == "no newline at the end thread\nexit function\ntaken apart\n"
