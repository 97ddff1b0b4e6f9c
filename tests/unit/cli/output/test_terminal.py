"""What a terminal gets of data that is no plain text."""

import pytest

from twizzit_pipeline.cli.output.terminal import console, show_line, show_table, table

LOST = "\N{REPLACEMENT CHARACTER}"


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
