"""The encryption key and the secret of tokens: present, well-formed, readable by no other user, and the right ones."""

import stat
from collections.abc import Iterator
from pathlib import Path

from twizzit_pipeline.cli.doctor.finding import Finding, Installation, listed, ok, problem, warning
from twizzit_pipeline.cli.output.guides import more
from twizzit_pipeline.cli.output.terminal import plural
from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.inspection import inspect_vault
from twizzit_pipeline.credentials.key import KEY, encryption_keys, in_file, is_hexadecimal
from twizzit_pipeline.credentials.key_file import KEY_FILE
from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.settings import Settings

_CHANGED = "A credential that was changed elsewhere"
_UNREADABLE = "When a password cannot be read"


def look_at_secrets(settings: Settings) -> Iterator[Finding]:
    """The files and variables alone; makes none that is missing."""
    if in_file(settings):
        yield from _file("key", settings.home / KEY_FILE, "the first credential makes it")
    else:
        yield _variable(settings)
    yield from _tokens(settings)


def look_at_passwords(installation: Installation) -> Iterator[Finding]:
    engine, settings = installation.database.engine, installation.settings
    if in_file(settings) and not (settings.home / KEY_FILE).exists():  # reading the keys would make one
        yield _without_key(len(store.list_all(engine)))
        return
    vault = inspect_vault(engine, encryption_keys(settings))
    for name, what in (("DecryptionFailed", "cannot be read with this key"), ("TamperedCredential", "are damaged")):
        ids = [credential_id for credential_id, error in vault.unreadable.items() if error == name]
        if ids:
            anew = "store them anew: twizzit credentials change-password CLUB"
            todo = f"Set {KEY} to the key they were stored with, or {anew}{more('vault.md', _UNREADABLE)}"
            yield problem("passwords", f"The passwords of credentials {listed(ids)} {what}", todo)
    changed = [credential_id for credential_id, error in vault.unreadable.items() if error == "CredentialChanged"]
    if changed:
        todo = "Look at each, and take it as it is: twizzit credentials accept CLUB; or store its password anew: "
        todo += f"twizzit credentials change-password CLUB{more('vault.md', _CHANGED)}"
        said = f"The passwords of credentials {listed(changed)} were stored for another row, user name or endpoint"
        yield problem("passwords", said, todo)
    if vault.previous:
        todo = "Finish the rotation: twizzit credentials rotate-key"
        yield warning("passwords", f"Credentials {listed(vault.previous)} are stored with the previous key", todo)
    read = len(vault.current) + len(vault.unbound) + len(vault.without_mac) + len(vault.previous)
    if read or not vault.unreadable:
        bare = f"; ShotSpot stored {len(vault.without_mac)} of them, without a MAC" if vault.without_mac else ""
        early = f"; {len(vault.unbound)} of them are bound to their user name and endpoint by their next change"
        early = early if vault.unbound else ""
        yield ok("passwords", f"{plural(read, 'password')} can be read, and every MAC fits{bare}{early}")


def _without_key(stored: int) -> Finding:
    if not stored:
        return ok("passwords", "There are none yet")
    lost = "if it is lost, store every password anew: twizzit credentials change-password CLUB"
    todo = f"Bring {KEY_FILE} back from a backup; {lost}{more('vault.md', _UNREADABLE)}"
    return problem("passwords", f"There are {plural(stored, 'password')}, and no key in TWIZZIT_HOME", todo)


def _variable(settings: Settings) -> Finding:
    try:
        encryption_keys(settings)
    except SettingsError as error:
        return problem("key", str(error))
    rotating = ", and the one before it" if settings.encryption_key_previous is not None else ""
    given = settings.encryption_key
    if given is not None and not is_hexadecimal(given):
        return ok(
            "key", f"{KEY} is set{rotating}; not 64 hexadecimal characters, so its SHA-256 counts, as in ShotSpot"
        )
    return ok("key", f"{KEY} is set and well-formed{rotating}")


def _tokens(settings: Settings) -> Iterator[Finding]:
    from twizzit_pipeline.http_api.secret import FILE, jwt_secret  # noqa: PLC0415

    kept = settings.jwt_secret is None
    if kept and not settings.embedded:
        todo = "Where you want the API: set it to ShotSpot's own"
        yield warning("tokens", "JWT_SECRET is not set: the HTTP API does not start without it", todo)
        return
    path = settings.home / FILE
    if kept:
        yield from _file("tokens", path, "the HTTP API makes it")
        if not path.exists():  # reading it would make it
            return
    try:
        jwt_secret(settings)
    except SettingsError as error:
        todo = (
            f"See whose {path} is, or delete it: the HTTP API makes another"
            if kept
            else "Set it to ShotSpot's own, to the letter"
        )
        yield problem("tokens", str(error), todo)
    else:
        if not kept:
            yield ok("tokens", "JWT_SECRET is set")


def _file(subject: str, path: Path, otherwise: str) -> Iterator[Finding]:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        yield ok(subject, f"There is none yet: {otherwise}")
        return
    if mode & 0o077:
        yield problem(
            subject, f"{path.name} in TWIZZIT_HOME can be read by others (mode {mode:04o})", f"chmod 600 {path}"
        )
        return
    yield ok(subject, f"{path.name} in TWIZZIT_HOME, mode {mode:04o}")
