"""The standard streams of a process that was started without one of them (``<&-``, ``>&-``), as some services do.

The number of a stream that is missing goes to what is opened first: a line that is printed would go into a socket.
"""

import os
import sys


def open_missing() -> None:
    """Let each stream that is missing be the device that is always empty and keeps nothing. Comes before all else."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
            os.set_inheritable(opened, True)  # processes of ours have it, too
    # Python has no object for a stream that was missing when it started.
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115 - for as long as the process lives
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
