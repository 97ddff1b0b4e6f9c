"""Text on its way into the database."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twizzit_pipeline.transform.text import clean_text, text_array


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  Jan  ", "Jan"),
        ("Van\tden \n Broeck", "Van den Broeck"),
        ("Zoe\u0308", "Zoë"),
        ("Jan\u00a0Peeters", "Jan Peeters"),
        ("J\x00a\x07n\x1b", "Jan"),
        ("Jan\u200b\ufeff\u202e", "Jan"),
        ("Jan\ud800", "Jan"),
        ("", None),
        (" \t\u200b\x00", None),
        (None, None),
        (12, "12"),
        (12.0, "12"),
        (float("nan"), None),
        (True, None),
        ({"NL": "Jan"}, None),
        (["Jan"], None),
        ("’t Jampens", "’t Jampens"),
        ("Łukasz-Øyvind", "Łukasz-Øyvind"),
    ],
)
def test_text_is_cleaned(raw: object, clean: str | None) -> None:
    assert clean_text(raw) == clean


@given(st.text(st.characters(exclude_categories=[])))
def test_clean_text_can_be_stored_and_stays_as_it_is(raw: str) -> None:
    clean = clean_text(raw)
    if clean is None:
        return
    clean.encode()
    assert clean == " ".join(clean.split()) != ""
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs"} for c in clean)
    assert unicodedata.is_normalized("NFC", clean)
    assert clean_text(clean) == clean


def test_an_array_of_text_has_nulls_where_nothing_is_left() -> None:
    array = text_array(["a", " ", None, 5])
    assert str(array.dtype) == "str"
    assert array.isna().tolist() == [False, True, True, False]
    assert array.dropna().tolist() == ["a", "5"]
    assert str(text_array([]).dtype) == "str"
    assert str(text_array([None]).dtype) == "str"
