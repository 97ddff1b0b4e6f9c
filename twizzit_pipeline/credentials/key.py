"""Where the encryption key comes from: the environment, or a file beside the embedded database."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from twizzit_pipeline.credentials.cipher import check_key
from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.settings import Settings

KEY_FILE = "encryption.key"


def encryption_key(settings: Settings) -> SecretStr:
    """The key of `TWIZZIT_ENCRYPTION_KEY`; without it, and with the embedded database alone, the one kept in its home.

    That file is made (mode 0600) where it is missing. It is never made for a server of your own: ShotSpot has a key
    for the rows there, and a second one would lock it out.

    Raises:
        SettingsError: no key, or a malformed one.
    """
    if settings.encryption_key is not None:
        check_key(settings.encryption_key)
        return settings.encryption_key
    if not settings.embedded:
        raise SettingsError(
            "TWIZZIT_ENCRYPTION_KEY is not set, and passwords cannot be read or stored without it; use ShotSpot's key, "
            "or where there is none yet make one and keep it: openssl rand -hex 32"
        )
    path = settings.home / KEY_FILE
    try:
        if not path.exists():
            _make(path)
        key = SecretStr(path.read_text("ascii", errors="replace").strip())
    except OSError as error:
        raise SettingsError(
            f"The encryption key {path} cannot be read or made ({error.strerror}); check who owns that folder, or set "
            "TWIZZIT_ENCRYPTION_KEY"
        ) from None
    check_key(key, source=str(path))
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{secrets.token_hex(32)}\n")
            file.flush()
            os.fsync(file.fileno())
        # A link appears whole or not at all, and never over another: two processes that start together keep one key.
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
