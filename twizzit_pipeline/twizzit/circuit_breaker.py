"""A circuit breaker: calls are not tried again once several in a row were answered with something other than JSON.

What belongs here: the count. The tries of one call are `http_retry`'s.
"""

import threading

from twizzit_pipeline.errors import MalformedAnswer

CALLS_TO_OPEN = 4  # calls in a row that have all their tries although a web page answers


class CircuitBreaker:
    """Counts calls in a row that were answered with something other than JSON. Safe between threads.

    Up to `calls_to_open` of them have all their tries: the answers may concern a few teams only. After that the service
    itself is taken to be away (a maintenance page), and a call is made once, until an answer is JSON again.
    """

    def __init__(self, calls_to_open: int) -> None:
        self._calls_to_open = calls_to_open
        self._lock = threading.Lock()
        self._in_a_row = 0

    def is_open_for(self, error: BaseException | None) -> bool:
        """Whether a call that ended in `error` is not to be tried again, since those before it had all their tries."""
        with self._lock:
            return isinstance(error, MalformedAnswer) and error.not_json and self._in_a_row >= self._calls_to_open

    def failed(self, error: MalformedAnswer) -> MalformedAnswer:
        """Counts a call that failed; the error to raise, which says so where the circuit is open."""
        if not error.not_json:
            return error
        with self._lock:
            self._in_a_row += 1
            count = self._in_a_row
        if count <= self._calls_to_open:
            return error
        what, _, advice = str(error).partition(": ")
        return MalformedAnswer(
            f"{what}, for {count} calls in a row, so no more were made: {advice}",
            endpoint=error.endpoint,
            status=error.status,
            not_json=True,
            circuit_open=True,
        )

    def succeeded(self) -> None:
        """Closes the circuit: an answer was JSON."""
        with self._lock:
            self._in_a_row = 0
