"""Questions that a person waits for: each may take so long, however its server spreads its bytes over the calls.

What belongs here: ending all calls of a question. One call has a deadline of its own, see `twizzit.connections`.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from twizzit_pipeline.errors import ConnectionFailed

if TYPE_CHECKING:  # HTTP
    from twizzit_pipeline.twizzit.client import TwizzitClient

ANSWER_SECONDS = 45.0


class Patience:
    """How long each question may take, and an end of all that are open. May be used by many threads."""

    def __init__(self, seconds: float = ANSWER_SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._asked: set[TwizzitClient] = set()
        self._over = False

    @contextmanager
    def asking(self, client: "TwizzitClient") -> Iterator[None]:
        """One question to Twizzit, which may take many calls. A client that took too long makes no further call.

        Raises:
            ConnectionFailed: it took too long, or `end` was called.
        """
        with self._lock:
            if self._over:
                raise ConnectionFailed("Twizzit is not asked any more: this program is about to end")
            self._asked.add(client)
        timer = threading.Timer(self._seconds, client.end_calls)
        timer.daemon = True
        timer.start()
        try:
            yield
            if client.ended:  # what was read may not be all
                raise self._too_long()
        except ConnectionFailed:
            if client.ended:
                raise self._too_long() from None
            raise
        finally:
            timer.cancel()
            with self._lock:
                self._asked.discard(client)

    def end(self) -> None:
        """Ends what is asked at this moment, and lets nothing more be asked."""
        with self._lock:
            self._over = True
            for client in self._asked:
                client.end_calls()

    def _too_long(self) -> ConnectionFailed:
        if self._over:
            return ConnectionFailed("Twizzit was not waited for: this program is about to end")
        return ConnectionFailed(f"Twizzit took longer than {self._seconds:g} s: try again later", silent=True)
