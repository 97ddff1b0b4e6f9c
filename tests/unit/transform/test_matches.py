"""Matches and competitions as frames: kick-off times across the clock changes, statuses, scores, types."""

from datetime import UTC, date, datetime, timedelta
from functools import partial

import pandas as pd
import pytest

from twizzit_pipeline.transform.competitions import competition_type, competitions_frame
from twizzit_pipeline.transform.kick_off import belgian_day, kick_off
from twizzit_pipeline.transform.matches import match_status, matches_frame, score
from twizzit_pipeline.twizzit.records import Competition, Match, Side
from twizzit_pipeline.words.meanings import Meanings

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


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "soon",
        "2026-13-01 10:00",
        "25/10/2026 15:00",
        "0001-01-01 00:00",
        "9999-12-31 23:59:59",
        "9999-12-31",
        True,
    ],
)
def test_what_is_no_time_is_none(text: object) -> None:
    assert kick_off(text) is None


def test_the_day_of_a_moment_is_the_one_in_belgium() -> None:
    assert belgian_day(datetime(2026, 6, 30, 22, 30, tzinfo=UTC)) == date(2026, 7, 1)
    assert belgian_day(datetime(2026, 12, 31, 22, 30, tzinfo=UTC)) == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("word", "has_score", "ended", "status"),
    [
        (None, True, True, "completed"),
        (None, True, False, "scheduled"),  # a running score is no result
        (None, False, True, "scheduled"),
        ("Afgelast", True, True, "cancelled"),
        ("annulé", False, False, "cancelled"),
        ("POSTPONED", False, False, "to_reschedule"),
        ("to_reschedule", False, False, "to_reschedule"),
        ("Played", False, False, "completed"),  # the wire says so
        ("scheduled", True, True, "completed"),
        ("in_progress", True, False, "scheduled"),  # the result can still be written later
        ("forfeit", True, False, "completed"),
        ("Forfait", False, False, "cancelled"),
        ("gestaakt", True, True, "to_reschedule"),
    ],
)
def test_a_status_is_what_the_wire_says_or_what_follows(
    word: str | None, *, has_score: bool, ended: bool, status: str
) -> None:
    assert match_status(word, has_score=has_score, ended=ended) == (status, True)


def test_an_unknown_word_costs_the_status_alone() -> None:
    assert match_status("vreemd", has_score=False, ended=True) == ("scheduled", False)
    assert match_status("vreemd", has_score=True, ended=True) == ("completed", False)


def test_what_the_configuration_says_of_a_word_decides_before_it() -> None:
    meanings = Meanings(statuses={"vreemd": "cancelled", "3": "completed", "gespeeld": "to_reschedule"})
    said = partial(match_status, has_score=False, ended=False, meanings=meanings)
    assert [said(word) for word in ("Vreemd", "3", "Gespeeld")] == [
        ("cancelled", True),
        ("completed", True),
        ("to_reschedule", True),
    ]


@pytest.mark.parametrize(
    ("start", "end", "over"),
    [
        ("2026-11-23 12:00", "2026-11-23 13:00", "2026-11-23T12:00Z"),
        ("2026-11-23 12:00", None, "2026-11-23T12:30Z"),
        ("2026-11-23 12:00", "2026-11-23 11:00", "2026-11-23T12:30Z"),  # an end before the start is none
        ("2026-11-23 12:00", "soon", "2026-11-23T12:30Z"),
        ("2026-11-23 00:00", None, "2026-11-23T23:00Z"),  # the hour is unknown: when the day is over
        ("2026-11-23", "2026-11-23", "2026-11-23T23:00Z"),
        ("2026-11-23 00:00", "2026-11-23 18:00", "2026-11-23T17:00Z"),
    ],
)
def test_a_result_counts_from_the_end_of_the_match_on(start: str, end: str | None, over: str) -> None:
    match = Match("1", None, Side("21", "A"), Side(None, "B"), start, None, "12", "9", end)
    moment = pd.Timestamp(over).to_pydatetime()
    before, after = (matches_frame([match], now=now) for now in (moment - timedelta(seconds=1), moment))
    assert (before["status"][0], before["home_score"].isna()[0]) == ("scheduled", True)
    assert (after["status"][0], after["home_score"][0], after["away_score"][0]) == ("completed", 12, 9)


def test_a_match_that_the_wire_says_is_played_is_believed_for_three_hours_after_its_end() -> None:
    match = Match("1", None, Side("21", "A"), Side(None, "B"), "2026-11-23 12:00", "in_progress", 7, 7)
    late, over = (datetime(2026, 11, 23, hour, 31, tzinfo=UTC) for hour in (13, 15))
    assert matches_frame([match], now=late)["status"][0] == "scheduled"
    assert matches_frame([match], now=over)["status"][0] == "completed"


def test_what_is_not_known_of_a_match_is_flagged_for_its_contract() -> None:
    own, zand = Side("21", "A"), Side(None, "AKC Zand")
    matches = [
        Match("1", None, own, zand, "2026-11-28 15:00"),
        Match("2", None, own, zand, "2026-11-28 00:00:00"),
        Match("3", None, own, zand, "2026-11-28", "vreemd"),
        Match("4", None, own, zand, "2026-11-28 15:00", None, "12", None),
        Match("5", None, own, zand, "2026-11-28 15:00", score_unread=True),
        Match("6", None, own, Side(None, " Winnaar poule A "), None),
        Match("7", None, Side(None, "???"), own, "2026-11-27T23:00:00Z"),
        Match("8", None, Side("21", "1"), zand, "2026-11-28T00:00:00Z"),  # the own team may be called anything
        Match("9", None, own, zand, "2026-11-28 15:00", series_unread=True),
    ]
    frame = matches_frame(matches, now=NOW).set_index("twizzit_match_id")
    flagged = {name: set(frame.index[frame[name]]) for name in ("score_unread", "series_unread", "opponent_unknown")}
    assert flagged == {"score_unread": {"4", "5"}, "series_unread": {"9"}, "opponent_unknown": {"6", "7"}}
    assert set(frame.index[~frame["hour_known"]]) == {"2", "3", "7"}
    assert set(frame.index[~frame["status_known"]]) == {"3"}


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
        **dict.fromkeys(("hour_known", "status_known", "score_unread", "series_unread", "opponent_unknown"), "bool"),
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
        (None, "Bekercompetitie", "league"),
        (None, "Jeugdtornooi", "tournament"),
        (None, None, "league"),
    ],
)
def test_cups_and_tournaments_are_recognized_by_a_word(type_: str | None, name: str | None, expected: str) -> None:
    assert competition_type(type_, name) == expected


def test_what_the_configuration_says_of_a_status_decides_in_the_frame() -> None:
    match = Match("1", None, Side("1", "A"), Side(None, "B"), "2026-12-12 15:00", "code 7", None, None)
    said = Meanings(statuses={"code 7": "cancelled"})
    assert matches_frame([match], now=NOW, meanings=said)["status"].tolist() == ["cancelled"]
    assert matches_frame([match], now=NOW)["status"].tolist() == ["scheduled"]


@pytest.mark.parametrize(
    ("home", "away", "unread"), [("3", "x", True), ("x", None, True), (None, "3", True), (None, None, False)]
)
def test_half_a_score_is_none_and_is_said(home: str | None, away: str | None, unread: bool) -> None:
    match = Match("1", None, Side("1", "A"), Side(None, "B"), "2026-12-12 15:00", None, home, away)
    assert matches_frame([match], now=NOW)["score_unread"].tolist() == [unread]
