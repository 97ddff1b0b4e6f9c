"""Matches and competitions as frames: kick-off times across the clock changes, statuses, scores, types."""

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from twizzit_pipeline.transform.competitions import competition_type, competitions_frame
from twizzit_pipeline.transform.kick_off import belgian_day, kick_off
from twizzit_pipeline.transform.matches import match_status, matches_frame, score
from twizzit_pipeline.twizzit.records import Competition, Match, Side

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-10-24 15:00:00", "2026-10-24T13:00:00+00:00"),  # the day before the clocks go back
        ("2026-10-25 01:30:00", "2026-10-24T23:30:00+00:00"),
        ("2026-10-25 02:30:00", "2026-10-25T00:30:00+00:00"),  # comes twice: the first
        ("2026-10-25 03:00:00", "2026-10-25T02:00:00+00:00"),
        ("2026-10-25 15:00:00", "2026-10-25T14:00:00+00:00"),
        ("2027-03-27T15:00", "2027-03-27T14:00:00+00:00"),
        ("2027-03-28 02:30:00", "2027-03-28T01:30:00+00:00"),  # does not exist: 03:30 in summer time
        ("2027-03-28 15:00:00", "2027-03-28T13:00:00+00:00"),
        ("2026-10-25T15:00:00Z", "2026-10-25T15:00:00+00:00"),  # the wire says otherwise
        ("2026-10-25T15:00:00-05:00", "2026-10-25T20:00:00+00:00"),
        ("2026-10-25", "2026-10-24T22:00:00+00:00"),
    ],
)
def test_a_time_without_a_zone_is_belgian(text: str, moment: str) -> None:
    found = kick_off(text)
    assert found is not None
    assert found.isoformat() == moment


@pytest.mark.parametrize("text", [None, "", "soon", "2026-13-01 10:00", "25/10/2026 15:00", "0001-01-01 00:00", True])
def test_what_is_no_time_is_none(text: object) -> None:
    assert kick_off(text) is None


def test_the_day_of_a_moment_is_the_one_in_belgium() -> None:
    assert belgian_day(datetime(2026, 6, 30, 22, 30, tzinfo=UTC)) == date(2026, 7, 1)
    assert belgian_day(datetime(2026, 12, 31, 22, 30, tzinfo=UTC)) == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("told", "played", "status"),
    [
        (None, True, "completed"),
        (None, False, "scheduled"),
        ("Afgelast", True, "cancelled"),
        ("annulé", False, "cancelled"),
        ("POSTPONED", False, "to_reschedule"),
        ("to_reschedule", False, "to_reschedule"),
        ("Played", False, "completed"),
        ("forfeit", True, "forfeit"),  # unknown: the contract names it
    ],
)
def test_a_status_is_what_the_wire_tells_or_what_follows(told: str | None, played: bool, status: str) -> None:
    assert match_status(told, played=played) == status


@pytest.mark.parametrize(
    ("home", "away", "goals"),
    [(12, "9", (12, 9)), (" 07 ", 0.0, (7, 0)), (3, None, None), (-1, 2, None), ("12.5", 2, None), (1000, 2, None)],
)
def test_a_score_is_two_whole_numbers(home: object, away: object, goals: tuple[int, int] | None) -> None:
    assert score(home, away) == goals


def test_a_frame_of_matches_has_the_columns_of_its_contract() -> None:
    played = Match("1", "7", Side("21", " KC  Duin 1 "), Side(None, "AKC\u200b Zand"), "2026-11-21 15:00", None, 12, 9)
    coming = Match("2", None, Side(None, "AKC Zand"), Side("21", "KC Duin 1"), "2026-11-28 15:00", None, 0, 0)
    frame = matches_frame([played, coming], now=NOW)
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        **dict.fromkeys(("twizzit_match_id", "twizzit_competition_id", "home_team_id", "home_name"), "str"),
        **dict.fromkeys(("away_team_id", "away_name", "status"), "str"),
        "starts_at": "datetime64[us, UTC]",
        "home_score": "Int64",
        "away_score": "Int64",
    }
    assert frame["status"].tolist() == ["completed", "scheduled"]  # a score before the start is no result
    assert frame["home_name"].tolist() == ["KC Duin 1", "AKC Zand"]
    assert frame["away_name"][0] == "AKC Zand"
    assert frame["twizzit_competition_id"].isna().tolist() == [False, True]
    assert frame["starts_at"][0] == pd.Timestamp("2026-11-21T14:00Z")


def test_an_empty_calendar_has_the_same_columns_and_dtypes() -> None:
    some = matches_frame([Match("1", None, Side(None, "A"), Side(None, "B"), None)], now=NOW)
    assert matches_frame([], now=NOW).dtypes.equals(some.dtypes)
    one = competitions_frame([Competition("1", "A", None, date(2026, 7, 1), None)])
    assert competitions_frame([]).dtypes.equals(one.dtypes)


@pytest.mark.parametrize(
    ("type_", "name", "expected"),
    [
        (None, "U15 reeks 2", "league"),
        (None, "Beker van België", "tournament"),
        (None, "Coupe de Belgique", "tournament"),
        ("Tournament", "Reeks 1", "tournament"),
        ("league", "Beker", "league"),
        (None, "Bekerdorp 1", "league"),
        (None, None, "league"),
    ],
)
def test_cups_and_tournaments_are_told_by_a_word(type_: str | None, name: str | None, expected: str) -> None:
    assert competition_type(type_, name) == expected
