"""What a competition must be before it is written: the contract of `twizzit_competitions`.

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
from twizzit_pipeline.entities import COMPETITIONS


class CompetitionContract(pa.DataFrameModel):
    """A competition of one season; a row that breaks a rule is rejected by itself.

    Columns and dtypes are rules about the frame: another one stops the sync.
    """

    twizzit_competition_id: Series[str] = pa.Field(nullable=True)
    name: Series[str] = pa.Field(nullable=True)
    competition_type: Series[str] = pa.Field(nullable=True)
    start_date: Series[pa.DateTime] = pa.Field(nullable=True)
    end_date: Series[pa.DateTime] = pa.Field(nullable=True)

    _id_present = present("twizzit_competition_id", "id_present", "The id", form=True)
    _id_length = at_most(100, "twizzit_competition_id", "id_length", "The id")
    _id_printable = printable("twizzit_competition_id", "id_printable", "The id")
    _name_present = present("name", "name_present", "The name")
    _name_length = at_most(255, "name", "name_length", "The name")
    _name_printable = printable("name", "name_printable", "The name")
    _type_allowed = one_of(("league", "tournament"), "competition_type", "competition_type_allowed", "The type")

    @column_rule(
        "twizzit_competition_id",
        "duplicate_id",
        "No two different competitions share an id",
        "another competition has the same id",
    )
    @classmethod
    def _duplicate_id(cls, values: "pd.Series[str]") -> "pd.Series[bool]":
        return ~values.duplicated(keep=False)

    @column_rule(
        "start_date",
        "start_date_present",
        "The first day is there",
        "the first day is missing",
        ask_nulls=True,
        form=True,
    )
    @classmethod
    def _start_date_present(cls, values: "pd.Series[pd.Timestamp]") -> "pd.Series[bool]":
        return values.notna()

    @row_rule(
        "end_date",
        "ends_after_start",
        "The last day is not before the first, where it is given",
        "the last day is before the first",
    )
    @classmethod
    def _ends_after_start(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return ~(frame["end_date"] < frame["start_date"])

    class Config:
        name = COMPETITIONS.name


class CompetitionHints(pa.DataFrameModel):
    """What is worth counting about a competition that keeps its contract."""

    twizzit_competition_id: Series[str]

    @row_rule(
        "twizzit_competition_id",
        "listed_once",
        "The competition is listed once; equal rows are taken as one",
        "the competition is listed several times, which is taken as once",
    )
    @classmethod
    def _listed_once(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return listed_once(frame, "twizzit_competition_id")

    class Config:
        name = COMPETITIONS.name


RULES: tuple[Rule, ...] = rules_of(CompetitionContract, "reject") + rules_of(CompetitionHints, "warn")
"""Every rule about a competition, as the models above say them."""


def check_competitions(frame: pd.DataFrame) -> Checked:
    """The competitions that keep their contract, and what was found about the others.

    Args:
        frame: as `transform.competitions.competitions_frame` makes it.

    Raises:
        FormatChanged: see `contracts.checked.split`.
    """
    return split(CompetitionContract, frame, "twizzit_competition_id", hints=CompetitionHints)
