"""One line where another version migrates the database meanwhile: no sync of this one starts from there on; and one
when the database is as it was (a dump was restored), since syncs start again by themselves then.
"""

import time
from collections.abc import Callable

from sqlalchemy import Engine

from twizzit_pipeline.errors import MigrationsPending
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.revisions import current, require_revision

_LOOK_SECONDS = 5.0


class OwnVersion:
    """What was said at the last look; nothing is said twice."""

    def __init__(self, engine: Engine, say: Callable[[str], None]) -> None:
        self._engine = engine
        self._say = say
        self._said: str | None = None
        self._looked = float("-inf")

    def look(self) -> None:
        """Say so where the database is not at this version's newest migration, and where it is again; not more often
        than every few seconds.

        Raises:
            DatabaseUnavailable, DatabaseRefused: it does not answer.
        """
        if time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        wrong = None
        try:
            with driver_errors(), self._engine.connect() as connection:
                require_revision(current(connection))
        except MigrationsPending as error:
            wrong = f"No sync starts any more. {error}"
        if wrong != self._said:
            self._say(wrong or "Syncs start again: the database is at this version's newest migration")
        self._said = wrong
