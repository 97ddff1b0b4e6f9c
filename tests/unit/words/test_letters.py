"""What of a text can be seen, in texts of every alphabet."""

import sys
import unicodedata

import pytest

from twizzit_pipeline.transform.text import clean_text
from twizzit_pipeline.twizzit.v2.own_rows import own_name
from twizzit_pipeline.words.letters import INVISIBLE, visible


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Zoë Ünal", "Zoë Ünal"),
        ("so\u00adft\u200b", "soft"),
        ("\u202eKC Oost\u202c", "KC Oost"),
        ("a\u00a0b\tc\n", "a\u00a0b\tc\n"),
        ("\ud800a\x00\x7f", "a"),
        ("\u200b\ufeff", ""),
        ("", ""),
    ],
)
def test_what_cannot_be_seen_goes_and_white_space_stays(text: str, wanted: str) -> None:
    assert visible(text) == wanted


def test_no_letter_that_is_printed_is_invisible() -> None:
    """So a text of such letters alone is not looked through."""
    letters = (chr(code) for code in range(sys.maxunicode + 1))
    assert not [one for one in letters if one.isprintable() and unicodedata.category(one) in INVISIBLE]


def test_a_letter_and_its_accent_meet_where_something_invisible_stood_between() -> None:
    assert own_name("Re\u200b\u0301mi") == clean_text("Re\u200b\u0301mi") == "Rémi"
