"""Where a file is put that is written beside its place first, and then takes it."""

import errno
import os
from pathlib import Path


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
