"""Runs `twizzit` as a user does: in a folder of its own, with arguments, environment and standard input of its own.

Within the tests' process, where that makes no difference: importing everything anew takes longer than most commands. A
process of its own is for what only a process has: signals, children, pipes that break, how it all starts, and the
terminal that is opened by its own name, to hide what is typed.
"""

import errno
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pytest

from tests.conftest import ENCRYPTION_KEY
from twizzit_pipeline.cli import main

# Its children write to the streams of the process, and it means its signals.
OF_A_PROCESS = ("up",)
COMMAND = [sys.executable, "-W", "error::ResourceWarning", "-m", "twizzit_pipeline"]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output, which must be one JSON document and nothing else."""
        return json.loads(self.out)


class CommandLine:
    """`twizzit` in a folder; `environment` comes on top of the test's own.

    Calling it runs the entry point here, unless the command is one `OF_A_PROCESS`. An error that is none of the
    project's would be a traceback, and is raised.
    """

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = environment

    def __call__(self, *arguments: object, stdin: str = "", **environment: str) -> Ended:
        if arguments[0] in OF_A_PROCESS:
            return self.process(*arguments, stdin=stdin, **environment)
        out, err = _Stream(), _Stream()
        typed = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
        code = self._here(arguments, environment, stdin=typed, stdout=out, stderr=err)
        return Ended(code, out.text(), err.text())

    def on_terminal(self, *arguments: object, until: bytes, answer: Callable[[bytes], str]) -> Ended:
        """The command here, on a terminal of its own. Where it has asked for something (`until`), `answer` is given
        what it has shown by then, and returns the line that a person types. All that it shows is its standard output.
        """
        terminal, its_side = os.openpty()
        with ThreadPoolExecutor(1) as person:
            said = person.submit(_converse, terminal, until, answer)
            try:
                with os.fdopen(its_side) as stdin, os.fdopen(os.dup(its_side), "w", buffering=1) as shown:
                    code = self._here(arguments, {}, stdin=stdin, stdout=shown, stderr=shown)
                return Ended(code, said.result().decode(), "")
            finally:
                person.shutdown()
                os.close(terminal)

    def _here(self, arguments: Sequence[object], environment: Mapping[str, str], **streams: TextIO) -> int:
        """Runs the entry point in this process; its exit code."""
        with pytest.MonkeyPatch.context() as patch, logging_as_it_was():
            patch.chdir(self.folder)
            for name, value in {**self.environment, **environment}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["twizzit", *map(str, arguments)])
            for name, stream in streams.items():
                patch.setattr(sys, name, stream)
            with pytest.raises(SystemExit) as left:
                main()
        return int(left.value.code or 0)

    @contextmanager
    def asking(self, *arguments: object, until: bytes) -> Iterator[tuple["subprocess.Popen[bytes]", bytes]]:
        """The command on a terminal of its own, at the point where it has asked for something (`until`); and what it
        has shown by then. Its exit code is the process's.
        """
        spawn = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
        with subprocess.Popen(
            [sys.executable, "-c", spawn, *COMMAND, *map(str, arguments)],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as asked:
            assert asked.stdout is not None
            shown = b""
            while until not in shown:
                read = os.read(asked.stdout.fileno(), 1000)
                assert read, shown
                shown += read
            yield asked, shown

    def process(self, *arguments: object, stdin: str = "", **environment: str) -> Ended:
        """The command to its end, in a process."""
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            cwd=self.folder,
            env=self._environment(environment),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: object, **options: Any) -> "subprocess.Popen[str]":
        """The command running, in a process; its output is piped unless the options of Popen say otherwise."""
        pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            cwd=self.folder,
            env=self._environment({}),
            text=True,
            **{**pipes, **options},
        )

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        return {**os.environ, **self.environment, **more}


def command_line_on(folder: Path, database_url: str, **environment: str) -> CommandLine:
    """`twizzit` on a database of the test's own, with the tests' key, for a Twizzit on this machine."""
    usual = {
        "TWIZZIT_HOME": str(folder / "home"),
        "TWIZZIT_DATABASE_URL": database_url,
        "TWIZZIT_ENCRYPTION_KEY": ENCRYPTION_KEY,
        "TWIZZIT_ALLOW_PRIVATE_ENDPOINTS": "1",
        "TWIZZIT_REQUESTS_PER_SECOND": "1000",
    }
    return CommandLine(folder, **{**usual, **environment})


def _converse(terminal: int, until: bytes, answer: Callable[[bytes], str]) -> bytes:
    """Everything that is shown on a terminal; to the question, this answer."""
    shown = b""
    while until not in shown:
        read = _read(terminal)
        assert read, shown
        shown += read
    typed = b"\x04"  # the end of what is typed, so that the command ends where the test is to fail
    try:
        typed = f"{answer(shown)}\n".encode()
    finally:
        os.write(terminal, typed)
        while read := _read(terminal):
            shown += read
    return shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1000)
    except OSError as error:  # its other side is closed
        assert error.errno == errno.EIO
        return b""


class _Stream(io.TextIOWrapper):
    """A standard stream whose text is kept, also of what still holds it after the command."""

    def __init__(self) -> None:
        self._kept = io.BytesIO()
        super().__init__(self._kept, encoding="utf-8", write_through=True)

    def text(self) -> str:
        return self._kept.getvalue().decode()


@contextmanager
def logging_as_it_was() -> Iterator[None]:
    """A process takes what it set up of its logging with it."""
    known = [logging.getLogger(), *map(logging.getLogger, ("twizzit_pipeline", "dagster"))]
    before = [(each, list(each.handlers), each.level) for each in known]
    try:
        yield
    finally:
        for each, handlers, level in before:
            each.handlers[:] = handlers
            each.setLevel(level)
