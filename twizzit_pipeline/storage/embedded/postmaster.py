"""What can be seen of a PostgreSQL server from outside: the file that it leaves in its data folder, and its processes.

What belongs here: looking alone. Nothing here starts, stops or removes anything.
"""

from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What a server wrote into its `postmaster.pid`; it may have been killed since."""

    pid: int
    socket_folder: Path
    ready: bool


def read_postmaster(data: Path) -> Postmaster | None:
    """What `postmaster.pid` says, or None where there is none (or half of one)."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        return Postmaster(int(lines[0]), Path(lines[4]), len(lines) > 7 and lines[7].strip() == "ready")
    except (FileNotFoundError, ValueError, IndexError):
        return None


def processes_in(data: Path) -> list[int]:
    """The ids of the living PostgreSQL processes that work in the data folder: all of a server's do."""
    return [process.pid for process in psutil.process_iter() if _works_in(process, data)]


def _works_in(process: psutil.Process, data: Path) -> bool:
    try:
        if not process.name().startswith("postgres") or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return Path(process.cwd()).samefile(data)
    except psutil.AccessDenied:
        # Where we may not look, a container's root at a process without root's rights, the family decides.
        left = read_postmaster(data)
        return left is not None and left.pid in {process.pid, _parent(process)}
    except (psutil.Error, OSError):
        return False  # it ended meanwhile


def _parent(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.Error:
        return None
