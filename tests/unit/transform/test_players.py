"""Players' records into the frame."""

import pandas as pd
import pytest

from twizzit_pipeline.contracts.players import check_players
from twizzit_pipeline.transform.players import jersey_number, player_gender, players_frame
from twizzit_pipeline.twizzit.people import Player

DTYPES = {
    "twizzit_team_id": "str",
    "twizzit_player_id": "str",
    "first_name": "str",
    "last_name": "str",
    "gender": "str",
    "jersey_number": "Int64",
    "jersey_unreadable": "bool",
}


def test_the_frame_has_its_columns_and_types_with_rows_and_without() -> None:
    player = Player(team_id="7", id="1", first_name="Jan", last_name="Peeters")
    for players in ([], [player], [player] * 3):
        frame = players_frame(players)
        assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == DTYPES
        assert len(frame) == len(players)


def test_records_become_rows_in_order() -> None:
    frame = players_frame(
        [
            Player(
                team_id=" 7",
                id="1 ",
                first_name=" Jan\x00 ",
                last_name="Van  den Broeck",
                gender="M",
                jersey_number="07",
            ),
            Player(team_id="8", id="2", first_name=None, last_name=None, full_name="De Smet An", gender="vrouw"),
            Player(team_id="8", id="3", first_name="", last_name=" ", full_name="Maes Zoë", jersey_number="A7"),
            Player(team_id="8", id=None, first_name="Piet", last_name=None, full_name="Piet Claes"),
        ]
    )
    expected = pd.DataFrame(
        [
            ["7", "1", "Jan", "Van den Broeck", "male", 7, False],
            ["8", "2", "An", "De Smet", "female", None, False],
            ["8", "3", "Zoë", "Maes", None, None, True],
            ["8", None, "Piet", None, None, None, False],
        ],
        columns=list(DTYPES),
    ).astype(DTYPES)
    pd.testing.assert_frame_equal(frame, expected)


def test_the_contract_takes_the_frame_as_it_is() -> None:
    players = [
        Player(team_id="7", id="1", first_name="Jan", last_name="Peeters", gender="M", jersey_number=7),
        Player(team_id="7", id="2", first_name="An", last_name="Maes", gender="X", jersey_number="A7"),
        Player(team_id="7", id="3", first_name="An", last_name=None),
        Player(team_id="7", id="4", first_name=None, last_name=None, full_name="Madonna"),
    ]
    checked = check_players(players_frame(players))
    assert checked.valid["twizzit_player_id"].tolist() == ["1", "2"]
    assert [(one.twizzit_id, one.rule) for one in checked.rejected] == [
        ("4", "first_name_present"),
        ("3", "last_name_present"),
    ]
    assert sorted(one.rule for one in checked.warnings) == ["gender_known", "jersey_number_readable"]
    assert {one.twizzit_id for one in checked.warnings} == {"2"}
    assert check_players(players_frame([])).valid.empty


@pytest.mark.parametrize(
    ("raw", "gender"),
    [
        *((raw, "male") for raw in ("M", "m", " Male", "man", "mannelijk", "homme", "masculin", "1", 1, 1.0)),
        *((raw, "female") for raw in ("F", "V", "v", "FEMALE", "vrouw", "vrouwelijk", "femme", "Féminin", "2", 2)),
        *((raw, None) for raw in ("X", "", " ", None, "other", 0, 3, True, list[str](), {"NL": "man"}, "unknown")),
    ],
)
def test_genders_are_read_as_accounts_write_them(raw: object, gender: str | None) -> None:
    assert player_gender(raw) == gender


@pytest.mark.parametrize(
    ("raw", "number", "unreadable"),
    [
        *((raw, 7, False) for raw in (7, 7.0, "7", "07", " 7 ", "0007")),
        *((raw, 0, False) for raw in (0, "0", "00")),
        (999, 999, False),
        *((raw, None, False) for raw in (None, "", "  ", float("nan"))),
        *(
            (raw, None, True)
            for raw in ("A7", "7A", "#7", "1 2", "7.5", -1, "-1", 7.5, 1000, "1000", True, [7], "٧", "²")
        ),
        *((raw, None, True) for raw in ("9" * 5000, float("inf"), {"number": 7})),
    ],
)
def test_shirt_numbers_are_read_or_left_out(raw: object, number: int | None, unreadable: bool) -> None:
    assert jersey_number(raw) == (number, unreadable)


def test_a_name_with_a_sign_in_it_is_a_name() -> None:
    frame = players_frame([Player(team_id="7", id="1", first_name="Jean-Luc", last_name="D'Hondt", full_name="A B")])
    assert frame[["first_name", "last_name"]].to_numpy().tolist() == [["Jean-Luc", "D'Hondt"]]
