"""One line for each sensor or schedule that is switched off in Dagster's UI, and one when it is on again."""

import time
from collections.abc import Callable

from twizzit_pipeline.scheduling.automation import SwitchedOff, switched_off
from twizzit_pipeline.storage.engine import Database

_LOOK_SECONDS = 5.0


class Switches:
    """What was off at the last look; nothing is said twice."""

    def __init__(self, database: Database, say: Callable[[str], None]) -> None:
        self._database = database
        self._say = say
        self._off: dict[str, SwitchedOff] = {}
        self._looked = float("-inf")

    def look(self) -> None:
        """Say what was switched off or on since the last look; not more often than every few seconds.

        Raises:
            DatabaseUnavailable: it does not answer.
        """
        if time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        off = {one.name: one for one in switched_off(self._database)}
        for name in off.keys() - self._off.keys():
            self._say(off[name].line)
        for name in self._off.keys() - off.keys():
            self._say(f"The {self._off[name].kind} {name} is switched on again")
        self._off = off
