"""How long one run may take: the run itself ends its work then, and Dagster ends a run that does not.

What belongs here: that limit, for a run of any process. Dagster's daemon watches its own runs, too: it looks every two
minutes (`run_monitoring.max_runtime_seconds`) and cannot let a run record what happened. So the run gets
`GRACE_SECONDS` to do so itself. A run from the terminal is limited by this module alone.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

import dagster as dg

from twizzit_pipeline.errors import RunTooLong
from twizzit_pipeline.orchestration.dagster_private import MAX_RUNTIME_SECONDS_TAG, DagsterEventType

# What a run of the sensor may take, where that is less than the setting says.
LONGEST_TAG = "twizzit/longest_seconds"
GRACE_SECONDS = 60

# What a history says of a run that Dagster had to end.
ENDED_BY_DAGSTER = (
    "The sync was ended after the longest time that one may take (TWIZZIT_RUN_SECONDS); its process did not end it by "
    "itself: see what it waited for (twizzit doctor), then sync again"
)
_OF_DAGSTER = "exceeding maximum runtime"  # in its event of such a run

_SIGNAL = signal.SIGUSR1
# A run that is interrupted tidies up; where that hangs as well, it is interrupted again.
_AGAIN_SECONDS = 15.0


class RunLimit:
    """The longest time of one run, counted from now.

    Args:
        setting: seconds, as `TWIZZIT_RUN_SECONDS` says.
        shorter: seconds that this run may take, where that is less.
    """

    def __init__(
        self, setting: int, shorter: int | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.seconds = setting if shorter is None else min(setting, shorter)
        self._is_setting = self.seconds == setting
        self._clock = clock
        self._until = clock() + self.seconds

    @property
    def left(self) -> float:
        """Seconds until the run must be over."""
        return self._until - self._clock()

    @contextmanager
    def enforced(self) -> Iterator[None]:
        """Work of the run, in its main thread: it is interrupted when the time is over. (Other threads are not.)

        Raises:
            RunTooLong: the time is over.
        """
        if self.left <= 0:
            raise self._error()
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        working, done = True, threading.Event()

        def interrupt(_: int, __: FrameType | None) -> None:
            if working and self.left <= 0:
                raise self._error()

        before = signal.signal(_SIGNAL, interrupt)
        watch = threading.Thread(target=self._interrupt_in_time, args=(done,), name="twizzit-run-limit", daemon=True)
        watch.start()
        try:
            yield
        finally:
            working = False
            done.set()
            watch.join()
            signal.signal(_SIGNAL, before)

    def _interrupt_in_time(self, done: threading.Event) -> None:
        if done.wait(max(self.left, 0.0)):
            return
        ident = threading.main_thread().ident
        while ident is not None:
            signal.pthread_kill(ident, _SIGNAL)
            if done.wait(_AGAIN_SECONDS):
                return

    def _error(self) -> RunTooLong:
        after = f"The sync was ended after {in_words(self.seconds)}"
        if self._is_setting:
            return RunTooLong(
                f"{after}, the longest that one may take: see whether its server answers (twizzit credentials verify "
                "ID); where it does and the account is that large, raise TWIZZIT_RUN_SECONDS"
            )
        return RunTooLong(
            f"{after}, the most for a first sync, or for one whose last ones took far less: the next one may take "
            "longer (it comes by itself where automatic syncs are on); until then see whether its server answers: "
            "twizzit credentials verify ID"
        )


def in_words(seconds: float) -> str:
    """``90 s``, ``10 minutes``."""
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} s"


def shorter_by(tags: Mapping[str, str]) -> int | None:
    """The seconds that the tags of a run allow it; None where they set no limit."""
    said = tags.get(LONGEST_TAG, "")
    return int(said) if said.isascii() and said.isdigit() else None


def tags_for(seconds: int) -> dict[str, str]:
    """The tags of a run that may take no more than that: for the run itself, and for Dagster's daemon."""
    return {LONGEST_TAG: str(seconds), MAX_RUNTIME_SECONDS_TAG: str(seconds + GRACE_SECONDS)}


def ended_by_dagster(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether Dagster's daemon ended the run because it went beyond its longest time."""
    canceling = instance.all_logs(run_id, of_type=DagsterEventType.RUN_CANCELING)
    return any(_OF_DAGSTER in (entry.get_dagster_event().message or "") for entry in canceling)
