"""What is being done right now: a spinner on a terminal, a line for each step elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status


class Steps:
    """Shows steps as they begin; a context manager, called with the words for each step.

    On a terminal the step under way spins and leaves a line with its seconds when the next begins.
    """

    def __init__(self, out: Console) -> None:
        self._out = out
        self._spinner: Status | None = None
        self._step: str | None = None
        self._since = 0.0

    def __call__(self, step: str) -> None:
        """The step before is done, and this one begins."""
        if not self._out.is_terminal:
            self._out.print(f"  {step} …")
            return
        self._done()
        self._step, self._since = step, time.monotonic()
        if self._spinner is None:
            self._spinner = self._out.status(step)
            self._spinner.start()
        else:
            self._spinner.update(step)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._spinner is not None:
            self._spinner.stop()
            self._spinner = None
        if error is None:
            self._done()

    def _done(self) -> None:
        if self._step is not None:
            self._out.print(f"  {self._step}  [dim]{time.monotonic() - self._since:.1f} s[/dim]", markup=True)
            self._step = None
