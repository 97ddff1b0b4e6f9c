"""Single values off the wire: lists that come as objects, and texts that a web form has escaped."""

import tracemalloc

import pytest

from twizzit_pipeline.twizzit.wire import identifier, is_list, items, plain_keys, text, texts


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([1, 2], [1, 2]),
        ([], []),
        ({}, []),
        ({"0": "a", "2": "c"}, ["a", "c"]),
        ({"10": "k", "9": "j", "2": "c"}, ["c", "j", "k"]),
        ({"417": {"id": 417}}, [{"id": 417}]),
    ],
)
def test_a_list_may_come_as_an_object_with_digit_keys(value: object, expected: list[object]) -> None:
    assert is_list(value)
    assert items(value) == expected


@pytest.mark.parametrize("value", [None, "ab", 3, {"error": "x"}, {"0": "a", "error": "x"}, {"id": 1}, {"²": 1}, True])
def test_anything_else_is_no_list(value: object) -> None:
    assert not is_list(value)
    assert items(value) == []


@pytest.mark.parametrize(
    ("escaped", "meant"),
    [
        ("D&#039;Hondt", "D'Hondt"),
        ("D&#39;Hondt", "D'Hondt"),
        ("D&#x27;Hondt", "D'Hondt"),
        ("D&apos;Hondt", "D'Hondt"),
        ("D&rsquo;Hondt", "D\u2019Hondt"),
        ("D&amp;#039;Hondt", "D'Hondt"),
        ("D&amp;amp;#039;Hondt", "D'Hondt"),
        ("D&#039Hondt", "D'Hondt"),
        ("Senioren &amp; Co 1", "Senioren & Co 1"),
        ("Ren&eacute;e &Eacute;quipe", "Renée Équipe"),
        ("&quot;De Kikkers&quot;", '"De Kikkers"'),
        ("KC&nbsp;De Ploeg", "KC\u00a0De Ploeg"),
        ("Senioren & Co 1", "Senioren & Co 1"),
        ("Kids&sections", "Kids&sections"),
        ("R&D; 1", "R&D; 1"),
        ("Kids&notit;", "Kids&notit;"),
        ("A&B", "A&B"),
        ("U15 & U17; samen", "U15 & U17; samen"),
        ("", ""),
    ],
)
def test_html_entities_are_unescaped_and_nothing_else(escaped: str, meant: str) -> None:
    assert text(escaped) == meant
    assert texts(escaped) == [meant]
    assert text({"NL": escaped, "FR": "x"}) == (meant or "x")
    assert texts({"name": {"EN": "y", "NL": escaped}}) == ["y", meant]


def test_a_name_may_be_a_list_of_texts() -> None:
    assert texts({"0": "Speler", "2": "D&#039;"}) == ["Speler", "D'"]
    assert text({"1": "", "2": "Joueur"}) == "Joueur"
    assert text([]) is None
    assert text({}) is None
    assert text(None) is None


def test_a_text_is_read_to_its_1000th_character() -> None:
    endless = "&amp;" + "1" * 100_000 + "x"
    assert text(endless) == "&" + "1" * 999
    assert text({"NL": endless}) == "&" + "1" * 999
    assert identifier(f" {'7' * 5000} ") == "7" * 1000
    assert texts({"EN": endless, "NL": "Zand"}) == texts([endless, "Zand"]) == ["&" + "1" * 999, "Zand"]


def test_a_key_without_end_is_neither_read_nor_remembered() -> None:
    """Keys are remembered, as every row has the same few; a server may make up others, of any length."""
    assert plain_keys({"First-Name": "Lien", "x" * 101: 1}) == {"firstname": "Lien"}
    tracemalloc.start()
    try:
        for number in range(20):
            plain_keys({f"{number}-{'A' * 1_000_000}": 1})
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000
