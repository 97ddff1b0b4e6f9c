"""Rewrites: what is done again because a user of ShotSpot, or another sync, wrote or holds the same rows."""

import random
from functools import partial

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from tenacity import RetryCallState, Retrying, TryAgain, retry_if_exception, stop_after_attempt

from twizzit_pipeline.errors import DatabaseUnavailable
from twizzit_pipeline.storage.engine import LOCK_SECONDS
from twizzit_pipeline.storage.holders import holders
from twizzit_pipeline.storage.sqlstates import LOCK_NOT_AVAILABLE, lacks_credential
from twizzit_pipeline.storage.unquoted import driver_of, state_of, things_named

_SERIALIZATION_FAILURE, _DEADLOCK, _UNIQUE_VIOLATION, _FOREIGN_KEY_VIOLATION = "40001", "40P01", "23505", "23503"
_OF_CONSTRAINTS = {_UNIQUE_VIOLATION, _FOREIGN_KEY_VIOLATION}
_WRITTEN_BY_OTHERS = {
    _SERIALIZATION_FAILURE,
    _DEADLOCK,
    _UNIQUE_VIOLATION,
    _FOREIGN_KEY_VIOLATION,
    LOCK_NOT_AVAILABLE,
}
_TRIES = 5


def rewrites(engine: Engine, again: str = "sync again") -> Retrying:
    """The tries of one transaction. `TryAgain` asks for another at once.

    A statement waits a few seconds for what another transaction holds (the engine's lock_timeout), then the whole
    transaction is tried again.

    Args:
        engine: asked who holds what was waited for, where that was the last try.
        again: what a person is to do where that was the last try, for the error.

    Raises (while iterated):
        DatabaseUnavailable: another transaction wrote the same rows each time, or held them all the time. The driver's
            own error may quote them: it is left behind.
    """
    return Retrying(
        retry=retry_if_exception(_written_by_others),
        stop=stop_after_attempt(_TRIES),
        wait=_wait,
        retry_error_callback=partial(_give_up, engine, again),
        reraise=True,
    )


def _give_up(engine: Engine, again: str, state: RetryCallState) -> None:
    error = None if state.outcome is None else state.outcome.exception()
    if error is not None and _state_of(error) == LOCK_NOT_AVAILABLE:
        raise DatabaseUnavailable(
            f"Another transaction held rows or tables that this needs for {_TRIES} times {LOCK_SECONDS} s: "
            f"{holders(engine)}; end it, then {again}"
        ) from None
    wrong, todo = f"Another transaction wrote the same rows {_TRIES} times in a row", again
    if error is not None and _state_of(error) in _OF_CONSTRAINTS and (named := things_named(driver_of(error))):
        wrong += f", or what this writes is not allowed beside the rows that are there ({named})"
        todo += ", and if that does not help, look at that constraint or index"
    raise DatabaseUnavailable(f"{wrong}: {todo}") from None


def _written_by_others(error: BaseException) -> bool:
    return _state_of(error) in _WRITTEN_BY_OTHERS and not lacks_credential(error)


def _state_of(error: BaseException) -> str:
    return state_of(error) if isinstance(error, DBAPIError) or hasattr(error, "sqlstate") else ""


def _wait(state: RetryCallState) -> float:
    asked = state.outcome is not None and isinstance(state.outcome.exception(), TryAgain)
    return 0.0 if asked else random.uniform(0, 0.5)  # noqa: S311 - parts those who collided, guards nothing
