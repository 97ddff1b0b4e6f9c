"""What `twizzit` leaves with, for whoever calls it from a script."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Documented in the README: 130 is a Ctrl-C; most usage errors (2) are Typer's to find.

    A name that does not tell what is meant is one of ours.
    """

    SUCCESS = 0
    FAILURE = 1
    USAGE = 2
    PARTIAL_SUCCESS = 3
    SYNC_IN_PROGRESS = 4
    INTERRUPTED = 130
