"""Keeps child processes running: starts them, sees that they are ready, starts them again when they end, stops them.

What belongs here: any process. Which ones an `up` has is in `children`.

A child that ends is started again after a pause that doubles each time; one that stayed, or was ready, for a minute
begins with a short pause again. One that ends too often in a row is given up, and everything with it.
"""

import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from twizzit_pipeline.errors import ProcessFailed
from twizzit_pipeline.local import logs

Say = Callable[[str], None]

MOST_ENDS = 4
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
SETTLED_SECONDS = 60.0
READY_SECONDS = 60.0

_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Program:
    """A process to keep running.

    Attributes:
        name: one word; the log's name too.
        words: its name in messages, as a sentence begins ("Dagster's daemon").
        prepare: called before each start; what it returns is given to `ready`.
        ready: whether it does its work by now; asked again and again.
    """

    name: str
    words: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    prepare: Callable[[], object] = lambda: None
    ready: Callable[[object], bool] = lambda _: True


@dataclass(slots=True)
class _Child:
    program: Program
    process: "subprocess.Popen[bytes] | None" = None
    prepared: object = None
    ready: bool = False
    was_ready: bool = False
    since: float = 0.0
    ends: int = 0
    start_at: float = 0.0


class Supervisor:
    """The children of one `up`. Not for several threads."""

    def __init__(
        self,
        folder: Path,
        say: Say,
        *,
        first_pause: float = FIRST_PAUSE_SECONDS,
        ready_seconds: float = READY_SECONDS,
        settled_seconds: float = SETTLED_SECONDS,
    ) -> None:
        """`folder`: of the logs. `say` is called with one line when a child ended or came back."""
        self._folder = folder
        self._say = say
        self._first_pause = first_pause
        self._ready_seconds = ready_seconds
        self._settled_seconds = settled_seconds
        self._children: dict[str, _Child] = {}

    def start(self, program: Program) -> None:
        """Start a child, with a new log."""
        logs.begin(self._folder, program.name)
        child = self._children[program.name] = _Child(program)
        self._start(child)

    def all_ready(self, names: Collection[str] | None = None) -> bool:
        """Whether these children, or all of them, do their work; looks at all of them once.

        Raises:
            ProcessFailed: one ended too often, or takes too long.
        """
        self.look()
        return all(child.ready for name, child in self._children.items() if names is None or name in names)

    def look(self) -> None:
        """Look at every child once, and start again what has ended.

        Raises:
            ProcessFailed: one ended too often, or takes too long to be ready.
        """
        for child in self._children.values():
            if child.process is None:
                if time.monotonic() >= child.start_at:
                    self._start(child)
            elif (code := child.process.poll()) is not None:
                self._ended(child, code)
            elif not child.ready:
                self._see_whether_ready(child)
            elif child.ends and time.monotonic() - child.since > self._settled_seconds:
                child.ends = 0

    def restart(self, name: str) -> None:
        """Ask this child to end: the looks after that start it again."""
        process = self._children[name].process
        if process is not None:
            _send([process], signal.SIGTERM)

    def stop(self, names: Iterable[str], *, patience: float) -> None:
        """Interrupt these children at once, and wait for them; those left after `patience` seconds are killed."""
        going = [child.process for name in names if (child := self._children.get(name)) and child.process is not None]
        for name in list(names):
            if name in self._children:
                self._children[name].process = None
        _send(going, signal.SIGINT)
        for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, patience / 2), (None, 5.0)):
            going = _wait(going, seconds)
            if number is None or not going:
                return
            _send(going, number)

    def forget(self) -> None:
        """From now on nothing is started again."""
        self._children.clear()

    def _start(self, child: _Child) -> None:
        program = child.program
        child.prepared = program.prepare()
        with logs.appended(self._folder, program.name) as log:
            child.process = subprocess.Popen(  # noqa: S603 - our own commands, no shell
                program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(program.environment),
                start_new_session=True,  # Ctrl-C is for us, who stop them in order
            )
        child.since, child.ready = time.monotonic(), False

    def _ended(self, child: _Child, code: int) -> None:
        program = child.program
        stayed = child.ready and time.monotonic() - child.since > self._settled_seconds
        child.ends = 1 if stayed else child.ends + 1
        child.process, child.ready = None, False
        where = f"log: {logs.path(self._folder, program.name)}"
        if child.ends >= MOST_ENDS:
            said = logs.last_line(self._folder, program.name) or "nothing"
            raise ProcessFailed(
                f"{program.words} ended {MOST_ENDS} times in a row ({_how(code)}); it said: {said} ({where})"
            )
        pause = min(self._first_pause * 2 ** (child.ends - 1), LONGEST_PAUSE_SECONDS)
        child.start_at = time.monotonic() + pause
        self._say(f"{program.words} ended ({_how(code)}); starting it again in {pause:g} s ({where})")

    def _see_whether_ready(self, child: _Child) -> None:
        taken = time.monotonic() - child.since
        if child.program.ready(child.prepared):
            child.ready = True
            if child.was_ready:
                self._say(f"{child.program.words} is back ({taken:.1f} s)")
            child.was_ready = True
        elif taken > self._ready_seconds:
            where = logs.path(self._folder, child.program.name)
            raise ProcessFailed(
                f"{child.program.words} is not ready after {self._ready_seconds:.0f} s; it said: "
                f"{logs.last_line(self._folder, child.program.name) or 'nothing'} (log: {where})"
            )


def _how(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def _send(processes: Iterable["subprocess.Popen[bytes]"], number: int) -> None:
    for process in processes:
        process.send_signal(number)


def _wait(processes: list["subprocess.Popen[bytes]"], seconds: float) -> list["subprocess.Popen[bytes]"]:
    """Those that are still there after so many seconds."""
    until = time.monotonic() + seconds
    while (going := [process for process in processes if process.poll() is None]) and time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)
    return going
