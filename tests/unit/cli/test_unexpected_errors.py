"""A defect of the program on the command line: its kind and place, and no message that may quote a row."""

import sys
from io import StringIO

import pytest
import typer

from twizzit_pipeline.cli import app


def _broken() -> None:
    int("Quirijnske")


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
