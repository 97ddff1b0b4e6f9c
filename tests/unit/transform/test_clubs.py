"""Which spellings of a club's name mean one club, and which mean two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twizzit_pipeline.transform.clubs import club_keys, names_one

ONE_CLUB = [
    ("KC De Meerkoet", "K.C. De Meerkoet"),
    ("KC De Meerkoet", "K. C. De Meerkoet"),
    ("KC De Meerkoet", "K C De Meerkoet"),
    ("KC De Meerkoet", "kc de meerkoet"),
    ("AKC Zand", "A K C Zand"),
    ("KC De Meerkoet", "Korfbalclub De Meerkoet"),
    ("KC De Meerkoet", "Korfbal Club De Meerkoet"),
    ("KC De Meerkoet", "KORFBALCLUB DE MEERKOET"),
    ("KC De Meerkoet", "De Meerkoet KC"),
    ("KC De Meerkoet", "De Meerkoet K.C."),
    ("KC De Meerkoet", "De Meerkoet Korfbalclub"),
    ("KC De Meerkoet", "KC De Meerkoet vzw"),
    ("KC De Meerkoet", "KC De Meerkoet VZW"),
    ("KC De Meerkoet", "KC De Meerkoet v.z.w."),
    ("KC De Meerkoet", "KC De Meerkoet (vzw)"),
    ("KC De Meerkoet", "vzw KC De Meerkoet"),
    ("KC De Meerkoet", "KC De Meerkoet, vzw"),
    ("K.C. De Meerkoet", "Korfbalclub De Meerkoet vzw"),
    ("Koninklijke Korfbalclub Duinen vzw", "KC Duinen"),
    ("Koninklijke Korfbalclub Duinen vzw", "KKC Duinen"),
    ("Koninklijke Korfbalclub Duinen vzw", "K.K.C. Duinen"),
    ("Koninklijke Korfbalclub Duinen vzw", "Korfbalclub Duinen"),
    ("Kon. Korfbalclub Duinen", "Koninklijke KC Duinen"),
    ("Koninklijke Boeckenberg KC", "Boeckenberg KC"),
    ("Koninklijke Boeckenberg KC", "KKC Boeckenberg"),
    ("Royal Corfbal Club Dison", "Corfbal Club Dison"),
    ("Royal Corfbal Club Dison ASBL", "CC Dison"),
    ("Club de Corfbal Dison", "CC Dison"),
    ("AKC Luma", "A.K.C. Luma"),
    ("AKC Luma", "Antwerpse Korfbalclub Luma"),
    ("KV Hoogland", "Korfbalvereniging Hoogland"),
    ("KV Hoogland", "K.V. Hoogland"),
    ("KC St.-Niklaas", "KC Sint-Niklaas"),
    ("KC St. Joris", "KC Sint Joris"),
    ("KC D'Haene", "KC D’Haene"),
    ("KC D'Haene", "K.C. D'Haene vzw"),
    ("K C D'Haene", "KC D'Haene"),
    ("Corfbal Val-Doré", "CORFBAL VAL DORE"),
    ("Sporting Meerdael", "Sporting Meerdael vzw"),
    ("Korfbal 't Wilgenhof '78", "Korfbal ’t Wilgenhof '78 VZW"),
    ("SC Kwik & Co", "Sportclub Kwik en Co"),
]
TWO_CLUBS = [
    ("KC Leuven", "KC Leuven Zuid"),
    ("KC Leuven", "KV Leuven"),
    ("KC Leuven", "AKC Leuven"),
    ("KC Leuven", "KC Leuvenaar"),
    ("KC Leuven", "KC Heverlee"),
    ("KC Leuven", "SC Leuven"),
    ("KC Leuven", "KKC Leuven"),
    ("KC Leuven", "CKC Leuven"),
    ("KC Leuven", "Sporting Leuven"),
    ("KC Leuven", "KC Leuven 2000"),
    ("KC Leuven", "KC"),
    ("KC", "Korfbalclub"),
    ("KC", "KV"),
    ("vzw", "asbl"),
    ("AKC Luma", "KC Luma"),
    ("AKC Luma", "AKC Lumina"),
    ("Koninklijke Korfbalclub Duinen", "KV Duinen"),
    ("Koninklijke Korfbalclub Duinen", "AKC Duinen"),
    ("Korfbal Leie", "Korfbal Schelde"),
    ("Corfbal Club Dison", "Corfbal Club Verviers"),
    ("KC De Meerkoet", "KC De Meerkoeten"),
    ("KC De Meerkoet", "KC Meerkoet"),
    ("KC Antwerpen-Noord", "KC Antwerpen"),
    ("KC Sint-Niklaas", "KC Sint-Joris"),
    ("KV Hoogland", "KV Hoogland '78"),
    ("Boeckenberg KC", "Boeckenberg KV"),
    ("Voorwaarts", "Vooruit"),
]


@pytest.mark.parametrize(("name", "other"), ONE_CLUB)
def test_one_club_spelled_otherwise(name: str, other: str) -> None:
    assert club_keys(name) & club_keys(other)


@pytest.mark.parametrize(("name", "other"), TWO_CLUBS)
def test_two_clubs_stay_two(name: str, other: str) -> None:
    assert not club_keys(name) & club_keys(other)


@pytest.mark.parametrize("name", ["KC", "K.C.", "Korfbalclub", "Koninklijke Korfbal Club vzw", "korfbal", "KV 1", "78"])
def test_a_kind_of_club_names_none(name: str) -> None:
    assert not names_one(name)


@given(st.text())
def test_every_name_has_a_key_and_is_a_spelling_of_itself(name: str) -> None:
    assert club_keys(name)
    assert club_keys(name) == club_keys(name.upper().lower()) or not name.isascii()
