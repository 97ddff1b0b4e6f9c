"""What a narrowed plan does, and what it leaves alone."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.memory_calendar import MemoryCalendar
from tests.support.memory_shotspot import SEASON, MemoryShotSpot
from twizzit_pipeline.plan import Plan, Warned, by_reason
from twizzit_pipeline.plan.chosen import Chosen
from twizzit_pipeline.plan.competitions import plan_competitions
from twizzit_pipeline.plan.narrowing import EVERYTHING, Narrowing, narrowed, spoken_of
from twizzit_pipeline.plan.players import plan_players
from twizzit_pipeline.plan.rows import LocalPlayer, LocalTeam, RemoteCompetition, RemotePlayer, RemoteTeam
from twizzit_pipeline.plan.teams import plan_teams

NOTHING_NEW = Narrowing(create_missing=False)


def team(remote_id: str, name: str | None = None) -> RemoteTeam:
    return RemoteTeam(remote_id, name or f"U{remote_id}", None, None, None)


def person(remote_id: str, team_id: str = "1", first: str = "Lotte", number: int | None = None) -> RemotePlayer:
    return RemotePlayer(team_id, remote_id, first, "Peeters", None, number)


def sync(shotspot: MemoryShotSpot, *players: RemotePlayer, narrowing: Narrowing = EVERYTHING) -> Plan:
    plan = narrowed(plan_players, shotspot.player_state(list(players)), narrowing)
    shotspot.apply(plan)
    return plan


def sync_teams(shotspot: MemoryShotSpot, *teams: RemoteTeam, narrowing: Narrowing = EVERYTHING) -> Plan:
    plan = narrowed(plan_teams, shotspot.team_state(list(teams)), narrowing)
    shotspot.apply(plan)
    return plan


@pytest.fixture
def shotspot() -> MemoryShotSpot:
    """A club whose teams 1, 2, 3 of Twizzit are mapped to the local teams of the same ids."""
    made = MemoryShotSpot()
    sync_teams(made, team("1"), team("2"), team("3"))
    return made


def test_one_team_alone_is_mapped() -> None:
    shotspot = MemoryShotSpot()
    plan = sync_teams(shotspot, team("1"), team("2"), narrowing=Narrowing("2"))
    assert [row.name for row in shotspot.teams.values()] == ["U2"]
    assert (plan.items, plan.failed, plan.warned) == (1, [], [])


def test_only_the_players_of_that_team_are_mapped(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, person("100", "1", "An"), person("101", "2", "Bo"), narrowing=Narrowing("2"))
    assert [player.first_name for player in shotspot.players.values()] == ["Bo"]


def test_a_player_in_two_teams_keeps_the_one_that_they_have(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, person("100", "1"))
    both = (person("100", "1"), person("100", "2"))
    plan = sync(shotspot, *both, narrowing=Narrowing("2"))
    assert (plan.changes, plan.unchanged) == ([], 1)


def test_who_is_doubtful_among_all_is_doubtful_in_one_team(shotspot: MemoryShotSpot) -> None:
    """Two of one name and one such player in ShotSpot: a look at one team alone must not link the wrong one."""
    shotspot.players[1] = LocalPlayer(1, 1, None, "Lotte", "Peeters", None, None, True, False)
    remote = (person("100", "1"), person("101", "2"))
    plan = sync(shotspot, *remote, narrowing=Narrowing("2"))
    assert by_reason(plan.failed) == {"doubtful_link": ("101",)}
    assert not shotspot.player_mappings
    assert plan.items == 1


def test_a_number_that_a_player_left_out_gives_up_is_not_free_yet(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, person("100", "1", "An", number=7), person("101", "2", "Bo", number=8))
    changed = (person("100", "1", "An", number=9), person("101", "2", "Bo", number=7))
    plan = sync(shotspot, *changed, narrowing=Narrowing("2"))
    assert by_reason(plan.warned) == {"number_taken": ("101",)}
    assert {player.first_name: player.jersey_number for player in shotspot.players.values()} == {"An": 7, "Bo": None}
    sync(shotspot, *changed)
    assert {player.first_name: player.jersey_number for player in shotspot.players.values()} == {"An": 9, "Bo": 7}


def test_nothing_is_made_anew_that_was_not_asked_for(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, person("100", "1", "An"))
    shotspot.players[50] = LocalPlayer(50, 1, None, "Bo", "Peeters", None, None, True, False)
    remote = (person("100", "1", "Ann"), person("101", "1", "Bo"), person("102", "1", "Cis"))
    plan = sync(shotspot, *remote, narrowing=NOTHING_NEW)
    assert {row.first_name for row in shotspot.players.values()} == {"Ann", "Bo"}
    assert (plan.count("create"), plan.count("link"), plan.count("update")) == (0, 1, 1)
    assert (list(plan.failed), list(plan.warned)) == ([], [Warned("102", "not_created")])
    assert plan.items == 2


def test_no_club_and_no_season_is_made_for_a_team_that_is_not() -> None:
    shotspot = MemoryShotSpot()
    plan = sync_teams(shotspot, team("1"), narrowing=NOTHING_NEW)
    assert (plan.changes, by_reason(plan.warned)) == ([], {"not_created": ("1",)})


def test_a_found_team_still_gets_its_season() -> None:
    shotspot = MemoryShotSpot()
    sync_teams(shotspot, team("9", "Reserves"))
    shotspot.teams[40] = LocalTeam(40, 1, "U1", None, None, None, True, False)
    sync_teams(shotspot, team("1"), team("2"), narrowing=NOTHING_NEW)
    assert (shotspot.teams[40].season_id, len(shotspot.teams)) == (1, 2)


def test_players_of_a_team_that_was_not_made_are_no_failures(shotspot: MemoryShotSpot) -> None:
    remote = (person("100", "4", "An"), person("101", "1", "Bo"))
    plan = sync(shotspot, *remote, narrowing=NOTHING_NEW)
    assert (by_reason(plan.failed), by_reason(plan.warned)) == ({}, {"not_created": ("101", "100")})


def test_players_of_a_team_that_failed_are_failures_otherwise(shotspot: MemoryShotSpot) -> None:
    plan = sync(shotspot, person("100", "4", "An"), narrowing=Narrowing("4"))
    assert by_reason(plan.failed) == {"team_not_mapped": ("100",)}


def test_who_failed_for_another_reason_has_failed_where_nothing_is_made_anew(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, person("100"))
    shotspot.player_mappings[1] = replace(shotspot.player_mappings[1], credential_id=2)
    plan = sync(shotspot, person("100"), narrowing=NOTHING_NEW)
    assert (by_reason(plan.failed), plan.warned) == ({"remote_id_taken": ("100",)}, [])


def test_a_number_is_not_kept_for_a_player_who_is_not_made(shotspot: MemoryShotSpot) -> None:
    """The player who would be made has the lower id and so the first claim on the shirt; but they are not made."""
    shotspot.players[50] = LocalPlayer(50, 1, None, "Bo", "Peeters", None, None, True, False)
    plan = sync(shotspot, person("100", "1", "An", 7), person("101", "1", "Bo", 7), narrowing=NOTHING_NEW)
    assert shotspot.players[50].jersey_number == 7
    assert by_reason(plan.warned) == {"not_created": ("100",)}


def test_both_at_once(shotspot: MemoryShotSpot) -> None:
    remote = (person("100", "1", "An"), person("101", "2", "Bo"))
    plan = sync(shotspot, *remote, narrowing=Narrowing("2", create_missing=False))
    assert (plan.changes, by_reason(plan.warned)) == ([], {"not_created": ("101",)})


def test_what_the_history_says_of_it() -> None:
    assert EVERYTHING.details == {}
    assert Narrowing("7").details == {"group_id": "7"}
    assert NOTHING_NEW.details == {"create_missing": False}
    assert Narrowing(chosen=Chosen(7, {})).details == {"plan_id": 7}
    narrowed_so = (EVERYTHING, Narrowing("7"), NOTHING_NEW, Narrowing(chosen=Chosen(7, {})))
    assert [one.narrows for one in narrowed_so] == [False, True, True, True]
    assert [one.reads_all for one in narrowed_so] == [True, False, False, True]


def test_only_teams_and_players_are_narrowed() -> None:
    listed = [RemoteCompetition("1", "Reeks 1", "league", SEASON.start_date, None)]
    state = MemoryCalendar().competition_state(listed)
    assert narrowed(plan_competitions, state, Narrowing("2", create_missing=False)).count("create") == 1
    assert spoken_of(state, Narrowing("2")) == {"1"}


people = st.builds(
    person,
    st.integers(100, 106).map(str),
    st.sampled_from(["1", "2", "3"]),
    st.sampled_from(["An", "Bo", "Cis"]),
    st.none() | st.integers(1, 3),
)
rosters = st.lists(people, max_size=10, unique_by=lambda row: (row.id, row.team_id))


@given(before=rosters, now=rosters, group=st.sampled_from(["1", "2", "3", "4"]), new=st.booleans())
def test_a_narrowed_plan_stays_within_its_bounds(
    before: list[RemotePlayer], now: list[RemotePlayer], group: str, new: bool
) -> None:
    """It touches no player outside the team, makes none unasked, breaks no constraint, and leaves nothing to redo."""
    shotspot = MemoryShotSpot()
    sync_teams(shotspot, team("1"), team("2"), team("3"))
    sync(shotspot, *before)
    narrowing = Narrowing(group, create_missing=new)
    known = dict(shotspot.players)
    asked = {row.id for row in now if row.team_id == group}
    plan = sync(shotspot, *now, narrowing=narrowing)
    assert {change.twizzit_id for change in plan.changes} <= asked
    assert {item.twizzit_id for item in plan.failed} | {item.twizzit_id for item in plan.warned} <= asked
    theirs = {row.local_id for row in shotspot.player_mappings.values() if row.twizzit_id in asked}
    for row_id, player in known.items():
        if row_id not in theirs:
            assert replace(shotspot.players[row_id], mapped=player.mapped) == player
    if not new:
        assert len(shotspot.players) == len(known)
    again = sync(shotspot, *now, narrowing=narrowing)
    assert not again.changes
