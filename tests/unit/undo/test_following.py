"""What the next sync makes of an undo: by what is undone, and whether that comes back."""

from typing import Any

import pytest

from twizzit_pipeline.undo.following import Follow, Past, following
from twizzit_pipeline.undo.rows import Key, Step, UndoPlan

SYNC, OLDER = (
    Past("import", "2026-2027", actions=frozenset({"create"})),
    Past("import", "2025-2026", actions=frozenset({"update"})),
)
ALL = {"create", "update", "depart", "return", "repair", "resolve", "undo", "settle", "ask"}


def undo_of(*ids: int) -> Past:
    return Past("undo", undone=frozenset(ids), actions=frozenset({"undo"}))


def decision() -> Past:
    return Past("decision", actions=frozenset({"resolve"}))


def question(**after: Any) -> Step:
    return Step("restore", Key("twizzit_conflicts", 1), "1", "", {}, after)


def kinds(
    past: dict[int, Past],
    *ids: int,
    moved: set[str] = ALL,
    steps: tuple[Step, ...] = (),
    reopens: bool = False,
) -> list[str]:
    return [one.kind for one in following(past, ids, moved, UndoPlan(steps), reopens=reopens)]


def test_a_sync_is_done_again_by_the_next_of_its_season() -> None:
    past = {1: SYNC, 2: OLDER}
    assert following(past, [1, 2], ALL, UndoPlan(), reopens=False) == (Follow("again", ("2025-2026", "2026-2027")),)
    assert following(past, [2], ALL, UndoPlan(), reopens=False) == (Follow("again", ("2025-2026",)),)


@pytest.mark.parametrize(
    ("actions", "found"),
    [
        ({"depart"}, ["held"]),
        ({"repair"}, ["repaired"]),
        ({"return"}, ["again"]),
        ({"depart", "repair", "update"}, ["again", "held", "repaired"]),
        (set(), []),
    ],
)
def test_departures_and_repairs_are_not_done_again(actions: set[str], found: list[str]) -> None:
    held = Step("restore", Key("twizzit_departures", 1), "1", "", {"status": "applied"}, {"status": "held"})
    assert kinds({1: Past("import", "2026-2027", actions=frozenset(actions))}, 1, steps=(held,)) == found


def test_a_departure_that_is_not_held_back_is_done_again_or_was_a_closing() -> None:
    past = {1: Past("import", "2026-2027", actions=frozenset({"depart"}))}
    assert following(past, [1], ALL, UndoPlan(), reopens=False) == (Follow("again", ("2026-2027",)),)
    assert kinds(past, 1, reopens=True) == ["reopened"]


def test_only_what_is_written_counts() -> None:
    past = {1: Past("import", "2026-2027", actions=frozenset({"depart", "update"}))}
    assert kinds(past, 1, moved={"update"}) == ["again"]
    assert kinds(past, 1, moved=set()) == []


def test_a_decision_is_a_question_again_where_that_is_open() -> None:
    assert kinds({1: decision()}, 1, steps=(question(status="open"),)) == ["asked"]
    assert kinds({1: decision()}, 1) == ["looked_at"]


def test_an_undo_brings_back_what_it_undid() -> None:
    past = {1: SYNC, 2: decision(), 3: undo_of(1, 2), 4: undo_of(3), 5: undo_of(4)}
    opened = (question(status="open"),)
    assert kinds(past, 3) == ["stays", "decided"]
    assert kinds(past, 4, steps=opened) == ["again", "asked"]
    assert kinds(past, 5) == ["stays", "decided"]


def test_several_at_once_are_judged_by_what_was_in_effect() -> None:
    past = {1: SYNC, 2: undo_of(1), 3: undo_of(9), 4: OLDER, 9: decision()}
    assert kinds(past, 1, 2) == [], "the sync was undone already, and stays so"
    assert kinds(past, 1, 2, 4) == ["again"]
    assert kinds(past, 1, 2, 3) == ["decided"]


def test_what_an_undo_of_several_brings_back_is_what_was_in_effect_before_it() -> None:
    past = {1: SYNC, 2: decision(), 3: undo_of(2), 4: undo_of(3), 5: undo_of(4), 6: undo_of(1, 2, 3, 4, 5)}
    assert kinds(past, 6) == ["stays"], "the decision was undone at last, so that nothing of it comes back"
    past[7] = undo_of(0, 6)
    assert kinds(past, 7) == ["again"]


def test_a_row_of_the_history_that_is_pruned_says_nothing() -> None:
    assert kinds({2: undo_of(1)}, 2) == []
    assert kinds({}, 2) == []


def test_closed_questions_are_said() -> None:
    steps = (question(status="settled", resolution="undone"),)
    assert kinds({1: SYNC}, 1, steps=steps) == ["again", "closed"]
    assert kinds({1: SYNC}, 1, moved=set(), steps=steps) == ["closed"]
