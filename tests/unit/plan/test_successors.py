"""A team that is made anew in Twizzit: another id, and the same team of ShotSpot's once the earlier one is gone."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.memory_shotspot import SEASON, MemoryShotSpot
from twizzit_pipeline.plan import Failed, Plan, Question
from twizzit_pipeline.plan.decisions import NOTHING_DECIDED, Decisions, OpenQuestion
from twizzit_pipeline.plan.departed import Departure, Departures, Missing, Record, Status
from twizzit_pipeline.plan.ownership import current_mapping
from twizzit_pipeline.plan.rows import RemoteTeam, WantedSeason
from twizzit_pipeline.plan.teams import plan_teams
from twizzit_pipeline.policies import Policies


def team(remote_id: str, name: str = "U15") -> RemoteTeam:
    return RemoteTeam(remote_id, name, None, None, None)


@pytest.fixture
def shotspot() -> MemoryShotSpot:
    return MemoryShotSpot.with_teams(team("1"), team("2", "U17"))


def missing(shotspot: MemoryShotSpot, departure: Departure | None = None) -> Missing:
    mapping = next(one for one in shotspot.team_mappings.values() if one.twizzit_id == "1")
    before = {"is_active": True, "club_id": 1}
    return Missing("1", mapping.local_id, mapping.id, current_mapping(mapping), before, (1,), departure)


def planned(
    shotspot: MemoryShotSpot,
    *remote: RemoteTeam,
    season: WantedSeason = SEASON,
    gone: Missing | None = None,
    decisions: Decisions = NOTHING_DECIDED,
) -> Plan:
    found = Departures() if gone is None else Departures([gone], {"1": "gone"}, active={1: 9})
    state = shotspot.team_state([*remote, team("2", "U17")], season=season)
    return plan_teams(replace(state, departures=found, decisions=decisions))


def local_ids(shotspot: MemoryShotSpot) -> dict[str, int]:
    return {one.twizzit_id: one.local_id for one in shotspot.team_mappings.values()}


@pytest.mark.parametrize("name", ["U15", "u15"])
def test_its_mapping_goes_over_and_nothing_leaves(shotspot: MemoryShotSpot, name: str) -> None:
    (local_id, other) = local_ids(shotspot).values()
    plan = planned(shotspot, team("9", name), gone=missing(shotspot))
    (change,) = plan.changes
    assert (change.action, change.row_id, change.twizzit_id) == ("update", local_id, "9")
    assert (change.mapping_before["remote_id"], (change.mapping or {})["remote_id"]) == ("1", "9")
    assert (plan.departures, plan.failed) == ([], [])
    shotspot.apply(plan)
    assert local_ids(shotspot) == {"9": local_id, "2": other}
    assert planned(shotspot, team("9", name)).changes == []


def test_what_is_asked_about_it_is_asked_under_its_new_id(shotspot: MemoryShotSpot) -> None:
    local_id = local_ids(shotspot)["1"]
    shotspot.teams[local_id] = replace(shotspot.teams[local_id], gender="mixed")
    for mapping_id, one in list(shotspot.team_mappings.items()):
        if one.twizzit_id == "1":
            shotspot.team_mappings[mapping_id] = replace(
                one, last_values={**(one.last_values or {}), "gender": "female"}
            )
    words: dict[str, Any] = {"base": None, "local": "mixed", "remote": "female"}
    decisions = Decisions(Policies("ask"), [OpenQuestion(7, "field", "1", "gender", local_id, **words)])
    new = replace(team("9"), gender="female")
    plan = planned(shotspot, new, gone=missing(shotspot), decisions=decisions)
    assert [one.changed for one in plan.changes] == [{}]
    assert list(plan.questions) == [Question("field", "9", "gender", local_id, **words)]
    assert plan.settled == {7: "row_gone"}


def test_one_that_has_departed_before_is_back(shotspot: MemoryShotSpot) -> None:
    local_id = local_ids(shotspot)["1"]
    shotspot.apply(planned(shotspot, gone=missing(shotspot)))
    assert shotspot.teams[local_id].is_active is False
    plan = planned(shotspot, team("9"))
    assert plan.count("return") == 1
    shotspot.apply(plan)
    assert (shotspot.teams[local_id].is_active, local_ids(shotspot)["9"]) == (True, local_id)


@pytest.mark.parametrize("status", [None, "held"])
def test_one_that_two_readings_lack_goes_over_where_twizzit_cannot_be_asked(
    shotspot: MemoryShotSpot, status: Status | None
) -> None:
    local_id = local_ids(shotspot)["1"]
    held = None if status is None else Departure(5, "1", local_id, "unproved", status)
    found = Departures(
        [] if held else [missing(shotspot)],
        {"1": "unproved"},
        can_ask=False,
        still_held=["1"] if held else (),
        unlisted={"1": held} if held else {},
        moved_on={"1"},
    )
    remote = [team("9"), team("2", "U17")]
    plan = plan_teams(replace(shotspot.team_state(remote), departures=found))
    (change,) = plan.changes
    assert (change.row_id, change.twizzit_id, plan.failed) == (local_id, "9", [])
    over = [Record(5, "1", local_id, "unproved", "returned", returned=True)] if held else []
    assert (plan.departures, plan.held, plan.waiting) == (over, [], [])
    without = plan_teams(replace(shotspot.team_state(remote), departures=replace(found, moved_on=())))
    assert (list(without.failed), without.held) == ([Failed("9", "name_taken")], ["1"])


def test_a_departure_that_was_approved_is_over(shotspot: MemoryShotSpot) -> None:
    approved = Departure(5, "1", local_ids(shotspot)["1"], "gone", "approved")
    (record,) = planned(shotspot, team("9"), gone=missing(shotspot, approved)).departures
    assert (record.id, record.status, record.returned, record.applied) == (5, "returned", True, False)


def test_without_proof_or_in_an_older_season_it_is_not(shotspot: MemoryShotSpot) -> None:
    taken = [Failed("9", "name_taken")]
    assert planned(shotspot, team("9")).failed == taken
    held = Departure(5, "1", local_ids(shotspot)["1"], "gone", "held")
    assert planned(shotspot, team("9"), gone=missing(shotspot, held)).failed == taken
    shotspot.apply(planned(shotspot, gone=missing(shotspot)))
    older = replace(SEASON, decides=False)
    assert planned(shotspot, team("9"), season=older).failed == taken


def test_of_two_of_that_name_the_first_by_id_is(shotspot: MemoryShotSpot) -> None:
    local_id = local_ids(shotspot)["1"]
    plan = planned(shotspot, team("10"), team("9"), gone=missing(shotspot))
    assert plan.failed == [Failed("10", "name_taken")]
    shotspot.apply(plan)
    assert local_ids(shotspot)["9"] == local_id


def test_another_name_is_another_team(shotspot: MemoryShotSpot) -> None:
    plan = planned(shotspot, team("9", "U16"), gone=missing(shotspot))
    assert {change.action for change in plan.changes} == {"depart", "create"}


def test_one_that_people_call_otherwise_is_the_one_of_the_name_that_twizzit_said_last(shotspot: MemoryShotSpot) -> None:
    local_id = local_ids(shotspot)["1"]
    shotspot.teams[local_id] = replace(shotspot.teams[local_id], name="De Rakkers")
    shotspot.apply(planned(shotspot, team("9"), gone=missing(shotspot)))
    assert local_ids(shotspot)["9"] == local_id
    assert shotspot.teams[local_id].name == "De Rakkers"


@pytest.mark.parametrize("was_active", [True, False])
def test_one_that_has_departed_is_as_active_as_it_was(shotspot: MemoryShotSpot, was_active: bool) -> None:
    local_id = local_ids(shotspot)["1"]
    shotspot.apply(planned(shotspot, gone=missing(shotspot)))
    departure = Departure(5, "1", local_id, "gone", "applied", {"is_active": was_active})
    state = shotspot.team_state([team("9"), team("2", "U17")])
    shotspot.apply(plan_teams(replace(state, departures=Departures(unlisted={"1": departure}))))
    assert (shotspot.teams[local_id].is_active, local_ids(shotspot)["9"]) == (was_active, local_id)


def test_a_departure_that_was_undone_is_over_once_the_team_is_listed(shotspot: MemoryShotSpot) -> None:
    departure = Departure(5, "1", local_ids(shotspot)["1"], "gone", "applied", {"is_active": True})
    state = replace(shotspot.team_state([team("1"), team("2", "U17")]), departures=Departures(back={"1": departure}))
    plan = plan_teams(state)
    assert (plan.changes, [(one.id, one.status) for one in plan.departures]) == ([], [(5, "returned")])
    shotspot.apply(planned(shotspot, gone=missing(shotspot)))
    older = replace(shotspot.team_state([team("1"), team("2", "U17")]), departures=state.departures)
    away = plan_teams(replace(older, season=replace(SEASON, label="2025-2026", decides=False)))
    assert (away.changes, away.departures) == ([], [])


def test_a_team_of_another_credential_or_season_is_no_successors(shotspot: MemoryShotSpot) -> None:
    local_id = local_ids(shotspot)["1"]
    before, rows = dict(shotspot.team_mappings), dict(shotspot.teams)
    gone = missing(shotspot)
    (mapping_id,) = (one.id for one in before.values() if one.twizzit_id == "1")
    shotspot.team_mappings[mapping_id] = replace(before[mapping_id], credential_id=2)
    assert not {change.row_id for change in planned(shotspot, team("9"), gone=gone).changes if change.twizzit_id == "9"}
    shotspot.team_mappings = before
    shotspot.teams = {**rows, local_id: replace(rows[local_id], season_id=99)}
    plan = planned(shotspot, team("9"), gone=gone)
    assert [change.action for change in plan.changes if change.twizzit_id == "9"] == ["create"]
