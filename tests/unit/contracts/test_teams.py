"""The contract of teams: each rule can fail, alone, and says which team and which column."""

from collections.abc import Mapping

import pandas as pd
import pandera.pandas as pa
import pytest
from pandera.typing import Series

from twizzit_pipeline.contracts.checked import split
from twizzit_pipeline.contracts.counts import RowCounts
from twizzit_pipeline.contracts.judging import judges
from twizzit_pipeline.contracts.rules.rule import Rule
from twizzit_pipeline.contracts.rules.teams import RULES
from twizzit_pipeline.contracts.teams import TeamContract, check_teams
from twizzit_pipeline.errors import FormatChanged

GOOD = {
    "twizzit_team_id": "7",
    "name": "KCC U15",
    "short_name": "U15",
    "club_id": "3",
    "club_name": "KCC",
    "age_group": "U15",
    "gender": "mixed",
}


def frame(*rows: Mapping[str, str | None]) -> pd.DataFrame:
    """Good teams with ids of their own, changed as each row says."""
    return pd.DataFrame(
        [{**GOOD, "twizzit_team_id": str(at), **row} for at, row in enumerate(rows, start=100)], columns=list(GOOD)
    ).astype("str")


# For each rule that rejects: what a team must be to break it and no other.
BREAKS: dict[str, dict[str, str | None]] = {
    "id_present": {"twizzit_team_id": None},
    "id_length": {"twizzit_team_id": "9" * 101},
    "id_printable": {"twizzit_team_id": "9\x00"},
    "name_present": {"name": None},
    "name_length": {"name": "a" * 101},
    "name_printable": {"name": "a\x07"},
    "short_name_length": {"short_name": "a" * 101},
    "short_name_printable": {"short_name": "a\ud800"},
    "club_id_length": {"club_id": "1" * 101},
    "club_id_printable": {"club_id": "1\x00"},
    "club_name_length": {"club_name": "a" * 101},
    "club_name_printable": {"club_name": "a\x9f"},
    "age_group_length": {"age_group": "a" * 21},
    "gender_allowed": {"gender": "women"},
}


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.name in BREAKS], ids=lambda rule: rule.name)
def test_each_rule_rejects_the_row_that_breaks_it_and_no_other(rule: Rule) -> None:
    checked = check_teams(frame({}, BREAKS[rule.name], {}))
    broken_id = BREAKS[rule.name].get("twizzit_team_id", "101")
    shown = None if broken_id is None else broken_id[:100].rstrip("\x00")
    assert checked.rejected == ((shown, rule.column, rule.name),)
    assert checked.rows == RowCounts(read=3, kept=2, rejected=1, set_aside=0)
    assert list(checked.valid["twizzit_team_id"]) == ["100", "102"]


def test_two_teams_of_one_id_are_both_rejected() -> None:
    checked = check_teams(frame({"twizzit_team_id": "1", "name": "A"}, {"twizzit_team_id": "1", "name": "B"}, {}))
    assert checked.rejected == (("1", "twizzit_team_id", "duplicate_id"),)
    assert list(checked.valid["twizzit_team_id"]) == ["102"]


def test_a_team_listed_twice_comes_once_with_a_warning() -> None:
    checked = check_teams(frame({"twizzit_team_id": "1"}, {}, {"twizzit_team_id": "1"}))
    assert list(checked.valid["twizzit_team_id"]) == ["1", "101"]
    assert not checked.rejected
    assert checked.warnings == (("1", "twizzit_team_id", "listed_once"),)


def test_a_row_may_break_several_rules() -> None:
    checked = check_teams(frame({"name": "a" * 100 + "\x00", "gender": "x"}, {}))
    assert {one.rule for one in checked.rejected} == {"name_length", "name_printable", "gender_allowed"}
    assert {one.twizzit_id for one in checked.rejected} == {"100"}


def test_the_longest_texts_and_missing_ones_pass_unchanged() -> None:
    longest = {
        "twizzit_team_id": "9" * 100,
        "name": "é" * 100,
        "short_name": "é" * 100,
        "club_name": "é" * 100,
        "age_group": "é" * 20,
    }
    nothing = dict.fromkeys(["short_name", "club_id", "club_name", "age_group", "gender"])
    given = frame(longest, nothing)
    checked = check_teams(given)
    pd.testing.assert_frame_equal(checked.valid, given)
    assert not checked.rejected
    assert not checked.warnings


def test_an_empty_frame_passes_with_its_columns() -> None:
    checked = check_teams(frame())
    assert list(checked.valid.columns) == list(GOOD)
    assert checked.valid.empty
    assert checked.rejected == checked.warnings == checked.set_aside == ()


def test_the_given_frame_is_not_changed_and_its_index_does_not_matter() -> None:
    given = frame({"name": None}, {}, {})
    given.index = pd.Index([5, 5, 9])
    before = given.copy()
    checked = check_teams(given)
    pd.testing.assert_frame_equal(given, before)
    assert list(checked.valid["twizzit_team_id"]) == ["101", "102"]
    assert [one.twizzit_id for one in checked.rejected] == ["100"]


@pytest.mark.parametrize("column", list(GOOD))
def test_a_missing_column_stops_everything(column: str) -> None:
    with pytest.raises(FormatChanged, match=f"the column {column} is missing"):
        check_teams(frame({}, {}).drop(columns=column))


@pytest.mark.parametrize("absent", [None, ""])
def test_rows_without_an_id_are_rejected_each_by_itself_and_keep_no_other_out(absent: str | None) -> None:
    checked = check_teams(frame({}, {"twizzit_team_id": absent}, {}, {"twizzit_team_id": absent, "name": "B"}))
    rejected = (None, "twizzit_team_id", "id_present")
    assert [one for one in checked.rejected if one.rule == "id_present"] == [rejected, rejected]
    assert list(checked.valid["twizzit_team_id"]) == ["100", "102"]
    assert checked.rows == RowCounts(read=4, kept=2, rejected=2, set_aside=0)


def test_another_dtype_stops_everything_without_showing_the_values() -> None:
    with pytest.raises(FormatChanged, match="name holds something else than") as caught:
        check_teams(frame({}, {}).assign(name=[4711, 4712]))
    assert "471" not in str(caught.value)


@pytest.mark.parametrize(("bad", "good", "stops"), [(5, 0, True), (50, 1, False), (4, 0, False), (6, 0, True)])
def test_five_rows_and_more_that_all_lack_what_is_promised_are_another_format(bad: int, good: int, stops: bool) -> None:
    given = frame(*[{"name": None}] * bad, *[{}] * good)
    if stops:
        with pytest.raises(
            FormatChanged, match=rf"all of {bad} rows break a rule about the form \(name_present {bad}\)"
        ):
            check_teams(given)
    else:
        assert len(check_teams(given).valid) == good


def test_odd_names_are_no_other_format_however_many() -> None:
    checked = check_teams(frame(*[{"name": "a" * 101}] * 40))
    assert len(checked.rejected) == 40
    assert checked.rows == RowCounts(read=40, kept=0, rejected=40, set_aside=0)


class NoBoard(pa.DataFrameModel):
    """Sets boards aside."""

    name: Series[str] = pa.Field(nullable=True)

    @judges(Rule("not_a_board", "name", "The team is no board"))
    @classmethod
    def _no_board(cls, values: "pd.Series[str]") -> "pd.Series[bool]":
        return values != "Bestuur"

    class Config:
        name = "teams"


def test_what_is_set_aside_is_neither_valid_nor_rejected_whatever_else_is_wrong_with_it() -> None:
    board, odd = {"name": "Bestuur"}, {"name": "Bestuur", "gender": "women"}
    checked = split(TeamContract, frame({}, board, {"gender": "women"}, odd), "twizzit_team_id", asides=NoBoard)
    assert list(checked.valid["twizzit_team_id"]) == ["100"]
    assert [one.twizzit_id for one in checked.rejected] == ["102"]
    assert checked.set_aside == (("101", "name", "not_a_board"), ("103", "name", "not_a_board"))
    assert checked.rows == RowCounts(read=4, kept=1, rejected=1, set_aside=2)


def test_rows_that_are_equal_count_once_and_the_others_are_set_aside() -> None:
    same = {"twizzit_team_id": "7"}
    checked = check_teams(frame(same, same, {}, same))
    assert list(checked.valid["twizzit_team_id"]) == ["7", "102"]
    assert checked.set_aside == (("7", "", "listed_twice"),) * 2
    assert checked.rows == RowCounts(read=4, kept=2, rejected=0, set_aside=2)


def test_pandera_switched_off_by_its_environment_still_checks() -> None:
    from pandera.config import config_context

    with config_context(validation_enabled=False):
        assert [one.rule for one in check_teams(frame({"name": None}, {})).rejected] == ["name_present"]


@pytest.mark.parametrize("verdict", ["raises", "all or nothing"])
def test_a_rule_that_judges_no_row_passes_none(verdict: str) -> None:
    class Odd(pa.DataFrameModel):
        twizzit_team_id: Series[str]

        @judges(Rule("odd", "twizzit_team_id", "It cannot be asked", of_row=True))
        @classmethod
        def _odd(cls, frame: pd.DataFrame) -> bool:
            if verdict == "raises":
                raise ValueError(frame["twizzit_team_id"][0])
            return True

        class Config:
            name = "teams"

    with pytest.raises(FormatChanged, match=r"^Rules of Twizzit's teams could not be evaluated: odd$"):
        split(Odd, frame({})[["twizzit_team_id"]], "twizzit_team_id")


def test_every_check_of_the_model_is_a_rule_with_a_name_of_its_own() -> None:
    schema = TeamContract.to_schema()
    checks = [check.name for column in schema.columns.values() for check in column.checks]
    rejecting = [rule.name for rule in RULES if rule.kind == "reject"]
    assert sorted(rejecting) == sorted([*checks, *(check.name for check in schema.checks)])
    assert len(set(rejecting)) == len(rejecting)
    assert set(rejecting) == {*BREAKS, "duplicate_id"}
    assert all(rule.description and rule.column in GOOD and rule.name.isidentifier() for rule in RULES)
