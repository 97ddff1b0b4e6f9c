"""Days and times on a terminal, and what it gets of data that is no plain text."""

import io
import json
import sys
from datetime import UTC, datetime

import pytest

from twizzit_pipeline.cli.output.terminal import belgian, console, endless, print_json, show_line, show_table, table
from twizzit_pipeline.storage.ends_of_time import FIRST_DAY, FIRST_MOMENT, LAST_DAY, LAST_MOMENT

NEVER, BEFORE_ALL = "no real day (infinity, or after the year 9999)", "no real day (-infinity, or before the year 1)"
LOST = "\N{REPLACEMENT CHARACTER}"


def test_a_day_that_no_calendar_has_is_said_in_words() -> None:
    assert belgian(LAST_MOMENT) == endless(LAST_DAY) == endless(LAST_MOMENT.isoformat()) == NEVER
    assert belgian(FIRST_MOMENT) == endless(FIRST_DAY) == endless("0002-01-03") == BEFORE_ALL
    assert belgian(LAST_MOMENT.replace(tzinfo=None)) == NEVER


def test_every_other_is_one() -> None:
    assert belgian(datetime(2026, 12, 5, 13, 30, tzinfo=UTC)) == "Sat 2026-12-05 14:30"
    assert endless(LAST_DAY.replace(year=2026)) is endless("infinity and beyond") is None


@pytest.mark.parametrize("acts", ["\x1b", "\r", "\x07", "\x9b", "\u202e", "\u2066"])
def test_a_name_of_shotspot_s_moves_no_cursor_and_turns_no_line_round(
    acts: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = console()
    rows = table("Name")
    rows.add_row(f"a{acts}b")
    show_table(out, rows)
    out.print(f"c{acts}d\ne\tf 😀🏳️‍🌈 Zoë")
    show_line(out, f"g{acts}h")

    said = capsys.readouterr().out

    assert acts not in said
    assert f"a{LOST}b" in said
    assert f"c{LOST}d\ne" in said
    assert "😀🏳️‍🌈 Zoë" in said
    assert said.rstrip().endswith((f"g{LOST}h", "g h"))  # a list folds white space


@pytest.mark.parametrize("stderr", [False, True])
def test_no_line_ends_with_blanks_where_it_is_no_terminal(capsys: pytest.CaptureFixture[str], stderr: bool) -> None:
    out, shown = console(stderr=stderr), table("Id", "Why", right=("Id",))
    shown.add_row("1", "short")
    shown.add_row("20", "word " * 60)
    out.print(shown)
    show_table(out, shown)
    out.print("word " * 60)
    show_line(out, "word " * 60)
    said = capsys.readouterr()
    lines = (said.err if stderr else said.out).splitlines()
    assert " 1  short" in lines, "what stands before a word stays"
    assert [line for line in lines if line.endswith(" ")] == []


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8", "UTF8"])
def test_json_is_json_wherever_it_is_written(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `LC_ALL=C` and without UTF-8 mode, a letter that does not fit was written as no JSON has it."""
    said = {"name": "Val-Doré, Łódź 🤾"}
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding, errors="backslashreplace"))

    print_json(said)

    sys.stdout.flush()
    assert json.loads(written.getvalue().decode("utf-8")) == said
    assert ("é".encode() in written.getvalue()) == (encoding.lower() in ("utf-8", "utf8"))
