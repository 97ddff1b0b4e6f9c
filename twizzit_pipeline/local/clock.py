"""Whether this machine's clock was put back.

Dagster's daemon measures its pauses by that clock. Where it is put back by a day, the queue of runs is not looked at
for a day, until the daemon is started again.
"""

import time
from collections.abc import Callable

_MOST_SECONDS = 60.0


class Clock:
    """Looks at the clock again and again, beside the one that no one can put back."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self._apart = wall() - steady()

    def was_put_back(self) -> bool:
        """Whether it was since the last look, by more than a minute; a machine that slept is none of that."""
        before, self._apart = self._apart, self._wall() - self._steady()
        return self._apart < before - _MOST_SECONDS
