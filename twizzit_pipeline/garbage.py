"""Python's collector of garbage, in the processes of the pipeline: it looks seldom, never at imports, not at the end.

What belongs here: how often it looks, for every process that is ours. What is imported here, up to half a million
objects, stays to the end and holds next to no cycles. By default they are gone through again and again while more is
imported, and once more when the process ends; `benchmarks/definitions_load.py` shows what that takes.
"""

import atexit
import functools
import gc
import time

# Objects that are new, before a look; the default is 700 (2,000 from Python 3.13 on).
_BEFORE_A_LOOK = 50_000
# The looks that are spared: together they are about as much as a sync imports.
_LOOKS_AT_IMPORTS = 8
# What comes later than that was not imported: Dagster's daemon, which imports little, would make garbage for an hour
# before so many looks are due, and keep all of it. The time of the processor, which goes slowly where others have it.
_IMPORTING_SECONDS = 5.0


@functools.cache
def collect_seldom() -> None:
    """Have this process look for garbage seldom while it works, and not at all when it ends; once is enough."""
    gc.set_threshold(_BEFORE_A_LOOK)
    gc.callbacks.append(_Imports().pass_over)
    atexit.register(gc.freeze)


class _Imports:
    """What a process makes before its work is never looked at: nearly all of it was imported."""

    def __init__(self) -> None:
        self._looks = 0

    def pass_over(self, phase: str, _info: dict[str, int]) -> None:
        """Sets aside what is there when a look begins, so that it finds nothing to go through."""
        if phase != "start":
            return
        self._looks += 1
        if self._looks <= _LOOKS_AT_IMPORTS and time.process_time() < _IMPORTING_SECONDS:
            gc.freeze()
        else:
            gc.callbacks.remove(self.pass_over)
