"""Players: plain records into the frame that the contract judges.

What belongs here: what a person's row says of itself. Who that is in ShotSpot, and which team is theirs, is decided in
`plan`.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

import pandas as pd

from twizzit_pipeline.transform.full_names import split_full_names
from twizzit_pipeline.transform.text import clean_text, text_array
from twizzit_pipeline.twizzit.people import Player
from twizzit_pipeline.words.genders import gender_of

_NUMBER = re.compile(r"0*([0-9]{1,3})")


def players_frame(players: Sequence[Player]) -> pd.DataFrame:
    """One row for each record, in order: one person in one team.

    Returns:
        `twizzit_team_id`, `twizzit_player_id`, `first_name`, `last_name`, `gender` ('male', 'female' or null): dtype
        `str`, cleaned by `clean_text`; `jersey_number`: Int64, 0 to 999 or null; `jersey_unreadable`: bool, true where
        the record has a number that is none ("A7"), which the contract counts as a warning. A record without first and
        last name, or with signs alone, gets both from its full name, see `split_full_names`.
    """
    first_names = [clean_text(player.first_name) for player in players]
    last_names = [clean_text(player.last_name) for player in players]
    unnamed = [row for row in range(len(players)) if _has_no_name(first_names[row], last_names[row])]
    split = split_full_names([clean_text(players[row].full_name) for row in unnamed])
    for row, (first_name, last_name) in zip(unnamed, split, strict=True):
        if last_name is not None:
            first_names[row], last_names[row] = first_name, last_name
    numbers = [jersey_number(player.jersey_number) for player in players]
    return pd.DataFrame(
        {
            "twizzit_team_id": text_array(player.team_id for player in players),
            "twizzit_player_id": text_array(player.id for player in players),
            "first_name": pd.array(first_names, dtype="str"),
            "last_name": pd.array(last_names, dtype="str"),
            "gender": pd.array([player_gender(player.gender) for player in players], dtype="str"),
            "jersey_number": pd.array([number for number, _ in numbers], dtype="Int64"),
            "jersey_unreadable": pd.array([unreadable for _, unreadable in numbers], dtype="bool"),
        }
    )


def _has_no_name(*names: str | None) -> bool:
    """Whether no letter and no digit is in them: "-" and "." are what stands in a field that must not be empty."""
    return not any(any(map(str.isalnum, name)) for name in names if name is not None)


def player_gender(value: object) -> str | None:
    """'male' or 'female' as ShotSpot has them; None for nothing and for what `gender_of` cannot read."""
    text = clean_text(value)
    return None if text is None else gender_of(text)


def jersey_number(value: object) -> tuple[int | None, bool]:
    """The shirt number of 0 to 999, or None; and whether there was something that is no such number.

    7, 7.0, "07" and " 7 " are 7; None, NaN and "" are nothing; "A7", -1, 7.5, 1000 and True are unreadable.
    """
    text = clean_text(value)
    if text is None:
        return None, not (value is None or isinstance(value, (str, float)))
    return _number(text)


@lru_cache(1024)  # a club of many teams has each number many times
def _number(text: str) -> tuple[int | None, bool]:
    number = _NUMBER.fullmatch(text)
    return (int(number[1]), False) if number else (None, True)
