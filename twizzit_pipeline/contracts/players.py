"""What a player must be before they are written: the contract of `twizzit_players`.

One row is one person in one team, so a person may come in several rows. Lengths are those of ShotSpot's columns
(`shotspot-schema.md`); a longer text is rejected, never cut.
"""

from dataclasses import replace

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from twizzit_pipeline.contracts.checked import Checked, split
from twizzit_pipeline.contracts.rules import (
    Rule,
    at_most,
    column_rule,
    listed_once,
    one_of,
    present,
    printable,
    row_rule,
    rules_of,
)
from twizzit_pipeline.entities import PLAYERS


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

    _team_id_present = present("twizzit_team_id", "team_id_present", "The team's id", form=True)
    _team_id_length = at_most(100, "twizzit_team_id", "team_id_length", "The team's id")
    _team_id_printable = printable("twizzit_team_id", "team_id_printable", "The team's id")
    _id_present = present("twizzit_player_id", "id_present", "The id", form=True)
    _id_length = at_most(100, "twizzit_player_id", "id_length", "The id")
    _id_printable = printable("twizzit_player_id", "id_printable", "The id")
    _first_name_present = present("first_name", "first_name_present", "The first name", form=True)
    _first_name_length = at_most(50, "first_name", "first_name_length", "The first name")
    _first_name_printable = printable("first_name", "first_name_printable", "The first name")
    _last_name_present = present("last_name", "last_name_present", "The last name", form=True)
    _last_name_length = at_most(50, "last_name", "last_name_length", "The last name")
    _last_name_printable = printable("last_name", "last_name_printable", "The last name")
    _gender_allowed = one_of(("male", "female"), "gender", "gender_allowed", "The gender")

    @column_rule(
        "jersey_number",
        "jersey_number_range",
        "The shirt number is between 0 and 999, where it is given",
        "the shirt number is not between 0 and 999",
    )
    @classmethod
    def _jersey_number_range(cls, values: "pd.Series[int]") -> "pd.Series[bool]":
        return values.between(0, 999)

    @row_rule(
        "twizzit_player_id",
        "duplicate_id",
        "A team lists an id for one person only",
        "the team lists the id twice, with different data",
    )
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

    _gender_known = present("gender", "gender_known", "The player's gender")

    @row_rule("jersey_number", "jersey_number_given", "The player has a shirt number", "there is no shirt number")
    @classmethod
    def _jersey_number_given(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return frame["jersey_number"].notna() | frame["jersey_unreadable"]

    @row_rule(
        "jersey_number",
        "jersey_number_readable",
        "The shirt number is a number from 0 to 999; else the player has none, or the one of before",
        "the shirt number is no number from 0 to 999: the player comes without one, or keeps the one of before",
    )
    @classmethod
    def _jersey_number_readable(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return ~frame["jersey_unreadable"]

    @row_rule(
        "twizzit_player_id",
        "listed_once",
        "A team lists the player once; equal rows are taken as one",
        "the team lists the player several times, which is taken as once",
    )
    @classmethod
    def _listed_once(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return listed_once(frame, "twizzit_player_id")

    class Config:
        name = PLAYERS.name


FUNCTION_KNOWN = Rule(
    "function_known",
    "function",
    "It is known whether the member's function is a player's (twizzit config set ID --function NAME=player or =other)",
    "reject",
    "it is not known whether the function is a player's: twizzit config set ID --function NAME=player or =other",
)
"""A rule about a membership, which the dialect judges: the others are about people."""

RULES: tuple[Rule, ...] = (*rules_of(PlayerContract, "reject"), FUNCTION_KNOWN, *rules_of(PlayerHints, "warn"))
"""Every rule about a player, as the models above say them, and about a membership."""


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
