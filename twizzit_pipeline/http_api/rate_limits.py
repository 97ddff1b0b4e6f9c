"""How often one person may ask for what costs calls to Twizzit.

Counted is who calls (`Caller.identity`), never the text of a token: one token can be spelled in many ways, and one
person has many tokens.
"""

import threading
from typing import Literal

from cachetools import TTLCache
from pyrate_limiter import InMemoryBucket, MonotonicClock, Rate, RateItem

from twizzit_pipeline.http_api.access import Caller
from twizzit_pipeline.http_api.problems import Problem

_MOST_COUNTED = 10_000
_SECONDS = {"minute": 60, "hour": 3600}


class RateLimit:
    """So many requests of one person in a minute or an hour, counted in this process."""

    def __init__(self, most: int, window: Literal["minute", "hour"] = "minute") -> None:
        self._seconds = _SECONDS[window]
        self._rates = [Rate(most, 1000 * self._seconds)]
        # One who was silent for as long has nothing left to count.
        self._buckets: TTLCache[tuple[str, int | None], InMemoryBucket] = TTLCache(_MOST_COUNTED, ttl=self._seconds + 1)
        self._clock = MonotonicClock()
        self._lock = threading.Lock()

    def spend(self, caller: Caller, credential_id: int | None = None) -> None:
        """Counts one request.

        Args:
            credential_id: one that there is, where each is counted by itself.

        Raises:
            Problem: 429, with the seconds to wait.
        """
        counted = (caller.identity, credential_id)
        with self._lock:
            bucket = self._buckets.get(counted) or InMemoryBucket(self._rates)
            now = self._clock.now()
            bucket.leak(now)
            item = RateItem(caller.identity, now)
            if bucket.put(item):
                self._buckets[counted] = bucket  # its time begins anew
                return
            wait = bucket.waiting(item)
        seconds = max(1, -(-int(wait) // 1000)) if isinstance(wait, int | float) else self._seconds
        raise Problem(
            429,
            "Too many requests",
            f"Each of these may cost calls to Twizzit, which are scarce: try again in {seconds} s",
            headers={"Retry-After": str(seconds)},
        )
