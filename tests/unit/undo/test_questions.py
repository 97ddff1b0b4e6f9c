"""Which questions an undo closes: those of the syncs that it undoes, and those that take no answer any more."""

from typing import Any

import pytest

from twizzit_pipeline.undo.questions import Asked, closed, stamped, still_asked
from twizzit_pipeline.undo.rows import Entry, Key, Step, UndoPlan

QUESTION, MAPPING, PLAYER = Key("twizzit_conflicts", 5), Key("twizzit_player_mappings", 3), Key("players", 2)
MAPPED = {"id": 3, "local_player_id": 2, "twizzit_player_id": "100", "twizzit_remote_id": None}


def asked(mapping: dict[str, Any] | None = MAPPED, **values: Any) -> Asked:
    row = {
        "id": 5, "entity": "players", "kind": "field", "column_name": "", "twizzit_id": "100",
        "local_id": 2, "candidates": None, "history_id": 8,
        "status": "open", "resolution": None, "value": None, "resolved_at": None, "resolved_by": None,
    }  # fmt: skip
    return Asked(QUESTION, {**row, **values}, {} if mapping is None else {MAPPING: mapping})


def step(kind: Any, key: Key, after: dict[str, Any]) -> Step:
    return Step(kind, key, "100", "", {}, after)


def is_closed(one: Asked, *steps: Step, undone: tuple[int, ...] = (9,)) -> bool:
    found = closed(UndoPlan(steps), [one], undone)
    return any(step.after.get("resolution") == "undone" for step in found.steps)


def test_the_question_of_a_sync_that_is_undone_is_closed() -> None:
    assert is_closed(asked(), undone=(8, 9))
    assert not is_closed(asked())
    assert not is_closed(asked(status="resolved"), undone=(8,))


def test_one_that_says_again_what_an_earlier_sync_asked_stays() -> None:
    back = step("restore", QUESTION, {"history_id": 4, "remote": "Remo"})
    assert not is_closed(asked(), back, undone=(8,))
    assert is_closed(asked(), back, undone=(4, 8))


@pytest.mark.parametrize(
    ("kind", "after"), [("remove", {}), ("restore", {"local_player_id": 7}), ("restore", {"twizzit_remote_id": "200"})]
)
def test_one_whose_mapping_goes_is_closed(kind: str, after: dict[str, Any]) -> None:
    assert is_closed(asked(), step(kind, MAPPING, after))


def test_one_whose_mapping_stays_stays_and_so_does_one_that_had_none_before() -> None:
    assert not is_closed(asked(), step("restore", MAPPING, {"last_values": {}}))
    assert not is_closed(asked(mapping=None))


def test_one_that_is_opened_needs_its_mapping() -> None:
    opened = step("restore", QUESTION, {"status": "open", "resolution": None})
    over = asked(mapping=None, status="settled", resolution="undone")
    assert not is_closed(over, opened, step("bring_back", MAPPING, MAPPED))
    assert is_closed(over, opened)
    assert is_closed(over, opened, step("bring_back", MAPPING, {**MAPPED, "twizzit_remote_id": "300"}))


def test_one_that_is_opened_may_have_its_mapping_with_its_remote_id_once_more() -> None:
    """A match that was made anew, whose sync is undone and done again: its mapping names the earlier id until then."""
    opened = step("restore", QUESTION, {"status": "open", "resolution": None})
    over = asked(mapping={**MAPPED, "twizzit_player_id": "90"}, status="settled", resolution="undone")
    assert not is_closed(over, opened, step("restore", MAPPING, {"twizzit_player_id": "100"}))
    assert is_closed(over, opened, step("restore", MAPPING, {"twizzit_player_id": "110"}))
    assert is_closed(over, opened)


def test_a_link_is_closed_where_no_row_is_left_that_it_may_be() -> None:
    link = asked(mapping=None, local_id=None, candidates=[2, 6])
    gone = [step("remove", Key("players", row_id), {}) for row_id in (2, 6)]
    assert not is_closed(link, gone[0])
    assert is_closed(link, *gone)
    assert not is_closed(link, gone[0], step("restore", gone[1].key, {}))
    assert not is_closed(asked(mapping=None, local_id=None, candidates=None))


def test_a_question_about_an_opponent_is_about_the_rows_of_its_own_table() -> None:
    of_clubs = {"entity": "matches", "kind": "opponent", "column_name": "club_id"}
    opponent = asked(mapping=None, local_id=None, candidates=[2, 6], **of_clubs)
    clubs, games = ([step("remove", Key(table, row_id), {}) for row_id in (2, 6)] for table in ("clubs", "games"))
    assert is_closed(opponent, *clubs)
    assert not is_closed(opponent, *games)


def test_what_is_closed_says_when_and_by_what_once_it_is_done() -> None:
    (found,) = closed(UndoPlan(), [asked()], [8]).steps
    assert (found.before["status"], found.after["status"], found.after["resolved_at"]) == ("open", "settled", None)
    (done,) = stamped(UndoPlan((found,)), moment="2026-11-29T12:00:00+00:00", by="undo 9").steps
    assert (done.after["resolved_by"], done.after["resolved_at"]) == ("undo 9", "2026-11-29T12:00:00+00:00")
    other = step("restore", PLAYER, {"first_name": "An"})
    assert stamped(UndoPlan((other,)), moment="", by="").steps == (other,)


def test_a_change_of_a_question_that_is_over_is_no_part_of_an_undo() -> None:
    anew = Entry(1, QUESTION, "100", "ask", {"remote": "a"}, {"remote": "b"})
    resolved = Entry(2, QUESTION, "100", "resolve", {"status": "open"}, {"status": "resolved"})
    of_player = Entry(3, PLAYER, "100", "update", {}, {})
    assert still_asked([anew, of_player], {QUESTION: {"status": "resolved"}}) == [of_player]
    assert still_asked([anew], {QUESTION: {"status": "open"}}) == [anew]
    assert still_asked([anew, resolved], {QUESTION: {"status": "resolved"}}) == [anew, resolved]


def test_a_question_that_is_over_is_not_closed() -> None:
    assert not is_closed(asked(status="settled"), undone=(8,))
    assert not is_closed(asked(), step("restore", QUESTION, {"status": "settled"}), undone=(8,))
    assert is_closed(asked(), undone=(8,))
