"""The exit codes of `twizzit`, for scripts."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Documented in docs/connecting.md: 130 is a Ctrl-C; most usage errors (2) are Typer's to find.

    A name that is ambiguous is a usage error of ours.
    """

    SUCCESS = 0
    FAILURE = 1
    USAGE = 2
    PARTIAL_SUCCESS = 3
    SYNC_IN_PROGRESS = 4
    INTERRUPTED = 130
