"""The contracts of matches and competitions: each rule can fail, alone, and says which one and which column."""

from collections.abc import Mapping
from datetime import date

import pandas as pd
import pytest

from twizzit_pipeline.contracts.checked import Found
from twizzit_pipeline.contracts.competitions import check_competitions
from twizzit_pipeline.contracts.matches import check_matches
from twizzit_pipeline.contracts.rules.competitions import RULES as COMPETITION_RULES
from twizzit_pipeline.contracts.rules.matches import RULES
from twizzit_pipeline.contracts.rules.rule import Rule
from twizzit_pipeline.errors import FormatChanged

START, END = date(2026, 7, 1), date(2027, 6, 30)

GOOD: dict[str, object] = {
    "twizzit_match_id": "1",
    "twizzit_competition_id": "7",
    "home_team_id": None,
    "home_name": "KC Duin 1",
    "away_team_id": None,
    "away_name": "AKC Zand 1",
    "starts_at": "2026-11-21T14:00Z",
    "status": "scheduled",
    "home_score": None,
    "away_score": None,
}
# What the contract alone asks about: True, and False, in a row without findings.
FLAGS = {
    **{"hour_known": True, "status_known": True, "score_unread": False, "series_unread": False},
    "opponent_unknown": False,
}
DTYPES = {
    **dict.fromkeys(GOOD, "str"),
    "starts_at": "datetime64[us, UTC]",
    "home_score": "Int64",
    "away_score": "Int64",
    **dict.fromkeys(FLAGS, "bool"),
}
GOOD_COMPETITION: dict[str, object] = {
    "twizzit_competition_id": "1",
    "name": "U15 reeks 2",
    "competition_type": "league",
    "start_date": "2026-07-01",
    "end_date": "2027-06-30",
}
COMPETITION_DTYPES = {
    **dict.fromkeys(GOOD_COMPETITION, "str"),
    "start_date": "datetime64[us]",
    "end_date": "datetime64[us]",
}


def frame(*rows: Mapping[str, object]) -> pd.DataFrame:
    """Good matches with ids of their own, a day apart, changed as each row says."""
    made = [{**GOOD, **FLAGS, "twizzit_match_id": str(at), **row} for at, row in enumerate(rows, start=100)]
    result = pd.DataFrame(made, columns=[*GOOD, *FLAGS])
    return result.assign(starts_at=pd.to_datetime(result["starts_at"], utc=True)).astype(DTYPES)


def competitions(*rows: dict[str, object]) -> pd.DataFrame:
    made = [{**GOOD_COMPETITION, "twizzit_competition_id": str(at), **row} for at, row in enumerate(rows, start=100)]
    return pd.DataFrame(made, columns=list(GOOD_COMPETITION)).astype(COMPETITION_DTYPES)


def shown_id(remote_id: object) -> str | None:
    """What a report shows of an id."""
    return None if remote_id is None else str(remote_id)[:100].rstrip("\x00")


def check(*rows: dict[str, object]) -> tuple[tuple[Found, ...], list[str], tuple[Found, ...]]:
    checked = check_matches(frame(*rows), season_start=START, season_end=END)
    return checked.rejected, list(checked.valid["twizzit_match_id"]), checked.warnings


# For each rule that rejects: what a match must be to break it and no other.
BREAKS: dict[str, dict[str, object]] = {
    "id_present": {"twizzit_match_id": None},
    "id_length": {"twizzit_match_id": "9" * 101},
    "id_printable": {"twizzit_match_id": "9\x00"},
    "competition_id_length": {"twizzit_competition_id": "9" * 101},
    "competition_id_printable": {"twizzit_competition_id": "9\x07"},
    "home_team_id_length": {"home_team_id": "9" * 101},
    "home_team_id_printable": {"home_team_id": "9\x07"},
    "home_name_present": {"home_name": None},
    "home_name_length": {"home_name": "a" * 101},
    "home_name_printable": {"home_name": "a\x07"},
    "away_team_id_length": {"away_team_id": "9" * 101},
    "away_team_id_printable": {"away_team_id": "9\x07"},
    "away_name_present": {"away_name": None},
    "away_name_length": {"away_name": "a" * 101},
    "away_name_printable": {"away_name": "a\x07"},
    "start_readable": {"starts_at": None},
    "inside_season": {"starts_at": "2027-06-30T22:00Z"},  # midnight in Belgium: the first of July
    "two_sides": {"away_name": "kc duin 1"},
    "status_allowed": {"status": "played"},
}


def test_every_rule_that_rejects_is_broken_below() -> None:
    assert {rule.name for rule in RULES if rule.kind == "reject"} == {*BREAKS, "duplicate_id"}


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.name in BREAKS], ids=lambda rule: rule.name)
def test_each_rule_rejects_the_match_that_breaks_it_and_no_other(rule: Rule) -> None:
    rejected, valid, _ = check({}, BREAKS[rule.name], {})
    broken_id = shown_id(BREAKS[rule.name].get("twizzit_match_id", "101"))
    assert rejected == ((broken_id, rule.column, rule.name),)
    assert valid == ["100", "102"]


def test_two_matches_of_one_id_are_both_rejected() -> None:
    rejected, valid, _ = check({"twizzit_match_id": "1"}, {"twizzit_match_id": "1", "home_name": "Other"}, {})
    assert rejected == (("1", "twizzit_match_id", "duplicate_id"),)
    assert valid == ["102"]


def test_a_team_against_itself_is_rejected_by_its_id_too() -> None:
    rejected, _, _ = check({}, {"home_team_id": "5", "away_team_id": "5"})
    assert [one.rule for one in rejected] == ["two_sides"]


def test_the_first_and_the_last_day_of_a_season_belong_to_it() -> None:
    rejected, _, _ = check({"starts_at": "2026-06-30T22:00Z"}, {"starts_at": "2027-06-30T21:59Z"})
    assert not rejected


def test_a_team_in_two_matches_at_once_comes_with_a_warning() -> None:
    at = "2026-11-21T15:29Z"
    _, valid, warnings = check(
        {"home_team_id": "5"},
        {"away_team_id": "5", "starts_at": at},
        {"home_team_id": "6", "starts_at": at},
        {"home_team_id": "5", "starts_at": "2026-11-21T17:00Z"},
    )
    assert len(valid) == 4
    assert [(one.twizzit_id, one.rule) for one in warnings] == [
        ("100", "one_match_at_a_time"),
        ("101", "one_match_at_a_time"),
    ]


def test_a_cancelled_match_keeps_no_team_busy() -> None:
    _, _, warnings = check({"home_team_id": "5"}, {"home_team_id": "5", "status": "cancelled"})
    assert not warnings


@pytest.mark.parametrize(
    ("flag", "rule"),
    [
        ({"hour_known": False}, "hour_known"),
        ({"status_known": False}, "status_known"),
        ({"score_unread": True}, "score_readable"),
        ({"series_unread": True}, "series_readable"),
    ],
)
def test_what_is_not_known_of_a_match_costs_that_alone(flag: dict[str, object], rule: str) -> None:
    rejected, valid, warnings = check({}, flag)
    assert (rejected, valid) == ((), ["100", "101"])
    assert [(one.twizzit_id, one.rule) for one in warnings] == [("101", rule)]


def test_a_match_without_an_opponent_is_set_aside_whatever_else_is_wrong_with_it() -> None:
    checked = check_matches(
        frame({}, {"opponent_unknown": True}, {"opponent_unknown": True, "starts_at": None}),
        season_start=START,
        season_end=END,
    )
    assert list(checked.valid["twizzit_match_id"]) == ["100"]
    assert [(one.twizzit_id, one.rule) for one in checked.set_aside] == [
        ("101", "opponent_unknown"),
        ("102", "opponent_unknown"),
    ]
    assert not checked.rejected


def test_days_without_a_known_hour_do_not_clash() -> None:
    _, _, warnings = check({"home_team_id": "5", "hour_known": False}, {"home_team_id": "5", "hour_known": False})
    assert {warning.rule for warning in warnings} == {"hour_known"}


def test_a_match_listed_twice_comes_once_with_a_warning() -> None:
    _, valid, warnings = check(
        {"twizzit_match_id": "1", "home_team_id": "5"}, {"twizzit_match_id": "1", "home_team_id": "5"}
    )
    assert valid == ["1"]
    assert warnings == (("1", "twizzit_match_id", "listed_once"),)


def test_a_frame_of_another_form_stops_the_sync() -> None:
    with pytest.raises(FormatChanged, match="the column starts_at is missing"):
        check_matches(frame({}).drop(columns="starts_at"), season_start=START, season_end=END)
    with pytest.raises(FormatChanged, match=r"all of 5 rows break a rule about the form \(start_readable 5\)"):
        check_matches(frame(*[{"starts_at": None}] * 5), season_start=START, season_end=END)


def test_the_valid_frame_has_the_columns_of_the_table() -> None:
    checked = check_matches(frame({}), season_start=START, season_end=END)
    assert list(checked.valid.columns) == list(GOOD)
    assert checked.valid.dtypes.equals(frame({})[list(GOOD)].dtypes)


BREAKS_COMPETITION: dict[str, dict[str, object]] = {
    "id_present": {"twizzit_competition_id": None},
    "id_length": {"twizzit_competition_id": "9" * 101},
    "id_printable": {"twizzit_competition_id": "9\x00"},
    "name_present": {"name": None},
    "name_length": {"name": "a" * 256},
    "name_printable": {"name": "a\x07"},
    "competition_type_allowed": {"competition_type": "cup"},
    "start_date_present": {"start_date": None},
    "ends_after_start": {"end_date": "2026-06-30"},
}


def test_every_rule_of_competitions_that_rejects_is_broken_below() -> None:
    named = {rule.name for rule in COMPETITION_RULES if rule.kind == "reject"}
    assert named == {*BREAKS_COMPETITION, "duplicate_id"}


@pytest.mark.parametrize(
    "rule", [rule for rule in COMPETITION_RULES if rule.name in BREAKS_COMPETITION], ids=lambda rule: rule.name
)
def test_each_rule_rejects_the_competition_that_breaks_it_and_no_other(rule: Rule) -> None:
    broken = BREAKS_COMPETITION[rule.name]
    checked = check_competitions(competitions({}, broken, {"end_date": None}))
    broken_id = shown_id(broken.get("twizzit_competition_id", "101"))
    assert checked.rejected == ((broken_id, rule.column, rule.name),)
    assert list(checked.valid["twizzit_competition_id"]) == ["100", "102"]


def test_two_sides_without_a_name_or_an_id_are_not_the_same_one() -> None:
    rejected, _, _ = check({"home_team_id": None, "away_team_id": None}, {"home_name": None, "away_name": None})
    assert [one.rule for one in rejected] == ["home_name_present", "away_name_present"]


def test_a_team_is_busy_for_a_match_and_no_longer() -> None:
    at: list[dict[str, object]] = [
        {"home_team_id": "5", "starts_at": f"2026-12-12T1{hour}Z"} for hour in ("2:00", "3:30", "4:59")
    ]
    _, _, warnings = check(*at)
    assert [one.twizzit_id for one in warnings if one.rule == "one_match_at_a_time"] == ["101", "102"]


def test_a_competition_may_end_on_its_first_day_and_shares_its_id_with_none() -> None:
    day: dict[str, object] = {"start_date": "2026-12-12", "end_date": "2026-12-12"}
    twice: dict[str, object] = {"twizzit_competition_id": "9"}
    checked = check_competitions(competitions(day, twice, {**twice, "name": "Other"}, {}, {}))
    assert list(checked.valid["twizzit_competition_id"]) == ["100", "103", "104"]
    assert [one.rule for one in checked.rejected] == ["duplicate_id"]
    same: dict[str, object] = {"twizzit_competition_id": "9", "name": "Same"}
    assert [one.rule for one in check_competitions(competitions(same, same)).warnings] == ["listed_once"]
