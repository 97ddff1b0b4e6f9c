"""Python's collector of garbage, in the processes of the pipeline: it looks seldom, never at imports, not at the end.

What belongs here: how often it looks, for every process that is ours. What is imported here, up to half a million
objects, stays to the end and holds next to no cycles. By default they are gone through again and again while more is
imported, and once more when the process ends; `benchmarks/definitions_load.py` shows what that takes.
"""

import atexit
import functools
import gc

# Objects that are new, before a look; the default is 700 (2,000 from Python 3.13 on). Before the first one that is as
# many as a sync imports, and few processes of a command come to it.
_BEFORE_THE_FIRST_LOOK = 400_000
_BEFORE_A_LOOK = 50_000


@functools.cache
def collect_seldom() -> None:
    """Have this process look for garbage seldom while it works, and not at all when it ends; once is enough."""
    gc.set_threshold(_BEFORE_THE_FIRST_LOOK)
    gc.callbacks.append(_leave_imports)
    atexit.register(gc.freeze)


def _leave_imports(_phase: str, _info: dict[str, int]) -> None:
    """What was made before the first look is never looked at: nearly all of it was imported."""
    gc.callbacks.remove(_leave_imports)
    gc.freeze()
    gc.set_threshold(_BEFORE_A_LOOK)
