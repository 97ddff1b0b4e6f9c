"""Seconds of processor time that processes have used, those included that have ended and were waited for."""

from collections.abc import Iterable
from pathlib import Path

import psutil

from twizzit_pipeline.storage.embedded.postmaster import read_postmaster


def used_by(processes: Iterable[psutil.Process]) -> float:
    """So far, by these processes and their children that ended; each process of a family must be named."""
    return sum(map(_used, processes))


def used_by_postgres(home: Path) -> float:
    """So far, by the embedded server of that home: the postmaster, its backends, and the backends that ended."""
    postmaster = read_postmaster(home / "postgres")
    return 0.0 if postmaster is None else used_by(family(postmaster.pid))


def family(pid: int) -> list[psutil.Process]:
    """That process and all that came from it and live."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _used(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
