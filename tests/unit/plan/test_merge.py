"""The three-way merge and the policies on conflicts, as properties of any three values; and who gets a slot."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twizzit_pipeline.plan.merge import Move, denied, merge
from twizzit_pipeline.policies import POLICIES, Policies, Policy

VALUES = st.sampled_from([None, 0, 7, "Ann", "Anna"])
ROWS = st.fixed_dictionaries(dict.fromkeys(("first_name", "last_name", "jersey_number"), VALUES))
POLICY = st.sampled_from(POLICIES)


@st.composite
def policies(draw: st.DrawFn) -> Policies:
    return Policies(draw(POLICY), draw(st.dictionaries(st.sampled_from(["first_name", "last_name"]), POLICY)))


@given(ROWS, ROWS, policies(), st.booleans())
def test_what_twizzit_does_not_change_stays_as_it_is_in_shotspot(
    said: dict[str, Any], held: dict[str, Any], who_wins: Policies, newer: bool
) -> None:
    assert merge(said, said, held, policies=who_wins, local_is_newer=newer) == (held, ())


@given(ROWS, ROWS, policies(), st.booleans())
def test_what_shotspot_does_not_change_is_twizzits(
    base: dict[str, Any], said: dict[str, Any], who_wins: Policies, newer: bool
) -> None:
    assert merge(base, said, base, policies=who_wins, local_is_newer=newer) == (said, ())


@given(ROWS, ROWS, policies(), st.booleans())
def test_what_both_change_alike_is_no_conflict(
    base: dict[str, Any], said: dict[str, Any], who_wins: Policies, newer: bool
) -> None:
    assert merge(base, said, said, policies=who_wins, local_is_newer=newer) == (said, ())


@given(ROWS, ROWS, ROWS, policies(), st.booleans())
def test_no_policy_makes_or_hides_a_conflict_and_each_value_is_one_of_the_two(
    base: dict[str, Any], said: dict[str, Any], held: dict[str, Any], who_wins: Policies, newer: bool
) -> None:
    values, conflicts = merge(base, said, held, policies=who_wins, local_is_newer=newer)
    usual, found = merge(base, said, held)
    assert conflicts == found
    for column, value in values.items():
        assert value in (said[column], held[column])
        if column not in conflicts:
            assert value == usual[column]
            assert len({str(said[column]), str(held[column]), str(base[column])}) < 3


@given(ROWS, ROWS, ROWS, policies(), st.booleans())
def test_the_next_merge_of_the_same_words_changes_nothing_and_finds_no_conflict(
    base: dict[str, Any], said: dict[str, Any], held: dict[str, Any], who_wins: Policies, newer: bool
) -> None:
    values, _ = merge(base, said, held, policies=who_wins, local_is_newer=newer)
    assert merge(said, said, values, policies=who_wins, local_is_newer=newer) == (values, ())


@given(ROWS, ROWS, ROWS, policies())
def test_a_repair_writes_whatever_twizzit_says(
    base: dict[str, Any], said: dict[str, Any], held: dict[str, Any], who_wins: Policies
) -> None:
    values, _ = merge(base, said, held, repairs=set(said), policies=who_wins, local_is_newer=True)
    assert all(value == said[column] for column, value in values.items() if said[column] is not None)


@pytest.mark.parametrize(
    ("policy", "newer", "wins"),
    [
        ("twizzit", False, "remote"),
        ("twizzit", True, "remote"),
        ("shotspot", False, "local"),
        ("shotspot", True, "local"),
        ("newest", False, "remote"),
        ("newest", True, "local"),
        ("ask", False, "local"),
        ("ask", True, "local"),
    ],
)
def test_who_wins_a_conflict(policy: Policy, newer: bool, wins: str) -> None:
    three = [{"first_name": value} for value in ("base", "remote", "local")]
    for who_wins in (Policies(policy), Policies("twizzit", {"first_name": policy})):
        values, conflicts = merge(*three, policies=who_wins, local_is_newer=newer)
        assert (values, conflicts) == ({"first_name": wins}, ("first_name",))


def test_at_the_first_link_only_what_is_empty_is_filled_whatever_the_policy() -> None:
    for policy in POLICIES:
        values, conflicts = merge(None, {"a": 1, "b": 2}, {"a": None, "b": 3}, policies=Policies(policy))
        assert (values, conflicts) == ({"a": 1, "b": 3}, ())


@pytest.mark.parametrize(
    ("moves", "losers"),
    [
        ([("A", None, 9)], ()),  # free
        ([("A", None, 1)], ("A",)),  # held by a row that does not move
        ([("A", None, 9), ("B", None, 9)], ("B",)),  # the first in turn
        ([("A", 1, 2), ("B", 2, 1)], ()),  # they swap
        ([("A", 1, None), ("B", 2, None)], ()),  # who gives one up asks for nothing
        ([("A", 1, 2), ("B", 2, 3)], ("A", "B")),  # B stays, and so 2 is not free for A
        ([("A", 1, 2), ("B", 2, 3), ("C", None, 1)], ("A", "B", "C")),
    ],
)
def test_who_cannot_have_the_slot_that_they_want(moves: Sequence[tuple[str, Any, Any]], losers: Sequence[str]) -> None:
    held = (1, 2, 3)
    assert denied(held, [Move(*move, stays=True) for move in moves]) == set(losers)


def test_who_loses_and_does_not_stay_leaves_the_slot_to_others() -> None:
    assert denied((1, 2), [Move("A", 1, 2, stays=False), Move("B", None, 1, stays=True)]) == {"A"}
