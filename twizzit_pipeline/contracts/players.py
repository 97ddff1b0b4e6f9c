"""What a player must be before they are written: the contract of `twizzit_players`.

One row is one person in one team, so a person may come in several rows. Lengths are those of ShotSpot's columns
(`shotspot-schema.md`); a longer text is rejected, never cut.
"""

from dataclasses import replace

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from twizzit_pipeline.contracts.checked import Checked, split
from twizzit_pipeline.contracts.judging import asks, by_name, judges, listed_once
from twizzit_pipeline.contracts.rules.players import RULES
from twizzit_pipeline.entities import PLAYERS

_RULE = by_name(RULES)


class PlayerContract(pa.DataFrameModel):
    """A person in a team; a row that breaks a rule is rejected by itself.

    Columns and dtypes are rules about the frame: another one stops the sync. `jersey_unreadable` is what `transform`
    says of a number that it could not read.
    """

    twizzit_team_id: Series[str] = pa.Field(nullable=True)
    twizzit_player_id: Series[str] = pa.Field(nullable=True)
    first_name: Series[str] = pa.Field(nullable=True)
    last_name: Series[str] = pa.Field(nullable=True)
    gender: Series[str] = pa.Field(nullable=True)
    jersey_number: Series[pd.Int64Dtype] = pa.Field(nullable=True)
    jersey_unreadable: Series[bool]

    _team_id_present = asks(_RULE["team_id_present"])
    _team_id_length = asks(_RULE["team_id_length"])
    _team_id_printable = asks(_RULE["team_id_printable"])
    _id_present = asks(_RULE["id_present"])
    _id_length = asks(_RULE["id_length"])
    _id_printable = asks(_RULE["id_printable"])
    _first_name_present = asks(_RULE["first_name_present"])
    _first_name_length = asks(_RULE["first_name_length"])
    _first_name_printable = asks(_RULE["first_name_printable"])
    _last_name_present = asks(_RULE["last_name_present"])
    _last_name_length = asks(_RULE["last_name_length"])
    _last_name_printable = asks(_RULE["last_name_printable"])
    _gender_allowed = asks(_RULE["gender_allowed"])

    @judges(_RULE["jersey_number_range"])
    @classmethod
    def _jersey_number_range(cls, values: "pd.Series[int]") -> "pd.Series[bool]":
        return values.between(0, 999)

    @judges(_RULE["duplicate_id"])
    @classmethod
    def _duplicate_id(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        repeated = frame.duplicated(["twizzit_team_id", "twizzit_player_id"], keep=False)
        return ~repeated | (frame["twizzit_player_id"].fillna("") == "")

    class Config:
        name = PLAYERS.name


class PlayerHints(pa.DataFrameModel):
    """What is worth counting about a player who keeps the contract: they come nevertheless."""

    twizzit_player_id: Series[str]
    gender: Series[str] = pa.Field(nullable=True)
    jersey_number: Series[pd.Int64Dtype] = pa.Field(nullable=True)
    jersey_unreadable: Series[bool]

    _gender_known = asks(_RULE["gender_known"])

    @judges(_RULE["jersey_number_given"])
    @classmethod
    def _jersey_number_given(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return frame["jersey_number"].notna() | frame["jersey_unreadable"]

    @judges(_RULE["jersey_number_readable"])
    @classmethod
    def _jersey_number_readable(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return ~frame["jersey_unreadable"]

    @judges(_RULE["listed_once"])
    @classmethod
    def _listed_once(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return listed_once(frame, "twizzit_player_id")

    class Config:
        name = PLAYERS.name


def check_players(frame: pd.DataFrame) -> Checked:
    """The players who keep their contract, and what was found about the others.

    Args:
        frame: as `transform.players.players_frame` makes it.

    Returns:
        `valid` has the table's columns: `twizzit_team_id`, `twizzit_player_id`, `first_name`, `last_name`, `gender`
        (str) and `jersey_number` (Int64), without `jersey_unreadable`, which has become a warning.

    Raises:
        FormatChanged: see `contracts.checked.split`.
    """
    checked = split(PlayerContract, frame, "twizzit_player_id", hints=PlayerHints)
    return replace(checked, valid=checked.valid.drop(columns="jersey_unreadable"))
