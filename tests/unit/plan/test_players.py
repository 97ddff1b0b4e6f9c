"""The rules that decide what becomes of a player."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.memory_shotspot import CLUB, OF_SHOTSPOTS_OWN, OLDER, OTHER_CLUB, SEASON, MemoryShotSpot
from twizzit_pipeline.plan import Failed, Plan, Warned
from twizzit_pipeline.plan.person_names import same_words
from twizzit_pipeline.plan.players import plan_players
from twizzit_pipeline.plan.rows import LocalPlayer, Owner, RemotePlayer, RemoteTeam, WantedSeason
from twizzit_pipeline.plan.teams import plan_teams


def person(
    remote_id: str,
    team: str = "1",
    first: str = "Lotte",
    last: str = "Peeters",
    gender: str | None = None,
    number: int | None = None,
) -> RemotePlayer:
    return RemotePlayer(team, remote_id, first, last, gender, number)


def local(
    row_id: int,
    first: str = "Lotte",
    last: str = "Peeters",
    gender: str | None = None,
    number: int | None = None,
    team: int | None = None,
    active: bool = True,
) -> LocalPlayer:
    return LocalPlayer(row_id, 1, team, first, last, gender, number, active, False)


@pytest.fixture
def shotspot() -> MemoryShotSpot:
    """A club whose teams 1, 2, 3 of Twizzit are mapped to the local teams of the same ids."""
    made = MemoryShotSpot()
    teams = [RemoteTeam(str(i), f"U{i}", None, None, None) for i in (1, 2, 3)]
    made.apply(plan_teams(made.team_state(teams)))
    return made


def sync(shotspot: MemoryShotSpot, *players: RemotePlayer, owner: Owner = CLUB, season: WantedSeason = SEASON) -> Plan:
    plan = plan_players(shotspot.player_state(list(players), owner, season))
    shotspot.apply(plan)
    return plan


def only(shotspot: MemoryShotSpot) -> LocalPlayer:
    (player,) = shotspot.players.values()
    return player


def test_a_new_player_stands_in_their_team(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, person("100", "2", gender="female", number=7))
    assert only(shotspot) == LocalPlayer(1, 1, 2, "Lotte", "Peeters", "female", 7, True, True)
    assert shotspot.player_mappings[1].team_mapping_id == 2


def test_a_player_is_found_by_name_without_accents_and_case(shotspot: MemoryShotSpot) -> None:
    shotspot.players[1] = local(1, "Noë", "D’Hondt", number=4)
    plan = sync(shotspot, person("100", first="NOE", last="d'hondt", gender="male", number=9))
    assert plan.count("link") == 1
    found = only(shotspot)
    assert (found.first_name, found.last_name, found.gender) == ("Noë", "D’Hondt", "male")
    assert found.jersey_number == 4, "what both know differently at linking stays as it is"
    assert (found.team_id, found.is_active) == (1, True)


def test_a_contradiction_in_gender_makes_another_person(shotspot: MemoryShotSpot) -> None:
    shotspot.players[1] = local(1, gender="male")
    plan = sync(shotspot, person("100", gender="female"))
    assert plan.count("create") == 1


def test_several_that_fit_are_reported_and_no_player_is_made(shotspot: MemoryShotSpot) -> None:
    shotspot.players = {1: local(1), 2: local(2)}
    assert sync(shotspot, person("100")).failed == [Failed("100", "doubtful_link", (1, 2))]
    assert not shotspot.player_mappings
    assert len(shotspot.players) == 2


def test_namesakes_on_twizzit_do_not_share_one_local_player(shotspot: MemoryShotSpot) -> None:
    shotspot.players[1] = local(1)
    plan = sync(shotspot, person("100"), person("101"))
    assert {item.twizzit_id for item in plan.failed} == {"100", "101"}


def test_unknown_namesakes_are_two_people(shotspot: MemoryShotSpot) -> None:
    assert sync(shotspot, person("100"), person("101")).count("create") == 2


def test_in_two_teams_the_first_by_group_id_holds(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, person("100", "3"), person("100", "2"))
    assert only(shotspot).team_id == 2


def test_in_two_teams_the_one_they_have_holds(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, person("100", "3"))
    sync(shotspot, person("100", "3"), person("100", "1"))
    assert only(shotspot).team_id == 3


def test_who_is_not_proved_to_have_left_their_team_stays_in_it(shotspot: MemoryShotSpot) -> None:
    """All else goes on, and the same once more changes nothing; a team that is not mapped any more holds no one."""
    sync(shotspot, person("100", "3"))
    for changes in (1, 0):
        state = replace(shotspot.player_state([person("100", "1", number=7)]), stay={"100": "3"})
        plan = plan_players(state)
        assert (len(plan.changes), plan.unchanged) == (changes, 1 - changes)
        shotspot.apply(plan)
        assert (only(shotspot).team_id, only(shotspot).jersey_number) == (3, 7)
    gone = {remote: team for remote, team in state.teams.items() if remote != "3"}
    assert plan_players(replace(state, teams=gone)).changes[0].values["team_id"] == 1


def test_a_coach_chooses_among_the_teams_of_a_player(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, person("100", "1"), person("100", "2"))
    shotspot.players[1] = replace(only(shotspot), team_id=2)
    sync(shotspot, person("100", "1"), person("100", "2"))
    assert only(shotspot).team_id == 2


@pytest.mark.parametrize("stands_in", [3, None])
def test_in_two_teams_the_one_of_the_last_sync_holds_where_they_have_neither(
    shotspot: MemoryShotSpot, stands_in: int | None
) -> None:
    sync(shotspot, person("100", "2"))
    shotspot.players[1] = replace(only(shotspot), team_id=stands_in)
    assert sync(shotspot, person("100", "1"), person("100", "2")).changes == []
    assert only(shotspot).team_id == stands_in


def test_a_transfer_moves_the_player(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, person("100", "1"))
    plan = sync(shotspot, person("100", "2"))
    assert plan.count("update") == 1
    assert only(shotspot).team_id == 2
    assert shotspot.player_mappings[1].team_mapping_id == 2


def test_a_move_of_which_twizzit_says_nothing_stays(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, person("100", "1"))
    shotspot.players[1] = replace(only(shotspot), team_id=3)
    assert sync(shotspot, person("100", "1")).changes == []


def test_a_player_switched_off_by_a_coach_stays_off(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, person("100"))
    shotspot.players[1] = replace(only(shotspot), is_active=False)
    assert sync(shotspot, person("100")).changes == []


def test_a_taken_number_does_not_stop_a_player(shotspot: MemoryShotSpot) -> None:
    plan = sync(shotspot, person("100", number=7), person("101", first="Noor", number=7))
    assert plan.warned == [Warned("101", "number_taken")]
    assert [p.jersey_number for p in shotspot.players.values()] == [7, None]
    again = sync(shotspot, person("100", number=7), person("101", first="Noor", number=7))
    assert again.changes == []
    assert again.warned == plan.warned


def test_a_number_that_comes_free_is_given(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, person("100", number=7), person("101", first="Noor", number=7))
    sync(shotspot, person("100", number=8), person("101", first="Noor", number=7))
    assert [p.jersey_number for p in shotspot.players.values()] == [8, 7]


def test_players_can_swap_numbers(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, person("100", number=7), person("101", first="Noor", number=8))
    plan = sync(shotspot, person("100", number=8), person("101", first="Noor", number=7))
    assert not plan.warned
    assert [p.jersey_number for p in shotspot.players.values()] == [8, 7]


def test_a_number_that_was_typed_in_keeps_others_from_it(shotspot: MemoryShotSpot) -> None:
    shotspot.players[5] = local(5, "Typed", "In", number=7)
    plan = sync(shotspot, person("100", number=7))
    assert plan.warned == [Warned("100", "number_taken")]


def test_two_who_have_no_number_any_more_get_no_remark(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, person("100", number=7), person("101", first="Noor", number=8))
    plan = sync(shotspot, person("100"), person("101", first="Noor"))
    assert [p.jersey_number for p in shotspot.players.values()] == [None, None]
    assert plan.warned == []


def test_a_coachs_own_number_stays_where_twizzits_is_taken(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, person("100", number=7), person("101", first="Noor", number=7))
    shotspot.players[2] = replace(shotspot.players[2], jersey_number=12)
    sync(shotspot, person("100", number=7), person("101", first="Noor", number=7))
    assert shotspot.players[2].jersey_number == 12


def test_a_number_withdrawn_by_twizzit_goes(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, person("100", number=7))
    sync(shotspot, person("100"))
    assert only(shotspot).jersey_number is None


def test_only_what_twizzit_changed_is_written(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, person("100", last="Peeters", number=7))
    shotspot.players[1] = replace(only(shotspot), last_name="Peeters-Maes", jersey_number=9)
    plan = sync(shotspot, person("100", last="Peeters", number=8))
    assert (only(shotspot).last_name, only(shotspot).jersey_number) == ("Peeters-Maes", 8)
    assert plan.changes[0].conflicts == ("jersey_number",)
    assert plan.changes[0].changed == {"jersey_number": 8}


def test_a_player_of_an_unmapped_team_is_reported(shotspot: MemoryShotSpot) -> None:
    assert sync(shotspot, person("100", "99")).failed == [Failed("100", "team_not_mapped")]
    assert sync(shotspot, person("100", "99"), person("100", "2")).count("create") == 1


def test_an_id_of_another_active_credential_is_never_taken_over(shotspot: MemoryShotSpot) -> None:
    teams = [RemoteTeam("8", "U8", None, None, None)]
    shotspot.apply(plan_teams(shotspot.team_state(teams, OTHER_CLUB)))
    sync(shotspot, person("100"))
    plan = sync(shotspot, person("100", "1"), owner=replace(CLUB, credential_id=2))
    assert [one.reason for one in plan.failed] == ["team_not_mapped"]  # of their teams first, those are another's too
    before = only(shotspot), shotspot.player_mappings[1]
    plan = sync(shotspot, person("100", "8"), owner=OTHER_CLUB)
    assert (plan.count("create"), plan.failed) == (1, [])  # the same id means another person there
    assert (shotspot.players[1], shotspot.player_mappings[1]) == before


def older_team(shotspot: MemoryShotSpot) -> None:
    shotspot.apply(plan_teams(shotspot.team_state([RemoteTeam("50", "U1", None, None, None)], season=OLDER)))


def test_an_older_season_adds_people_never_seen_and_they_are_not_active(shotspot: MemoryShotSpot) -> None:
    older_team(shotspot)
    sync(shotspot, person("100", "1", number=7))
    before = dict(shotspot.players)
    plan = sync(shotspot, person("100", "50", first="Old"), person("101", "50", first="Noor", number=7), season=OLDER)
    assert plan.count("create") == 1
    assert shotspot.players[1] == before[1]
    assert (shotspot.players[2].is_active, shotspot.players[2].jersey_number) == (False, None)


def test_an_older_season_leaves_what_the_mapping_remembers(shotspot: MemoryShotSpot) -> None:
    older_team(shotspot)
    sync(shotspot, person("100"))
    before = dict(shotspot.player_mappings)
    assert sync(shotspot, person("100", "50", first="Old"), season=OLDER).changes == []
    assert shotspot.player_mappings == before


def test_the_deciding_season_takes_up_a_player_whom_an_older_one_brought(shotspot: MemoryShotSpot) -> None:
    older_team(shotspot)
    sync(shotspot, person("100", "50", number=7), season=OLDER)
    sync(shotspot, person("100", "2", number=7))
    assert only(shotspot) == LocalPlayer(1, 1, 2, "Lotte", "Peeters", None, 7, True, True)


def test_a_link_made_by_an_older_season_leaves_the_player_as_they_are(shotspot: MemoryShotSpot) -> None:
    older_team(shotspot)
    shotspot.players[1] = local(1, number=4, team=3, active=False)
    plan = sync(shotspot, person("100", "50", gender="female"), season=OLDER)
    assert plan.count("link") == 1
    assert replace(only(shotspot), mapped=False) == local(1, number=4, team=3, active=False)
    sync(shotspot, person("100", "2", gender="female"))
    assert (only(shotspot).team_id, only(shotspot).is_active, only(shotspot).gender) == (2, True, "female")


BARE: dict[str, Any] = {
    **OF_SHOTSPOTS_OWN,
    "last_values": None,
}


def taken_over(
    shotspot: MemoryShotSpot,
    first: str = "Lotte",
    last: str = "Peeters",
    *,
    twizzit_name: str | None = None,
    club: int = 1,
) -> None:
    """A player whom ShotSpot's own integration mapped to id 100, as they stand in ShotSpot now."""
    sync(shotspot, person("100"))
    shotspot.players[1] = replace(only(shotspot), first_name=first, last_name=last, club_id=club)
    shotspot.player_mappings[1] = replace(shotspot.player_mappings[1], **BARE, twizzit_name=twizzit_name)


def test_shotspots_own_mapping_is_taken_over_and_reported_once(shotspot: MemoryShotSpot) -> None:
    taken_over(shotspot)
    plan = sync(shotspot, person("100"))
    assert (plan.count("adopt"), plan.failed, plan.warned) == (1, [], [Warned("100", "taken_over")])
    assert shotspot.player_mappings[1].credential_id == CLUB.credential_id
    again = sync(shotspot, person("100"))
    assert (again.changes, again.warned) == ([], [])


@pytest.mark.parametrize("twizzit_name", [None, "Lotte Peeters", "L. Peters"])
def test_a_player_renamed_in_shotspot_is_still_that_player(shotspot: MemoryShotSpot, twizzit_name: str | None) -> None:
    """The id decides, the name only doubts; it is not known who changed what, so the name in ShotSpot stays."""
    taken_over(shotspot, "Lot", "P.", twizzit_name=twizzit_name)
    plan = sync(shotspot, person("100"))
    assert (plan.count("adopt"), plan.failed) == (1, [])
    assert plan.warned == [Warned("100", "taken_over_renamed")]
    assert (only(shotspot).first_name, only(shotspot).last_name) == ("Lot", "P.")


@pytest.mark.parametrize("twizzit_name", [None, "Lotte Peeters"])
def test_a_player_of_that_id_and_name_in_another_club_comes_to_this_one(
    shotspot: MemoryShotSpot, twizzit_name: str | None
) -> None:
    taken_over(shotspot, twizzit_name=twizzit_name, club=7)
    plan = sync(shotspot, person("100"))
    assert (plan.count("adopt"), plan.failed) == (1, [])
    assert (only(shotspot).club_id, only(shotspot).team_id) == (1, 1)


def test_a_player_of_a_club_that_another_organization_feeds_is_not_had_for_id_and_name(
    shotspot: MemoryShotSpot,
) -> None:
    """A server may list whom it likes, by any id and name."""
    taken_over(shotspot)
    hostile = replace(OTHER_CLUB, organization_name="KC Boos", organization_id=CLUB.organization_id, host="evil")
    shotspot.apply(plan_teams(shotspot.team_state([RemoteTeam("66", "U15", None, None, None)], hostile)))
    before = dict(shotspot.players), dict(shotspot.player_mappings)
    assert sync(shotspot, person("100", "66"), owner=hostile).failed == [Failed("100", "doubtful_link", (1,))]
    assert (shotspot.players, shotspot.player_mappings) == before
    assert sync(shotspot, person("100")).count("adopt") == 1


def test_another_club_and_another_name_are_the_id_of_another_person(shotspot: MemoryShotSpot) -> None:
    taken_over(shotspot, "Noor", "Claes", club=7)
    plan = sync(shotspot, person("100"))
    assert plan.failed == [Failed("100", "doubtful_link", (1,))]
    assert plan.changes == []


def test_where_the_id_says_one_player_and_the_name_another_neither_is_taken(shotspot: MemoryShotSpot) -> None:
    taken_over(shotspot, "Noor", "Claes")
    shotspot.players[2] = local(2)
    assert sync(shotspot, person("100")).failed == [Failed("100", "doubtful_link", (1, 2))]


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (("Jean", "Luc Devos"), ("Jean-Luc", "Devos")),
        (("Jean", "Luc Devos"), ("Jean Luc", "Devos")),
        (("Anna Maria Lopez", "Garcia"), ("Anna Maria", "Lopez Garcia")),
        (("Jan Van den", "Broeck"), ("Jan", "Van den Broeck")),
    ],
)
def test_a_name_that_was_split_wrongly_is_put_right(
    shotspot: MemoryShotSpot, held: tuple[str, str], said: tuple[str, str]
) -> None:
    taken_over(shotspot, *held)
    plan = sync(shotspot, person("100", first=said[0], last=said[1]))
    assert (only(shotspot).first_name, only(shotspot).last_name) == said
    assert plan.warned == [Warned("100", "taken_over"), Warned("100", "name_put_right")]
    assert sync(shotspot, person("100", first=said[0], last=said[1])).warned == []


def test_a_link_puts_a_split_right_as_well(shotspot: MemoryShotSpot) -> None:
    shotspot.players[1] = local(1, "Jean", "Luc Devos")
    plan = sync(shotspot, person("100", first="Jean-Luc", last="Devos"))
    assert (only(shotspot).first_name, only(shotspot).last_name) == ("Jean-Luc", "Devos")
    assert plan.warned == [Warned("100", "name_put_right")]


def test_a_guess_of_where_a_name_parts_changes_nothing(shotspot: MemoryShotSpot) -> None:
    taken_over(shotspot, "Maria", "Lopez Garcia")
    plan = sync(shotspot, replace(person("100", first="Maria Lopez", last="Garcia"), name_guessed=True))
    assert (only(shotspot).first_name, only(shotspot).last_name) == ("Maria", "Lopez Garcia")
    assert plan.warned == [Warned("100", "taken_over")]


def test_a_split_that_was_changed_after_a_sync_stays(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, person("100", first="Jean-Luc", last="Devos"))
    shotspot.players[1] = replace(only(shotspot), first_name="Jean", last_name="Luc Devos")
    assert sync(shotspot, person("100", first="Jean-Luc", last="Devos")).changes == []


@pytest.mark.parametrize(
    ("other", "same"),
    [(("Jean Luc", "Devos"), True), (("Devos", "Luc Jean"), True), (("Jean", "Devos"), False)],
)
def test_a_whole_name_is_the_same_wherever_it_parts_and_whichever_word_is_first(
    other: tuple[str, str], same: bool
) -> None:
    jean = person("100", first="Jean", last="Luc Devos")
    assert same_words(local(1, *other), jean) is same
    assert same_words(local(1, "Luc", "Jean Devos"), replace(jean, first_name="Devos", last_name="Luc Jean"))
