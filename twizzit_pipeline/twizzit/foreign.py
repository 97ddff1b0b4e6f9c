"""Answers with nothing of a JSON in them, whatever is asked: how many in a row, and when they are given up.

What belongs here: the count. The tries of one call are `http_retry`'s.
"""

import threading

from twizzit_pipeline.errors import MalformedAnswer

MOST_FOREIGN = 4  # calls in a row that may be met with a web page before no more are made


class ForeignAnswers:
    """Calls in a row whose answers had nothing of a JSON in them, whatever was asked. Safe between threads.

    A few may be of a few teams: they have all their tries. After those the service itself is another one just now (a
    page of maintenance): a call makes no further try then, until an answer is JSON again.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._in_a_row = 0

    def end(self, error: BaseException | None) -> bool:
        """Whether another try of a call is useless, as the calls before it had all theirs in vain."""
        with self._lock:
            return isinstance(error, MalformedAnswer) and error.foreign and self._in_a_row >= self._most

    def met(self, error: MalformedAnswer) -> MalformedAnswer:
        """The error as it is to be raised: one more than those is the last."""
        if not error.foreign:
            return error
        with self._lock:
            self._in_a_row += 1
            count = self._in_a_row
        if count <= self._most:
            return error
        what, _, advice = str(error).partition(": ")
        return MalformedAnswer(
            f"{what}, for {count} calls in a row, so no more were made: {advice}",
            endpoint=error.endpoint,
            status=error.status,
            foreign=True,
            lasting=True,
        )

    def over(self) -> None:
        """An answer was of use."""
        with self._lock:
            self._in_a_row = 0
