"""Starts the guardian, and lets it go when all has ended."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.local.guardian import ALL_OVER
from twizzit_pipeline.local.leftovers import MARK
from twizzit_pipeline.settings.processes import process_environment


@contextmanager
def guarded(home: Path) -> Iterator[None]:
    """What is started in this context ends, even if this process is killed.

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
        _send(guardian, ALL_OVER if expected else b"")
        raise
    else:
        _send(guardian, ALL_OVER)


def _send(guardian: "subprocess.Popen[bytes]", word: bytes) -> None:
    assert guardian.stdin is not None
    with suppress(BrokenPipeError):
        guardian.stdin.write(word)
        guardian.stdin.close()
    if word:
        guardian.wait()
