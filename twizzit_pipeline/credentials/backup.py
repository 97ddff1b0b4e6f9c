"""Every login in one sealed file, and back again into any database.

What belongs here: what the file says and how it meets the rows that are there. Its envelope is `sealed.py`. Passwords
leave one database under its key and enter another under that one's: the file itself holds neither.
"""

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError
from sqlalchemy import Connection, Engine, func, select

from twizzit_pipeline.credentials import sealed
from twizzit_pipeline.credentials.key import Keys
from twizzit_pipeline.credentials.rows import (
    COLUMNS,
    ENCRYPTED,
    credential_of,
    decrypt_row,
    insert_login,
    keep_writers_out,
    owner_of,
    store_password,
)
from twizzit_pipeline.errors import (
    BackupRefused,
    DecryptionFailed,
    DuplicateOrganization,
    EndpointRefused,
    TamperedCredential,
)
from twizzit_pipeline.storage.audit import Actor, record, record_beside, this_user
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import credentials

_WHOSE = ("organization_name", "api_endpoint", "api_username")


class _Login(BaseModel):
    """A credential in the file. Of what Twizzit was asked there is the organization alone: it says whose mappings these
    are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    organization_name: str = Field(max_length=255)
    api_username: str = Field(max_length=255)
    password: SecretStr
    api_endpoint: str = Field(max_length=500)
    is_active: bool
    twizzit_organization_id: str | None = Field(max_length=100)
    twizzit_organization_name: str | None = Field(max_length=255)


@dataclass
class Imported:
    """What became of the logins of a file.

    Attributes:
        added: ids of new credentials.
        updated: ids of credentials that were there with another password, or one that could not be read.
        unchanged: ids of credentials that were there with the same password.
        refused: organization and reason of each login that this database or its rules do not take.
    """

    added: list[int] = field(default_factory=list)
    updated: list[int] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def export_to(
    engine: Engine,
    keys: Keys,
    path: Path,
    passphrase: SecretStr,
    *,
    overwrite: bool = False,
    actor: Actor | None = None,
    not_noted: Callable[[str], object] = lambda _: None,
) -> int:
    """Write every credential with its password into a file that opens with the passphrase alone; how many.

    The audit log says so before there is a file.

    Args:
        not_noted: called with the reason where the log cannot be written, and the file is made all the same.

    Not in the file: configuration, history and mappings, which belong to a backup of the database.

    Raises:
        BackupRefused: the passphrase is too short, or the file cannot be written or is there already.
        DecryptionFailed, TamperedCredential: a password cannot be read; no file is written.
    """
    with driver_errors(), engine.connect() as connection:
        logins = _logins(connection, keys)
    content = json.dumps([_plain(login) for login in logins], ensure_ascii=False).encode()
    envelope = sealed.seal(content, passphrase)
    if not overwrite:
        sealed.refuse_to_overwrite(path)  # what is refused at once needs no row
    details = {"credentials": len(logins)}
    why = record_beside(engine, actor or this_user(), action="export", target="vault", details=details)
    if why is not None:
        not_noted(why)
    sealed.write(path, envelope, overwrite=overwrite)
    return len(logins)


def import_from(
    engine: Engine,
    keys: Keys,
    path: Path,
    passphrase: SecretStr,
    *,
    check_endpoint: Callable[[str], object] | None = None,
    actor: Actor | None = None,
) -> Imported:
    """Bring the credentials of a file into this database, empty or used, in one transaction.

    A credential of the same organization name, endpoint and username is the same one: its password becomes that of the
    file, and whether it is switched on stays as it is. All others are added. Nothing is ever deleted.

    Args:
        check_endpoint: raises an error of ours for an endpoint that may not be used; that login is refused then.

    Raises:
        BackupRefused: the passphrase is wrong, or the file is damaged or too new.
        SettingsError: the key is malformed.
    """
    logins = _read(sealed.unseal(sealed.read(path), passphrase))
    done = Imported()
    with driver_errors(), engine.begin() as connection:
        keep_writers_out(connection)  # another import too: it would add the same logins once more
        present = _present(connection)
        for login in logins:
            same = present[_key(login)]
            if same:
                _renew(connection, keys, login, same.pop(0), done, actor)
            else:
                _add(connection, keys, login, check_endpoint, done, actor)
        counts = {name: len(getattr(done, name)) for name in Imported.__dataclass_fields__}
        _record(connection, actor, "import", None, **counts)
    return done


def _logins(connection: Connection, keys: Keys) -> list[_Login]:
    rows = connection.execute(select(*COLUMNS, *ENCRYPTED).order_by(credentials.c.id)).all()
    found = []
    for row in rows:
        credential = credential_of(row)
        columns = {name: getattr(credential, name) for name in _Login.model_fields if name != "password"}
        found.append(_Login(password=decrypt_row(row, keys), **columns))
    return found


def _plain(login: _Login) -> dict[str, Any]:
    return {**login.model_dump(exclude={"password"}), "password": login.password.get_secret_value()}


def _read(content: bytes) -> list[_Login]:
    try:
        return TypeAdapter(list[_Login]).validate_json(content)
    except ValidationError:
        raise BackupRefused("The backup file opens, but what is in it is no list of credentials") from None


def _key(login: Any) -> tuple[str, ...]:
    return tuple(str(getattr(login, name)) for name in _WHOSE)


def _present(connection: Connection) -> defaultdict[tuple[str, ...], list[Any]]:
    """The rows that are there, by what makes them the same; several may be, and pair up in order."""
    found: defaultdict[tuple[str, ...], list[Any]] = defaultdict(list)
    for row in connection.execute(select(*COLUMNS, *ENCRYPTED).order_by(credentials.c.id)):
        found[_key(credential_of(row))].append(row)
    return found


def _renew(connection: Connection, keys: Keys, login: _Login, row: Any, done: Imported, actor: Actor | None) -> None:
    try:
        same = decrypt_row(row, keys) == login.password
    except (DecryptionFailed, TamperedCredential):
        same = False
    if same:
        done.unchanged.append(row.id)
        return
    store_password(connection, keys, owner_of(row), login.password, updated_at=func.timezone("utc", func.now()))
    _record(connection, actor, "change_login", row.id, fields=["password"], by="import")
    done.updated.append(row.id)


def _add(
    connection: Connection,
    keys: Keys,
    login: _Login,
    check_endpoint: Callable[[str], object] | None,
    done: Imported,
    actor: Actor | None,
) -> None:
    try:
        if check_endpoint is not None:
            check_endpoint(login.api_endpoint)
        columns = login.model_dump(exclude={"password"})
        new_id = insert_login(connection, keys, password=login.password, **columns)
    except (DuplicateOrganization, EndpointRefused) as error:
        done.refused.append((login.organization_name, str(error)))
        return
    _record(connection, actor, "add", new_id, organization=login.organization_name, by="import")
    done.added.append(new_id)


def _record(
    connection: Connection, actor: Actor | None, action: str, credential_id: int | None, **details: object
) -> None:
    target, target_id = ("vault", None) if credential_id is None else ("credential", str(credential_id))
    record(connection, actor or this_user(), action=action, target=target, target_id=target_id, details=details)
