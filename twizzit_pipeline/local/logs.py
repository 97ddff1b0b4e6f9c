"""The children's output: one file each under `TWIZZIT_HOME/logs`, which only its owner may read.

A log begins anew with each `up`; the one before is kept beside it. One that grows too long while `up` runs is copied
there as well and cut: the children append to it, and so go on from its new end.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LARGEST_BYTES = 20_000_000

_TAIL_BYTES = 8192
_LONGEST_LINE = 300
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def path(folder: Path, name: str) -> Path:
    """The log of a child."""
    return folder / f"{name}.log"


def begin(folder: Path, name: str) -> None:
    """Begin a new log, and keep the one before."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    log = path(folder, name)
    if log.exists():
        log.replace(_before(log))
    os.close(os.open(log, os.O_WRONLY | os.O_CREAT, 0o600))


@contextmanager
def appended(folder: Path, name: str) -> Iterator[int]:
    """The log, open at its end."""
    descriptor = os.open(path(folder, name), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def cut(folder: Path, *, largest: int = LARGEST_BYTES) -> None:
    """Move what is in logs that grew too long out of the way."""
    for log in folder.glob("*.log"):
        if log.stat().st_size > largest:
            shutil.copyfile(log, _before(log))
            _before(log).chmod(0o600)
            os.truncate(log, 0)


def last_line(folder: Path, name: str) -> str:
    """The last line of a child's output, without colours; empty where there is none."""
    with path(folder, name).open("rb") as log:
        log.seek(0, os.SEEK_END)
        log.seek(max(log.tell() - _TAIL_BYTES, 0))
        said = log.read().decode(errors="replace")
    lines = [line.strip() for line in _COLOURS.sub("", said).splitlines()]
    return next((line for line in reversed(lines) if line), "")[:_LONGEST_LINE]


def _before(log: Path) -> Path:
    return log.with_suffix(".log.1")
