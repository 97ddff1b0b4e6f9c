"""`twizzit credentials add --from clubs.csv`: many logins from one file, each by itself.

What belongs here: reading the file, as spreadsheets write it, and storing each row. A password is never shown, not even
the cell of a row that is refused.
"""

import csv
import io
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import typer
from pydantic import SecretStr

from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.key import Keys
from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.settings.os_errors import why_refused
from twizzit_pipeline.storage.engine import Database, driver_errors
from twizzit_pipeline.twizzit.dialects import LIVE_ENDPOINT

COLUMNS = ("organization", "username", "endpoint", "password", "password_file")
STANDARD_INPUT = Path("-")

_NEEDED = ("organization", "username")
_ALSO_CALLED = {"organisation": "organization", "club": "organization", "password file": "password_file"}
_HINT = "--from"
_LONGEST_NAME = 255
_LONGEST_ENDPOINT = 500


@dataclass(frozen=True, slots=True)
class Login:
    """One row of the file, as it stands there.

    Attributes:
        row: its line in the file, the heading being 1.
        fault: what is wrong with the row as such; None where it can be judged.
    """

    row: int
    organization: str
    username: str
    endpoint: str
    password: SecretStr | None = None
    password_file: str | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """The result of one row: `id` of the credential, where there is one; `why` it was refused."""

    row: int
    organization: str
    outcome: Literal["added", "already there", "refused"]
    id: int | None = None
    why: str | None = None


def read_logins(content: bytes) -> list[Login]:
    """The rows of a file: with commas, semicolons or tabs, a byte order mark or none. Empty lines are passed over.

    Raises:
        typer.BadParameter: it is no UTF-8, its heading lacks a column or has one that means nothing, or its quotes do
            not fit: a row that swallows those below it would leave them out, and a password would lose its quote.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise typer.BadParameter("the file is not UTF-8: save it as “CSV UTF-8”", param_hint=_HINT) from None
    if "\0" in text:
        raise typer.BadParameter("the file is no text", param_hint=_HINT)
    heading = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=heading.count)
    names: list[str] | None = None
    logins = []
    for row, cells in _rows(text, separator):
        if names is None:
            names = _columns(cells)
        else:
            logins.append(_login(row, names, cells))
    if names is None or not logins:
        raise typer.BadParameter("the file has no rows", param_hint=_HINT)
    return logins


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, each with the line on which it begins.

    Raises:
        typer.BadParameter: a quote is not closed, or a text goes on behind one.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            said = f"the quotes of row {begins} do not fit: a text in quotes ends with one, and holds them doubled"
            raise typer.BadParameter(said, param_hint=_HINT) from None
        if any(cell.strip() for cell in cells):
            yield begins, cells
        begins = reader.line_num + 1


def content_of(file: Path) -> bytes:
    """What the file holds, or standard input for ``-``.

    Raises:
        typer.BadParameter: it cannot be read.
    """
    if file == STANDARD_INPUT:
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {why_refused(error)}", param_hint=_HINT) from None


def readable_by_others(file: Path) -> bool:
    """Whether other users of the machine may read the file."""
    return file != STANDARD_INPUT and bool(stat.S_IMODE(file.stat().st_mode) & 0o044)


def add_all(
    settings: Settings, database: Database, key: Keys, logins: Sequence[Login], *, folder: Path, typed: Iterator[str]
) -> Iterator[Added]:
    """Store each row that is right, each in a transaction of its own; returns the result of each row.

    A login of the same organization, username and endpoint that is there already stays as it is.

    Args:
        folder: where the names of password files begin.
        typed: passwords, in order, of the rows that name none.
    """
    with driver_errors():
        there = {_key(one.organization_name, one.api_username, one.api_endpoint): one.id for one in _listed(database)}
    for login in logins:
        try:
            endpoint, password = _judged(settings, login, folder, typed)
            known = there.get(_key(login.organization, login.username, endpoint))
            if known is not None:
                yield Added(login.row, login.organization, "already there", known)
                continue
            with driver_errors():
                new_id = store.add(
                    database.engine,
                    key,
                    organization_name=login.organization,
                    api_username=login.username,
                    password=password,
                    api_endpoint=endpoint,
                )
            there[_key(login.organization, login.username, endpoint)] = new_id
            yield Added(login.row, login.organization, "added", new_id)
        except (_Refused, TwizzitPipelineError) as error:
            yield Added(login.row, login.organization, "refused", why=" ".join(str(error).split()))


class _Refused(Exception):
    """What is wrong with a row, in words that hold no password."""


def _listed(database: Database) -> list[store.Credential]:
    return store.list_all(database.engine)


def _key(organization: str, username: str, endpoint: str) -> tuple[str, str, str]:
    return organization.casefold(), username, endpoint


def _columns(cells: Sequence[str]) -> list[str]:
    names = [" ".join(cell.strip().casefold().split()) for cell in cells]
    names = [_ALSO_CALLED.get(name, name.replace(" ", "_")) for name in names]
    unknown = [cell.strip() for cell, name in zip(cells, names, strict=True) if name not in COLUMNS]
    missing = [name for name in _NEEDED if name not in names]
    # What follows may be a row of a file without a heading, and then a cell is a password: none is repeated.
    if missing:
        raise typer.BadParameter(
            f"the first line must name the columns, among them {', '.join(missing)}: {', '.join(COLUMNS)}",
            param_hint=_HINT,
        )
    if unknown or len(set(names)) < len(names):
        raise typer.BadParameter(
            f"the columns may be {', '.join(COLUMNS)}, each once; not {', '.join(unknown) or 'one twice'}",
            param_hint=_HINT,
        )
    return names


def _login(row: int, names: Sequence[str], cells: Sequence[str]) -> Login:
    of = dict(zip(names, cells, strict=False))
    fault = None
    if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
        fault = f"{len(cells)} cells for {len(names)} columns: put a text that holds the separator into quotes"
    return Login(
        row=row,
        organization=of.get("organization", "").strip(),
        username=of.get("username", "").strip(),
        endpoint=of.get("endpoint", "").strip() or LIVE_ENDPOINT,
        password=SecretStr(of["password"]) if of.get("password") else None,
        password_file=of.get("password_file", "").strip() or None,
        fault=fault,
    )


def _judged(settings: Settings, login: Login, folder: Path, typed: Iterator[str]) -> tuple[str, SecretStr]:
    """The endpoint and the password of a row.

    Raises:
        _Refused: something is wrong with it.
        EndpointRefused: the endpoint is no URL of a Twizzit API, or on an address that is not allowed.
    """
    from twizzit_pipeline.twizzit.endpoint import parse_endpoint, refuse_private  # noqa: PLC0415  (httpx)

    # First, whatever comes of the row: the passwords that were typed belong to rows in their order.
    without = login.password is None and login.password_file is None
    password = next(typed, None) if without else None
    if login.fault is not None:
        raise _Refused(login.fault)
    for name, value in (("organization", login.organization), ("username", login.username)):
        if not value or len(value) > _LONGEST_NAME or not value.isprintable():
            raise _Refused(f"the {name} must have 1 to {_LONGEST_NAME} printable characters")
    endpoint = parse_endpoint(login.endpoint).base_url
    if len(endpoint) > _LONGEST_ENDPOINT:
        raise _Refused(f"the endpoint must have at most {_LONGEST_ENDPOINT} characters")
    refuse_private(endpoint, allow_private=settings.allow_private_endpoints)
    password = password if without else _password(login, folder)
    if not password:
        raise _Refused("there is no password: fill in password or password_file, or pipe them in: --password-stdin")
    if "\n" in password or "\0" in password:
        raise _Refused("the password must be one line")
    return endpoint, SecretStr(password)


def _password(login: Login, folder: Path) -> str:
    if login.password is not None and login.password_file is not None:
        raise _Refused("a password and a password_file: one of them")
    if login.password is not None:
        return login.password.get_secret_value()
    assert login.password_file is not None
    try:
        text = (folder / login.password_file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise _Refused(f"the password file {login.password_file} cannot be read as text") from None
    return text.removesuffix("\n").removesuffix("\r")
