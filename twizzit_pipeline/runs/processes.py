"""Which process holds something, on which machine, and whether it has ended."""

import os
import platform
from pathlib import Path


def _machine() -> str:
    """This machine, as long as it runs: process ids mean nothing outside of it, nor after a restart."""
    parts = [platform.node()]
    for path in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        try:
            parts.append(str(Path(path).readlink()) if "/ns/" in path else Path(path).read_text().strip())
        except OSError:
            parts.append("")
    return "/".join(parts)


def this_process() -> str:
    """This process, as `process_is_gone` wants it."""
    return f"{_machine()}|{os.getpid()}"


def process_is_gone(holder: str) -> bool:
    """Whether the holder was a process of this machine that has ended; False for another machine's.

    A process id that was given away again looks alive: then the minute of silence decides.
    """
    machine, _, pid = holder.rpartition("|")
    if machine != _machine() or not pid.isdigit():
        return False
    import psutil  # noqa: PLC0415  (only a lease that is held needs it)

    try:
        return psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
