"""How much memory the lists of one run may take.

What belongs here: the estimate, and its bound. One answer is bounded by `transport` and `json_body`; a list has as many
answers as its server likes, and is kept whole until it is proved whole.
"""

import threading
from collections.abc import Mapping

import httpx

from twizzit_pipeline.errors import RunTooLarge
from twizzit_pipeline.twizzit.json_body import values_in
from twizzit_pipeline.twizzit.wire import is_list

# Measured with lists of a million rows of an id alone, of rows with texts, and of rows with thousands of values: what a
# row takes until it is in the database, and what a value takes in Python.
_BYTES_OF_A_ROW = 2000
_BYTES_OF_A_VALUE = 72
_MEGABYTE = 1_000_000


class MemoryLedger:
    """Estimates what the kept answers of one client take, and refuses more than `megabytes`. Safe between threads."""

    def __init__(self, megabytes: int) -> None:
        self._megabytes = megabytes
        self._lock = threading.Lock()
        self._bytes = 0

    def add(self, path: str, size: int) -> None:
        """Count so many bytes more, or less.

        Raises:
            RunTooLarge: they are more than one run may keep.
        """
        with self._lock:
            self._bytes += size
            if size <= 0 or self._bytes <= self._megabytes * _MEGABYTE:
                return
        raise RunTooLarge(
            f"{path}: what Twizzit lists would take more than the {self._megabytes} MB that one run may: ask Twizzit "
            "about this account, or raise TWIZZIT_RUN_MEGABYTES if it is as large as that (the limit of a live "
            "question does not rise with it)",
            endpoint=path,
        )


class KeptList:
    """What is kept of one list, which one thread reads: a list that is read again is kept once."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self._bytes = 0

    def add(self, path: str, response: httpx.Response, answer: object) -> None:
        """Count an answer whose rows are kept beside those of others.

        Raises:
            RunTooLarge: they are more than one run may keep.
        """
        body = response.content
        size = len(body) + _BYTES_OF_A_VALUE * values_in(body) + _BYTES_OF_A_ROW * _rows_in(answer)
        self._bytes += size
        self._ledger.add(path, size)

    def release(self) -> None:
        """Nothing is kept of the list any more: it is read again, could not be read, or was only looked through."""
        self._ledger.add("", -self._bytes)
        self._bytes = 0


def _rows_in(answer: object) -> int:
    """The rows of an answer of either dialect: its items, or those of the longest list in an envelope."""
    if is_list(answer) or not isinstance(answer, Mapping):
        return len(answer) if isinstance(answer, list | Mapping) else 0
    return max((len(value) for value in answer.values() if isinstance(value, list | Mapping)), default=0)
