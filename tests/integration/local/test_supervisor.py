"""The keeping of processes, with small real ones: started, ready, ended, started again, given up, stopped."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from twizzit_pipeline.errors import ProcessFailed
from twizzit_pipeline.local import logs
from twizzit_pipeline.local.supervisor import MOST_ENDS, Program, Supervisor

PYTHON = (sys.executable, "-S", "-E", "-c")
STAYS = "import time; print('here', flush=True); time.sleep(60)"
STUBBORN = f"import signal\nfor s in (signal.SIGINT, signal.SIGTERM): signal.signal(s, signal.SIG_IGN)\n{STAYS}"
LEAVES = "import sys; print('first line', flush=True); sys.exit('the disk is full')"


class Kept:
    """A supervisor, and what it said."""

    def __init__(self, folder: Path, **options: float) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.supervisor = Supervisor(
            folder, self.said.append, **{"first_pause": 0.01, "settled_seconds": 60, **options}
        )

    def start(self, code: str, name: str = "child", ready: Callable[[object], bool] | None = None) -> None:
        """A child that runs this code; ready, by default, when it said something."""
        self.supervisor.start(
            Program(
                name=name,
                words="The child",
                command=[*PYTHON, code],
                environment=dict(os.environ),
                ready=ready or (lambda _: bool(logs.last_line(self.folder, name))),
            )
        )

    def until_ready(self) -> None:
        """Looks until all are ready."""
        until = time.monotonic() + 20
        while not self.supervisor.all_ready():
            assert time.monotonic() < until
            time.sleep(0.02)

    def pids(self) -> dict[str, int]:
        """The running children's process ids by their names."""
        children = self.supervisor._children.items()
        return {name: child.process.pid for name, child in children if child.process is not None}

    def pid(self) -> int:
        return self.pids()["child"]

    def kill(self) -> int:
        """Kills the child, and leaves it to the supervisor to find out; its process id."""
        process = psutil.Process(self.pid())
        process.kill()
        while process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        return process.pid


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Callable[..., Kept]]:
    made: list[Kept] = []

    def make(**options: float) -> Kept:
        made.append(Kept(tmp_path / "logs", **options))
        return made[-1]

    yield make
    for each in made:
        each.supervisor.stop(list(each.pids()), patience=0.2)


def test_a_child_is_ready_and_then_stopped(kept: Callable[..., Kept]) -> None:
    keeper = kept()
    keeper.start(STAYS)
    keeper.until_ready()
    pid = keeper.pid()
    assert os.getsid(pid) == pid, "Ctrl-C in our terminal must not reach it before us"
    keeper.supervisor.stop(["child"], patience=10)
    assert not psutil.pid_exists(pid)
    assert keeper.said == []
    assert "KeyboardInterrupt" in logs.last_line(keeper.folder, "child"), "SIGINT first: every program tidies up on it"


def test_a_child_that_was_killed_is_started_again(kept: Callable[..., Kept]) -> None:
    keeper = kept()
    keeper.start(STAYS)
    keeper.until_ready()
    before = keeper.kill()
    keeper.supervisor.look()
    keeper.until_ready()
    assert keeper.pid() != before
    assert keeper.said[0].startswith("The child ended (killed by SIGKILL); starting it again in 0.01 s (log: ")
    assert keeper.said[1].startswith("The child is back (")


def test_a_child_is_started_again_where_that_is_asked_for(kept: Callable[..., Kept]) -> None:
    keeper = kept()
    keeper.start(STAYS)
    keeper.until_ready()
    before = psutil.Process(keeper.pid())
    keeper.supervisor.restart("child")
    while before.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    keeper.supervisor.look()
    keeper.until_ready()
    assert keeper.pid() != before.pid


def test_a_child_that_keeps_ending_is_given_up_with_what_it_said(kept: Callable[..., Kept]) -> None:
    keeper = kept()
    keeper.start(LEAVES, ready=lambda _: False)
    with pytest.raises(ProcessFailed) as failed:
        keeper.until_ready()
    assert f"The child ended {MOST_ENDS} times in a row (exit code 1); it said: the disk is full (log: " in str(
        failed.value
    )
    assert len(keeper.said) == MOST_ENDS - 1
    pauses = [float(line.split(" again in ")[1].split()[0]) for line in keeper.said]
    assert pauses == [0.01, 0.02, 0.04], "it is given more time with each start"


def test_a_child_that_stayed_for_long_is_not_near_being_given_up(kept: Callable[..., Kept]) -> None:
    keeper = kept(settled_seconds=0.05)
    keeper.start(STAYS)
    for _ in range(MOST_ENDS + 1):
        keeper.until_ready()
        time.sleep(0.1)
        keeper.kill()
        keeper.supervisor.look()
    assert all(" again in 0.01 s" in line for line in keeper.said if "ended" in line)


def test_a_child_that_never_gets_ready_is_an_error(kept: Callable[..., Kept]) -> None:
    keeper = kept(ready_seconds=0.3)
    keeper.start(STAYS, ready=lambda _: False)
    with pytest.raises(ProcessFailed, match=r"The child is not ready after 0 s; it said: (here|nothing) \(log: "):
        keeper.until_ready()


def test_children_that_ignore_signals_are_killed_all_at_once(kept: Callable[..., Kept]) -> None:
    keeper = kept()
    for name in ("child", "other", "third"):
        keeper.start(STUBBORN, name)
    keeper.until_ready()
    pids = list(keeper.pids().values())
    began = time.monotonic()
    keeper.supervisor.stop(["child", "other", "third"], patience=0.4)
    assert time.monotonic() - began < 10
    assert not any(map(psutil.pid_exists, pids))


def test_what_is_prepared_before_a_start_is_there_when_it_is_asked_whether_it_is_ready(
    kept: Callable[..., Kept], tmp_path: Path
) -> None:
    keeper, given = kept(), []

    def ready(prepared: object) -> bool:
        given.append(prepared)
        return True

    numbers = iter(range(9))
    program = Program("child", "The child", [*PYTHON, STAYS], dict(os.environ), lambda: next(numbers), ready)
    keeper.supervisor.start(program)
    keeper.until_ready()
    keeper.kill()
    keeper.supervisor.look()
    keeper.until_ready()
    assert given == [0, 1]


# --- logs -------------------------------------------------------------------------------------------------------------


def test_logs_are_their_owners_alone_and_the_one_before_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    for said in (b"first", b"second"):
        logs.begin(folder, "child")
        with logs.appended(folder, "child") as log:
            os.write(log, said)
    assert logs.path(folder, "child").read_bytes() == b"second"
    assert (folder / "child.log.1").read_bytes() == b"first"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_a_log_that_grew_too_long_is_cut_while_it_is_written(tmp_path: Path) -> None:
    logs.begin(tmp_path, "child")
    with logs.appended(tmp_path, "child") as log:
        os.write(log, b"x" * 2000)
        logs.cut(tmp_path, largest=1000)
        os.write(log, b"goes on\n")
        logs.cut(tmp_path, largest=1000)
    assert logs.path(tmp_path, "child").read_bytes() == b"goes on\n"
    assert (tmp_path / "child.log.1").stat().st_size == 2000
    assert (tmp_path / "child.log.1").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("said", "last"),
    [
        (b"", ""),
        (b"one\n\x1b[31mtwo\x1b[0m\n\n  \n", "two"),
        (b"x" * 100_000, "x" * 300),
        (b"caf\xc3\xa9 \xff", "café �"),
    ],
)
def test_the_last_line_is_short_and_without_colours(tmp_path: Path, said: bytes, last: str) -> None:
    (tmp_path / "child.log").write_bytes(said)
    assert logs.last_line(tmp_path, "child") == last
