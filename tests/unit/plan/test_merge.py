"""The three-way merge and the policies on conflicts, of any three values; and who gets a slot."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest

from twizzit_pipeline.plan.merge import Move, denied, merge
from twizzit_pipeline.policies import POLICIES, Policies, Policy

VALUES = (None, 0, 7, "Ann", "Anna")
# Each column of these rows is another triple of what Twizzit said, says, and ShotSpot holds: all that there are.
TRIPLES = {f"column {place}": three for place, three in enumerate(product(VALUES, repeat=3))}
BASE, SAID, HELD = ({column: three[place] for column, three in TRIPLES.items()} for place in range(3))
# Every policy as the usual one, with every one as the exception of each other column; ShotSpot's row newer or not.
EXCEPTED = list(TRIPLES)[::2]
WHO_WINS = [Policies(usual, dict.fromkeys(EXCEPTED, other)) for usual, other in product(POLICIES, repeat=2)]
EITHER = list(product(WHO_WINS, (False, True)))


@pytest.mark.parametrize(
    ("base", "said", "held", "wanted"),
    [
        pytest.param(BASE, BASE, HELD, HELD, id="what Twizzit does not change stays as it is in ShotSpot"),
        pytest.param(BASE, SAID, BASE, SAID, id="what ShotSpot does not change is Twizzit's"),
        pytest.param(BASE, SAID, SAID, SAID, id="what both change alike is no conflict"),
    ],
)
def test_where_one_side_alone_changes_or_both_alike_no_policy_says_anything(
    base: dict[str, Any], said: dict[str, Any], held: dict[str, Any], wanted: dict[str, Any]
) -> None:
    for who_wins, newer in EITHER:
        assert merge(base, said, held, policies=who_wins, local_is_newer=newer) == (wanted, ()), (who_wins, newer)


def test_no_policy_makes_or_hides_a_conflict_and_each_value_is_one_of_the_two() -> None:
    usual, found = merge(BASE, SAID, HELD)
    assert set(found) == {column for column, three in TRIPLES.items() if len(set(three)) == 3}
    for who_wins, newer in EITHER:
        values, conflicts = merge(BASE, SAID, HELD, policies=who_wins, local_is_newer=newer)
        assert conflicts == found
        assert all(value in (SAID[column], HELD[column]) for column, value in values.items())
        assert {column for column, value in values.items() if value != usual[column]} <= set(found)


def test_the_next_merge_of_the_same_words_changes_nothing_and_finds_no_conflict() -> None:
    for who_wins, newer in EITHER:
        values, _ = merge(BASE, SAID, HELD, policies=who_wins, local_is_newer=newer)
        assert merge(SAID, SAID, values, policies=who_wins, local_is_newer=newer) == (values, ())


def test_a_repair_writes_whatever_twizzit_says() -> None:
    for who_wins, newer in EITHER:
        values, _ = merge(BASE, SAID, HELD, repairs=set(SAID), policies=who_wins, local_is_newer=newer)
        assert all(value == SAID[column] for column, value in values.items() if SAID[column] is not None)


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
