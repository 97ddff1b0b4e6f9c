"""Python's collector of garbage, in the processes of the pipeline: it looks less often, and not at the end.

What belongs here: how often it looks, for every process that is ours. What is imported here, a quarter of a million
objects, stays to the end and holds next to no cycles. By default they are gone through again and again while more is
imported, and once more when the process ends; `benchmarks/definitions_load.py` shows what that takes.
"""

import atexit
import functools
import gc

_OBJECTS_BEFORE_A_LOOK = 50_000  # of them that are new; the default is 700 (2,000 from Python 3.13 on)


@functools.cache
def collect_seldom() -> None:
    """Have this process look for garbage seldom while it works, and not at all when it ends; once is enough."""
    gc.set_threshold(_OBJECTS_BEFORE_A_LOOK)
    atexit.register(gc.freeze)
