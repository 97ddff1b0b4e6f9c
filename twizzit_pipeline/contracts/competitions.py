"""What a competition must be before it is written: the contract of `twizzit_competitions`.

Lengths are those of ShotSpot's columns (`shotspot-schema.md`); a longer text is rejected, never cut.
"""

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from twizzit_pipeline.contracts.checked import Checked, split
from twizzit_pipeline.contracts.judging import asks, by_name, judges, listed_once
from twizzit_pipeline.contracts.rules.competitions import RULES
from twizzit_pipeline.entities import COMPETITIONS

_RULE = by_name(RULES)


class CompetitionContract(pa.DataFrameModel):
    """A competition of one season; a row that breaks a rule is rejected by itself.

    Columns and dtypes are rules about the frame: another one stops the sync.
    """

    twizzit_competition_id: Series[str] = pa.Field(nullable=True)
    name: Series[str] = pa.Field(nullable=True)
    competition_type: Series[str] = pa.Field(nullable=True)
    start_date: Series[pa.DateTime] = pa.Field(nullable=True)
    end_date: Series[pa.DateTime] = pa.Field(nullable=True)

    _id_present = asks(_RULE["id_present"])
    _id_length = asks(_RULE["id_length"])
    _id_printable = asks(_RULE["id_printable"])
    _name_present = asks(_RULE["name_present"])
    _name_length = asks(_RULE["name_length"])
    _name_printable = asks(_RULE["name_printable"])
    _type_allowed = asks(_RULE["competition_type_allowed"])

    @judges(_RULE["duplicate_id"])
    @classmethod
    def _duplicate_id(cls, values: "pd.Series[str]") -> "pd.Series[bool]":
        return ~values.duplicated(keep=False)

    @judges(_RULE["start_date_present"])
    @classmethod
    def _start_date_present(cls, values: "pd.Series[pd.Timestamp]") -> "pd.Series[bool]":
        return values.notna()

    @judges(_RULE["ends_after_start"])
    @classmethod
    def _ends_after_start(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return ~(frame["end_date"] < frame["start_date"])

    class Config:
        name = COMPETITIONS.name


class CompetitionHints(pa.DataFrameModel):
    """What is worth counting about a competition that keeps its contract."""

    twizzit_competition_id: Series[str]

    @judges(_RULE["listed_once"])
    @classmethod
    def _listed_once(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return listed_once(frame, "twizzit_competition_id")

    class Config:
        name = COMPETITIONS.name


def check_competitions(frame: pd.DataFrame) -> Checked:
    """The competitions that keep their contract, and what was found about the others.

    Args:
        frame: as `transform.competitions.competitions_frame` makes it.

    Raises:
        FormatChanged: see `contracts.checked.split`.
    """
    return split(CompetitionContract, frame, "twizzit_competition_id", hints=CompetitionHints)
