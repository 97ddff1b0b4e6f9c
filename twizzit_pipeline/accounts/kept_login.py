"""One login at Twizzit that is kept for five minutes, with the answers that it brought."""

import threading
from collections.abc import Callable, Hashable, Sized
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar, cast

from cachetools import TTLCache

from twizzit_pipeline.accounts.patience import Patience
from twizzit_pipeline.words.meanings import Meanings

if TYPE_CHECKING:  # HTTP is loaded with the first question that is asked
    from twizzit_pipeline.twizzit.client import TwizzitClient

KEPT_SECONDS = 300.0

_MOST_ROWS = 20_000  # of all answers of one credential together; a club's longest list has some hundreds
_MOMENT_SECONDS = 0.2
_NOTHING = object()
_T = TypeVar("_T")


class KeptLogin:
    """One login and the answers that it brought, for five minutes."""

    def __init__(
        self,
        state: tuple[datetime | None, Meanings],
        open_client: "Callable[[], TwizzitClient]",
        metered: "Callable[[TwizzitClient], AbstractContextManager[object]]",
        patience: Patience,
        clock: Callable[[], float],
    ) -> None:
        self.state = state  # of the credential and its configuration, when it was opened
        self._open_client = open_client
        self._metered = metered
        self._patience = patience
        self._client: TwizzitClient | None = None
        self._closed = False
        self._over_at = clock() + KEPT_SECONDS
        self._asking = threading.Lock()
        self._answers: TTLCache[Hashable, object] = TTLCache(_MOST_ROWS, ttl=KEPT_SECONDS, timer=clock, getsizeof=_rows)

    def is_over(self, now: float) -> bool:
        """Whether its five minutes have passed."""
        return now >= self._over_at

    def answer(self, question: Hashable, ask: "Callable[[TwizzitClient], _T]") -> _T:
        """The kept answer, or a new one. Callers with the same question at the same moment wait for it and share it."""
        with self._asking:
            kept = self._answers.get(question, _NOTHING)
            if kept is not _NOTHING:
                return cast("_T", kept)
            if self._client is None:
                self._client = self._open_client()
            client = self._client
            try:
                with self._metered(client), self._patience.asking(client):
                    found = ask(client)
            finally:
                if self._closed or client.ended:
                    self._end_login()
            with suppress(ValueError):  # more rows than are kept: it is asked anew each time
                self._answers[question] = found
            return found

    def close(self) -> None:
        """Ends the login, at once or when the call under way is done: this waits for no server that hangs."""
        self._closed = True
        if self._asking.acquire(timeout=_MOMENT_SECONDS):
            try:
                self._end_login()
            finally:
                self._asking.release()

    def _end_login(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _rows(answer: object) -> int:
    """What an answer counts: 30 beside its rows, so that there are not many without any."""
    return 30 + (len(answer) if isinstance(answer, Sized) else 0)
