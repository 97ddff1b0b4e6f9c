"""A defect of the program on the command line: its kind and place, and no message that may quote a row."""

import pytest

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
