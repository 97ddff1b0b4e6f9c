"""The journal back to front, row by row: old values where the row holds what the sync wrote."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from twizzit_pipeline.undo.rewind import Rewound, rewound
from twizzit_pipeline.undo.rows import Entry, Key

PLAYER = Key("players", 7)
Row = dict[str, Any]


def entry(place: int, before: Row | None, after: Row | None, key: Key = PLAYER) -> Entry:
    return Entry(place, key, "100", "update", before, after)


def only(*entries: Entry, now: Row | None, usual: Row | None = None) -> Rewound:
    rows = {} if now is None else {entries[0].key: now}
    return rewound(entries, rows, {entries[0].key.table: usual or {}})[entries[0].key]


def test_a_column_that_holds_what_was_written_gets_its_old_value() -> None:
    row = only(
        entry(1, {"last_name": "Peeters"}, {"last_name": "Janssens"}),
        now={"id": 7, "last_name": "Janssens", "gender": "female"},
    )
    assert (row.wanted, row.left) == ({"id": 7, "last_name": "Peeters", "gender": "female"}, {})
    assert row.changed == ("last_name",)


def test_columns_are_taken_back_one_by_one() -> None:
    row = only(
        entry(1, {"first_name": "Ann", "last_name": "Peeters"}, {"first_name": "Anna", "last_name": "Janssens"}),
        now={"id": 7, "first_name": "Annie", "last_name": "Janssens"},
    )
    assert row.wanted == {"id": 7, "first_name": "Annie", "last_name": "Peeters"}
    assert row.left == {"first_name": "changed_since"}


def test_a_column_that_has_its_old_value_again_is_not_left() -> None:
    row = only(entry(1, {"gender": None}, {"gender": "male"}), now={"id": 7, "gender": None})
    assert (row.changed, row.left) == ((), {})


@pytest.mark.parametrize("edited", ["club_id", "team_id"])
def test_club_and_team_of_a_player_are_taken_back_together_or_not_at_all(edited: str) -> None:
    now = {"id": 7, "club_id": 2, "team_id": 20, "jersey_number": 9} | {edited: 99}
    before, after = {"club_id": 1, "team_id": 10, "jersey_number": 8}, {"club_id": 2, "team_id": 20, "jersey_number": 9}
    row = only(entry(1, before, after), now=now)
    assert row.wanted == {**now, "jersey_number": 8}
    other = "team_id" if edited == "club_id" else "club_id"
    assert row.left == {edited: "changed_since", other: "belongs_to_changed"}


def test_several_syncs_are_taken_back_the_newest_first() -> None:
    row = only(
        entry(1, None, {"last_name": "A", "gender": None}),
        entry(3, {"last_name": "B"}, {"last_name": "C"}),
        entry(2, {"last_name": "A"}, {"last_name": "B"}),
        now={"id": 7, "last_name": "C", "gender": None},
    )
    assert row.goes


def test_what_a_person_wrote_between_two_syncs_is_what_comes_back() -> None:
    row = only(
        entry(1, {"last_name": "A"}, {"last_name": "B"}),
        entry(2, {"last_name": "of a person"}, {"last_name": "C"}),
        now={"id": 7, "last_name": "C"},
    )
    assert row.wanted == {"id": 7, "last_name": "of a person"}
    assert row.left == {"last_name": "changed_since"}


def test_a_row_that_was_made_goes_where_it_is_as_it_was_made() -> None:
    made, usual = {"first_name": "Ann", "team_id": 3}, {"height": None, "first_name": None, "is_captain": False}
    now = {"id": 7, **made, "height": None, "is_captain": False, "updated_at": "later", "is_twizzit_registered": True}
    assert only(entry(1, None, made), now=now, usual=usual).goes
    for edit in ({"height": 180}, {"is_captain": True}, {"first_name": "Anna"}):
        row = only(entry(1, None, made), now={**now, **edit}, usual=usual)
        assert not row.goes
        assert row.left == dict.fromkeys(edit, "changed_since") | {"": "changed_since"}


def test_a_row_that_was_made_and_is_gone_is_as_it_should_be() -> None:
    row = only(entry(1, None, {"first_name": "Ann"}), now=None)
    assert (row.goes, row.returns, row.left) == (False, False, {})


def test_a_row_that_was_removed_comes_back_whole() -> None:
    mapping = Key("twizzit_player_mappings", 4)
    whole = {"id": 4, "local_player_id": 7, "twizzit_player_id": "100"}
    row = only(entry(1, whole, None, mapping), now=None)
    assert (row.returns, row.wanted) == (True, whole)
    again = only(entry(1, whole, None, mapping), now={**whole, "twizzit_player_id": "200"})
    assert (again.changed, again.left) == ((), {"": "there_again"})


def test_a_row_that_was_changed_and_is_gone_stays_away() -> None:
    row = only(entry(1, {"gender": None}, {"gender": "male"}), now=None)
    assert (row.returns, row.left) == (False, {"": "gone_since"})


def test_what_the_journal_does_not_say_is_left_and_said() -> None:
    row = only(entry(1, None, None), now={"id": 7, "gender": "male"})
    assert (row.changed, row.left) == ((), {"": "unreadable"})
    row = only(entry(1, {}, {"gender": "male"}), now={"id": 7, "gender": "male"})
    assert (row.changed, row.left) == ((), {"gender": "unreadable"})
    row = only(entry(1, {"nickname": "A"}, {"nickname": "B"}), now={"id": 7, "gender": "male"})
    assert (row.changed, row.left) == ((), {"nickname": "not_in_table"})


values = st.sampled_from(["a", "b", None, 1])
columns = st.sampled_from(["first_name", "last_name", "club_id", "team_id"])


@settings(max_examples=examples(200), deadline=None)
@given(
    before=st.fixed_dictionaries(dict.fromkeys(("first_name", "last_name", "club_id", "team_id"), values)),
    writes=st.lists(st.dictionaries(columns, values, min_size=1, max_size=4), max_size=5),
)
def test_what_syncs_alone_wrote_is_taken_back_whatever_they_wrote(before: Row, writes: list[Row]) -> None:
    now: Row = {"id": 7, **before}
    entries = []
    for place, write in enumerate(writes):
        old = {name: now[name] for name in write}
        entries.append(entry(place, old, write))
        now = {**now, **write}
    if entries:
        row = only(*entries, now=now)
        assert (row.wanted, row.left) == ({"id": 7, **before}, {})


def test_a_row_that_was_made_goes_though_machines_wrote_when_it_was_changed() -> None:
    made = {"id": 7, "first_name": "An", "updated_at": "2026-11-01"}
    row = only(entry(1, None, made), now={**made, "updated_at": "2026-11-02", "nickname": "Ans"})
    assert row.wanted is None, "a column that the journal does not speak of says nothing"
