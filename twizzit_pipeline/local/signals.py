"""SIGINT, SIGTERM and SIGHUP ask `up` to stop; a second signal asks for that at once."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

_Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None


class Asked:
    """An event that a signal's handler may set while its own thread waits for it.

    `threading.Event` has a lock that is taken once: a signal in the instant in which the waiting thread holds it would
    wait for that thread for ever.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()  # its lock may be taken again by the thread that holds it
        self._is_set = False

    def is_set(self) -> bool:
        """Whether it was set."""
        return self._is_set

    def set(self) -> None:
        """It is set from now on, and who waits goes on."""
        with self._changed:
            self._is_set = True
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Whether it was set, at once or within so many seconds."""
        with self._changed:
            if not self._is_set:
                self._changed.wait(seconds)
            return self._is_set


class Stop:
    """A context manager that catches the signals; entered in the main thread, before any child is started.

    A signal that is ignored here would be ignored by the children, and Dagster's then ignore SIGTERM as well. Only a
    terminal that closes (SIGHUP) may stay ignored, as `nohup` wants it.

    Attributes:
        asked: set when everything is to stop.
    """

    def __init__(self, insisted: Callable[[], None]) -> None:
        """`insisted` is called at the second signal."""
        self.asked = Asked()
        self._insisted = insisted
        self._before: dict[int, _Handler] = {}

    def __enter__(self) -> Self:
        numbers = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            numbers.append(signal.SIGHUP)
        self._before = {number: signal.signal(number, self._caught) for number in numbers}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _caught(self, _: int, __: FrameType | None) -> None:
        if self.asked.is_set():
            self._insisted()
        self.asked.set()
