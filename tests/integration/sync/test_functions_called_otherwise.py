"""A function that one answer calls otherwise: who has it stays in their team, until a second answer says the same."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.half_answers import after_the_scan
from tests.support.sync_world import SyncWorld
from twizzit_pipeline.simulator import clubs
from twizzit_pipeline.simulator.clubs import GUEST
from twizzit_pipeline.simulator.records import Link
from twizzit_pipeline.storage import tables

SMALL: dict[str, Any] = {"clubs": 1, "teams": 3, "players_per_team": 8, "other_contacts": 3, "tidy": frozenset({1})}


def another_word(of: str, patch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A function is called as one of no player; what is returned calls it as before."""
    words = clubs.OWN_FUNCTIONS[of]
    patch.setitem(clubs.OWN_FUNCTIONS, of, clubs.FUNCTIONS[clubs.COACH])
    return lambda: patch.setitem(clubs.OWN_FUNCTIONS, of, words)


def test_one_answer_that_calls_a_function_otherwise_lets_no_one_go(
    world: SyncWorld, club: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Functions are read once for the scan and once for the second look; where both say so, they have left."""
    group, people = world.roster()
    guests = [one for one in people if one not in {*world.roster(1)[1], *world.roster(2)[1]}][:2]
    moves = guests[1]
    organization = world.club()
    organization.own_functions = (GUEST,)
    rosters = organization.rosters
    rosters[group] = [Link(one.contact_id, GUEST) if one.contact_id in guests else one for one in rosters[group]]
    elsewhere = world.roster(1)[0]
    world.simulator.changes.add_to_team(moves, elsewhere)
    world.sync(club)

    with after_the_scan(another_word(GUEST, monkeypatch), monkeypatch):
        wrong = world.sync(club)

    assert wrong.history["players"].details["set_aside"]
    assert not world.rows(tables.departures)
    team = world.local_id(group, "team")
    assert {(world.player(one)["team_id"], world.player(one)["is_active"]) for one in guests} == {(team, True)}

    another_word(GUEST, monkeypatch)
    world.sync(club)

    assert world.player(guests[0])["is_active"] is False
    assert world.player(moves)["team_id"] == world.local_id(elsewhere, "team")
