"""What `twizzit` leaves with, for whoever calls it from a script."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Documented in the README: 2 is a usage error, which Typer sees to, or a name that does not tell what is meant.

    130 is a Ctrl-C.
    """

    SUCCESS = 0
    FAILURE = 1
    USAGE = 2
    PARTIAL_SUCCESS = 3
    SYNC_IN_PROGRESS = 4
    INTERRUPTED = 130
