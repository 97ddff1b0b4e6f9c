"""How long a sync has been at work, in words."""

from datetime import timedelta

import pytest

from twizzit_pipeline.runs.in_progress import lasted


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(seconds=-1), "0 seconds"),
        (timedelta(seconds=1.9), "1 second"),
        (timedelta(seconds=59), "59 seconds"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(minutes=59, seconds=59), "59 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(days=1, hours=2), "26 hours"),
    ],
)
def test_it_is_said_in_the_largest_unit_that_fits(time: timedelta, words: str) -> None:
    assert lasted(time) == words
