"""A defect of the program on the command line: its kind and place, and no message that may quote a row."""

import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
import typer

from tests.support.command_line import COMMAND
from twizzit_pipeline.cli import app


def _broken() -> None:
    int("Quirijnske")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full: a device that takes nothing")
@pytest.mark.parametrize("arguments", [["--version"], ["--help"]])
def test_output_that_finds_no_room_is_one_line_that_says_so(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "Error: The output could not be written: No space left on device; make room\n"


def test_the_terminal_shows_kind_and_place_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "_needed", lambda _: _broken)
    with pytest.raises(SystemExit) as left:
        app.run()
    said = capsys.readouterr()
    assert left.value.code == 1
    assert said.out == ""
    assert "in _broken" in said.err
    assert said.err.splitlines()[-1] == "Unexpected error: ValueError; report it with these lines"
    assert "invalid literal" not in said.err


def _sends_an_accent() -> None:
    "Rh\udce9e".encode()


@pytest.mark.parametrize(("typed", "code"), [("Rh\udce9e", 2), ("Rhée", 1)])
def test_an_argument_whose_bytes_are_no_text_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, code: int
) -> None:
    """Typed in a terminal of another encoding, an accent is a byte that is none in UTF-8: no database takes it."""
    monkeypatch.setattr(app, "_needed", lambda _: _sends_an_accent)
    monkeypatch.setattr(sys, "argv", ["twizzit", "sync", "1", "--season", typed])
    with pytest.raises(SystemExit) as left:
        app.run()
    said = capsys.readouterr()
    assert (left.value.code, said.out) == (code, "")
    own = "Error: An argument is no text in UTF-8: set the terminal to UTF-8\n"
    assert (said.err == own) is (code == 2), said.err


@pytest.mark.parametrize("streams", ["<&-", ">&-", "<&- >&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("arguments", "code"), [(["--version"], 0), (["simulate", "--port", "x"], 2)])
def test_a_process_that_is_started_without_a_stream_ends_as_ever(streams: str, arguments: list[str], code: int) -> None:
    shell = ["sh", "-c", f'exec "$@" {streams}', "sh", *COMMAND, *arguments]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    if ">&-" not in streams:
        assert done.stdout.startswith("twizzit ") is (code == 0)


def test_a_question_that_no_one_can_answer_ends_as_where_nothing_comes() -> None:
    ask = "from twizzit_pipeline.cli.streams import open_missing as o; o(); import sys; print(sys.stdin.read() == '')"
    shell = ["sh", "-c", 'exec "$@" <&-', "sh", sys.executable, "-c", ask]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


@pytest.mark.parametrize(("pressed", "code"), [(KeyboardInterrupt, 130), (EOFError, 1)], ids=["Ctrl-C", "Ctrl-D"])
def test_a_question_that_is_left_has_the_code_that_scripts_know(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pressed: type[BaseException], code: int
) -> None:
    asking = typer.Typer()
    asking.command()(lambda: typer.confirm("Write them?", abort=True))

    def left(_: int = -1) -> str:
        raise pressed

    question = StringIO()
    monkeypatch.setattr(question, "readline", left)
    monkeypatch.setattr(sys, "stdin", question)
    monkeypatch.setattr(sys, "argv", ["twizzit"])
    monkeypatch.setattr(app, "_needed", lambda _: asking)
    with pytest.raises(SystemExit) as ended:
        app.run()
    assert ended.value.code == code
    assert "Aborted." in capsys.readouterr().err
