"""A small process that outlives `up` if that is killed, and ends the processes that it left.

`up` holds the other end of its standard input. A word on it means that all has ended; its end without that word means
that `up` died. It stays as long as `up`, mostly for nothing, so what it cleans up with is loaded when it has to.
"""

import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

ALL_OVER = b"."
_TRIES, _PAUSE_SECONDS = 50, 0.1


def main() -> None:
    """Wait for the end of `up`, and clean up if it could not do so itself."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if sys.stdin.buffer.read() == ALL_OVER:
        return
    _clean(Path(sys.argv[1]))


def _clean(home: Path) -> None:
    from twizzit_pipeline.errors import AlreadyUp, SettingsError  # noqa: PLC0415  (45 MB, for nothing while `up` lives)
    from twizzit_pipeline.local.cleaning import clean  # noqa: PLC0415
    from twizzit_pipeline.local.lock import GUARDIAN, only_one  # noqa: PLC0415

    for _ in range(_TRIES):  # the kernel may close the pipe of a killed process before it drops its lock
        with suppress(AlreadyUp, SettingsError), only_one(home, GUARDIAN):
            clean(home)
            return
        time.sleep(_PAUSE_SECONDS)
    # The home is in use by another `up`, which does the same.


if __name__ == "__main__":
    main()
