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
from twizzit_pipeline.entities import MATCHES

ZONE = "Europe/Brussels"
# How long a team is busy with a match, for the hint that it cannot be in two places.
MATCH_MINUTES = 90

_MATCH = timedelta(minutes=MATCH_MINUTES)
# Of these a team of the account is busy; one that is off or has no day yet keeps it from nothing.
_PLAYED = ("scheduled", "in_progress", "completed")
_Moment = Annotated[pd.DatetimeTZDtype, "us", "UTC"]
_SEASON = ("season_start", "season_end")
_FLAGS = ("hour_known", "status_known", "score_unread", "series_unread", "opponent_unknown")


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

    _id_present = present("twizzit_match_id", "id_present", "The id", form=True)
    _id_length = at_most(100, "twizzit_match_id", "id_length", "The id")
    _id_printable = printable("twizzit_match_id", "id_printable", "The id")
    _competition_id_length = at_most(100, "twizzit_competition_id", "competition_id_length", "The competition's id")
    _competition_id_printable = printable("twizzit_competition_id", "competition_id_printable", "The competition's id")
    _home_id_length = at_most(100, "home_team_id", "home_team_id_length", "The home team's id")
    _home_id_printable = printable("home_team_id", "home_team_id_printable", "The home team's id")
    _home_name_present = present("home_name", "home_name_present", "The home side's name")
    _home_name_length = at_most(100, "home_name", "home_name_length", "The home side's name")
    _home_name_printable = printable("home_name", "home_name_printable", "The home side's name")
    _away_id_length = at_most(100, "away_team_id", "away_team_id_length", "The away team's id")
    _away_id_printable = printable("away_team_id", "away_team_id_printable", "The away team's id")
    _away_name_present = present("away_name", "away_name_present", "The away side's name")
    _away_name_length = at_most(100, "away_name", "away_name_length", "The away side's name")
    _away_name_printable = printable("away_name", "away_name_printable", "The away side's name")
    _status_allowed = one_of(
        ("scheduled", "to_reschedule", "in_progress", "completed", "cancelled"),
        "status",
        "status_allowed",
        "The status",
    )

    @column_rule(
        "twizzit_match_id", "duplicate_id", "No two different matches share an id", "another match has the same id"
    )
    @classmethod
    def _duplicate_id(cls, values: "pd.Series[str]") -> "pd.Series[bool]":
        return ~values.duplicated(keep=False)

    @column_rule(
        "starts_at",
        "start_readable",
        "The start is there, and is a time",
        "the start is missing, or is no time",
        ask_nulls=True,
        form=True,
    )
    @classmethod
    def _start_readable(cls, values: "pd.Series[pd.Timestamp]") -> "pd.Series[bool]":
        return values.notna()

    @row_rule("starts_at", "inside_season", "The match is played within its season", "the day is outside of the season")
    @classmethod
    def _inside_season(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        day = frame["starts_at"].dt.tz_convert(ZONE).dt.tz_localize(None).dt.normalize()
        outside: pd.Series[bool] = (day < frame["season_start"]) | (day > frame["season_end"])
        return ~outside

    @row_rule("away_name", "two_sides", "A team does not play against itself", "both sides are the same team")
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

    @row_rule(
        "away_name",
        "opponent_unknown",
        "Both sides are teams: no bye, and none that is not known yet",
        "a side is a bye, or is not known yet",
    )
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

    @row_rule(
        "starts_at",
        "hour_known",
        "The start has an hour: midnight stands for a day alone",
        "the start is a day alone, without an hour",
    )
    @classmethod
    def _hour_known(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return frame["hour_known"]

    @row_rule(
        "status",
        "status_known",
        "The word for the status is known; else the match comes without it",
        "the word for the status is not known, so the match came without it",
    )
    @classmethod
    def _status_known(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return frame["status_known"]

    @row_rule(
        "home_score",
        "score_readable",
        "The score, if any, has a known shape; else the match comes without it, or keeps the one of before",
        "the score has no known shape: the match came without it, or kept the one of before",
    )
    @classmethod
    def _score_readable(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return ~frame["score_unread"]

    @row_rule(
        "twizzit_competition_id",
        "series_readable",
        "The series, if any, has a known shape; else the match comes without it, or keeps the one of before",
        "the series has no known shape: the match came without it, or kept the one of before",
    )
    @classmethod
    def _series_readable(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return ~frame["series_unread"]

    @row_rule(
        "twizzit_match_id",
        "listed_once",
        "The match is listed once; equal rows are taken as one",
        "the match is listed several times, which is taken as once",
    )
    @classmethod
    def _listed_once(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        return listed_once(frame, "twizzit_match_id")

    @row_rule(
        "starts_at",
        "one_match_at_a_time",
        "None of the account's teams is in two matches at once",
        "a team of the account plays another match at the same time",
    )
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


RULES: tuple[Rule, ...] = (
    *rules_of(MatchContract, "reject"),
    *rules_of(MatchAsides, "set_aside"),
    *rules_of(MatchHints, "warn"),
)
"""Every rule about a match, as the models above say them."""


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
