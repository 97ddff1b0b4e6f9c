"""The embedded PostgreSQL while `up` uses it: seen to be alive, and started again when it was killed.

The server is no child of this process: it stops with its last user, in any process. So it is watched from outside.
"""

import time
from collections.abc import Callable
from pathlib import Path

import psutil

from twizzit_pipeline.local.leftovers import lives
from twizzit_pipeline.storage.embedded.postmaster import read_postmaster
from twizzit_pipeline.storage.embedded.server import embedded_server

_LOOK_SECONDS = 1.0


class EmbeddedPostgres:
    """The server of one home folder, which this process has in use."""

    def __init__(self, home: Path, say: Callable[[str], None]) -> None:
        """`home`: a resolved path."""
        self._home = home
        self._say = say
        self._process = self._found()
        self._next_look = 0.0

    def look(self) -> None:
        """Look, once a second at most, whether the server is alive, and start it again if not, at the same address.

        Raises:
            EmbeddedServerFailed: it does not start any more.
        """
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _LOOK_SECONDS
        if self._process is not None and lives(self._process):
            return
        self._say("PostgreSQL ended; starting it again")
        began = time.monotonic()
        with embedded_server(self._home):  # starts it, unless another process was quicker
            self._process = self._found()
        self._say(f"PostgreSQL is back ({time.monotonic() - began:.1f} s)")

    def _found(self) -> psutil.Process | None:
        postmaster = read_postmaster(self._home / "postgres")
        try:
            return None if postmaster is None else psutil.Process(postmaster.pid)
        except psutil.NoSuchProcess:
            return None
