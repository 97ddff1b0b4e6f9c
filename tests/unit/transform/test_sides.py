"""Which part of a side's name is the club's, and which the team's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twizzit_pipeline.transform.sides import split_side


@pytest.mark.parametrize(
    ("name", "club", "team"),
    [
        ("AKC Duinrand 2", "AKC Duinrand", "2"),
        ("AKC Duinrand U15 1", "AKC Duinrand", "U15 1"),
        ("AKC Duinrand - U15 1", "AKC Duinrand", "U15 1"),
        ("KC Scheldedal Senioren", "KC Scheldedal", "Senioren"),
        ("Corfbal Val-Doré B", "Corfbal Val-Doré", "B"),
        ("KV Hoogland onder 13", "KV Hoogland", "onder 13"),
        ("KV Hoogland Dames 1", "KV Hoogland", "Dames 1"),
        ("KV Hoogland Welpen A", "KV Hoogland", "Welpen A"),
        ("KC EIKENMOLEN  RECREANTEN 1", "KC EIKENMOLEN", "RECREANTEN 1"),
        ("Corfbal Val-Doré Loisirs", "Corfbal Val-Doré", "Loisirs"),
        ("AKC Duinrand Reserven", "AKC Duinrand", "Reserven"),
        ("Corfbal Val-Doré RÉSERVES 1", "Corfbal Val-Doré", "RÉSERVES 1"),
        ("Korfbal 't Wilgenhof '78", "Korfbal 't Wilgenhof '78", "Korfbal 't Wilgenhof '78"),
        ("Korfbal 't Wilgenhof '78 3", "Korfbal 't Wilgenhof '78", "3"),
        ("KC Antwerpen", "KC Antwerpen", "KC Antwerpen"),
        ("U15", "U15", "U15"),
        ("A 1", "A", "1"),
        ("KC B U15 1", "KC B", "U15 1"),
        ("KC II", "KC II", "KC II"),
        ("Korfbalclub C", "Korfbalclub C", "Korfbalclub C"),
    ],
)
def test_the_team_is_what_stands_last(name: str, club: str, team: str) -> None:
    assert split_side(name) == (club, team)


@given(st.text(min_size=1).map(lambda text: " ".join(text.split())).filter(bool))
def test_a_club_always_has_a_name(name: str) -> None:
    club, team = split_side(name)
    assert len(club) <= len(name)
    assert team
