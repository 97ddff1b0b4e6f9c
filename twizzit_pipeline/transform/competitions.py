"""Competitions: plain records into the frame that the contract judges."""

from collections.abc import Sequence

import pandas as pd

from twizzit_pipeline.transform.text import clean_text, text_array
from twizzit_pipeline.twizzit.records import Competition
from twizzit_pipeline.words.competitions import CompetitionType, competition_type_of


def competitions_frame(competitions: Sequence[Competition]) -> pd.DataFrame:
    """One row for each record, in order.

    Returns:
        `twizzit_competition_id`, `name`, `competition_type` ('league' or 'tournament'): dtype `str`, cleaned by
        `clean_text`; `start_date`, `end_date`: datetime64[us] without zone, at midnight, null where the record says
        none.
    """
    return pd.DataFrame(
        {
            "twizzit_competition_id": text_array(one.id for one in competitions),
            "name": text_array(one.name for one in competitions),
            "competition_type": text_array(competition_type(one.type, one.name) for one in competitions),
            "start_date": pd.Series([one.start_date for one in competitions], dtype="datetime64[us]"),
            "end_date": pd.Series([one.end_date for one in competitions], dtype="datetime64[us]"),
        }
    )


def competition_type(type_: str | None, name: str | None = None) -> CompetitionType:
    """ShotSpot's word for what is played: what the type says, else the name, in one of three languages; a league where
    neither says anything, as what a federation organizes is.
    """
    types = (competition_type_of(text) for value in (type_, name) if (text := clean_text(value)))
    return next((one for one in types if one is not None), "league")
