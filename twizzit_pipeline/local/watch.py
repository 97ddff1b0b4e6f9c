"""What is looked at beside the processes, in a thread of its own since a database may take its time: syncs that ended,
the lock in the database, what was switched off in Dagster's UI, whether another version migrated the database, and the
length of the logs; and what the demo does."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from twizzit_pipeline.errors import DatabaseRefused, DatabaseUnavailable
from twizzit_pipeline.local import logs
from twizzit_pipeline.local.automation import Switches
from twizzit_pipeline.local.lock import DatabaseLock
from twizzit_pipeline.local.own_version import OwnVersion
from twizzit_pipeline.local.syncs import EndedSyncs

_LOOK_SECONDS = 1.0
_SAID_AFTER_SECONDS = 5.0


class Watch:
    """Looks every second until `stop`.

    Attributes:
        problem: why `up` cannot go on, if so; `on_problem` is called then.
        also: what else is done at each look.
    """

    def __init__(
        self,
        *,
        syncs: EndedSyncs,
        switches: Switches,
        version: OwnVersion,
        lock: DatabaseLock,
        folder: Path,
        say: Callable[[str], None],
        on_problem: Callable[[], None],
    ) -> None:
        self.problem: Exception | None = None
        self.also: Callable[[], None] = lambda: None
        self._syncs = syncs
        self._switches = switches
        self._version = version
        self._lock = lock
        self._folder = folder
        self._say = say
        self._on_problem = on_problem
        self._over = threading.Event()
        self._silent_since: float | None = None
        self._said = False
        self._thread = threading.Thread(target=self._run, name="twizzit-up-watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look once more, and no more."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
            self._look()

    def _run(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            try:
                self._look()
            except Exception as error:  # whatever it is, no sync would be shown from here on
                self.problem = error
                self._on_problem()
                return

    def _look(self) -> None:
        logs.cut(self._folder)
        try:
            self._lock.hold()
            self._syncs.look()
            self._switches.look()
            self._version.look()
            self.also()
        except (DatabaseUnavailable, DatabaseRefused, SQLAlchemyError):
            self._silence()
            return
        if self._said:
            self._say("The database answers again")
        self._silent_since, self._said = None, False

    def _silence(self) -> None:
        """Reported once, and not for the moment that a server needs to come back."""
        self._silent_since = self._silent_since or time.monotonic()
        if not self._said and time.monotonic() - self._silent_since > _SAID_AFTER_SECONDS:
            self._said = True
            self._say("The database does not answer; everything goes on when it does")
