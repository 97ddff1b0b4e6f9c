"""Whole names into first and last names, in either order."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twizzit_pipeline.transform.full_names import FIRST_NAME_FIRST, LAST_NAME_FIRST, order_of, split_full_names

GIVEN = ["Jan", "Piet", "Zoë", "Anne-Marie", "Lotte", "Émile", "Noor"]
PLAIN = ["Peeters", "Janssens", "Maes", "Wouters", "Claes", "Peeters-Maes"]
PARTICLED = [
    "Van den Broeck", "van der Auwera", "De Smet", "D'Hondt", "D’hoore", "Vanden Berghe", "Ter Heide", "Ten Bosch",
    "Op de Beeck", "De la Motte", "Du Bois", "Le Roy", "In 't Veld", "'t Jampens", "El Amrani", "Van Damme-De Smet",
    "Van Damme - De Smet", "Van 't Hof",
]  # fmt: skip


@pytest.mark.parametrize("surname", PARTICLED)
@pytest.mark.parametrize("company", [[], ["PEETERS Jan", "MAES An"], ["Jan PEETERS", "An MAES"]])
def test_a_surname_with_particles_is_found_at_either_end_in_any_company(surname: str, company: list[str]) -> None:
    names = [f"Lotte {surname}", f"{surname} Lotte", *company]
    assert split_full_names(names)[:2] == [("Lotte", surname), ("Lotte", surname)]


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Van den Broeck, Jan", "Jan", "Van den Broeck"),
        ("Peeters,Jan Piet", "Jan Piet", "Peeters"),
        ("Broeck, Jan van den", "Jan", "van den Broeck"),
        ("Peeters Maes, Jan", "Jan", "Peeters Maes"),
        ("VAN DEN BROECK Jan", "Jan", "VAN DEN BROECK"),
        ("van den BROECK Jan Piet", "Jan Piet", "van den BROECK"),
        ("Jan PEETERS", "Jan", "PEETERS"),
        ("Jan PEETERS MAES", "Jan", "PEETERS MAES"),
        ("JP Peeters", "JP", "Peeters"),
        ("Anne Marie Peeters", "Anne Marie", "Peeters"),
        ("Jan Piet Van Dyck", "Jan Piet", "Van Dyck"),
        ("Nguyen Le", "Nguyen", "Le"),
        ("Peeters", None, "Peeters"),
        ("De Smet", None, "De Smet"),
        ("Van", None, "Van"),
        (", Jan", None, "Jan"),
        ("Jan,", None, "Jan"),
    ],
)
def test_a_name_whose_order_is_clear(name: str, first: str | None, last: str) -> None:
    assert split_full_names([name]) == [(first, last)]


def test_plain_names_follow_the_names_whose_order_is_clear() -> None:
    assert split_full_names(["Peeters Jan", "De Smet An", "Maes Anne Marie", "Janssens Van Dyck Piet"]) == [
        ("Jan", "Peeters"),
        ("An", "De Smet"),
        ("Anne Marie", "Maes"),
        ("Piet", "Janssens Van Dyck"),
    ]
    assert split_full_names(["Jan Peeters", "An De Smet", "Anne Marie Maes"]) == [
        ("Jan", "Peeters"),
        ("An", "De Smet"),
        ("Anne Marie", "Maes"),
    ]


def test_the_order_is_that_of_most_names_each_counted_once() -> None:
    assert order_of(["De Smet An", "Van Dyck Jan", "Lotte Le Roy"]) == LAST_NAME_FIRST
    assert order_of(["De Smet An", *["Lotte Le Roy"] * 9, "Van Dyck Jan"]) == LAST_NAME_FIRST
    assert order_of(["De Smet An", "Lotte Le Roy", "Jan Van Dyck"]) == FIRST_NAME_FIRST


def test_where_no_order_is_clear_repeated_given_names_decide() -> None:
    last_first = [f"{last} {first}" for last in ("Peeters", "Maes", "Claes") for first in ("Jan", "An")]
    assert order_of([f"Surname{at} {first}" for at, first in enumerate(["Jan", "Jan", "An", "An", "Jan"])]) == (
        LAST_NAME_FIRST
    )
    assert order_of(last_first) == FIRST_NAME_FIRST  # families: both repeat
    assert order_of(["Peeters Jan", "Maes Jan"]) == FIRST_NAME_FIRST  # too few to decide
    assert order_of([]) == FIRST_NAME_FIRST


def test_missing_names_keep_their_place() -> None:
    assert split_full_names([None, "Jan Peeters", None]) == [(None, None), ("Jan", "Peeters"), (None, None)]
    assert split_full_names([]) == []


people = st.tuples(st.sampled_from(GIVEN), st.sampled_from(PLAIN + PARTICLED))


@given(st.lists(people, max_size=20), st.booleans(), st.randoms())
def test_whole_scans_are_read_in_either_order(people: list[tuple[str, str]], last_first: bool, random: Random) -> None:
    everyone = [*people, ("Jan", "De Smet"), ("An", "Van Dyck")]
    random.shuffle(everyone)
    names = [f"{last} {first}" if last_first else f"{first} {last}" for first, last in everyone]
    assert split_full_names(names) == everyone


AWKWARD = [
    "van",
    "de",
    "den",
    "'",
    "-",
    "–",
    "JAN",
    "Jan",
    "D'Hondt",
    "’t",
    "PEETERS",
    "Le",
    "a-",
    "-b",
    "De-",
    "a-van",
]
words = st.sampled_from(AWKWARD) | st.text(st.characters(categories=["L", "Pd"]), min_size=1)


@given(st.lists(st.lists(words, min_size=1).map(" ".join), max_size=6))
def test_nothing_of_a_name_is_lost(names: list[str]) -> None:
    for name, (first, last) in zip(names, split_full_names(names), strict=True):
        assert last
        assert first != ""
        assert name in (f"{first} {last}" if first else last, f"{last} {first}")


@given(st.lists(st.lists(words | st.just(","), min_size=1).map(" ".join), max_size=4))
def test_with_commas_no_word_is_lost(names: list[str]) -> None:
    for name, parts in zip(names, split_full_names(names), strict=True):
        given_back = " ".join(part for part in parts if part)
        assert Counter(given_back.replace(",", " ").split()) == Counter(name.replace(",", " ").split())


@given(st.lists(st.lists(words, min_size=1).map(" ".join), max_size=6), st.randoms())
def test_the_order_of_the_rows_does_not_matter(names: list[str], random: Random) -> None:
    shuffled = list(names)
    random.shuffle(shuffled)
    assert dict(zip(names, split_full_names(names), strict=True)) == dict(
        zip(shuffled, split_full_names(shuffled), strict=True)
    )


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Broeck, Jan Piet van", "Jan Piet", "van Broeck"),  # one particle alone
        ("Broeck, van", "van", "Broeck"),  # a first name is always left
        ("Jan Peeters, ", "Jan", "Peeters"),  # nothing stands behind the comma
        (" , Jan Peeters", "Jan", "Peeters"),
    ],
)
def test_what_stands_at_a_comma(name: str, first: str, last: str) -> None:
    assert split_full_names([name]) == [(first, last)]


def test_given_names_decide_the_order_where_they_repeat_more_than_twice_as_often() -> None:
    at_end = ["Aerts Jan", "Baert Jan", "Claes Jan", "Devos Jan", "Evers An"]
    assert order_of([*at_end, "Evers Bo"]) == "last name first"
    assert order_of([*at_end[:4], "Evers An", "Evers Bo", "Floor An", "Floor Cis"]) == "first name first"
