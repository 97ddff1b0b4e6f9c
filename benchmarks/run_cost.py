"""What one sync costs: CPU seconds of all processes, PostgreSQL's included, events and bytes; its time beside dlt's.

Run it with `.venv/bin/python benchmarks/run_cost.py [--runs N] [--part PART]… [--dlt PYTHON]`; it prints one JSON
object. The parts: `process` compares a sync of a small club in which nothing changed (6 teams, 60 players, 48 matches)
with the same as a Dagster run in one process; `whole` is the same under `twizzit up`; `dlt` times `twizzit sync` of 50
teams with 12 players beside a whole process of dlt that copies the same rows from the same simulated Twizzit into the
same PostgreSQL, without latency and with 50 ms a call. dlt is no dependency of this project: `--dlt` names the Python
of an environment that has `dlt[postgres]`. Ratios hold on any machine, seconds do not.

With another checkout in PYTHONPATH that version is measured.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from cost import beside_dlt, whole_run
from cost.one_process import WARMING, WAYS
from cost.twizzit import Club, environment_of_ours, simulator

PARTS = ("process", "whole", "dlt")
SMALL = ("--teams", "6", "--players", "10", "--contacts", "3")


def syncs_in_turns(folder: Path, club: Club, runs: int) -> dict[str, dict[str, float]]:
    """The medians of so many syncs of each way, each way in a process of its own.

    By turns, as the speed of a machine is another one a minute later.
    """
    measured: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    with ExitStack() as stack:
        started = {way: stack.enter_context(started_process(folder, club, way)) for way in WAYS}
        for _ in range(WARMING + runs):
            for way, one_more in started.items():
                measured[way].append(one_more())
    return {way: medians(found[WARMING:]) for way, found in measured.items()}


@contextmanager
def started_process(folder: Path, club: Club, way: str) -> Iterator[Callable[[], dict[str, float]]]:
    """A process that syncs whenever the function is called, which returns what that cost."""
    script = Path(__file__).parent / "cost" / "one_process.py"
    command = [sys.executable, str(script), str(folder / way), way, club.endpoint, club.organization, club.username]
    log = folder / f"{way}.log"
    with (
        log.open("w") as said,
        subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, env=environment_of_ours()
        ) as process,
    ):
        asked, answers = process.stdin, process.stdout
        assert asked is not None
        assert answers is not None
        asked.write(f"{club.password}\n")

        def one_more() -> dict[str, float]:
            asked.write("\n")
            asked.flush()
            line = answers.readline()
            assert line, log.read_text()
            found: dict[str, float] = json.loads(line)
            return found

        yield one_more


def medians(measured: list[dict[str, float]]) -> dict[str, float]:
    """Of each figure, and CPU seconds altogether."""
    found = {name: round(statistics.median(each[name] for each in measured), 3) for name in measured[0]}
    return {**found, "cpu_seconds": round(found["process"] + found["postgres"], 3)}


def process(folder: Path, runs: int) -> dict[str, Any]:
    """The sync alone and as a Dagster run."""
    with simulator(*SMALL) as club:
        found = syncs_in_turns(folder, club, runs)
    return {**found, "times": round(found["run"]["cpu_seconds"] / found["sync"]["cpu_seconds"], 2)}


def whole(folder: Path, runs: int) -> dict[str, Any]:
    """Runs under `up`."""
    with simulator(*SMALL) as club:
        return whole_run.measure(folder / "whole", club, runs)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="of each kind (default 5)")
    parser.add_argument("--part", choices=PARTS, action="append", help="this part alone; may be given several times")
    parser.add_argument("--dlt", type=Path, metavar="PYTHON", help="of an environment with dlt[postgres]")
    arguments = parser.parse_args()
    parts = arguments.part or PARTS
    found: dict[str, Any] = {"benchmark": "run_cost", "runs": arguments.runs}
    with tempfile.TemporaryDirectory(prefix="twizzit-benchmark-") as name:
        folder = Path(name)
        if "process" in parts:
            found["process"] = process(folder, arguments.runs)
        if "whole" in parts:
            found["whole"] = whole(folder, arguments.runs)
        if "dlt" in parts:
            left_out = "left out: --dlt names no Python that has it"
            found["dlt"] = beside_dlt.measure(folder, arguments.dlt, arguments.runs) if arguments.dlt else left_out
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
