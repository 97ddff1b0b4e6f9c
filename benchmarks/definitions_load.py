"""How long the definitions take to load, beside what Dagster's own import takes.

Run it with `.venv/bin/python benchmarks/definitions_load.py [--runs N]`; it prints one JSON object: seconds (the median
and the best of N fresh processes each) and how many times longer the definitions take. `process` is the processor time
of a whole process that does no more than load them, its end included, and `looking_for_garbage` how many times more
that is where Python's collector looks as often as it does by default. A ratio holds on any machine, seconds do not.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

BARE = "import dagster"
DEFINITIONS = "import twizzit_pipeline.definitions"
BY_DEFAULT = f"""
import twizzit_pipeline.garbage as garbage
garbage.collect_seldom = lambda: None
{DEFINITIONS}
"""


@dataclass(frozen=True, slots=True)
class Seconds:
    """Of fresh processes, the interpreter's own start left out."""

    median: float
    best: float


def measure(statement: str, runs: int) -> Seconds:
    """Seconds that `statement` takes in each of `runs` fresh interpreters, after one that fills the caches."""
    timed = f"import time; began = time.perf_counter(); {statement}; print(time.perf_counter() - began)"
    took = []
    for _ in range(runs + 1):
        done = subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True)  # noqa: S603
        took.append(float(done.stdout))
    return Seconds(round(statistics.median(took[1:]), 3), round(min(took[1:]), 3))


def measure_process(statements: str, runs: int) -> Seconds:
    """Seconds of processor time that each of `runs` fresh processes with these statements takes in all."""
    took = []
    for _ in range(runs):
        before = os.times()
        subprocess.run([sys.executable, "-c", statements], check=True)  # noqa: S603
        after = os.times()
        took.append(
            after.children_user - before.children_user + after.children_system - before.children_system,
        )
    return Seconds(round(statistics.median(took), 3), round(min(took), 3))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="processes for each of the two (default 5)")
    runs = parser.parse_args().runs
    began = time.perf_counter()
    bare, definitions = measure(BARE, runs), measure(DEFINITIONS, runs)
    process, by_default = measure_process(DEFINITIONS, runs), measure_process(BY_DEFAULT, runs)
    found = {
        "benchmark": "definitions_load",
        "runs": runs,
        "dagster": asdict(bare),
        "definitions": asdict(definitions),
        "ratio": round(definitions.best / bare.best, 2),
        "process": asdict(process),
        "looking_for_garbage": round(by_default.best / process.best, 2),
        "took": round(time.perf_counter() - began, 1),
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
