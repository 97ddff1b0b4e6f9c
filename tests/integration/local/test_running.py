"""Which processes of an `up` are runs, with real ones: a fork server looks like its children."""

import multiprocessing
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from twizzit_pipeline.local.running import is_run
from twizzit_pipeline.orchestration import dagster_modules

PATIENCE_SECONDS = 60
PARENT = """
import multiprocessing, sys, time
context = multiprocessing.get_context(sys.argv[1])
runs = [context.Process(target=time.sleep, args=(600,)) for _ in range(2)]
for run in runs:
    run.start()
print(*(run.pid for run in runs), flush=True)
sys.stdin.readline()
for run in runs:
    run.kill()
    run.join()
print("over", flush=True)
sys.stdin.readline()
"""


@contextmanager
def code_server(method: str) -> "Iterator[tuple[subprocess.Popen[str], set[int]]]":
    """A process that is called like the code server, with two runs."""
    command = [sys.executable, "-c", PARENT, method, dagster_modules.CODE_SERVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, {int(pid) for pid in process.stdout.readline().split()}
        finally:
            family = psutil.Process(process.pid).children(recursive=True)
            process.kill()
            for one in family:
                if one.is_running():
                    one.kill()


def runs_of(process: "subprocess.Popen[str]") -> set[int]:
    """The process ids of its family that are taken for runs."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    return {one.pid for one in family if is_run(one)}


@pytest.mark.parametrize("method", sorted({"spawn", "forkserver"} & set(multiprocessing.get_all_start_methods())))
def test_runs_are_those_that_were_started_and_no_other_process(method: str) -> None:
    with code_server(method) as (process, runs):
        # A child that has just been started is called like its parent, until its own program is loaded.
        until = time.monotonic() + PATIENCE_SECONDS
        while runs_of(process) != runs and time.monotonic() < until:
            time.sleep(0.01)
        assert runs_of(process) == runs
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "over\n"
        assert runs_of(process) == set()
