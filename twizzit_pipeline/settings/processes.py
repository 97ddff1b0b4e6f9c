"""The environment of processes: what this one sets for its libraries, and what those that it starts are given."""

import os


def set_in_process(**changes: str) -> None:
    """Sets variables for this process, whose libraries read them, and for its children."""
    os.environ.update(changes)


def unset_in_process(*names: str) -> None:
    """Takes variables that are meant for other programs from this process, its libraries and its children."""
    for name in names:
        os.environ.pop(name, None)


def process_environment(**changes: str) -> dict[str, str]:
    """The environment for a process that we start: this one's, with `changes`."""
    return {**os.environ, **changes}


def process_environment_of(*names: str) -> dict[str, str]:
    """The environment for a process that needs nothing of this one's but these variables, where they are set."""
    return {name: os.environ[name] for name in names if name in os.environ}
