"""The key that the embedded mode keeps by itself: a file beside the database, and its exchange for a new one.

What belongs here: the two files. A key is on disk before any password is stored with it, and stays there until none is:
every password can still be read, at any moment at which a process is killed.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

KEY_FILE = "encryption.key"
PREVIOUS_FILE = "encryption.key.previous"
_NEXT_FILE = "encryption.key.next"


def read_or_make(home: Path, name: str = KEY_FILE) -> SecretStr:
    """The key of this home, or another secret of that name; made (mode 0600) where there is none.

    Raises:
        OSError: the folder cannot be read or written.
    """
    path = home / name
    if not path.exists():
        _make(path)
    return _read(path)


def current(home: Path) -> SecretStr | None:
    """The key of this home, if there is one.

    Raises:
        OSError: it cannot be read.
    """
    with suppress(FileNotFoundError):
        return _read(home / KEY_FILE)
    return None


def previous(home: Path) -> SecretStr | None:
    """The key before it, while an exchange is not finished.

    A caller that needs both reads the current one first: an exchange writes the previous key before the new one
    appears.
    """
    with suppress(FileNotFoundError):
        return _read(home / PREVIOUS_FILE)
    return None


def exchange(home: Path) -> bool:
    """Put a new key in the current one's place and keep that as the previous one.

    For one process at a time. False where an earlier exchange is not finished: then nothing changes, since a third key
    would push out one that passwords may be stored with.
    """
    path, before = home / KEY_FILE, home / PREVIOUS_FILE
    kept = previous(home)
    if kept is not None and kept != _read(path):
        return False
    new = home / _NEXT_FILE
    _write(new, os.O_TRUNC)
    with suppress(FileExistsError):  # an exchange ended between this line and the next but one
        os.link(path, before)
    _sync_folder(home)
    new.replace(path)
    _sync_folder(home)
    return True


def forget_previous(home: Path) -> None:
    """End an exchange: nothing is stored with the previous key any more."""
    (home / PREVIOUS_FILE).unlink(missing_ok=True)
    _sync_folder(home)


def _read(path: Path) -> SecretStr:
    return SecretStr(path.read_text("ascii", errors="replace").strip())


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        _write(draft, os.O_EXCL)
        # A link appears whole or not at all, and never over another: two processes that start together keep one key.
        with suppress(FileExistsError):
            os.link(draft, path)
        _sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _write(path: Path, how: int) -> None:
    """A new key into a file that others may not read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600), "w") as file:
        file.write(f"{secrets.token_hex(32)}\n")
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Names of files survive a power cut only once their folder is written too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
