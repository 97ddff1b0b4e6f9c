"""Players and games in the team that a mapping named before people corrected it go where it names now."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.memory_calendar import MemoryCalendar
from tests.support.memory_shotspot import CLUB, OLDER, SEASON, MemoryShotSpot
from twizzit_pipeline.plan import Plan
from twizzit_pipeline.plan.decisions import Decisions
from twizzit_pipeline.plan.matches import plan_matches
from twizzit_pipeline.plan.players import plan_players
from twizzit_pipeline.plan.rows import RemoteMatch, RemotePlayer, RemoteTeam
from twizzit_pipeline.policies import Policies

LOTTE = RemotePlayer("1", "5", "Lotte", "Peeters", None, 7)
MATCH = RemoteMatch(
    "9", None, "1", "U15", None, "KC Elders 1", datetime(2026, 12, 5, 12, tzinfo=UTC), "scheduled", None, None
)


@pytest.fixture
def shotspot() -> MemoryShotSpot:
    """A club with two teams and one player, in team 1; then people make team 3 the one that Twizzit's 1 is."""
    found = MemoryShotSpot.with_teams(*(RemoteTeam(one, f"U1{one}", None, None, None) for one in ("1", "2")))
    found.apply(plan_players(found.player_state([LOTTE])))
    found.teams[3] = replace(found.teams[1], id=3, name="U11 bis")
    found.team_mappings[1] = replace(found.team_mappings[1], local_id=3)
    return found


def planned(
    shotspot: MemoryShotSpot, *people: RemotePlayer, left: Collection[int] = (1,), season: Any = SEASON, **other: Any
) -> Plan:
    return plan_players(replace(shotspot.player_state(list(people), season=season), left_behind=left, **other))


def test_a_player_who_was_left_behind_follows_and_keeps_all_else(shotspot: MemoryShotSpot) -> None:
    plan = planned(shotspot, LOTTE)
    (change,) = plan.changes
    assert (change.row_id, change.changed, change.conflicts) == (1, {"team_id": 3}, ())
    shotspot.apply(plan)
    assert planned(shotspot, LOTTE, left=()).changes == []


def test_one_who_was_not_left_behind_stays(shotspot: MemoryShotSpot) -> None:
    assert planned(shotspot, LOTTE, left=()).changes == []


def test_an_older_season_moves_no_one(shotspot: MemoryShotSpot) -> None:
    assert [change.changed for change in planned(shotspot, LOTTE, season=OLDER).changes] in ([], [{}])


@pytest.mark.parametrize("policy", ["twizzit", "shotspot", "ask"])
def test_it_is_no_conflict_under_any_policy(shotspot: MemoryShotSpot, policy: Any) -> None:
    plan = planned(shotspot, LOTTE, decisions=Decisions(Policies(policy)))
    assert ([change.changed for change in plan.changes], plan.questions) == ([{"team_id": 3}], [])


def test_who_went_to_another_team_in_twizzit_goes_there(shotspot: MemoryShotSpot) -> None:
    (change,) = planned(shotspot, replace(LOTTE, team_id="2")).changes
    assert (change.changed, change.conflicts) == ({"team_id": 2}, ())


def test_one_of_two_teams_follows_the_team_of_the_last_sync(shotspot: MemoryShotSpot) -> None:
    shotspot.team_mappings[2] = replace(shotspot.team_mappings[2], local_id=1)
    (change,) = planned(shotspot, LOTTE, replace(LOTTE, team_id="2")).changes
    assert change.changed == {"team_id": 3}


@pytest.mark.parametrize(("status", "expected"), [("scheduled", 30), ("to_reschedule", 30), ("completed", 1)])
def test_a_game_to_come_follows_and_one_that_is_over_does_not(status: str, expected: int) -> None:
    calendar = MemoryCalendar()
    calendar.add_own_team(CLUB, "1", "U15")
    calendar.apply(plan_matches(calendar.match_state([MATCH])))
    ((game_id, game),) = calendar.games.items()
    calendar.games[game_id] = replace(game, status=status)
    calendar.teams[30] = replace(calendar.teams[1], id=30, name="U15 bis")
    calendar.own["1"] = (CLUB.credential_id, 30, "U15")

    state = replace(calendar.match_state([MATCH]), left_behind={(game_id, "home_team_id")})
    calendar.apply(plan_matches(state))

    after = calendar.games[game_id]
    assert (after.home_team_id, after.status) == (expected, status)
    assert after.away_team_id == game.away_team_id
