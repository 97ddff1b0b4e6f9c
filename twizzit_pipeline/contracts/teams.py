"""What a team must be before it is written: the contract of `twizzit_teams`.

Lengths are those of ShotSpot's columns (`shotspot-schema.md`); a longer text is rejected, never cut.
"""

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
from twizzit_pipeline.entities import TEAMS


class TeamContract(pa.DataFrameModel):
    """A team of one season; a row that breaks a rule is rejected by itself.

    Columns and dtypes are rules about the frame: another one stops the sync.
    """

    twizzit_team_id: Series[str] = pa.Field(nullable=True)
    name: Series[str] = pa.Field(nullable=True)
    short_name: Series[str] = pa.Field(nullable=True)
    club_id: Series[str] = pa.Field(nullable=True)
    club_name: Series[str] = pa.Field(nullable=True)
    age_group: Series[str] = pa.Field(nullable=True)
    gender: Series[str] = pa.Field(nullable=True)

    _id_present = present("twizzit_team_id", "id_present", "The id", form=True)
    _id_length = at_most(100, "twizzit_team_id", "id_length", "The id")
    _id_printable = printable("twizzit_team_id", "id_printable", "The id")
    _name_present = present("name", "name_present", "The name", form=True)
    _name_length = at_most(100, "name", "name_length", "The name")
    _name_printable = printable("name", "name_printable", "The name")
    _short_name_length = at_most(100, "short_name", "short_name_length", "The short name")
    _short_name_printable = printable("short_name", "short_name_printable", "The short name")
    _club_id_length = at_most(100, "club_id", "club_id_length", "The club's id")
    _club_id_printable = printable("club_id", "club_id_printable", "The club's id")
    _club_name_length = at_most(100, "club_name", "club_name_length", "The club's name")
    _club_name_printable = printable("club_name", "club_name_printable", "The club's name")
    _age_group_length = at_most(20, "age_group", "age_group_length", "The age group")
    _gender_allowed = one_of(("male", "female", "mixed"), "gender", "gender_allowed", "The gender")

    @column_rule(
        "twizzit_team_id", "duplicate_id", "No two different teams share an id", "another team has the same id"
    )
    @classmethod
    def _duplicate_id(cls, values: "pd.Series[str]") -> "pd.Series[bool]":
        return ~values.duplicated(keep=False)

    class Config:
        name = TEAMS.name


class TeamHints(pa.DataFrameModel):
    """What is worth counting about a team that keeps its contract."""

    twizzit_team_id: Series[str]

    @row_rule(
        "twizzit_team_id",
        "listed_once",
        "The team is listed once; equal rows are taken as one",
        "the team is listed several times, which is taken as once",
    )
    @classmethod
    def _listed_once(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return listed_once(frame, "twizzit_team_id")

    class Config:
        name = TEAMS.name


RULES: tuple[Rule, ...] = rules_of(TeamContract, "reject") + rules_of(TeamHints, "warn")
"""Every rule about a team, as the models above say them."""


def check_teams(frame: pd.DataFrame) -> Checked:
    """The teams that keep their contract, and what was found about the others.

    Args:
        frame: as `transform.teams.teams_frame` makes it; all columns of dtype `str`, missing values null.

    Raises:
        FormatChanged: see `contracts.checked.split`.
    """
    return split(TeamContract, frame, "twizzit_team_id", hints=TeamHints)
