"""What went wrong in a run and was not made good by another try of the same work, and what the history says of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeGuard

from twizzit_pipeline.errors import (
    CallBudgetSpent,
    ConnectionFailed,
    EndpointRefused,
    LoginRefused,
    OrganizationNotFound,
    QuotaSpent,
    RunTooLarge,
    TwizzitPipelineError,
)
from twizzit_pipeline.storage.unquoted import in_short
from twizzit_pipeline.twizzit.dialects import LOGIN_PATH

_STOPPED = "stopped: "
STOPPED = f"{_STOPPED}the run was ended before it was done"
NOT_FINISHED = "not finished: the run ended before its rows were brought into ShotSpot"


class Troubles:
    """The errors of one run by entity. A step that failed may be run once more: its success takes back the error."""

    def __init__(self) -> None:
        self._open: dict[str, BaseException] = {}
        self._seen: list[BaseException] = []

    @contextmanager
    def noting(self, entity: str) -> Iterator[None]:
        """Work for one entity: an error is noted, and raised again."""
        try:
            yield
        except BaseException as error:
            self._open[entity] = error
            self._seen.append(error)
            raise
        self._open.pop(entity, None)

    @property
    def hopeless(self) -> TwizzitPipelineError | None:
        """What any other question to Twizzit would meet as well: a refused login tried again may lock the account."""
        return next((error for error in self._open.values() if _meets_all(error)), None)

    def remaining(self, last: BaseException | None) -> list[BaseException]:
        """What was not made good, the first first.

        Args:
            last: what the run is said to have ended with; it may be an error that was made good since.
        """
        found = list(self._open.values())
        if last is None or any(last is error for error in self._seen):
            return found
        return [last, *found]


_OF_THE_ACCOUNT = (QuotaSpent, CallBudgetSpent, RunTooLarge, EndpointRefused, OrganizationNotFound)


def _meets_all(error: BaseException) -> TypeGuard[TwizzitPipelineError]:
    if isinstance(error, ConnectionFailed):
        return error.silent
    return isinstance(error, _OF_THE_ACCOUNT) or (isinstance(error, LoginRefused) and error.endpoint == LOGIN_PATH)


def safe_message(error: BaseException | None) -> str:
    """What the history says of an error: ours are safe to show, of others the kind alone (they may hold data).

    The kind of the database's: with SQLSTATE, table, column and constraint.
    """
    if isinstance(error, TwizzitPipelineError):
        return str(error)
    if error is not None and not isinstance(error, Exception):
        return STOPPED
    return f"unexpected error: {in_short(error)}" if error is not None else NOT_FINISHED


def was_stopped(message: str | None) -> bool:
    """Whether a history row's message says that the run was ended from outside, in any release's words."""
    return message is not None and message.startswith(_STOPPED)
