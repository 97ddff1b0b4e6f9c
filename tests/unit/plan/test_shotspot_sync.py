"""What ShotSpot's own "Sync Players" writes beside ours is distinguished from a person's edit, and repaired."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.memory_shotspot import CLUB, OLDER, SEASON, MemoryShotSpot
from twizzit_pipeline.plan import Plan, Warned
from twizzit_pipeline.plan.players import plan_players
from twizzit_pipeline.plan.rows import LocalPlayer, RemotePlayer, RemoteTeam, WantedSeason
from twizzit_pipeline.plan.teams import plan_teams

REPAIRED = Warned("100", "repaired_after_shotspot")
JEAN = RemotePlayer("1", "100", "Jean Luc", "Devos", None, 7)


@pytest.fixture
def shotspot() -> MemoryShotSpot:
    """A club with one player, number 7, as our last sync left it."""
    made = MemoryShotSpot()
    made.apply(plan_teams(made.team_state([RemoteTeam("1", "U1", None, None, None)])))
    sync(made, JEAN)
    return made


def sync(shotspot: MemoryShotSpot, *players: RemotePlayer, synced: bool = False, season: WantedSeason = SEASON) -> Plan:
    state = replace(shotspot.player_state(list(players), CLUB, season), shotspot_synced=synced)
    plan = plan_players(state)
    shotspot.apply(plan)
    return plan


def edit(shotspot: MemoryShotSpot, **values: Any) -> None:
    shotspot.players[1] = replace(shotspot.players[1], **values)


def touch(shotspot: MemoryShotSpot) -> None:
    """ShotSpot's integration stamps the mapping."""
    shotspot.player_mappings[1] = replace(shotspot.player_mappings[1], unseen=True, touched=True)


def shown(shotspot: MemoryShotSpot) -> tuple[str, str, int | None]:
    player: LocalPlayer = shotspot.players[1]
    return player.first_name, player.last_name, player.jersey_number


def shotspots_own_sync(shotspot: MemoryShotSpot) -> None:
    edit(shotspot, first_name="Jean", last_name="Luc Devos", jersey_number=None)
    touch(shotspot)


def test_what_shotspots_sync_wrote_is_twizzits_again_and_reported(shotspot: MemoryShotSpot) -> None:
    shotspots_own_sync(shotspot)
    plan = sync(shotspot, JEAN)
    assert shown(shotspot) == ("Jean Luc", "Devos", 7)
    assert plan.warned == [REPAIRED]
    assert [change.conflicts for change in plan.changes] == [()]
    again = sync(shotspot, JEAN)
    assert (again.changes, again.warned, again.seen) == ([], [], [])


def test_the_history_alone_is_evidence_as_well(shotspot: MemoryShotSpot) -> None:
    edit(shotspot, jersey_number=None)
    assert sync(shotspot, JEAN, synced=True).warned == [REPAIRED]
    assert shown(shotspot) == ("Jean Luc", "Devos", 7)


def test_without_evidence_the_same_values_are_a_persons(shotspot: MemoryShotSpot) -> None:
    edit(shotspot, first_name="Jean", last_name="Luc Devos", jersey_number=None)
    plan = sync(shotspot, JEAN)
    assert (plan.changes, plan.warned) == ([], [])
    assert shown(shotspot) == ("Jean", "Luc Devos", None)


@pytest.mark.parametrize(
    "edited",
    [
        {"jersey_number": 12},
        {"first_name": "Jean-Luc"},
        {"last_name": "Luc Devos"},
        {"first_name": "Jan", "last_name": "Luc Devos"},
    ],
)
def test_any_other_value_is_a_persons_and_stays(shotspot: MemoryShotSpot, edited: dict[str, Any]) -> None:
    edit(shotspot, **edited)
    touch(shotspot)
    before = shown(shotspot)
    assert sync(shotspot, JEAN, synced=True).warned == []
    assert shown(shotspot) == before


def test_a_person_who_edits_after_the_repair_keeps_what_they_wrote(shotspot: MemoryShotSpot) -> None:
    shotspots_own_sync(shotspot)
    sync(shotspot, JEAN)
    edit(shotspot, jersey_number=None)
    assert sync(shotspot, JEAN).warned == []
    assert shown(shotspot) == ("Jean Luc", "Devos", None)


def test_a_sync_that_changed_nothing_is_seen_once(shotspot: MemoryShotSpot) -> None:
    """Else a person who empties the number later would be taken for that sync."""
    touch(shotspot)
    plan = sync(shotspot, JEAN)
    assert (plan.changes, plan.warned, plan.seen) == ([], [], [1])
    edit(shotspot, jersey_number=None)
    assert sync(shotspot, JEAN).changes == []


def test_what_twizzit_changed_meanwhile_arrives_without_a_conflict(shotspot: MemoryShotSpot) -> None:
    edit(shotspot, first_name="Jean", last_name="Luc De Vos", jersey_number=None)
    touch(shotspot)
    plan = sync(shotspot, replace(JEAN, last_name="De Vos", jersey_number=9))
    assert shown(shotspot) == ("Jean Luc", "De Vos", 9)
    assert plan.warned == [REPAIRED]
    assert [change.conflicts for change in plan.changes] == [()]


def test_a_number_that_another_player_has_by_now_is_not_taken_away(shotspot: MemoryShotSpot) -> None:
    shotspots_own_sync(shotspot)
    shotspot.players[2] = LocalPlayer(2, 1, 1, "Lotte", "Peeters", None, 7, True, False)
    plan = sync(shotspot, JEAN)
    assert shown(shotspot) == ("Jean Luc", "Devos", None)
    assert plan.warned == [Warned("100", "number_taken"), REPAIRED]
    assert shotspot.players[2].jersey_number == 7


def test_no_player_takes_the_number_that_was_emptied(shotspot: MemoryShotSpot) -> None:
    """Player 50 comes before 100 by id and had to go without number 7: so they still do."""
    early = RemotePlayer("1", "50", "Lotte", "Peeters", None, 7)
    assert sync(shotspot, JEAN, early).warned == [Warned("50", "number_taken")]
    shotspots_own_sync(shotspot)
    assert sync(shotspot, JEAN, early).warned == [Warned("50", "number_taken"), REPAIRED]
    assert shown(shotspot) == ("Jean Luc", "Devos", 7)
    assert shotspot.players[2].jersey_number is None


def test_a_number_that_twizzit_gave_up_is_no_repair(shotspot: MemoryShotSpot) -> None:
    edit(shotspot, jersey_number=None)
    touch(shotspot)
    assert sync(shotspot, replace(JEAN, jersey_number=None)).warned == []
    assert shown(shotspot) == ("Jean Luc", "Devos", None)


def test_an_older_season_repairs_nothing_and_has_not_looked(shotspot: MemoryShotSpot) -> None:
    shotspots_own_sync(shotspot)
    plan = sync(shotspot, JEAN, season=OLDER)
    assert (plan.warned, list(plan.seen)) == ([], [])
    assert shown(shotspot) == ("Jean", "Luc Devos", None)
    assert sync(shotspot, JEAN).warned == [REPAIRED]


def test_a_name_that_twizzit_changed_as_well_is_twizzits_and_no_conflict(shotspot: MemoryShotSpot) -> None:
    """ShotSpot's sync ran before Twizzit changed the name: what it parted is the name of before."""
    shotspots_own_sync(shotspot)
    plan = sync(shotspot, replace(JEAN, first_name="Johan Luc"))
    assert shown(shotspot) == ("Johan Luc", "Devos", 7)
    assert [change.conflicts for change in plan.changes] == [()]
