"""How long each phase of a step took."""

import time


class Stopwatch:
    """Seconds by phase, in the order in which they ended.

    Attributes:
        phases: phase → seconds, to the millisecond.
    """

    def __init__(self) -> None:
        self.phases: dict[str, float] = {}
        self._since = time.monotonic()

    def lap(self, phase: str) -> None:
        """Ends a phase and begins the next."""
        now = time.monotonic()
        self.phases[phase] = round(now - self._since, 3)
        self._since = now
