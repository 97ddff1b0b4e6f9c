"""One rule for the labels of seasons: the same two years are the same season, and other words keep seasons apart."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twizzit_pipeline.words.seasons import canonical, cleaned, first_year, key, may_be, usable, years

NB = "\u00a0"
SAME = [
    "2026-2027", "2026 – 2027", "2026 — 2027", "2026/2027", "2026 / 2027", "2026-27", "2026/27", "2026–27", "26-27",
    "26/27", "26|27", "'26-'27", "2026/'27", "2026_2027", "2026.2027", "2026 2027", "20262027", "2026 tot 2027",
    "2026 t/m 2027", "2026 to 2027", "2026 à 2027", "2026 & 2027", "Saison 2026-2027", f"Saison{NB}2026-2027",
    f"Saison 2026{NB}-{NB}2027", "Saison sportive 2026-2027", "Saison 2026 à 2027", "La saison 2026/2027",
    "Année sportive 2026-2027", "Saison 2026-2027 (en cours)", "saison actuelle 2026-27", "Seizoen 2026 - 2027",
    "SEIZOEN 2026-2027", "seizoen 26-27", "Seizoen 26/27", "Sportseizoen 2026-2027", "Korfbalseizoen 2026-2027",
    "Werkjaar 2026-2027", "Sportjaar 2026/27", "Het seizoen 2026-2027", "2026-2027 (huidig)",
    "Huidig seizoen 2026-2027",
    "Season 2026-2027", "Season 2026/27", "2026-2027 season", "Season 2026-2027 (current)", "  2026-2027  ",
    "2026\u20112027", "2026\u22122027", "01/07/2026 - 30/06/2027", "1.8.2026 - 31.7.2027", "[2026-2027]",
    "Korfbal 2026-2027", "Club 2026-27", "Season26/27", "seizoen26-27", "Seizoen2026-2027",
]  # fmt: skip
OTHERS = {
    "Indoor 2026-2027": "2026-2027 indoor",
    "2026 – 2027 indoor": "2026-2027 indoor",
    "Outdoor 2026-2027": "2026-2027 outdoor",
    "Zaal 2026-2027": "2026-2027 zaal",
    "Veld 26/27": "2026-2027 veld",
    "Winterseizoen 2026-2027": "2026-2027 winterseizoen",
    "Zomerseizoen 2026-2027": "2026-2027 zomerseizoen",
    "Salle 2026-2027": "2026-2027 salle",
    "2026-2027 U19": "2026-2027 u19",
    "2026-2027-2": "2026-2027 2",
    "2025-2026": "2025-2026",
    "Saison 2025/26": "2025-2026",
    "99-00": "1999-2000",
    "1999-2000": "1999-2000",
    "2026": "2026",
    "Zaal": "zaal",
    "Été 2026": "ete 2026",
    "2025-2027": "2025 2027",
    "2026-28": "2026 28",
    "U15-16": "u15 16",
    "01-02-2026": "01 02 2026",
    "2026-08-01": "2026 08 01",
    "Tornooi 12-14": "tornooi 12 14",
    "Seizoen": "seizoen",
}


def test_the_same_two_years_are_the_same_season() -> None:
    wanted = ((2026, 2027), "2026-2027", "2026-2027")
    found = {label: (years(label), key(label), canonical(label)) for label in SAME}
    assert {label: said for label, said in found.items() if said != wanted} == {}


def test_other_words_and_other_years_are_another_season() -> None:
    assert {label: key(label) for label in OTHERS} == OTHERS
    assert {label: key(canonical(label)) for label in OTHERS} == OTHERS


@pytest.mark.parametrize(
    ("label", "start", "end", "meant"),
    [
        ("2026", date(2026, 8, 1), date(2027, 7, 31), "2026-2027"),
        ("2026", date(2026, 1, 1), date(2026, 12, 31), "2026"),
        ("2026", None, None, "2026"),
        ("Huidig seizoen", date(2026, 7, 1), date(2027, 6, 30), "2026-2027"),
        ("Zaal", date(2026, 9, 1), date(2027, 3, 31), "zaal"),
        ("2027", date(2026, 7, 1), date(2027, 6, 30), "2027"),
        ("Saison 2026-2027", date(2026, 9, 1), date(2027, 5, 31), "2026-2027"),
    ],
)
def test_dates_give_the_years_where_the_label_says_nothing_else(
    label: str, start: date | None, end: date | None, meant: str
) -> None:
    assert key(label, start, end) == meant


def test_the_first_year_stands_for_dates_that_are_left_out() -> None:
    assert [first_year(label) for label in ("26-27", "Zomer 2026", "2026-2027", "Zaal")] == [2026, 2026, 2026, None]


@pytest.mark.parametrize(
    ("said", "belongs"),
    [
        (None, True),
        ("", True),
        ("2026-2027", True),
        ("26-27", True),
        (f"Saison{NB}2026/27", True),
        ("2026", True),
        ("Indoor", True),
        ("Indoor 2026-2027", True),
        ("2025-2026", False),
        ("25/26", False),
        ("2025", False),
    ],
)
def test_what_names_a_season_is_of_it_by_its_years(said: str | None, belongs: bool) -> None:
    assert may_be(said, "2026-2027") is belongs


@given(st.text(max_size=60))
def test_a_cleaned_label_can_be_the_key_of_a_partition_and_means_the_same(label: str) -> None:
    found = cleaned(label)
    assert not found or usable(found)
    assert cleaned(found) == found
    assert not canonical(label) or usable(canonical(label))
    assert canonical(canonical(label)) == canonical(label)
