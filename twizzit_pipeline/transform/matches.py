"""Matches: plain records into the frame that the contract judges.

What belongs here: what a match's row says of itself. Who its sides are in ShotSpot is decided in `plan`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd
from pandas.api.extensions import ExtensionArray

from twizzit_pipeline.transform.kick_off import hour_known, kick_off, whistle
from twizzit_pipeline.transform.text import clean_text, text_array
from twizzit_pipeline.twizzit.records import Match, Side
from twizzit_pipeline.words.meanings import NOTHING_SAID, Meanings, StatusMeaning, said
from twizzit_pipeline.words.opponents import is_no_opponent
from twizzit_pipeline.words.statuses import Status, status_of

_SCORE = re.compile(r"0*([0-9]{1,3})")
# How long after its end a match is still believed to be played, where the wire says that it is.
_EXTRA_TIME = timedelta(hours=3)

Goals = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Read:
    """What a match's record says, read."""

    match: Match
    starts_at: datetime | None
    score: Goals | None
    status: StatusMeaning
    status_known: bool


def matches_frame(matches: Sequence[Match], *, now: datetime, meanings: Meanings = NOTHING_SAID) -> pd.DataFrame:
    """One row for each record, in order.

    Args:
        now: with zone; a score is a result from the match's end on.
        meanings: what the configuration says of status words decides before the words themselves.

    Returns:
        `twizzit_match_id`, `twizzit_competition_id`, `home_team_id`, `home_name`, `away_team_id`, `away_name`,
        `status`: dtype `str`, cleaned by `clean_text`, null where the record says nothing; `starts_at`:
        datetime64[us, UTC], null where there is no readable time; `home_score`, `away_score`: Int64, both or neither,
        of completed matches alone. For the contract alone, bool: `hour_known`, `status_known`, `score_unread`,
        `series_unread` and `opponent_unknown` (a side stands for no opponent, or for one that is not known yet).
    """
    rows = [_read(match, now, meanings) for match in matches]
    results = [one.score if one.status == "completed" else None for one in rows]
    return pd.DataFrame(
        {
            "twizzit_match_id": text_array(match.id for match in matches),
            "twizzit_competition_id": text_array(match.competition_id for match in matches),
            "home_team_id": text_array(match.home.team_id for match in matches),
            "home_name": text_array(match.home.name for match in matches),
            "away_team_id": text_array(match.away.team_id for match in matches),
            "away_name": text_array(match.away.name for match in matches),
            "starts_at": pd.array([one.starts_at for one in rows], dtype="datetime64[us, UTC]"),
            "status": text_array(one.status for one in rows),
            "home_score": pd.array([goals and goals[0] for goals in results], dtype="Int64"),
            "away_score": pd.array([goals and goals[1] for goals in results], dtype="Int64"),
            "hour_known": _flags(one.starts_at is None or hour_known(one.starts_at) for one in rows),
            "status_known": _flags(one.status_known for one in rows),
            "score_unread": _flags(_is_unread(one) for one in rows),
            "series_unread": _flags(match.series_unread for match in matches),
            "opponent_unknown": _flags(_is_unknown(match.home) or _is_unknown(match.away) for match in matches),
        }
    )


def match_status(
    word: str | None, *, has_score: bool, ended: bool, still_played: bool = False, meanings: Meanings = NOTHING_SAID
) -> tuple[StatusMeaning, bool]:
    """ShotSpot's word for where a match stands, and whether the wire's word is known; an unknown one says nothing.

    A match with a score is completed from its end on. One that is being played comes as scheduled: ShotSpot never lets
    go of a game that is in progress (a sync may not write it any more), so its result could never come. A forfeit has a
    result once it has a score; without one it will not be played, so it is cancelled. One that was abandoned has to be
    played again or decided: until then it is neither a result nor off.

    Args:
        ended: whether the match is over by the clock.
        still_played: whether its end is so recent that a word which says that it is being played is believed.
    """
    cleaned = clean_text(word)
    meaning: Status | None = None
    if cleaned is not None:
        meaning = said(meanings.statuses, None, [cleaned]) or status_of(cleaned)
    known = cleaned is None or meaning is not None
    if meaning == "forfeit":
        return ("completed" if has_score else "cancelled"), known
    if meaning == "abandoned":
        return "to_reschedule", known
    if meaning in ("completed", "cancelled", "to_reschedule"):
        return meaning, known
    is_played = meaning == "in_progress" and still_played
    return ("completed" if has_score and ended and not is_played else "scheduled"), known


def score(home: object, away: object) -> Goals | None:
    """Goals of both sides; None unless both are whole numbers of 0 to 999."""
    goals = [_SCORE.fullmatch(clean_text(side) or "") for side in (home, away)]
    return (int(goals[0][1]), int(goals[1][1])) if goals[0] and goals[1] else None


def _read(match: Match, now: datetime, meanings: Meanings) -> _Read:
    starts_at, goals = kick_off(match.starts_at), score(match.home_score, match.away_score)
    over = None if starts_at is None else whistle(starts_at, kick_off(match.ends_at))
    status, known = match_status(
        match.status,
        has_score=goals is not None,
        ended=over is not None and over <= now,
        still_played=over is not None and now < over + _EXTRA_TIME,
        meanings=meanings,
    )
    return _Read(match, starts_at, goals, status, known)


def _is_unread(row: _Read) -> bool:
    match = row.match
    given = clean_text(match.home_score) is not None or clean_text(match.away_score) is not None
    return match.score_unread or (given and row.score is None)


def _is_unknown(side: Side) -> bool:
    name = clean_text(side.name)
    return side.team_id is None and name is not None and is_no_opponent(name)


def _flags(values: Iterable[bool]) -> ExtensionArray:
    return pd.array(list(values), dtype="bool")
