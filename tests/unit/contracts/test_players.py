"""The contract of players: each rule can fail, alone; what is only counted never rejects a player."""

from collections.abc import Mapping

import pandas as pd
import pytest

from twizzit_pipeline.contracts.players import PlayerContract, check_players
from twizzit_pipeline.contracts.rules.players import FUNCTION_KNOWN, RULES
from twizzit_pipeline.contracts.rules.rule import Rule
from twizzit_pipeline.errors import FormatChanged

GOOD = {
    "twizzit_team_id": "7",
    "twizzit_player_id": "1",
    "first_name": "Jan",
    "last_name": "Peeters",
    "gender": "male",
    "jersey_number": 9,
    "jersey_unreadable": False,
}
TABLE = [name for name in GOOD if name != "jersey_unreadable"]


def frame(*rows: Mapping[str, object]) -> pd.DataFrame:
    """Good players with ids of their own, changed as each row says."""
    numbered = [{**GOOD, "twizzit_player_id": str(at), **row} for at, row in enumerate(rows, start=100)]
    types = dict.fromkeys(GOOD, "str") | {"jersey_number": "Int64", "jersey_unreadable": "bool"}
    return pd.DataFrame(numbered, columns=list(GOOD)).astype(types)


# For each rule that rejects: what a player must be to break it and no other.
BREAKS: dict[str, dict[str, object]] = {
    "team_id_present": {"twizzit_team_id": None},
    "team_id_length": {"twizzit_team_id": "9" * 101},
    "team_id_printable": {"twizzit_team_id": "9\x00"},
    "id_present": {"twizzit_player_id": None},
    "id_length": {"twizzit_player_id": "9" * 101},
    "id_printable": {"twizzit_player_id": "9\x00"},
    "first_name_present": {"first_name": None},
    "first_name_length": {"first_name": "a" * 51},
    "first_name_printable": {"first_name": "a\x00"},
    "last_name_present": {"last_name": ""},
    "last_name_length": {"last_name": "a" * 51},
    "last_name_printable": {"last_name": "a\x1b"},
    "gender_allowed": {"gender": "mixed"},
    "jersey_number_range": {"jersey_number": -1},
}
# For each warning: what brings it about, and nothing else.
WARNS: dict[str, dict[str, object]] = {
    "gender_known": {"gender": None},
    "jersey_number_given": {"jersey_number": None},
    "jersey_number_readable": {"jersey_number": None, "jersey_unreadable": True},
}


def rules(kind: str, *, of: dict[str, dict[str, object]]) -> list[Rule]:
    return [rule for rule in RULES if rule.kind == kind and rule.name in of]


@pytest.mark.parametrize("rule", rules("reject", of=BREAKS), ids=lambda rule: rule.name)
def test_each_rule_rejects_the_row_that_breaks_it_and_no_other(rule: Rule) -> None:
    checked = check_players(frame({}, BREAKS[rule.name], {}))
    wrong_id = BREAKS[rule.name].get("twizzit_player_id", "101")
    broken_id = None if wrong_id is None else str(wrong_id)[:100].rstrip("\x00")
    assert checked.rejected == ((broken_id, rule.column, rule.name),)
    assert list(checked.valid["twizzit_player_id"]) == ["100", "102"]


@pytest.mark.parametrize("rule", rules("warn", of=WARNS), ids=lambda rule: rule.name)
def test_each_warning_is_counted_and_keeps_the_row(rule: Rule) -> None:
    checked = check_players(frame({}, WARNS[rule.name]))
    assert checked.warnings == (("101", rule.column, rule.name),)
    assert not checked.rejected
    assert len(checked.valid) == 2


def test_a_rejected_player_brings_no_warnings() -> None:
    checked = check_players(frame({"last_name": None, "gender": None, "jersey_number": None}))
    assert [one.rule for one in checked.rejected] == ["last_name_present"]
    assert not checked.warnings


def test_memberships_that_may_be_players_count_among_the_rejected_rows_and_once_for_each_person() -> None:
    checked = check_players(frame({}, {"last_name": None})).with_rejected(FUNCTION_KNOWN, ["7", None, "7", None])
    unclear = [(remote_id, FUNCTION_KNOWN.column, FUNCTION_KNOWN.name) for remote_id in ("7", None, None)]
    assert checked.rejected == (("101", "last_name", "last_name_present"), *unclear)
    assert (checked.rows.read, checked.rows.kept, checked.rows.rejected) == (6, 1, 5)


def test_the_valid_frame_is_the_table() -> None:
    given = frame({"first_name": "é" * 50, "last_name": "é" * 50, "jersey_number": 999}, {"jersey_number": 0})
    valid = check_players(given).valid
    pd.testing.assert_frame_equal(valid, given[TABLE])


def test_a_player_of_two_teams_is_no_duplicate_and_is_named_once() -> None:
    both = [{"twizzit_player_id": "1", "twizzit_team_id": team} for team in ("7", "8")]
    assert len(check_players(frame(*both)).valid) == 2
    nameless = check_players(frame(*({**row, "last_name": None} for row in both), {}))
    assert nameless.rejected == (("1", "last_name", "last_name_present"),)


def test_two_people_of_one_id_in_a_team_are_both_rejected() -> None:
    checked = check_players(
        frame({"twizzit_player_id": "1"}, {"twizzit_player_id": "1", "first_name": "Piet"}, {"last_name": "Maes"})
    )
    assert checked.rejected == (("1", "twizzit_player_id", "duplicate_id"),)
    assert checked.valid["last_name"].tolist() == ["Maes"]


def test_a_player_listed_twice_in_a_team_comes_once_with_a_warning() -> None:
    checked = check_players(frame({"twizzit_player_id": "1"}, {"twizzit_player_id": "1"}))
    assert len(checked.valid) == 1
    assert checked.warnings == (("1", "twizzit_player_id", "listed_once"),)


def test_an_empty_frame_passes_with_the_types_of_the_table() -> None:
    valid = check_players(frame()).valid
    assert list(valid.columns) == TABLE
    assert str(valid["jersey_number"].dtype) == "Int64"


@pytest.mark.parametrize("column", list(GOOD))
def test_a_missing_column_stops_everything(column: str) -> None:
    with pytest.raises(FormatChanged, match=f"the column {column} is missing"):
        check_players(frame({}, {}).drop(columns=column))


@pytest.mark.parametrize("column", ["twizzit_team_id", "twizzit_player_id"])
@pytest.mark.parametrize("absent", [None, ""])
def test_rows_without_an_id_are_rejected_and_keep_no_other_out(column: str, absent: str | None) -> None:
    checked = check_players(frame({}, {column: absent}, {}, {column: absent, "first_name": "Els"}))
    assert len(checked.rejected) == 2
    assert list(checked.valid["twizzit_player_id"]) == ["100", "102"]


@pytest.mark.parametrize(
    ("column", "dtype"), [("jersey_number", "float64"), ("jersey_unreadable", "int64"), ("twizzit_player_id", "int64")]
)
def test_another_dtype_stops_everything(column: str, dtype: str) -> None:
    with pytest.raises(FormatChanged, match=f"{column} holds something else than"):
        check_players(frame({}, {}).astype({column: dtype}))


def test_a_column_of_things_stops_everything() -> None:
    with pytest.raises(FormatChanged, match="first_name holds something else than"):
        check_players(frame({}, {}).assign(first_name=pd.Series([["Jan"], {"a": 1}], dtype="object")))


def test_no_message_and_no_report_holds_a_name() -> None:
    bad = [{"last_name": "Vandersecret" * 5, "first_name": "Topsecret\x00"}] * 6
    formless = [{"last_name": "", "first_name": "Topsecret\x00"}] * 6
    with pytest.raises(FormatChanged) as caught:
        check_players(frame(*formless))
    assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    checked = check_players(frame(*bad, *[{}] * 6))
    assert "secret" not in f"{checked.rejected} {checked.warnings}"


def test_every_check_of_the_model_is_a_rule_with_a_name_of_its_own() -> None:
    schema = PlayerContract.to_schema()
    checks = [check.name for column in schema.columns.values() for check in column.checks]
    rejecting = [rule.name for rule in RULES if rule.kind == "reject"]
    assert sorted(rejecting) == sorted([*checks, *(check.name for check in schema.checks), FUNCTION_KNOWN.name])
    assert set(rejecting) == {*BREAKS, "duplicate_id", FUNCTION_KNOWN.name}
    assert {rule.name for rule in RULES if rule.kind == "warn"} == {*WARNS, "listed_once"}
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.description and rule.column in {*GOOD, "function"} and rule.name.isidentifier() for rule in RULES)


@pytest.mark.parametrize(("number", "is_one"), [(-1, False), (0, True), (999, True), (1000, False)])
def test_a_shirt_number_is_one_that_shotspot_can_hold(number: int, is_one: bool) -> None:
    checked = check_players(frame({"jersey_number": number}))
    assert len(checked.valid) == is_one
