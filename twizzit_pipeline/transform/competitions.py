"""Competitions: plain records into the frame that the contract judges."""

import re
from collections.abc import Sequence

import pandas as pd

from twizzit_pipeline.transform.names import normalised_name
from twizzit_pipeline.transform.text import clean_text, text_series
from twizzit_pipeline.twizzit.records import Competition

# A cup is played like a tournament; everything else that a federation organizes is a league.
_TOURNAMENT = re.compile(r"\b(tornooi|toernooi|tournoi|tournament|beker|coupe|cup)\b")


def competitions_frame(competitions: Sequence[Competition]) -> pd.DataFrame:
    """One row for each record, in order.

    Returns:
        `twizzit_competition_id`, `name`, `competition_type` ('league' or 'tournament'): dtype `str`, cleaned by
        `clean_text`; `start_date`, `end_date`: datetime64[us] without zone, at midnight, null where the record says
        none.
    """
    return pd.DataFrame(
        {
            "twizzit_competition_id": text_series(one.id for one in competitions),
            "name": text_series(one.name for one in competitions),
            "competition_type": text_series(competition_type(one.type, one.name) for one in competitions),
            "start_date": pd.Series([one.start_date for one in competitions], dtype="datetime64[us]"),
            "end_date": pd.Series([one.end_date for one in competitions], dtype="datetime64[us]"),
        }
    )


def competition_type(type_: str | None, name: str | None = None) -> str:
    """ShotSpot's word for what is played: 'tournament' where the type (else the name) says so, in one of three
    languages; 'league' otherwise.
    """
    told = clean_text(type_) or clean_text(name) or ""
    return "tournament" if _TOURNAMENT.search(normalised_name(told)) else "league"
