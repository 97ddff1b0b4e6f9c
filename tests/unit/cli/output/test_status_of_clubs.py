"""How long ago a sync was, in the table of `twizzit status`."""

from datetime import timedelta

from twizzit_pipeline.cli.output.status_of_clubs import _span

LENGTHS = {
    timedelta(seconds=-3): "0 s",
    timedelta(seconds=59.9): "59 s",
    timedelta(minutes=1): "1 min",
    timedelta(minutes=119): "119 min",
    timedelta(hours=2): "2 h",
    timedelta(hours=47): "47 h",
    timedelta(hours=48): "2 d",
    timedelta(days=400): "400 d",
}


def test_a_length_is_said_in_the_largest_unit_of_which_there_are_two_or_in_minutes() -> None:
    assert {length: _span(length) for length in LENGTHS} == LENGTHS
