"""What is done again because somebody else wrote the same rows: a user of ShotSpot, or another organization's sync."""

import random

from sqlalchemy.exc import DBAPIError
from tenacity import RetryCallState, Retrying, TryAgain, retry_if_exception, stop_after_attempt

from twizzit_pipeline.errors import DatabaseUnavailable

_SERIALIZATION_FAILURE, _DEADLOCK, _UNIQUE_VIOLATION, _FOREIGN_KEY_VIOLATION = "40001", "40P01", "23505", "23503"
_SOMEBODY_ELSE_WROTE = {_SERIALIZATION_FAILURE, _DEADLOCK, _UNIQUE_VIOLATION, _FOREIGN_KEY_VIOLATION}
_TRIES = 5


def attempts() -> Retrying:
    """The tries of one transaction. `TryAgain` asks for another at once.

    Raises (while iterated):
        DatabaseUnavailable: somebody else wrote the same rows each time. The driver's own error may quote them: it is
            left behind.
    """
    return Retrying(
        retry=retry_if_exception(_somebody_else_wrote),
        stop=stop_after_attempt(_TRIES),
        wait=_wait,
        retry_error_callback=_give_up,
        reraise=True,
    )


def _give_up(_: RetryCallState) -> None:
    raise DatabaseUnavailable(f"Somebody else wrote the same rows {_TRIES} times in a row: sync again") from None


def _somebody_else_wrote(error: BaseException) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else error  # a COPY's errors are the driver's own
    return getattr(cause, "sqlstate", None) in _SOMEBODY_ELSE_WROTE


def _wait(state: RetryCallState) -> float:
    asked = state.outcome is not None and isinstance(state.outcome.exception(), TryAgain)
    return 0.0 if asked else random.uniform(0, 0.5)  # noqa: S311 - parts those who collided, guards nothing
