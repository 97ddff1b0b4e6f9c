"""What an SQLSTATE of PostgreSQL means for the operator, in one line: what is wrong, and what to do.

What belongs here: the classes of SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html) that an
operator can cause. An error that only our own SQL can cause has no line: it is a mistake of ours, and shows as one.

A message of PostgreSQL's is shown where it names things of the database alone (tables, columns, roles, files). Where it
quotes what was to be stored, its own words are left out: names of people stand there. So are those of a trigger, which
may say anything with any SQLSTATE.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from sqlalchemy import exc as sqlalchemy_errors

from twizzit_pipeline.errors import DatabaseRefused, DatabaseUnavailable, TwizzitPipelineError, UnknownCredential
from twizzit_pipeline.storage.unquoted import driver_of, quotes_nothing, state_of, things_named

LOCK_NOT_AVAILABLE = "55P03"
_FOREIGN_KEY_VIOLATION = "23503"
_READ_ONLY = "Nothing can be written here: the database is a standby, or read-only"
_NAME_THE_PRIMARY = (
    "name the primary in TWIZZIT_DATABASE_URL, or take default_transaction_read_only from database and role"
)
_ASK_THE_OWNER = "ask the database's owner for it: twizzit doctor says which statement gives it"
_LATER = "try again later"
_MOVE_TO_UTF8 = "move to a database with encoding UTF8: twizzit database --help"


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a class of errors becomes.

    Attributes:
        kind: the error of ours.
        wrong: what is wrong; what PostgreSQL said follows, where `quoted`.
        todo: what to do.
    """

    kind: type[TwizzitPipelineError]
    wrong: str
    todo: str
    quoted: bool = True


_UNREACHABLE = _Meaning(
    DatabaseUnavailable,
    "The database cannot be reached",
    "check that it runs, and that TWIZZIT_DATABASE_URL, if set, is right",
)
_NOT_NOW = _Meaning(DatabaseUnavailable, "The database cannot do this now", _LATER)
_ODD = _Meaning(
    DatabaseRefused,
    "The database has something else than this version expects",
    "twizzit check-migrations shows what; twizzit migrate, or twizzit attach, puts back what is ours",
)
_RULE = _Meaning(
    DatabaseRefused,
    "The database does not take a row",
    "run twizzit doctor to see which rule of ShotSpot's that is, then report it",
    quoted=False,
)
_BROKEN = _Meaning(
    DatabaseRefused, "The database is damaged", "see the server's log, and restore a dump: twizzit database --help"
)

# PgBouncer has one SQLSTATE for all that it says itself: https://www.pgbouncer.org/config.html
_POOLER = _Meaning(
    DatabaseUnavailable,
    "The pooler in front of the database refuses our connection",
    "raise that limit in the pooler's configuration (in PgBouncer query_timeout, idle_transaction_timeout, …), or name "
    "PostgreSQL itself",
)
_BY_POOLERS_WORDS = {
    "unsupported startup parameter": "in PgBouncer set ignore_startup_parameters = options; or name PostgreSQL itself",
    "statement pooling": "in PgBouncer set pool_mode = transaction, or session; or name PostgreSQL itself",
    "query_wait_timeout": "all its connections were in use: raise default_pool_size, or name PostgreSQL itself",
}

# The longest beginning of the SQLSTATE that is listed decides.
_BY_STATE: dict[str, _Meaning] = {
    "08": _UNREACHABLE,
    "08P01": _POOLER,
    "0A": _Meaning(
        DatabaseRefused,
        "The database does not do what this version needs",
        "check what is in between: a pooler, replication, another database with the same protocol",
    ),
    "0L": _Meaning(DatabaseRefused, "The database's user may not grant that", _ASK_THE_OWNER),
    "0P": _Meaning(
        DatabaseRefused, "The database has no such role", "see the role of TWIZZIT_DATABASE_URL and its options"
    ),
    "22001": _Meaning(
        DatabaseRefused,
        "A column is shorter than this version expects",
        "twizzit check-migrations shows which, then give it back its length",
    ),
    "22021": _Meaning(
        DatabaseRefused,
        "A text has a character that the database's encoding cannot hold",
        _MOVE_TO_UTF8,
        quoted=False,
    ),
    "22P05": _Meaning(
        DatabaseRefused,
        "A text has a character that the database's encoding cannot hold",
        _MOVE_TO_UTF8,
        quoted=False,
    ),
    "23": _RULE,
    "25006": _Meaning(DatabaseRefused, _READ_ONLY, _NAME_THE_PRIMARY, quoted=False),
    "25P02": _NOT_NOW,
    "25P03": _Meaning(
        DatabaseUnavailable,
        "The database ended a transaction of ours",
        "raise idle_in_transaction_session_timeout, then try again",
    ),
    "25P04": _Meaning(
        DatabaseUnavailable, "The database ended a transaction of ours", "raise transaction_timeout, then try again"
    ),
    "28": _Meaning(
        DatabaseRefused,
        "The database does not let the user in",
        "see user and password of TWIZZIT_DATABASE_URL, and the server's pg_hba.conf",
    ),
    "2B": _ODD,
    "2F": _ODD,
    "38": _ODD,
    "39": _ODD,
    "3D": _Meaning(
        DatabaseRefused, "There is no such database", "see the name at the end of TWIZZIT_DATABASE_URL, or make it"
    ),
    "3F": _Meaning(
        DatabaseRefused,
        "There is no such schema",
        "see search_path of the database, its user and TWIZZIT_DATABASE_URL, or make the schema",
    ),
    "40": _Meaning(DatabaseUnavailable, "The database rolled a transaction back because of another one", _LATER),
    "42501": _Meaning(DatabaseRefused, "The database's user lacks a privilege", _ASK_THE_OWNER),
    "42704": _ODD,
    "42703": _ODD,
    "42809": _ODD,
    "42804": _ODD,
    "42883": _ODD,
    "42P01": _ODD,
    "42P07": _ODD,
    "42701": _ODD,
    "42710": _ODD,
    "42723": _ODD,
    "428C9": _ODD,
    "53100": _Meaning(DatabaseUnavailable, "The database cannot do this now", "its disk is full: make room"),
    "53200": _Meaning(
        DatabaseUnavailable, "The database cannot do this now", "it is out of memory: see what else runs there"
    ),
    "53300": _Meaning(
        DatabaseUnavailable,
        "The database has no connection left",
        "see who holds them (SELECT * FROM pg_stat_activity), or raise max_connections or the role's CONNECTION LIMIT",
    ),
    "53": _Meaning(DatabaseUnavailable, "The database cannot do this now", "it lacks room or memory: give it more"),
    "54": _Meaning(DatabaseUnavailable, "The database reached a limit of its own", "raise it in postgresql.conf"),
    "55": _NOT_NOW,
    "55000": _ODD,
    "55006": _Meaning(
        DatabaseUnavailable,
        "An object of the database is in use",
        "see by which session: SELECT * FROM pg_stat_activity; then try again",
    ),
    LOCK_NOT_AVAILABLE: _Meaning(
        DatabaseUnavailable,
        "Another transaction holds a lock that is needed",
        "see whose it is (SELECT * FROM pg_stat_activity), or try again later",
    ),
    "57": _NOT_NOW,
    "57014": _Meaning(
        DatabaseUnavailable,
        "The database cancelled a statement",
        "where it has a statement_timeout, raise that for our user (ALTER ROLE … SET statement_timeout), or try again "
        "later",
    ),
    "57P": _UNREACHABLE,
    "57P03": _Meaning(DatabaseUnavailable, "The database is starting or stopping", "try again in a minute"),
    "58": _Meaning(
        DatabaseUnavailable, "The database server reports an error of its machine", "see the server's log and its disk"
    ),
    "58000": _BROKEN,
    "72": _NOT_NOW,
    "F0": _Meaning(DatabaseUnavailable, "The server's configuration is broken", "see the server's log"),
    "HV": _ODD,
    "P0": _Meaning(
        DatabaseRefused,
        "A function or a trigger of ShotSpot's refuses a row",
        "see the server's log for which one",
        quoted=False,
    ),
    "XX": _BROKEN,
}

# A connection that never came about has no SQLSTATE, in words alone; a server that speaks another language, or a
# pooler of another make, gets the line of what is unreachable.
_BY_WORDS: tuple[tuple[str, str], ...] = (
    # A new connection writes that file where it is missing; servers until 17 do not say why they could not.
    (r"No space left on device|Disk quota exceeded|could not write init file", "53100"),
    (r"too many (clients|connections)|remaining connection slots|no more connections allowed", "53300"),
    (r"unsupported startup parameter|query_wait_timeout", "08P01"),
    (r"password authentication failed|no pg_hba\.conf entry|auth failed|no password supplied", "28000"),
    (r"role \S+ does not exist|role \S+ is not permitted to log in|no such user", "28000"),
    (r"database \S+ does not exist|no such database", "3D000"),
    (r"starting up|shutting down|in recovery mode|not yet accepting connections", "57P03"),
)
# What libpq says of a host that `target_session_attrs` passes over: https://www.postgresql.org/docs/current/libpq-connect.html
_PASSED_OVER = re.compile(r"session is (not )?read-only|server is (not )?in hot standby mode")
_NO_HOST = _Meaning(
    DatabaseUnavailable,
    "No server of TWIZZIT_DATABASE_URL is as its target_session_attrs wants it now",
    "see that the primary runs, or promote the standby",
)
_OPERATIONAL = (
    sqlalchemy_errors.OperationalError,
    sqlalchemy_errors.InterfaceError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)


def in_our_words(error: Exception, password: str | None = None) -> TwizzitPipelineError | None:
    """What a driver's error is in ours, one line; None where only a mistake of ours can cause it.

    Args:
        password: of the connection; a driver that quotes it is corrected.
    """
    if lacks_credential(error):
        return UnknownCredential("The credential was deleted meanwhile; see: twizzit credentials list")
    driver = driver_of(error)
    said = _said(driver, password)
    found = _of_state(state_of(error)) or _of_words(error, said)
    if found is None:
        return None
    if found is _POOLER:
        found = replace(
            found, todo=next((todo for words, todo in _BY_POOLERS_WORDS.items() if words in said), found.todo)
        )
    wrong = found.wrong
    if found.quoted and said and quotes_nothing(driver):
        wrong = f"{wrong}: {said}"
    elif named := things_named(driver):
        wrong = f"{wrong} ({named})"
    return found.kind(f"{wrong}; {found.todo}")


def lacks_credential(error: BaseException) -> bool:
    """Whether a row was refused because its credential is not there any more. A credential that cannot be deleted is
    another matter: there the detail names the table that refers to it.
    """
    detail = getattr(getattr(driver_of(error), "diag", None), "message_detail", None) or ""
    return state_of(error) == _FOREIGN_KEY_VIOLATION and re.search(r"\btwizzit_credentials\b", detail) is not None


def _of_state(state: str) -> _Meaning | None:
    for length in (5, 3, 2):
        if len(state) == 5 and state[:length] in _BY_STATE:
            return _BY_STATE[state[:length]]
    return None


def _of_words(error: Exception, said: str) -> _Meaning | None:
    if not isinstance(error, _OPERATIONAL) or state_of(error):
        return _NOT_NOW if isinstance(error, _OPERATIONAL) else None
    if _PASSED_OVER.search(said):
        return _NO_HOST
    for words, state in _BY_WORDS:
        if re.search(words, said):
            return _of_state(state)
    return _UNREACHABLE


def _said(driver: Any, password: str | None) -> str:
    """The first line of what the driver says: details, which quote rows, come after it."""
    primary = getattr(getattr(driver, "diag", None), "message_primary", None) or str(driver)
    said = next((line.strip() for line in primary.splitlines() if line.strip()), type(driver).__name__)
    return said.replace(password, "***") if password else said
