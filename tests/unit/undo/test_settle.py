"""What an undo can do of what it wants: foreign keys, and values that only one row may hold."""

from collections.abc import Sequence
from typing import Any

import pytest

from twizzit_pipeline.undo.rewind import Rewound
from twizzit_pipeline.undo.rows import Facts, Key, Reference, Referrer, Slot, UndoPlan
from twizzit_pipeline.undo.settle import settled

NUMBER = Slot("players", ("club_id", "jersey_number"))
TEAM = Reference("players", ("team_id",), "teams", ("id",))
CLUB = Reference("teams", ("club_id",), "clubs", ("id",))
MAPPED = Reference("twizzit_player_mappings", ("local_player_id",), "players", ("id",))
Row = dict[str, Any]


def player(row_id: int, now: Row | None, wanted: Row | None) -> Rewound:
    return row("players", row_id, now, wanted)


def row(table: str, row_id: int, now: Row | None, wanted: Row | None) -> Rewound:
    return Rewound(Key(table, row_id), "100", now and {"id": row_id, **now}, wanted and {"id": row_id, **wanted})


def plan(rows: Sequence[Rewound], **facts: Any) -> UndoPlan:
    return settled({one.key: one for one in rows}, Facts(**facts))


def steps(found: UndoPlan) -> dict[tuple[str, int], tuple[str, dict[str, Any]]]:
    return {(step.key.table, step.key.id): (step.kind, dict(step.after)) for step in found.steps}


def kinds(found: UndoPlan) -> dict[tuple[str, int], str]:
    return {key: kind for key, (kind, _) in steps(found).items()}


def left(found: UndoPlan) -> dict[tuple[str, int], tuple[str, str]]:
    return {(one.key.table, one.key.id): (one.reason, one.because) for one in found.left}


def numbered(number: int | None) -> Row:
    return {"club_id": 1, "jersey_number": number, "is_active": True}


def test_numbers_that_three_players_pass_on_come_back() -> None:
    rows = [
        player(1, numbered(8), numbered(7)),
        player(2, numbered(9), numbered(8)),
        player(3, numbered(7), numbered(9)),
    ]
    holders = {(NUMBER, ("1", str(number))): [one] for one, number in ((1, 8), (2, 9), (3, 7))}
    found = plan(rows, slots=[NUMBER], holders=holders)
    assert {key: after["jersey_number"] for key, (_, after) in steps(found).items()} == {
        ("players", 1): 7,
        ("players", 2): 8,
        ("players", 3): 9,
    }
    assert found.left == ()


def test_a_number_that_another_player_has_is_left_and_so_is_what_waits_for_it() -> None:
    rows = [player(1, numbered(8), numbered(7)), player(2, numbered(9), numbered(8))]
    holders = {(NUMBER, ("1", "7")): [50], (NUMBER, ("1", "8")): [1]}
    found = plan(rows, slots=[NUMBER], holders=holders)
    assert found.steps == ()
    assert left(found) == {
        ("players", 1): ("slot_taken", "player 50"),
        ("players", 2): ("slot_taken", "player 1"),
    }


def test_a_number_of_a_player_that_goes_is_free() -> None:
    rows = [player(1, numbered(8), numbered(7)), player(2, numbered(7), None)]
    found = plan(rows, slots=[NUMBER], holders={(NUMBER, ("1", "7")): [2]})
    assert kinds(found) == {("players", 1): "restore", ("players", 2): "remove"}


def test_no_number_is_no_slot() -> None:
    rows = [player(1, numbered(8), numbered(None)), player(2, numbered(9), numbered(None))]
    assert len(plan(rows, slots=[NUMBER]).steps) == 2


def test_of_two_that_come_back_to_one_number_the_second_stays_away() -> None:
    rows = [player(1, None, numbered(7)), player(2, None, numbered(7))]
    found = plan(rows, slots=[NUMBER])
    assert set(steps(found)) == {("players", 1)}
    assert left(found) == {("players", 2): ("slot_taken", "player 1")}


def test_what_is_referred_to_stays_out_of_use_and_keeps_what_it_hangs_on() -> None:
    rows = [
        player(1, {"team_id": 5, "is_active": True}, None),
        row("teams", 5, {"club_id": 3, "is_active": True}, None),
        row("clubs", 3, {"name": "KC"}, None),
        row("clubs", 4, {"name": "other"}, None),
    ]
    referrers = {
        Key("players", 1): [Referrer(Reference("shots", ("player",), "players", ("id",)), None, "shots (2 rows)")],
        Key("teams", 5): [Referrer(TEAM, Key("players", 1), "player 1")],
        Key("clubs", 3): [Referrer(CLUB, Key("teams", 5), "team 5")],
    }
    found = plan(rows, referrers=referrers)
    assert steps(found) == {
        ("players", 1): ("deactivate", {"is_active": False}),
        ("teams", 5): ("deactivate", {"is_active": False}),
        ("clubs", 4): ("remove", {}),
    }
    assert left(found) == {("clubs", 3): ("still_referred_to", "team 5")}


def test_who_is_moved_away_by_the_undo_refers_no_more() -> None:
    rows = [player(1, {"team_id": 5}, {"team_id": 4}), row("teams", 5, {"is_active": True}, None)]
    facts: dict[str, Any] = {
        "references": [TEAM],
        "referrers": {Key("teams", 5): [Referrer(TEAM, Key("players", 1), "player 1")]},
    }
    found = plan(rows, targets={(TEAM, ("4",)): 4}, **facts)
    assert kinds(found) == {("players", 1): "restore", ("teams", 5): "remove"}

    rows = [player(1, {"team_id": 5}, {"team_id": 4}), row("teams", 5, {"is_active": True}, None)]
    found = plan(rows, targets={}, **facts)  # team 4 is gone: the player stays where they are, and so does the team
    assert steps(found) == {("teams", 5): ("deactivate", {"is_active": False})}
    assert left(found) == {("players", 1): ("target_gone", "team 4")}


def test_a_row_comes_back_with_the_one_that_it_points_at_and_not_without() -> None:
    rows = [player(1, None, {"team_id": 4}), row("teams", 4, None, {"club_id": 3})]
    found = plan(rows, references=[TEAM, CLUB], targets={(CLUB, ("3",)): 3})
    assert {kind for kind, _ in steps(found).values()} == {"bring_back"}
    rows = [player(1, None, {"team_id": 4}), row("teams", 4, None, {"club_id": 3})]
    found = plan(rows, references=[TEAM, CLUB])
    assert found.steps == ()
    assert left(found) == {("players", 1): ("target_gone", "team 4"), ("teams", 4): ("target_gone", "club 3")}


def test_who_was_edited_keeps_their_mapping_and_is_not_put_out_of_use() -> None:
    edited = player(1, {"is_active": True}, {"is_active": True})
    edited.left = {"first_name": "changed_since", "": "changed_since"}
    mapping = row("twizzit_player_mappings", 9, {"local_player_id": 1}, None)
    found = plan(
        [edited, mapping],
        referrers={Key("players", 1): [Referrer(MAPPED, Key("twizzit_player_mappings", 9), "player mapping 9")]},
    )
    assert found.steps == ()
    assert left(found) == {
        ("players", 1): ("changed_since", ""),
        ("twizzit_player_mappings", 9): ("row_stays", "player 1"),
    }


def test_a_row_whose_mapping_a_later_sync_changed_stays_in_use() -> None:
    mapping = row("twizzit_player_mappings", 9, {"local_player_id": 1}, {"local_player_id": 1})
    mapping.left = {"last_values": "changed_since", "": "changed_since"}
    found = plan(
        [player(1, {"is_active": True}, None), mapping],
        referrers={Key("players", 1): [Referrer(MAPPED, Key("twizzit_player_mappings", 9), "player mapping 9")]},
    )
    assert found.steps == ()
    assert left(found)["players", 1] == ("still_referred_to", "player mapping 9")


def test_what_a_row_that_stays_in_use_refers_to_stays_in_use_with_its_mapping() -> None:
    """A game that a later sync wrote stays: so do its teams and its competition, which would otherwise be cancelled."""
    competition = Reference("games", ("competition_id",), "competitions", ("id",))
    game = row("games", 2, {"competition_id": 6}, {"competition_id": 6})
    game.left = {"date": "changed_since", "": "changed_since"}
    found = plan(
        [
            row("twizzit_competition_mappings", 9, {"local_competition_id": 6}, None),
            row("competitions", 6, {"status": "upcoming"}, None),
            game,
        ],
        referrers={
            Key("competitions", 6): [
                Referrer(competition, Key("games", 2), "game 2"),
                Referrer(MAPPED, Key("twizzit_competition_mappings", 9), "competition mapping 9"),
            ]
        },
    )
    assert found.steps == ()
    assert left(found) == {
        ("competitions", 6): ("still_referred_to", "game 2"),
        ("games", 2): ("changed_since", ""),
        ("twizzit_competition_mappings", 9): ("row_stays", "competition 6"),
    }


def test_a_team_stays_in_the_table_of_a_competition_that_stays_and_in_no_other() -> None:
    in_use = row("competitions", 6, {"status": "upcoming"}, {"status": "upcoming"})
    in_use.left = {"name": "changed_since", "": "changed_since"}
    found = plan(
        [
            in_use,
            row("competitions", 7, {"status": "upcoming"}, None),
            row("competition_teams", 1, {"competition_id": 6, "team_id": 50}, None),
            row("competition_teams", 2, {"competition_id": 7, "team_id": 50}, None),
            row("competition_teams", 3, {"competition_id": 6, "team_id": 51}, None),
            row("teams", 51, {"is_active": True}, None),
        ]
    )
    assert {key for key, kind in kinds(found).items() if kind == "remove"} == {
        ("competitions", 7),
        ("competition_teams", 2),
        ("competition_teams", 3),
        ("teams", 51),
    }
    assert left(found)["competition_teams", 1] == ("row_stays", "competition 6")


def test_what_another_credentials_mapping_is_of_stays_in_use() -> None:
    other = Referrer(MAPPED, Key("twizzit_player_mappings", 77), "player mapping 77")
    found = plan([player(1, {"is_active": True}, None)], referrers={Key("players", 1): [other]})
    assert (found.steps, left(found)) == ((), {("players", 1): ("still_referred_to", "player mapping 77")})


def test_what_is_out_of_use_already_is_listed() -> None:
    shots = Referrer(Reference("shots", ("player",), "players", ("id",)), None, "shots (2 rows)")
    found = plan([player(1, {"is_active": False}, None)], referrers={Key("players", 1): [shots]})
    assert (found.steps, left(found)) == ((), {("players", 1): ("still_referred_to", "shots (2 rows)")})


BY_NAME = Reference("kit", ("club", "team"), "teams", ("club_id", "name"))
BY_SEASON = Reference("kit", ("team", "season"), "teams", ("id", "season_id"))


@pytest.mark.parametrize("reference", [BY_NAME, BY_SEASON], ids=["a column that changes", "one that lets go of it"])
def test_a_value_that_rows_of_another_table_name_is_left(reference: Reference) -> None:
    now, then = ({"club_id": 1, "name": name, "season_id": 4, "age_group": group} for name, group in ("AX", "BY"))
    named = {Key("teams", 2): [Referrer(reference, None, "kit (1 row)")]}
    found = plan([row("teams", 2, now, then)], named=named)
    assert steps(found) == {("teams", 2): ("restore", {"age_group": "Y"})}
    assert left(found) == {("teams", 2): ("still_referred_to", "kit (1 row)")}
    assert found.left[0].columns == ("name",)


def test_a_value_that_only_rows_name_which_go_as_well_comes_back() -> None:
    rows = [
        row("teams", 2, {"name": "A"}, {"name": "B"}),
        row("games", 5, {"name_of_side": "A"}, None),
    ]
    reference = Reference("games", ("name_of_side",), "teams", ("name",))
    named = {Key("teams", 2): [Referrer(reference, Key("games", 5), "game 5")]}
    assert kinds(plan(rows, named=named)) == {("teams", 2): "restore", ("games", 5): "remove"}


ASKED = Slot("twizzit_conflicts", ("twizzit_id", "column_name"), only=("status", "open"))


def question(status: str) -> Row:
    return {"twizzit_id": "100", "column_name": "first_name", "status": status, "value": None}


def test_a_question_that_waits_keeps_out_another_one_about_the_same_and_no_other_row() -> None:
    """As of an index over a part of the rows: that one was asked before says nothing, where it is over."""
    again = row("twizzit_conflicts", 1, question("resolved") | {"value": "An"}, question("open"))
    found = plan([again], slots=[ASKED], holders={(ASKED, ("100", "first_name")): [2]})
    assert (found.steps, {one.reason for one in found.left}) == ((), {"slot_taken", "belongs_to_changed"})

    again = row("twizzit_conflicts", 1, question("resolved") | {"value": "An"}, question("open"))
    assert kinds(plan([again], slots=[ASKED])) == {("twizzit_conflicts", 1): "restore"}
    over = row("twizzit_conflicts", 1, question("open"), question("resolved"))
    assert kinds(plan([over], slots=[ASKED], holders={(ASKED, ("100", "first_name")): [2]})) == {
        ("twizzit_conflicts", 1): "restore"
    }
