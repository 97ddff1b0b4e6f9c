"""What an SQLSTATE means: for every class that an operator can cause a line of ours, and no value in any."""

import psycopg
import pytest
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError

from twizzit_pipeline.errors import DatabaseRefused, DatabaseUnavailable
from twizzit_pipeline.storage.sqlstates import in_our_words

LATER = {
    "08006": "cannot be reached",
    "08P01": "refuses our connection",
    "25P03": "idle_in_transaction_session_timeout",
    "40001": "rolled a transaction back",
    "40P01": "rolled a transaction back",
    "53100": "disk is full",
    "53200": "out of memory",
    "53300": "no connection left",
    "53400": "lacks room or memory",
    "54000": "a limit of its own",
    "55006": "in use",
    "55P03": "Another transaction holds a lock that is needed",
    "57014": "raise that for our user",
    "57P01": "cannot be reached",
    "57P03": "is starting or stopping",
    "58030": "its machine",
}
BY_A_PERSON = {
    "0A000": "does not do what this version needs",
    "22001": "shorter than this version expects",
    "22021": "encoding cannot hold",
    "22P05": "encoding cannot hold",
    "23502": "does not take a row",
    "23514": "does not take a row",
    "25006": "Nothing can be written here",
    "28000": "does not let the user in",
    "28P01": "does not let the user in",
    "3D000": "no such database",
    "3F000": "no such schema",
    "42501": "lacks a privilege",
    "42703": "something else than this version expects",
    "42P01": "something else than this version expects",
    "428C9": "something else than this version expects",
    "P0001": "a trigger of ShotSpot's refuses",
    "XX000": "damaged",
    "XX001": "damaged",
}
OURS = ("42601", "42803", "42P08", "22012", "22P02")
QUOTING = ("22021", "22P05", "23502", "23514", "P0001")


def _error(state: str) -> DBAPIError:
    driver = pg.lookup(state)('it says "Annelies"\nDETAIL:  Failing row contains (Annelies, hush).')
    return DBAPIError.instance("SELECT 1", {}, driver, psycopg.Error)  # type: ignore[return-value]


@pytest.mark.parametrize(("state", "words"), LATER.items())
def test_what_may_pass_is_transient(state: str, words: str) -> None:
    ours = in_our_words(_error(state))
    assert isinstance(ours, DatabaseUnavailable)
    assert words in str(ours)
    assert "\n" not in str(ours)


@pytest.mark.parametrize(("state", "words"), BY_A_PERSON.items())
def test_what_a_person_must_change_is_permanent(state: str, words: str) -> None:
    ours = in_our_words(_error(state))
    assert isinstance(ours, DatabaseRefused)
    assert words in str(ours)
    assert "\n" not in str(ours)


@pytest.mark.parametrize("state", [*LATER, *BY_A_PERSON])
def test_a_row_is_never_quoted(state: str) -> None:
    said = str(in_our_words(_error(state)))
    assert "hush" not in said
    assert state not in QUOTING or "Annelies" not in said


@pytest.mark.parametrize(
    ("said", "todo"),
    [
        ("unsupported startup parameter: options", "ignore_startup_parameters"),
        ("transaction blocks not allowed in statement pooling mode", "pool_mode = transaction"),
        ("query_wait_timeout", "default_pool_size"),
        ("query timeout", "raise that limit"),
        ("idle transaction timeout", "raise that limit"),
    ],
)
def test_each_refusal_of_a_pooler_has_its_own_advice(said: str, todo: str) -> None:
    ours = in_our_words(pg.lookup("08P01")(said))
    assert isinstance(ours, DatabaseUnavailable)
    assert said in str(ours)
    assert todo in str(ours).partition("; ")[2]


@pytest.mark.parametrize("state", OURS)
def test_a_mistake_of_our_sql_is_none_of_the_operators(state: str) -> None:
    assert in_our_words(_error(state)) is None


WITHOUT_A_STATE = {
    'FATAL:  password authentication failed for user "u"': (DatabaseRefused, "does not let the user in"),
    'FATAL:  database "x" does not exist': (DatabaseRefused, "no such database"),
    'FATAL:  role "x" does not exist': (DatabaseRefused, "does not let the user in"),
    'FATAL:  no pg_hba.conf entry for host "::1"': (DatabaseRefused, "does not let the user in"),
    "FATAL:  could not write init file: No space left on device": (DatabaseUnavailable, "its disk is full: make room"),
    "FATAL:  could not write init file": (DatabaseUnavailable, "its disk is full: make room"),
    "FATAL:  sorry, too many clients already": (DatabaseUnavailable, "no connection left"),
    "FATAL:  remaining connection slots are reserved": (DatabaseUnavailable, "no connection left"),
    "FATAL:  unsupported startup parameter: options": (DatabaseUnavailable, "ignore_startup_parameters"),
    "FATAL:  query_wait_timeout": (DatabaseUnavailable, "default_pool_size"),
    "FATAL:  the database system is starting up": (DatabaseUnavailable, "is starting or stopping"),
    "connection to server failed: Connection refused": (DatabaseUnavailable, "cannot be reached"),
    "connection to server failed: session is read-only": (DatabaseUnavailable, "promote the standby"),
    "connection to server failed: server is not in hot standby mode": (DatabaseUnavailable, "target_session_attrs"),
    "the server speaks another language": (DatabaseUnavailable, "cannot be reached"),
}


@pytest.mark.parametrize(("said", "wanted"), WITHOUT_A_STATE.items())
def test_a_connection_that_never_came_about_is_recognized_by_its_words(said: str, wanted: tuple[type, str]) -> None:
    ours = in_our_words(psycopg.OperationalError(said))
    assert type(ours) is wanted[0]
    assert wanted[1] in str(ours)


def test_a_driver_that_quotes_the_password_is_corrected() -> None:
    assert "hush" not in str(in_our_words(psycopg.OperationalError("bad hush-hush"), "hush-hush"))
