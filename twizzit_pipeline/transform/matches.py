"""Matches: plain records into the frame that the contract judges.

What belongs here: what a match's row says of itself. Who its sides are in ShotSpot is decided in `sync`.
"""

import re
from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from twizzit_pipeline.transform.kick_off import kick_off
from twizzit_pipeline.transform.names import normalised_name
from twizzit_pipeline.transform.text import clean_text, text_series
from twizzit_pipeline.twizzit.records import Match

# ShotSpot's words, and those that v1 may use for them (assumed: the wire page names the field and none of its values).
_STATUS_OF = {
    **dict.fromkeys(("scheduled", "planned", "upcoming", "open", "gepland", "prevu"), "scheduled"),
    **dict.fromkeys(("completed", "played", "finished", "final", "ended", "gespeeld", "joue", "termine"), "completed"),
    **dict.fromkeys(("cancelled", "canceled", "afgelast", "geannuleerd", "annule"), "cancelled"),
    **dict.fromkeys(("to_reschedule", "to reschedule", "postponed", "uitgesteld", "reporte"), "to_reschedule"),
}
_SCORE = re.compile(r"0*([0-9]{1,3})")


def matches_frame(matches: Sequence[Match], *, now: datetime) -> pd.DataFrame:
    """One row for each record, in order.

    Args:
        now: with zone; where the wire does not tell, a match with a score that has begun by then is completed.

    Returns:
        `twizzit_match_id`, `twizzit_competition_id`, `home_team_id`, `home_name`, `away_team_id`, `away_name`,
        `status`: dtype `str`, cleaned by `clean_text`, null where the record says nothing; `starts_at`:
        datetime64[us, UTC], null where there is no readable time; `home_score`, `away_score`: Int64, both or neither.
    """
    starts = [kick_off(match.starts_at) for match in matches]
    scores = [score(match.home_score, match.away_score) for match in matches]
    told = zip(matches, starts, scores, strict=True)
    return pd.DataFrame(
        {
            "twizzit_match_id": text_series(match.id for match in matches),
            "twizzit_competition_id": text_series(match.competition_id for match in matches),
            "home_team_id": text_series(match.home.team_id for match in matches),
            "home_name": text_series(match.home.name for match in matches),
            "away_team_id": text_series(match.away.team_id for match in matches),
            "away_name": text_series(match.away.name for match in matches),
            "starts_at": pd.Series(starts, dtype="datetime64[us, UTC]"),
            "status": text_series(
                match_status(match.status, played=goals is not None and start is not None and start <= now)
                for match, start, goals in told
            ),
            "home_score": pd.Series([goals and goals[0] for goals in scores], dtype="Int64"),
            "away_score": pd.Series([goals and goals[1] for goals in scores], dtype="Int64"),
        }
    )


def match_status(told: str | None, *, played: bool) -> str:
    """ShotSpot's word for where a match stands: what the wire tells, else whether it was played.

    A word that nobody has seen yet comes through as it is, for the contract to name.
    """
    word = clean_text(told)
    if word is None:
        return "completed" if played else "scheduled"
    return _STATUS_OF.get(normalised_name(word), word)


def score(home: object, away: object) -> tuple[int, int] | None:
    """Goals of both sides; None unless both are whole numbers of 0 to 999."""
    goals = [_SCORE.fullmatch(clean_text(side) or "") for side in (home, away)]
    return (int(goals[0][1]), int(goals[1][1])) if goals[0] and goals[1] else None
