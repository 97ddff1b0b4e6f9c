"""A small process that outlives `up` if that is killed, and ends the processes that it left.

`up` holds the other end of its standard input. A word on it means that all has ended; its end without that word means
that `up` died.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from twizzit_pipeline.errors import AlreadyUp, SettingsError, TwizzitPipelineError
from twizzit_pipeline.local.leftovers import MARK, end, marked
from twizzit_pipeline.local.lock import GUARDIAN, only_one
from twizzit_pipeline.settings.processes import process_environment
from twizzit_pipeline.storage.embedded.cluster import Cluster
from twizzit_pipeline.storage.embedded.server import embedded_server

PATIENCE_SECONDS = 20.0
_ALL_OVER = b"."
_TRIES, _PAUSE_SECONDS = 50, 0.1


@contextmanager
def guarded(home: Path) -> Iterator[None]:
    """Whatever is started in this context ends, even if this process is killed.

    `home`: a resolved path, which the processes are marked with.
    """
    guardian = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "twizzit_pipeline.local.guardian", str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C and a terminal that closes are for `up`
        env=process_environment(**{MARK: ""}),
    )
    try:
        yield
    except BaseException as error:
        # After a defect of the program it is unknown what is left: the guardian looks as soon as this process is gone.
        expected = isinstance(error, TwizzitPipelineError | KeyboardInterrupt | SystemExit)
        _send(guardian, _ALL_OVER if expected else b"")
        raise
    else:
        _send(guardian, _ALL_OVER)


def _send(guardian: "subprocess.Popen[bytes]", word: bytes) -> None:
    assert guardian.stdin is not None
    with suppress(BrokenPipeError):
        guardian.stdin.write(word)
        guardian.stdin.close()
    if word:
        guardian.wait()


def clean(home: Path) -> int:
    """Ends what an `up` of this home left; how many processes that were. The caller holds the lock of the home.

    They have a database meanwhile, so that a sync can close its history: the embedded server is kept in use, and stops
    with its last user, which this is.
    """
    left = marked(home)
    if Cluster(home).reachable() is None:
        end(left, PATIENCE_SECONDS)
    else:
        with embedded_server(home):
            end(left, PATIENCE_SECONDS)
    return len(left)


def main() -> None:
    """Wait for the end of `up`, and clean up if it could not do so itself."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if sys.stdin.buffer.read() == _ALL_OVER:
        return
    home = Path(sys.argv[1])
    for _ in range(_TRIES):  # the kernel may close the pipe of a killed process before it drops its lock
        with suppress(AlreadyUp, SettingsError), only_one(home, GUARDIAN):
            clean(home)
            return
        time.sleep(_PAUSE_SECONDS)
    # The home is in use by another `up`, which does the same.


if __name__ == "__main__":
    main()
