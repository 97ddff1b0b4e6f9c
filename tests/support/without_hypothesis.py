"""Hides hypothesis from the processes that tests start, as pandera loads it with the first frame that it checks.

Where the program runs there is none, and to load it takes a process as long as a command of some kinds.
"""

import os
from pathlib import Path

_IN_ITS_PLACE = Path(__file__).parents[2] / "benchmarks" / "cost" / "without_tests"


def without_hypothesis(path: str | None) -> str:
    """What PYTHONPATH is to be for it, with what it names already."""
    return os.pathsep.join(filter(None, (path, str(_IN_ITS_PLACE))))
