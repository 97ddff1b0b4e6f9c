"""What a team must be before it is written: the contract of `twizzit_teams`.

Lengths are those of ShotSpot's columns (`shotspot-schema.md`); a longer text is rejected, never cut.
"""

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from twizzit_pipeline.contracts.checked import Checked, split
from twizzit_pipeline.contracts.judging import asks, by_name, judges, listed_once
from twizzit_pipeline.contracts.rules.teams import RULES
from twizzit_pipeline.entities import TEAMS

_RULE = by_name(RULES)


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

    _id_present = asks(_RULE["id_present"])
    _id_length = asks(_RULE["id_length"])
    _id_printable = asks(_RULE["id_printable"])
    _name_present = asks(_RULE["name_present"])
    _name_length = asks(_RULE["name_length"])
    _name_printable = asks(_RULE["name_printable"])
    _short_name_length = asks(_RULE["short_name_length"])
    _short_name_printable = asks(_RULE["short_name_printable"])
    _club_id_length = asks(_RULE["club_id_length"])
    _club_id_printable = asks(_RULE["club_id_printable"])
    _club_name_length = asks(_RULE["club_name_length"])
    _club_name_printable = asks(_RULE["club_name_printable"])
    _age_group_length = asks(_RULE["age_group_length"])
    _gender_allowed = asks(_RULE["gender_allowed"])

    @judges(_RULE["duplicate_id"])
    @classmethod
    def _duplicate_id(cls, values: "pd.Series[str]") -> "pd.Series[bool]":
        return ~values.duplicated(keep=False)

    class Config:
        name = TEAMS.name


class TeamHints(pa.DataFrameModel):
    """What is worth counting about a team that keeps its contract."""

    twizzit_team_id: Series[str]

    @judges(_RULE["listed_once"])
    @classmethod
    def _listed_once(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return listed_once(frame, "twizzit_team_id")

    class Config:
        name = TEAMS.name


def check_teams(frame: pd.DataFrame) -> Checked:
    """The teams that keep their contract, and what was found about the others.

    Args:
        frame: as `transform.teams.teams_frame` makes it; all columns of dtype `str`, missing values null.

    Raises:
        FormatChanged: see `contracts.checked.split`.
    """
    return split(TeamContract, frame, "twizzit_team_id", hints=TeamHints)
