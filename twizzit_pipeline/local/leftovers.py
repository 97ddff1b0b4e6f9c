"""What an `up` started, and what that started in turn: found by a mark in their environment, and ended.

The mark names the home folder. Children of children bear it as well, also after their parent has died, and no other
process can be taken for one of them, as it could be by a process id that was given away again. The embedded PostgreSQL
bears none: it is started with an environment of its own, and stops with its last user.
"""

import os
import signal
from collections.abc import Iterable
from pathlib import Path

import psutil

MARK = "TWIZZIT_UP"

_KILLED_SECONDS = 5.0


def marked(home: Path) -> list[psutil.Process]:
    """The living processes that an `up` of this home (a resolved path) started, however far down; never this one."""
    return [process for process in psutil.process_iter() if _bears(process, str(home)) and process.pid != os.getpid()]


def end(processes: Iterable[psutil.Process], patience: float) -> int:
    """Interrupt these processes, and kill those that are still there after `patience` seconds; how many those were.

    SIGINT is what all of ours tidy up on; a run of Dagster's closes its history and gives its lease back.
    """
    alive = list(processes)
    for number, seconds in ((signal.SIGINT, patience), (signal.SIGKILL, _KILLED_SECONDS)):
        killed = len(alive)
        for process in alive:
            _send(process, number)
        _, alive = psutil.wait_procs(alive, timeout=seconds)
        if not alive:
            return killed if number == signal.SIGKILL else 0
    return killed


def lives(process: psutil.Process) -> bool:
    """Whether it has not ended. One that ended is still listed until its parent, often the machine's init, asks."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _bears(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(MARK) == mark and lives(process)
    except (psutil.Error, OSError):
        return False  # it ended meanwhile, or belongs to another user


def _send(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.Error:
        return
