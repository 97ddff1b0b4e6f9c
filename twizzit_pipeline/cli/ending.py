"""How the process of a command ends: at once, when everything that must happen has happened.

Python takes apart what was imported, module by module, before a process ends: a twentieth of what a sync takes.
"""

import atexit
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def end_quickly() -> Iterator[None]:
    """End the process with the code that leaves the context, when threads and exit functions are through.

    What is registered first is called last: nothing else that wants to be called at the end may come before this. A
    process that an error leaves ends as ever.
    """
    codes: list[int] = []
    atexit.register(_end, codes)
    try:
        yield
    except SystemExit as leaving:
        if leaving.code is None or isinstance(leaving.code, int):
            codes.append(leaving.code or 0)
        raise


def _end(codes: list[int]) -> None:
    if codes:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):  # the reader is gone, or it was closed, or never there
                stream.flush()
        os._exit(codes[-1] & 0xFF)
