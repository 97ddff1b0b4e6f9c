"""Scores on the wire: text, objects, lists, and unknown shapes."""

import pytest

from twizzit_pipeline.twizzit.scores import NONE, Score, score_of, sides_score


@pytest.mark.parametrize(
    "value",
    [
        "12-9",
        "12 - 9",
        " 12:9 ",
        "12–9",
        "12 — 9",
        "12/9",
        "12-9 (6-4)",
        "(12-9)",
        "12 - 9 n.v.",
        "12-9 (n.v.)",
        "12-9 na verlengingen",
        "12-9 na verl.",
        "12-9 golden goal",
        "12-9 na golden goal",
        "12-9 n.s.",
        "12-9 après prolongations",
        "12-9 FF",
        "forfait 12-9",
        "Uitslag: 12-9",
        "12-9*",
        "\u200b12\u00ad-9\u200e",
        {"home": 12, "away": 9},
        {"home": "12", "away": "9"},
        {"homeScore": 12, "awayScore": 9},
        {"home-score": 12.0, "away-score": "9"},
        {"home": {"score": 12}, "away": {"score": "9"}},
        {"score": {"home": 12, "away": 9}},
        {"final": "12-9", "half-time": "6-4"},
        {"result": {"full-time": {"home": "12", "away": "9"}}},
        [12, 9],
        ["12", "9"],
        ["12\u200b", "\u200e9"],
        {"0": 12, "1": 9},
        [{"score": 12}, {"score": 9}],
        ["12-9"],
    ],
)
def test_a_score_is_read_in_every_known_shape(value: object) -> None:
    found = score_of(value)
    assert (int(str(found.home)), int(str(found.away)), found.unread) == (12, 9, False)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        " ",
        "-",
        " - ",
        "?-?",
        [],
        {},
        [None, None],
        ["", ""],
        {"home": None, "away": None},
        {"home": "", "away": ""},
    ],
)
def test_no_score_is_none(value: object) -> None:
    assert score_of(value) == NONE


@pytest.mark.parametrize(
    "value",
    [
        *(
            "12",
            "won",
            "12-",
            "W 12-9",
            "rust 12-9",
            "12-9 na rust",
            "12 9",
            12,
            True,
            [12],
            [12, 9, 3],
            [12, None],
            {"home": 12},
        ),
        {"home": 12, "away": True},
        {"home": -1, "away": 2},
        {"goals": "many"},
        {"sets": [1, 2]},
        {"home": 1.5, "away": 2},
        {"home": [1], "away": [2]},
    ],
)
def test_another_shape_is_counted_as_unread(value: object) -> None:
    assert score_of(value) == Score(unread=True)


def test_the_two_fields_of_a_row_are_a_score_as_well() -> None:
    assert sides_score("12", 9) == Score("12", 9)
    assert sides_score(None, None) == NONE
    assert sides_score(12, None).unread
