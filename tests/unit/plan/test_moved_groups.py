"""Groups of a federation that name another club than before: which club the next team of either name comes to."""

from dataclasses import replace

import pytest

from tests.support.memory_shotspot import CLUB, OLDER, SEASON, MemoryShotSpot
from twizzit_pipeline.plan import Plan, Warned
from twizzit_pipeline.plan.rows import RemoteTeam, WantedSeason
from twizzit_pipeline.plan.teams import plan_teams


@pytest.fixture
def shotspot() -> MemoryShotSpot:
    """Two clubs that a federation feeds."""
    shotspot = MemoryShotSpot()
    shotspot.federations.add(CLUB.credential_id)
    sync(shotspot, team("1", "U13", "KC Aar"), team("2", "U13", "KC Cor"), team("3", "U15", "KC Cor"))
    return shotspot


def team(remote_id: str, name: str, club: str) -> RemoteTeam:
    return RemoteTeam(remote_id, name, club, None, None)


def sync(shotspot: MemoryShotSpot, *teams: RemoteTeam, season: WantedSeason = SEASON) -> Plan:
    plan = plan_teams(shotspot.team_state(list(teams), CLUB, season))
    shotspot.apply(plan)
    return plan


def clubs(shotspot: MemoryShotSpot) -> dict[str, str]:
    """Remote team → the club that its team stands in."""
    return {
        one.twizzit_id: shotspot.clubs[shotspot.teams[one.local_id].club_id].name
        for one in shotspot.team_mappings.values()
    }


def test_one_that_moves_stays_and_takes_no_team_of_its_new_club_along(shotspot: MemoryShotSpot) -> None:
    moved = [team("1", "U13", "KC Aar"), team("2", "U13", "KC Cor"), team("3", "U15", "KC Nieuw")]
    for _ in range(2):  # what it names is remembered, and said until a person has moved it
        assert sync(shotspot, *moved).warned == [Warned("3", "in_another_club")]
    sync(shotspot, *moved, team("4", "U17", "KC Nieuw"), team("5", "U17", "KC Cor"))
    assert clubs(shotspot) == {"1": "KC Aar", "2": "KC Cor", "3": "KC Cor", "4": "KC Nieuw", "5": "KC Cor"}
    (local_id,) = (one.local_id for one in shotspot.team_mappings.values() if one.twizzit_id == "3")
    (new,) = (club.id for club in shotspot.clubs.values() if club.name == "KC Nieuw")
    shotspot.teams[local_id] = replace(shotspot.teams[local_id], club_id=new)
    assert sync(shotspot, *moved).warned == []


def test_a_club_that_is_called_otherwise_is_the_same_one(shotspot: MemoryShotSpot) -> None:
    """All of its groups say so."""
    renamed = [team("1", "U13", "KC Aar"), team("2", "U13", "Corbal"), team("3", "U15", "Corbal")]
    sync(shotspot, *renamed)
    assert sync(shotspot, *renamed).warned == []
    sync(shotspot, *renamed, team("4", "U17", "Corbal"))
    assert clubs(shotspot) == {"1": "KC Aar", "2": "KC Cor", "3": "KC Cor", "4": "KC Cor"}


def test_what_a_past_season_names_moves_no_team_back(shotspot: MemoryShotSpot) -> None:
    assert sync(shotspot, team("3", "U13", "KC Aar"), season=OLDER).warned == []
