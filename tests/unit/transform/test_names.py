"""Which names are the same name, however they were typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twizzit_pipeline.transform.names import normalised_name

ANY_TEXT = st.text(st.characters(exclude_categories=[]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zoë Peeters", "ZOE PEETERS"),
        ("Zoë", "Zoe\u0308"),
        ("Peeters", "Pee\x00ters"),
        ("Jan Peeters", "Jan\tPeeters"),
        ("Zoë Peeters", "Zoë\nPeeters"),
        ("D’Hondt", "d'hondt"),
        ("D' Hondt", "D´Hondt"),
        ("D Hondt", "D`Hondt"),
        ("Jean-Luc", "Jean Luc"),
        ("Jean–Luc", "Jean - Luc"),
        ("Jean\u2011Luc", "Jean\u00a0Luc"),
        ("Søren", "Soren"),
        ("Łukasz", "Lukasz"),
        ("Weiß", "WEISS"),
        ("Weiẞ", "weiss"),
        ("Lætitia", "Laetitia"),
        ("Œdipe", "oedipe"),
        ("Đorđe", "Dorde"),
        ("İpek", "ipek"),
        ("Işık", "isik"),
        ("Ayşe Çelik", "ayse celik"),
        ("François", "Franc\u0327ois"),
        ("  Van   den Broeck ", "van den broeck"),
        ("Jan\u200b", "jan"),
        ("Ｊａｎ", "jan"),
    ],
)
def test_spellings_of_one_name_share_a_key(one: str, other: str) -> None:
    assert normalised_name(one) == normalised_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Peeters", "Peters"),
        ("Van den Broeck", "Vandenbroeck"),
        ("Jan Peeters", "Peeters Jan"),
        ("An", "Ann"),
        ("KCC 1", "KCC 2"),
        ("Åse", "Øse"),
    ],
)
def test_other_names_have_other_keys(one: str, other: str) -> None:
    assert normalised_name(one) != normalised_name(other)


def test_the_key_is_plain() -> None:
    assert normalised_name("D’Hóndt  Jean-Luc") == "d hondt jean luc"
    assert normalised_name("") == ""


@given(ANY_TEXT)
def test_a_key_is_its_own_key(text: str) -> None:
    key = normalised_name(text)
    assert normalised_name(key) == key
    assert key == " ".join(key.split())


@given(st.text(st.characters(codec="latin-1")))
def test_capitals_do_not_matter(text: str) -> None:
    assert normalised_name(text.upper().lower()) == normalised_name(text.lower())
    assert normalised_name(text.title()) == normalised_name(text)
