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
from pathlib import Path
from typing import Any

from cost import beside_dlt, whole_run
from cost.twizzit import Club, environment_of_ours, simulator

PARTS = ("process", "whole", "dlt")
SMALL = ("--teams", "6", "--players", "10", "--contacts", "3")


def in_one_process(folder: Path, club: Club, runs: int, way: str) -> dict[str, float]:
    """The medians of so many syncs in a process of its own."""
    script = Path(__file__).parent / "cost" / "one_process.py"
    command = [sys.executable, str(script), str(folder / way), str(runs), way]
    account = [club.endpoint, club.organization, club.username]
    done = subprocess.run(  # noqa: S603
        [*command, *account],
        input=club.password,
        capture_output=True,
        text=True,
        env=environment_of_ours(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout.splitlines()[-1])
    found = {name: round(statistics.median(each[name] for each in measured), 3) for name in measured[0]}
    return {**found, "cpu_seconds": round(found["process"] + found["postgres"], 3)}


def process(folder: Path, runs: int) -> dict[str, Any]:
    """The sync alone and as a Dagster run."""
    with simulator(*SMALL) as club:
        sync, run = (in_one_process(folder, club, runs, way) for way in ("sync", "run"))
    return {"sync": sync, "run": run, "times": round(run["cpu_seconds"] / sync["cpu_seconds"], 2)}


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
