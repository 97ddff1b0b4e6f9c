"""Where a file is put that is written beside its place first, and then takes it; what to do where that cannot be."""

import errno
import os
from pathlib import Path

_TO_DO = {
    errno.ENOSPC: "its disk is full: make room",
    errno.EDQUOT: "its disk quota is used up: make room, or have it raised",
    errno.EROFS: "its file system is read-only: make it writable, or set another TWIZZIT_HOME",
}


def what_to_do(error: OSError, otherwise: str) -> str:
    """What a person is to do about a file of TWIZZIT_HOME; `otherwise` where the kind of the error does not say."""
    return _TO_DO.get(error.errno or 0, otherwise)


def place_of(path: Path) -> Path:
    """The place of a file with this name: where a link leads.

    Raises:
        OSError: something else is there, a folder, a device or a pipe, whose place the file would take, as far as this
            user may do that; or no file can have the name.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no file", str(path))
    return Path(os.path.realpath(path))


def is_there(path: Path) -> bool:
    """Whether there is something of that name; there is nothing where none can have it."""
    try:
        return path.exists()
    except OSError:
        return False
