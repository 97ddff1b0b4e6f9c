"""A person who is made anew in Twizzit: another id, the same player of ShotSpot's where nothing speaks against it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.support.memory_shotspot import SEASON, MemoryShotSpot
from twizzit_pipeline.plan import Plan, Question, Warned
from twizzit_pipeline.plan.decisions import Decisions, OpenQuestion
from twizzit_pipeline.plan.departed import Departure, Departures, Kind, Missing
from twizzit_pipeline.plan.ownership import current_mapping
from twizzit_pipeline.plan.players import plan_players
from twizzit_pipeline.plan.rows import LocalPlayer, RemotePlayer, RemoteTeam, WantedSeason
from twizzit_pipeline.policies import Policies


def person(remote_id: str, first_name: str = "Ann", gender: str | None = "female") -> RemotePlayer:
    return RemotePlayer("1", remote_id, first_name, "Onym", gender, None)


def shotspot_with(*people: RemotePlayer) -> MemoryShotSpot:
    found = MemoryShotSpot.with_teams(RemoteTeam("1", "U15", None, None, None))
    found.apply(plan_players(found.player_state(list(people))))
    return found


def planned(
    shotspot: MemoryShotSpot,
    *remote: RemotePlayer,
    kind: Kind = "gone",
    season: WantedSeason = SEASON,
    departure: Departure | None = None,
    decisions: Decisions | None = None,
    left: Sequence[Departure] = (),
) -> Plan:
    """The plan of a complete scan: Twizzit says `kind` of each who is mapped and not listed."""
    listed = {one.id for one in remote}
    unlisted = [one for one in shotspot.player_mappings.values() if one.twizzit_id not in listed]
    missing = [_missing(shotspot, one.twizzit_id, departure) for one in unlisted] if not left else []
    kinds: dict[str, Kind] = {one.twizzit_id: kind for one in missing}
    departures = Departures(missing, kinds, active={1: 9}, left={one.twizzit_id: one for one in left})
    state = replace(shotspot.player_state(list(remote), season=season), departures=departures)
    state = replace(state, unlisted=[one for one in state.mappings if one.twizzit_id not in listed])
    return plan_players(state if decisions is None else replace(state, decisions=decisions))


def _missing(shotspot: MemoryShotSpot, remote_id: str, departure: Departure | None) -> Missing:
    mapping = next(one for one in shotspot.player_mappings.values() if one.twizzit_id == remote_id)
    before = {"club_id": 1, "team_id": 1, "jersey_number": None, "is_active": True}
    return Missing(remote_id, mapping.local_id, mapping.id, current_mapping(mapping), before, (1,), departure)


def actions(plan: Plan) -> list[tuple[str, str | None]]:
    return sorted((change.action, change.twizzit_id) for change in plan.changes)


@pytest.mark.parametrize(("first_name", "gender"), [("Ann", "female"), ("ÀNN", "female"), ("Ann", None)])
def test_the_mapping_goes_over_and_no_one_leaves(first_name: str, gender: str | None) -> None:
    shotspot = shotspot_with(person("5"), person("6", "Bea"))
    new = person("9", first_name, gender)
    plan = planned(shotspot, new, person("6", "Bea"))
    (change,) = plan.changes
    assert (change.action, change.twizzit_id) == ("update", "9")
    assert (change.mapping_before["remote_id"], (change.mapping or {})["remote_id"]) == ("5", "9")
    assert (plan.warned, list(plan.departures)) == ([Warned("9", "made_anew")], [])
    shotspot.apply(plan)
    assert len(shotspot.players) == 2
    again = planned(shotspot, new, person("6", "Bea"))
    assert (again.changes, again.warned) == ([], [])


def test_what_is_asked_about_them_is_asked_under_their_new_id() -> None:
    shotspot = shotspot_with(person("5"), person("6", "Bea"))
    (local,) = (one for one in shotspot.players.values() if one.first_name == "Ann")
    shotspot.players[local.id] = replace(local, gender=None, jersey_number=4)
    words: dict[str, Any] = {"base": None, "local": 4, "remote": 9}
    asked = OpenQuestion(7, "field", "5", "jersey_number", local.id, **words)
    for mapping_id, one in list(shotspot.player_mappings.items()):
        if one.twizzit_id == "5":
            said = {**(one.last_values or {}), "jersey_number": 9}
            shotspot.player_mappings[mapping_id] = replace(one, last_values=said)
    new = replace(person("9"), jersey_number=9)

    plan = planned(shotspot, new, person("6", "Bea"), decisions=Decisions(Policies("ask"), [asked]))

    assert [one.changed for one in plan.changes] == [{}]
    assert list(plan.questions) == [Question("field", "9", "jersey_number", local.id, **words)]
    assert plan.settled == {7: "row_gone"}
    decided = planned(shotspot, new, person("6", "Bea"), decisions=Decisions(Policies("twizzit"), [asked]))
    assert [one.changed for one in decided.changes] == [{"jersey_number": 9}]
    assert (decided.questions, decided.settled) == ([], {7: "other_policy"})


@pytest.mark.parametrize("kind", ["no_team", "unproved"])
def test_without_proof_the_new_one_plays_and_the_pair_is_reported(kind: Kind) -> None:
    plan = planned(shotspot_with(person("5")), person("9"), kind=kind)
    assert ("create", "9") in actions(plan)
    assert plan.warned == [Warned("9", "maybe_the_same")]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ([person("5"), person("6")], [person("9")]),
        ([person("5")], [person("8"), person("9")]),
        ([person("5")], [person("9", gender="male")]),
    ],
)
def test_several_of_that_name_or_another_gender_are_no_proof(
    before: list[RemotePlayer], now: list[RemotePlayer]
) -> None:
    plan = planned(shotspot_with(*before), *now)
    assert actions(plan) == [("create", one.id) for one in now] + [("depart", one.id) for one in before]
    assert plan.warned == [Warned(one.id, "maybe_the_same") for one in now]


def test_a_player_without_mapping_of_that_name_is_linked_as_ever_and_the_pair_is_reported() -> None:
    shotspot = shotspot_with(person("5"))
    shotspot.players[7] = LocalPlayer(7, 1, 1, "Ann", "Onym", "female", None, True, False)
    plan = planned(shotspot, person("9"))
    assert actions(plan) == [("depart", "5"), ("link", "9")]
    assert plan.warned == [Warned("9", "maybe_the_same")]


def test_another_name_is_another_person_and_an_older_season_moves_no_one() -> None:
    shotspot = shotspot_with(person("5"))
    other = planned(shotspot, person("9", "Bea"))
    assert (actions(other), other.warned) == ([("create", "9"), ("depart", "5")], [])
    older = planned(shotspot, person("9"), season=replace(SEASON, decides=False))
    assert ("create", "9") in actions(older)


def test_one_who_a_person_said_is_new_is_made() -> None:
    plan = planned(shotspot_with(person("5")), person("9"), decisions=Decisions(links={"9": None}))
    assert (actions(plan), plan.warned) == ([("create", "9"), ("depart", "5")], [])


@pytest.mark.parametrize(("kind", "action"), [("gone", "return"), ("no_team", "create"), ("unproved", "create")])
def test_one_who_had_left_is_back_if_that_was_proved(kind: Kind, action: str) -> None:
    shotspot = shotspot_with(person("5"))
    leaving = planned(shotspot, person("6", "Bea"))
    shotspot.apply(leaving)
    (record,) = leaving.departures
    left = Departure(1, "5", record.local_id, kind, "applied", record.before or {}, record.base, team_exists=True)
    plan = planned(shotspot, person("9"), person("6", "Bea"), left=[left])
    assert actions(plan) == [(action, "9")]
    if action == "return":
        shotspot.apply(plan)
        assert (shotspot.players[record.local_id].team_id, shotspot.players[record.local_id].is_active) == (1, True)


def test_with_many_made_anew_at_once_no_one_is_held_back() -> None:
    names = [f"Ann {chr(ord('a') + place)}" for place in range(9)]
    shotspot = shotspot_with(*(person(str(place), name) for place, name in enumerate(names, 10)))
    plan = planned(shotspot, *(person(str(place), name) for place, name in enumerate(names, 30)))
    assert (plan.count("update"), plan.count("create"), plan.held) == (9, 0, [])


def test_a_player_without_mapping_of_another_name_is_in_no_ones_way() -> None:
    shotspot = shotspot_with(person("5"))
    shotspot.players[7] = LocalPlayer(7, 1, None, "Bea", "Onym", None, None, True, False)
    assert planned(shotspot, person("9")).warned == [Warned("9", "made_anew")]


def test_two_who_a_person_said_are_two_are_not_one() -> None:
    shotspot = shotspot_with(person("5"))
    plan = planned(shotspot, person("9"), decisions=Decisions(pairs={("9", 1): True}))
    assert actions(plan) == [("create", "9"), ("depart", "5")]
    assert plan.warned == []


def test_one_whose_departure_waits_for_a_person_is_not_taken_for_gone() -> None:
    """Twizzit says that the contact is gone; the departure is refused, and so is not among the missing."""
    shotspot = shotspot_with(person("5"))
    state = shotspot.player_state([person("9")])
    departures = Departures([], {"5": "gone"}, active={1: 9})
    plan = plan_players(replace(state, departures=departures, unlisted=state.mappings))
    assert (actions(plan), plan.warned) == ([("create", "9")], [Warned("9", "maybe_the_same")])
