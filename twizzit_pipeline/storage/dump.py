"""A database into a file, and a file into an empty database, with PostgreSQL's own programs.

What belongs here: which version's program does it, and what becomes of its complaints. A dump holds everything: tables
with people's names, passwords as they are stored (the key is not in it), Dagster's own tables where they are in the
same database. It can be restored into another major version, older ones too.
"""

import fcntl
import os
import re
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import URL, Engine, make_url, text

from twizzit_pipeline.errors import BackupRefused
from twizzit_pipeline.settings.os_errors import why_refused
from twizzit_pipeline.storage.embedded.binaries import complaint, offered_versions
from twizzit_pipeline.storage.engine import DAGSTER_SCHEMA, Database, driver_errors
from twizzit_pipeline.storage.patience import KEY
from twizzit_pipeline.storage.places import is_there, place_of
from twizzit_pipeline.storage.urls import for_libpq

_TABLES = """
    SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'v', 'm') AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
"""
# A migration that began before this transaction and ends in it would make tables beside the dump's, or say that it
# applied what the dump has brought: so it is kept out, and the database is looked at once more when it is.
_TO_ITSELF = f"""
DO $look$ BEGIN
    IF NOT pg_try_advisory_xact_lock({KEY}) THEN
        RAISE EXCEPTION 'a migration or another restore is at work there';
    ELSIF ({_TABLES}) > 0 THEN
        RAISE EXCEPTION 'a table already exists';
    END IF;
END $look$;
"""
# Statements that mean nothing elsewhere: a setting that servers before 17 do not have, and a mark that the minor
# versions of November 2026 put on every column, which only their own pg_dump leaves out.
_OF_THAT_SERVER_ALONE = re.compile(
    rb"SET transaction_timeout = \d+;$|ALTER TABLE ONLY .+ ALTER COLUMN .+ SET \(pg_attver=\d+\);$"
)
_BEING_MADE = 60.0  # seconds in which a draft may not have its lock yet
# What pg_dump says, which runs with LC_ALL=C; the server's own words, which it quotes, may be in another language.
_TO_DO = (
    (re.compile(r"No space left on device|Disk quota exceeded"), "make room, or choose another place"),
    (
        re.compile(r"permission denied|may lack SELECT privilege|row-level security"),
        "dump with the user who owns the tables in TWIZZIT_DATABASE_URL",
    ),
    (  # pg_dump reads what there is at one moment, and the server says what it looks like at a later one
        re.compile(r"could not open relation|cache lookup failed|relation \".+\" does not exist|definition of view"),
        "tables or views were changed meanwhile (twizzit migrate, detach or attach, ShotSpot's migrations): dump once "
        "more when that is over",
    ),
)
# What a server says, in English or by the names of its catalogue, of what is there although the database was empty.
_MADE_MEANWHILE = re.compile(r"already exists|is at work there|pg_\w+_index|cannot drop schema")
_ALONE = (
    "something else made its own there meanwhile (twizzit up, twizzit migrate, another restore): stop that, and "
    "restore into a new database"
)
_DATA_BEGIN, _DATA_END = re.compile(rb"COPY .* FROM stdin;$"), b"\\.\n"


def dump(database: Database, target: Path, *, overwrite: bool = False) -> int:
    """Write the whole database, as it is at one moment, into a file that only this user may read; its size in bytes.

    Reads and writes go on meanwhile. The file appears whole or not at all.

    Raises:
        BackupRefused: it is there already, cannot be written, or the server is newer than the programs here.
    """
    try:
        place = place_of(target)
        if place.exists() and not overwrite:
            raise BackupRefused(f"{target} is there already: choose another name, or add --force")
    except OSError as error:
        raise BackupRefused(f"{target} cannot be written: {why_refused(error)}") from None
    _forget_killed(place.parent)
    # A name of its own: two dumps into one file at once would write over each other, and leave a damaged one.
    draft = place.with_name(f".dump.{secrets.token_hex(8)}.partial")
    program = _program("pg_dump", _server_version(database.engine))
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            with suppress(OSError):  # not every network folder has locks: there nothing is deleted either
                fcntl.flock(file, fcntl.LOCK_SH)
            # By its name and not as standard output: pg_dump goes back to the head in the end, to say what is where.
            command = [program, "--format=custom", f"--file={draft}", f"--dbname={_conninfo(database.url)}"]
            done = subprocess.run(  # noqa: S603 - a program of the wheel, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=_environment(database.url),
                check=False,
            )
            if done.returncode != 0:
                said = complaint(done.stderr)
                raise BackupRefused(f"The database was not dumped: {said}; {_what_to_do(said)}")
            os.fsync(file.fileno())
        draft.replace(place)
    except OSError as error:
        raise BackupRefused(f"{target} cannot be written: {why_refused(error)}") from None
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return target.stat().st_size


def _what_to_do(said: str) -> str:
    return next((todo for words, todo in _TO_DO if words.search(said)), "see that all is well: twizzit doctor")


def _forget_killed(folder: Path) -> None:
    """Deletes the drafts of dumps that were killed, which hold the names of people: no process has their lock."""
    for draft in folder.glob(".dump.*.partial"):
        with suppress(OSError), draft.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if abs(time.time() - draft.stat().st_mtime) > _BEING_MADE:  # or of before the clock was put back
                draft.unlink()


def restore(database: Database, source: Path) -> None:
    """Fill an empty database from a dump: all of it, or nothing. Everything belongs to this user then.

    Raises:
        BackupRefused: the database is not empty, or the file is no dump, or damaged.
    """
    if not (is_there(source) and source.is_file()):
        raise BackupRefused(f"{source} is no file")
    with driver_errors(), database.engine.connect() as connection:
        tables = int(connection.scalar(text(_TABLES)) or 0)
    if tables:
        raise BackupRefused(
            f"The database is not empty ({tables} tables): a dump is restored into a new one (another TWIZZIT_HOME, or "
            "CREATE DATABASE and its TWIZZIT_DATABASE_URL), so that nothing is lost by mistake"
        )
    reader = _program("pg_restore")
    _readable(reader, source)
    database.engine.dispose()
    with _statements(reader, source) as lines:
        _execute(database.url, _fitting(lines))


def _readable(reader: str, source: Path) -> None:
    listed = subprocess.run([reader, "--list", str(source)], capture_output=True, check=False)  # noqa: S603
    if listed.returncode != 0:
        raise BackupRefused(f"{source} is no dump of twizzit database dump, or damaged: {complaint(listed.stderr)}")


@contextmanager
def _statements(reader: str, source: Path) -> Iterator[Iterator[bytes]]:
    """The dump as SQL; raises where it breaks off."""
    command = [reader, "--no-owner", "--no-privileges", "--file=-", str(source)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stderr is not None

        def lines() -> Iterator[bytes]:
            assert process.stdout is not None
            yield from process.stdout
            said = process.stderr.read() if process.stderr is not None else b""
            if process.wait() != 0:
                raise BackupRefused(f"The dump is damaged, and nothing was restored: {complaint(said)}")

        try:
            yield lines()
        finally:
            process.kill()


def _fitting(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The statements in one transaction that has the database to itself, after the schema that opening a database makes
    is taken away again.
    """
    yield b"\\set ON_ERROR_STOP on\n\\set VERBOSITY terse\nBEGIN ISOLATION LEVEL READ COMMITTED;\n"
    yield _TO_ITSELF.encode()
    yield f"DROP SCHEMA IF EXISTS {DAGSTER_SCHEMA};\n".encode()
    data = False
    for line in lines:
        if data or not _OF_THAT_SERVER_ALONE.match(line):
            yield line
        data = line != _DATA_END if data else _DATA_BEGIN.match(line) is not None
    yield b"COMMIT;\n"


def _execute(url: SecretStr, statements: Iterator[bytes]) -> None:
    """Without the last line, COMMIT, the server takes everything back."""
    command = [_program("psql"), "--no-psqlrc", "--quiet", "--output=/dev/null", f"--dbname={_conninfo(url)}"]
    with subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=_environment(url)
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        try:
            with suppress(BrokenPipeError):  # it ended before the statements did, and says why
                for statement in statements:
                    process.stdin.write(statement)
        except BaseException:
            process.kill()
            raise
        finally:
            with suppress(BrokenPipeError):  # what was not written yet is tried once more
                process.stdin.close()
        said = process.stderr.read()
        if process.wait() != 0:
            refused = complaint(said)
            todo = f"; {_ALONE}" if _MADE_MEANWHILE.search(refused) else ""
            raise BackupRefused(f"Nothing was restored: {refused}{todo}")


def _program(name: str, server: int | None = None) -> str:
    """A program of the wheel: of the newest version, or of the first that supports the server's.

    Raises:
        BackupRefused: the server is newer than all of them.
    """
    offered = offered_versions()
    suitable = [major for major in sorted(offered) if server is None or major >= server // 10000]
    if not suitable:
        raise BackupRefused(
            f"The server is PostgreSQL {(server or 0) // 10000}, and the programs here support {max(offered)} at most: "
            "use its own pg_dump --format=custom"
        )
    return str(offered[suitable[-1] if server is None else suitable[0]] / name)


def _server_version(engine: Engine) -> int:
    with driver_errors(), engine.connect() as connection:
        return int(connection.scalar(text("SELECT current_setting('server_version_num')")) or 0)


def _conninfo(url: SecretStr) -> str:
    """For libpq, without the password, which others could read among the arguments."""
    return for_libpq(_parsed(url).set(password=None))


def _environment(url: SecretStr) -> dict[str, str]:
    password = _parsed(url).password
    return {"PATH": os.defpath, "LC_ALL": "C", **({"PGPASSWORD": str(password)} if password else {})}


def _parsed(url: SecretStr) -> URL:
    return make_url(url.get_secret_value())
