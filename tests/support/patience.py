"""Time for the answers that tests ask for: the five seconds that httpx allows are too little on a busy machine."""

import inspect

import httpx

_SECONDS = 60.0


def wait_longer_for_answers() -> None:
    """Has httpx allow a minute where a test names no time-out; the program names one for each of its requests."""
    unnamed = inspect.signature(httpx.get).parameters["timeout"].default
    assert isinstance(unnamed, httpx.Timeout)
    unnamed.connect = unnamed.read = unnamed.write = unnamed.pool = _SECONDS
