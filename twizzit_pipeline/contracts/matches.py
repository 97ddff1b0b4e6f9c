"""What a match must be before it is written: the contract of `twizzit_matches`.

Lengths are those of ShotSpot's columns, of a side's name those of a club (`shotspot-schema.md`); a longer text is
rejected, never cut. A season's days are Belgian ones.
"""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from twizzit_pipeline.contracts.checked import Checked, split
from twizzit_pipeline.contracts.judging import asks, by_name, judges, listed_once
from twizzit_pipeline.contracts.rules.matches import MATCH_MINUTES, RULES, ZONE
from twizzit_pipeline.entities import MATCHES

_MATCH = timedelta(minutes=MATCH_MINUTES)
# Of these a team of the account is busy; one that is off or has no day yet keeps it from nothing.
_PLAYED = ("scheduled", "in_progress", "completed")
_Moment = Annotated[pd.DatetimeTZDtype, "us", "UTC"]
_SEASON = ("season_start", "season_end")
_FLAGS = ("hour_known", "status_known", "score_unread", "series_unread", "opponent_unknown")

_RULE = by_name(RULES)


class MatchContract(pa.DataFrameModel):
    """A match of one season; a row that breaks a rule is rejected by itself.

    Columns and dtypes are rules about the frame: another one stops the sync. `season_start` and
    `season_end` are the same in every row: what the match is judged by.
    """

    twizzit_match_id: Series[str] = pa.Field(nullable=True)
    twizzit_competition_id: Series[str] = pa.Field(nullable=True)
    home_team_id: Series[str] = pa.Field(nullable=True)
    home_name: Series[str] = pa.Field(nullable=True)
    away_team_id: Series[str] = pa.Field(nullable=True)
    away_name: Series[str] = pa.Field(nullable=True)
    starts_at: Series[_Moment] = pa.Field(nullable=True)
    status: Series[str] = pa.Field(nullable=True)
    home_score: Series[pd.Int64Dtype] = pa.Field(nullable=True)
    away_score: Series[pd.Int64Dtype] = pa.Field(nullable=True)
    hour_known: Series[bool]
    status_known: Series[bool]
    score_unread: Series[bool]
    series_unread: Series[bool]
    opponent_unknown: Series[bool]
    season_start: Series[pa.DateTime] = pa.Field(nullable=True)
    season_end: Series[pa.DateTime] = pa.Field(nullable=True)

    _id_present = asks(_RULE["id_present"])
    _id_length = asks(_RULE["id_length"])
    _id_printable = asks(_RULE["id_printable"])
    _competition_id_length = asks(_RULE["competition_id_length"])
    _competition_id_printable = asks(_RULE["competition_id_printable"])
    _home_id_length = asks(_RULE["home_team_id_length"])
    _home_id_printable = asks(_RULE["home_team_id_printable"])
    _home_name_present = asks(_RULE["home_name_present"])
    _home_name_length = asks(_RULE["home_name_length"])
    _home_name_printable = asks(_RULE["home_name_printable"])
    _away_id_length = asks(_RULE["away_team_id_length"])
    _away_id_printable = asks(_RULE["away_team_id_printable"])
    _away_name_present = asks(_RULE["away_name_present"])
    _away_name_length = asks(_RULE["away_name_length"])
    _away_name_printable = asks(_RULE["away_name_printable"])
    _status_allowed = asks(_RULE["status_allowed"])

    @judges(_RULE["duplicate_id"])
    @classmethod
    def _duplicate_id(cls, values: "pd.Series[str]") -> "pd.Series[bool]":
        return ~values.duplicated(keep=False)

    @judges(_RULE["start_readable"])
    @classmethod
    def _start_readable(cls, values: "pd.Series[pd.Timestamp]") -> "pd.Series[bool]":
        return values.notna()

    @judges(_RULE["inside_season"])
    @classmethod
    def _inside_season(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        day = frame["starts_at"].dt.tz_convert(ZONE).dt.tz_localize(None).dt.normalize()
        outside: pd.Series[bool] = (day < frame["season_start"]) | (day > frame["season_end"])
        return ~outside

    @judges(_RULE["two_sides"])
    @classmethod
    def _two_sides(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        # A null equals no null.
        same_id = frame["home_team_id"] == frame["away_team_id"]
        same_name = frame["home_name"].str.casefold() == frame["away_name"].str.casefold()
        return ~(same_id | same_name)

    class Config:
        name = MATCHES.name


class MatchAsides(pa.DataFrameModel):
    """Which matches are not meant to come: a bye, and one whose opponent another match must decide first."""

    opponent_unknown: Series[bool]

    @judges(_RULE["opponent_unknown"])
    @classmethod
    def _opponent_unknown(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return ~frame["opponent_unknown"]

    class Config:
        name = MATCHES.name


class MatchHints(pa.DataFrameModel):
    """What is worth counting about a match that keeps its contract: it comes nevertheless."""

    twizzit_match_id: Series[str]
    home_team_id: Series[str] = pa.Field(nullable=True)
    away_team_id: Series[str] = pa.Field(nullable=True)
    starts_at: Series[_Moment] = pa.Field(nullable=True)
    status: Series[str] = pa.Field(nullable=True)
    hour_known: Series[bool]
    status_known: Series[bool]
    score_unread: Series[bool]
    series_unread: Series[bool]
    twizzit_competition_id: Series[str] = pa.Field(nullable=True)

    @judges(_RULE["hour_known"])
    @classmethod
    def _hour_known(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return frame["hour_known"]

    @judges(_RULE["status_known"])
    @classmethod
    def _status_known(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return frame["status_known"]

    @judges(_RULE["score_readable"])
    @classmethod
    def _score_readable(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return ~frame["score_unread"]

    @judges(_RULE["series_readable"])
    @classmethod
    def _series_readable(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return ~frame["series_unread"]

    @judges(_RULE["listed_once"])
    @classmethod
    def _listed_once(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return listed_once(frame, "twizzit_match_id")

    @judges(_RULE["one_match_at_a_time"])
    @classmethod
    def _one_match_at_a_time(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        playing = frame["status"].isin(_PLAYED) & frame["hour_known"] & frame["starts_at"].notna()
        names = ("twizzit_match_id", "starts_at", "home_team_id", "away_team_id")
        matches_of: dict[str, set[tuple[pd.Timestamp, str]]] = defaultdict(set)
        for plays, match, start, *sides in zip(
            playing.tolist(), *(frame[name].tolist() for name in names), strict=True
        ):
            for team in sides:
                if plays and isinstance(match, str) and isinstance(team, str):
                    matches_of[team].add((start, match))
        clashing = {
            match
            for matches in matches_of.values()
            for (start, one), (following, other) in pairwise(sorted(matches))
            if following - start < _MATCH
            for match in (one, other)
        }
        return ~frame["twizzit_match_id"].isin(clashing)

    class Config:
        name = MATCHES.name


def check_matches(frame: pd.DataFrame, *, season_start: date, season_end: date) -> Checked:
    """The matches that keep their contract, and what was found about the others.

    Args:
        frame: as `transform.matches.matches_frame` makes it.
        season_start, season_end: the first and the last day of the season, both within it.

    Returns:
        `valid` has the table's columns, without those that have become warnings or a reason to set aside.

    Raises:
        FormatChanged: see `contracts.checked.split`.
    """
    days = {
        name: pd.Series(day, index=frame.index, dtype="datetime64[us]")
        for name, day in zip(_SEASON, (season_start, season_end), strict=True)
    }
    checked = split(MatchContract, frame.assign(**days), "twizzit_match_id", hints=MatchHints, asides=MatchAsides)
    return replace(checked, valid=checked.valid.drop(columns=[*_SEASON, *_FLAGS]))
