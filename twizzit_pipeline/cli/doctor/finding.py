"""A finding of a look: one line that says what is, one that says what to do."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database

_IDS_SHOWN = 10


class Severity(StrEnum):
    """How bad it is. A problem makes the exit code 1."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `twizzit doctor`. `what_to_do` is None where nothing has to be done."""

    subject: str
    severity: Severity
    message: str
    what_to_do: str | None = None


@dataclass(frozen=True, slots=True)
class Installation:
    """The settings and the open database that are looked at. `verify`: logins may be tried, which costs calls."""

    settings: Settings
    database: Database
    verify: bool = False


Look = Callable[[Installation], Iterable[Finding]]


def ok(subject: str, message: str) -> Finding:
    return Finding(subject, Severity.OK, message)


def warning(subject: str, message: str, what_to_do: str) -> Finding:
    return Finding(subject, Severity.WARNING, message, what_to_do)


def problem(subject: str, message: str, what_to_do: str | None = None) -> Finding:
    """An error of this project says in its own line what to do: then `what_to_do` is left out."""
    return Finding(subject, Severity.PROBLEM, message, what_to_do)


def not_checked(subject: str, message: str) -> Finding:
    return Finding(subject, Severity.NOT_CHECKED, message)


def listed(ids: Sequence[object]) -> str:
    """The first few of many ids."""
    shown = ", ".join(map(str, ids[:_IDS_SHOWN]))
    return f"{shown}, …" if len(ids) > _IDS_SHOWN else shown
