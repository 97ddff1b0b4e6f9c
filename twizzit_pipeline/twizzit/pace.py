"""How fast a run calls: at the rate of the settings, or faster while the service shows that many calls are left.

What belongs here: the rate of one client; where it shares it with others, what they count in together is handed in
(`Turns`). What a service shows (`x-ratelimit-limit` and `x-ratelimit-remaining`) is not
known to be true, nor for which stretch of time it counts: a run uses no more than the calls that are shown, leaves a
fifth of the limit to others, never makes more than `MOST_A_SECOND`, and forgets what was shown after a minute. What a
service shows that refuses a call for its rate nevertheless counts no more in this run.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from pyrate_limiter import InMemoryBucket, Limiter, Rate, SingleBucketFactory

MOST_A_SECOND = 50.0
SHOWN_SECONDS = 60.0
_LEFT_TO_OTHERS = 5  # one call in so many
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_TOO_MANY = 429
_MOST_COUNTED = 100  # of a higher rate a shorter stretch is counted

# Takes the next turn of a kind of calls, of which `most` may begin within any stretch of `seconds`; the seconds until
# it begins. Turns are shared by all who call the same host.
Turns = Callable[[str, int, float], float]


class _Limiter(Protocol):
    def try_acquire(self, name: str) -> object:
        """Waits for a turn."""

    def close(self) -> None:
        """Ends the limiter."""


@dataclass(frozen=True, slots=True)
class _SharedLimiter:
    """At most so many calls a second, of all who share the turns."""

    turns: Turns
    sleep: Callable[[float], None]
    requests_per_second: float

    def try_acquire(self, name: str) -> None:
        most = min(_MOST_COUNTED, max(1, int(self.requests_per_second)))
        wait = self.turns(name, most, most / self.requests_per_second)
        if wait > 0:
            self.sleep(wait)

    def close(self) -> None:
        """It holds nothing."""


class Pace:
    """Lets each call wait for its turn. Safe between threads.

    Args:
        requests_per_second: the usual rate.
        hurries: whether what the service shows may be used.
        turns: what all callers of the host count in together; without it this client counts by itself.
        sleep: waits for a turn of those.
    """

    def __init__(
        self,
        requests_per_second: float,
        *,
        hurries: bool,
        turns: Turns | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        def limiter(rate: float) -> _Limiter:
            return _limiter(rate) if turns is None else _SharedLimiter(turns, sleep, rate)

        self._usual = limiter(requests_per_second)
        self._fast = limiter(max(MOST_A_SECOND, requests_per_second))
        self._hurries = hurries
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way = 0
        self._shown = 0
        self._until = 0.0

    @contextmanager
    def call(self) -> Iterator[None]:
        """Waits until a call may begin; it is under way until the context ends."""
        limiter, name = (self._fast, "shown") if self._takes_one() else (self._usual, "usual")
        limiter.try_acquire(name)
        with self._lock:
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1

    def heard(self, status: int, headers: Mapping[str, str]) -> None:
        """Notes what an answer, whose call is still under way, shows."""
        limit, remaining = (_number(headers.get(f"x-ratelimit-{word}", "")) for word in ("limit", "remaining"))
        with self._lock:
            if status == _TOO_MANY:
                self._hurries, self._shown = False, 0
            elif limit is not None and remaining is not None and remaining <= limit:
                others = self._under_way - 1
                self._shown = max(0, remaining - others - limit // _LEFT_TO_OTHERS)
                self._until = self._clock() + SHOWN_SECONDS

    def close(self) -> None:
        """Ends the limiters."""
        self._usual.close()
        self._fast.close()

    def _takes_one(self) -> bool:
        """Whether one of the calls that were shown may be made now."""
        with self._lock:
            if not self._hurries or self._shown <= 0 or self._clock() >= self._until:
                return False
            self._shown -= 1
            return True


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text.strip()) else None


def _limiter(requests_per_second: float) -> Limiter:
    """At most so many calls within any stretch of time; below one a second, one call for each longer stretch."""
    calls = max(1, int(requests_per_second))
    rate = Rate(calls, max(1, round(1000 * calls / requests_per_second)))
    return Limiter(SingleBucketFactory(InMemoryBucket([rate]), schedule_leak=False), 5)
