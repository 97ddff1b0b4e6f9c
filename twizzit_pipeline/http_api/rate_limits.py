"""How often one token may ask for what costs calls to Twizzit."""

import threading

from cachetools import TTLCache
from pyrate_limiter import Duration, InMemoryBucket, MonotonicClock, Rate, RateItem

from twizzit_pipeline.http_api.auth import Caller
from twizzit_pipeline.http_api.problems import Problem

_MOST_TOKENS = 10_000
_MINUTE_SECONDS = 60


class RateLimit:
    """So many requests of one token in a minute, counted in this process."""

    def __init__(self, per_minute: int) -> None:
        self._rates = [Rate(per_minute, Duration.MINUTE)]
        # A token that was silent for a minute has nothing left to count.
        self._buckets: TTLCache[str, InMemoryBucket] = TTLCache(_MOST_TOKENS, ttl=_MINUTE_SECONDS + 1)
        self._clock = MonotonicClock()
        self._lock = threading.Lock()

    def spend(self, caller: Caller) -> None:
        """Counts one request.

        Raises:
            Problem: 429, with the seconds to wait.
        """
        with self._lock:
            bucket = self._buckets.get(caller.fingerprint) or InMemoryBucket(self._rates)
            now = self._clock.now()
            bucket.leak(now)
            item = RateItem(caller.fingerprint, now)
            if bucket.put(item):
                self._buckets[caller.fingerprint] = bucket  # its minute begins anew
                return
            wait = bucket.waiting(item)
        seconds = max(1, -(-int(wait) // 1000)) if isinstance(wait, int | float) else _MINUTE_SECONDS
        raise Problem(
            429,
            "Too many requests",
            f"Each of these may cost calls to Twizzit, which are scarce: try again in {seconds} s",
            headers={"Retry-After": str(seconds)},
        )
