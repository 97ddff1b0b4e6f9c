"""What becomes of those who are missing: at once, after a grace, held back, refused, and back."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.memory_shotspot import SEASON, MemoryShotSpot
from tests.unit.plan.test_players import person
from twizzit_pipeline.plan import Plan
from twizzit_pipeline.plan.decisions import Decisions
from twizzit_pipeline.plan.departed import Departure, Departures, Due, Limit, Missing, Status
from twizzit_pipeline.plan.departures import Leaving, match_departs, plan_departures, player_departs
from twizzit_pipeline.plan.ownership import current_mapping
from twizzit_pipeline.plan.players import plan_players
from twizzit_pipeline.plan.rows import RemotePlayer, RemoteTeam
from twizzit_pipeline.plan.teams import plan_teams
from twizzit_pipeline.policies import Policies, Policy

BASE = {"jersey_number": 7, "twizzit_team_id": "1", "is_active": True}
HERE = {"club_id": 1, "team_id": 1, "jersey_number": 7, "is_active": True}


def missing(remote_id: str, status: Status | None = None, *, kind: Any = "no_team", club: int = 1) -> Missing:
    row = None if status is None else Departure(int(remote_id), remote_id, int(remote_id), kind, status)
    before = {**HERE, "club_id": club}
    return Missing(remote_id, int(remote_id), int(remote_id), {"last_values": BASE}, before, (club,), row)


def planned(*found: Missing, said: Any = "no_team", grace: bool = False, **more: Any) -> Leaving:
    kinds = {one.twizzit_id: said for one in found}
    state = Departures(found, kinds, active=more.pop("active", {1: 100}), **more)
    return plan_departures(state, match_departs if grace else player_departs, grace=grace)


def statuses(leaving: Leaving) -> dict[str, str]:
    return {record.twizzit_id: record.status for record in leaving.records}


def test_who_is_in_no_team_leaves_and_keeps_the_way_back() -> None:
    leaving = planned(missing("1"))
    (change,) = leaving.changes
    assert change.values == {"club_id": 1, "team_id": None, "jersey_number": None, "is_active": False}
    assert change.mapping is not None
    assert change.mapping["last_values"] == {
        "jersey_number": 7,
        "twizzit_team_id": None,
        "is_active": False,
        "number_withheld": True,
    }
    (record,) = leaving.records
    assert (record.status, record.kind, record.before, record.base) == ("applied", "no_team", HERE, BASE)
    assert record.proved
    assert record.applied


@pytest.mark.parametrize(
    ("status", "said", "can_ask", "becomes"),
    [
        (None, "gone", True, "applied"),
        (None, "unproved", True, "waiting"),
        (None, "unproved", False, "held"),
        ("waiting", "gone", True, "applied"),
        ("waiting", "unproved", True, None),
        ("held", "gone", True, None),
        ("refused", "gone", True, None),
        ("approved", "unproved", False, "applied"),
        ("approved", "gone", True, "applied"),
        ("applied", "gone", True, "held"),  # it was undone
    ],
)
def test_what_becomes_of_one(status: Status | None, said: str, can_ask: bool, becomes: str | None) -> None:
    kind = "unproved" if status == "waiting" else "no_team"
    leaving = planned(missing("1", status, kind=kind), said=said, can_ask=can_ask)
    assert statuses(leaving) == ({} if becomes is None else {"1": becomes})
    assert len(leaving.changes) == (becomes == "applied")


def test_a_match_waits_for_a_second_proof() -> None:
    assert statuses(planned(missing("1"), said="gone", grace=True)) == {"1": "waiting"}
    assert statuses(planned(missing("1", "waiting", kind="gone"), said="gone", grace=True)) == {"1": "applied"}
    assert statuses(planned(missing("1", "waiting", kind="unproved"), said="gone", grace=True)) == {"1": "waiting"}


@pytest.mark.parametrize(
    ("leaving", "active", "recent", "held", "is_held"),
    [
        (4, 10, 0, 0, False),  # few, though two fifths
        (5, 25, 0, 0, False),  # a fifth, and no more
        (6, 25, 0, 0, True),
        (1, 20, 4, 0, True),  # those of the last day count
        (1, 20, 0, 4, True),  # and those who wait
        (1, 96, 4, 0, False),
        (1, 21, 4, 0, False),  # a fifth of those that there were before
    ],
)
def test_more_than_a_fifth_and_at_least_five_are_held_back(
    leaving: int, active: int, recent: int, held: int, is_held: bool
) -> None:
    found = [missing(str(number)) for number in range(1, leaving + 1)]
    made = planned(*found, active={1: active}, recent={1: recent}, held={1: held})
    assert set(statuses(made).values()) == {"held" if is_held else "applied"}
    assert len(made.held) == (leaving if is_held else 0)


def test_each_club_has_its_own_limit_and_the_credential_one_for_all() -> None:
    one, other = [missing(str(number)) for number in range(1, 7)], missing("9", club=2)
    made = planned(*one, other, active={1: 20, 2: 100})
    assert [change.twizzit_id for change in made.changes] == ["9"]
    clubs = [missing(str(number), club=number) for number in range(1, 7)]
    assert not planned(*clubs, active=dict.fromkeys(range(1, 7), 4)).changes


def test_a_match_counts_once_in_all_though_two_clubs_count_it() -> None:
    """Two left today and a third does now: not five, as each of them is in two clubs."""
    one = replace(missing("3"), clubs=(1, 4))
    by_club: dict[str, Any] = {"active": {1: 7, 2: 1, 3: 1, 4: 5, None: 7}, "recent": {1: 2, 2: 1, 3: 1, None: 2}}
    assert statuses(planned(one, **by_club)) == {"3": "applied"}
    by_club["recent"] = {1: 4, 2: 2, 3: 2, None: 4}
    assert statuses(planned(one, **by_club)) == {"3": "held"}


def test_an_approved_one_leaves_beside_those_that_are_held_back() -> None:
    found = [missing(str(number)) for number in range(1, 7)]
    made = planned(*found, missing("7", "approved"), active={1: 20}, still_held=("7",), limit=Limit(0.2, 5))
    assert [change.twizzit_id for change in made.changes] == ["7"]
    assert list(made.held) == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.parametrize(
    ("kind", "said", "status", "becomes", "closes"),
    [
        ("gone", "absent", "closed", "gone", 5),
        ("gone", "present", "applied", "no_team", None),
        ("no_team", "absent", "applied", "gone", None),
        ("no_team", "present", "applied", "no_team", None),
        ("gone", "unproved", None, None, None),
    ],
)
def test_who_is_asked_for_again(kind: Any, said: Any, status: str | None, becomes: Any, closes: int | None) -> None:
    leaving = planned(due=[Due(Departure(1, "1", 1, kind, "applied"), 5, said)])
    assert [(record.status, record.kind, record.closes) for record in leaving.records] == (
        [] if status is None else [(status, becomes, closes)]
    )
    assert not leaving.changes


def test_what_waits_for_a_person_ends_when_twizzit_lists_it_again() -> None:
    back = {"1": Departure(1, "1", 1, "no_team", "held"), "2": Departure(2, "2", 2, "gone", "applied")}
    leaving = planned(back=back, still_held=("1",))
    assert statuses(leaving) == {"1": "returned"}, "what is in ShotSpot ends with its return there"
    assert not leaving.held


def away(shotspot: MemoryShotSpot) -> tuple[Plan, Departure]:
    """Player 100 has departed: the plan, and the row of it."""
    (mapping,) = [one for one in shotspot.player_mappings.values() if one.twizzit_id == "100"]
    local = shotspot.players[mapping.local_id]
    before = {name: getattr(local, name) for name in HERE}
    one = Missing("100", local.id, mapping.id, current_mapping(mapping), before, (1,))
    state = shotspot.player_state([])
    plan = plan_players(replace(state, departures=Departures([one], {"100": "gone"}, active={1: 9})))
    shotspot.apply(plan)
    (record,) = plan.departures
    row = Departure(1, "100", local.id, "gone", "applied", record.before or {}, record.base, None, team_exists=True)
    return plan, row


def back(shotspot: MemoryShotSpot, row: Departure, *players: RemotePlayer, repairs: bool = False) -> Plan:
    state = shotspot.player_state(list(players), season=replace(SEASON, repairs=repairs))
    plan = plan_players(replace(state, departures=Departures(back={"100": row})))
    shotspot.apply(plan)
    return plan


@pytest.fixture
def shotspot() -> MemoryShotSpot:
    made = MemoryShotSpot()
    made.apply(plan_teams(made.team_state([RemoteTeam(str(i), f"U{i}", None, None, None) for i in (1, 2)])))
    made.apply(plan_players(made.player_state([person("100", number=7), person("200", first="Noor")])))
    return made


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("edited", [{}, {"first_name": "Edited"}, {"team_id": 2}, {"jersey_number": 99}])
def test_who_returns_is_what_they_were(shotspot: MemoryShotSpot, closed: bool, edited: dict[str, Any]) -> None:
    (local_id,) = [one.local_id for one in shotspot.player_mappings.values() if one.twizzit_id == "100"]
    shotspot.players[local_id] = replace(shotspot.players[local_id], **edited)
    before = shotspot.players[local_id]
    mapping = next(one for one in shotspot.player_mappings.values() if one.twizzit_id == "100")
    _, row = away(shotspot)
    assert (shotspot.players[local_id].team_id, shotspot.players[local_id].is_active) == (None, False)
    if closed:
        del shotspot.player_mappings[mapping.id]
        row = replace(row, status="closed")

    plan = back(shotspot, row, person("100", number=7), person("200", first="Noor"))

    assert plan.count("return") == 1
    assert [record.status for record in plan.departures] == ["returned"]
    assert shotspot.players[local_id] == before
    found = next(one for one in shotspot.player_mappings.values() if one.twizzit_id == "100")
    assert (found.local_id, found.last_values) == (local_id, mapping.last_values)
    again = plan_players(shotspot.player_state([person("100", number=7), person("200", first="Noor")]))
    assert not again.changes


@pytest.mark.parametrize("since", [{"team_id": 2}, {"jersey_number": 99}, {"is_active": True}])
def test_what_a_person_wrote_while_they_were_away_stays(shotspot: MemoryShotSpot, since: dict[str, Any]) -> None:
    (local_id,) = [one.local_id for one in shotspot.player_mappings.values() if one.twizzit_id == "100"]
    _, row = away(shotspot)
    shotspot.players[local_id] = replace(shotspot.players[local_id], **since)
    row = replace(row, before={**row.before, "is_active": False})  # a coach had switched them off before

    back(shotspot, row, person("100", number=7), person("200", first="Noor"))

    found = shotspot.players[local_id]
    before = {"team_id": 1, "jersey_number": 7, "is_active": False}
    assert {name: getattr(found, name) for name in before} == {**before, **since}


def test_a_repair_brings_who_returns_to_twizzits_values(shotspot: MemoryShotSpot) -> None:
    (local_id,) = [one.local_id for one in shotspot.player_mappings.values() if one.twizzit_id == "100"]
    shotspot.players[local_id] = replace(shotspot.players[local_id], first_name="Edited")
    _, row = away(shotspot)
    back(shotspot, row, person("100", number=7), person("200", first="Noor"), repairs=True)
    assert shotspot.players[local_id].first_name == "Lotte"


@pytest.mark.parametrize(("policy", "kept", "asked"), [("twizzit", "Ann", 0), ("shotspot", "An", 0), ("ask", "An", 1)])
def test_what_both_sides_changed_of_who_returns_is_whose_the_policy_says(
    shotspot: MemoryShotSpot, policy: Policy, kept: str, asked: int
) -> None:
    (local_id,) = [one.local_id for one in shotspot.player_mappings.values() if one.twizzit_id == "100"]
    _, row = away(shotspot)
    shotspot.players[local_id] = replace(shotspot.players[local_id], first_name="An")
    state = shotspot.player_state([person("100", first="Ann", number=7), person("200", first="Noor")])
    decisions = Decisions(Policies(policy))

    plan = plan_players(replace(state, departures=Departures(back={"100": row}), decisions=decisions))

    shotspot.apply(plan)
    assert (shotspot.players[local_id].first_name, len(plan.questions)) == (kept, asked)
    assert (shotspot.players[local_id].team_id, shotspot.players[local_id].is_active) == (1, True)


def test_who_was_switched_off_after_the_undo_of_a_departure_stays_so(shotspot: MemoryShotSpot) -> None:
    """The row of the departure says that it was applied; the mapping's base, that it was taken back."""
    (local_id,) = [one.local_id for one in shotspot.player_mappings.values() if one.twizzit_id == "100"]
    before, mappings = shotspot.players[local_id], dict(shotspot.player_mappings)
    _, row = away(shotspot)
    shotspot.player_mappings = mappings
    shotspot.players[local_id] = replace(before, is_active=False)

    plan = back(shotspot, row, person("100", number=7), person("200", first="Noor"))

    assert shotspot.players[local_id] == replace(before, is_active=False)
    assert [record.status for record in plan.departures] == ["returned"]


def test_a_departure_that_was_undone_is_over_though_nothing_of_the_player_is_read(shotspot: MemoryShotSpot) -> None:
    """Who is as they should be is not in the state (`sync.state.unchanged`), and is listed all the same."""
    mappings = dict(shotspot.player_mappings)
    _, row = away(shotspot)
    shotspot.player_mappings = mappings
    state = replace(shotspot.player_state([]), unchanged=1, departures=Departures(back={"100": row}))
    assert [record.status for record in plan_players(state).departures] == ["returned"]


def test_a_number_goes_to_who_asks_for_it_and_is_not_taken_back(shotspot: MemoryShotSpot) -> None:
    _, row = away(shotspot)
    shotspot.apply(plan_players(shotspot.player_state([person("200", first="Noor", number=7)])))
    back(shotspot, row, person("100", number=7), person("200", first="Noor", number=7))
    numbers = {
        one.twizzit_id: shotspot.players[one.local_id].jersey_number for one in shotspot.player_mappings.values()
    }
    assert numbers == {"100": None, "200": 7}


def test_the_team_of_before_that_is_no_more_is_the_one_that_twizzit_says(shotspot: MemoryShotSpot) -> None:
    _, row = away(shotspot)
    back(shotspot, replace(row, team_exists=False), person("100", "2", number=7))
    (local_id,) = [one.local_id for one in shotspot.player_mappings.values() if one.twizzit_id == "100"]
    assert shotspot.players[local_id].team_id == 2


def test_a_team_of_before_that_is_no_more_is_not_written_again(shotspot: MemoryShotSpot) -> None:
    _, row = away(shotspot)
    back(shotspot, replace(row, before={**row.before, "team_id": 99}, team_exists=False), person("100", number=7))
    (local_id,) = [one.local_id for one in shotspot.player_mappings.values() if one.twizzit_id == "100"]
    assert shotspot.players[local_id].team_id == 1


def test_a_repair_brings_no_one_back(shotspot: MemoryShotSpot) -> None:
    _, row = away(shotspot)
    plan = back(shotspot, row, person("200", first="Noor"), repairs=True)
    assert plan.count("return") == 0
    assert not plan.departures


def test_an_older_season_leaves_alone_who_was_closed(shotspot: MemoryShotSpot) -> None:
    (local_id,) = [one.local_id for one in shotspot.player_mappings.values() if one.twizzit_id == "100"]
    _, row = away(shotspot)
    shotspot.player_mappings = {k: v for k, v in shotspot.player_mappings.items() if v.local_id != local_id}
    state = shotspot.player_state([person("100")], season=replace(SEASON, decides=False))
    plan = plan_players(replace(state, departures=Departures(back={"100": replace(row, status="closed")})))
    assert not plan.changes
    assert [(one.twizzit_id, one.reason) for one in plan.warned] == [("100", "departed")]


@pytest.mark.parametrize("status", ["applied", "waiting", "refused"])
def test_an_older_season_changes_nothing_of_who_has_a_mapping(shotspot: MemoryShotSpot, status: Status) -> None:
    _, row = away(shotspot)
    state = shotspot.player_state([person("100")], season=replace(SEASON, decides=False))
    plan = plan_players(replace(state, departures=Departures(back={"100": replace(row, status=status)})))
    assert (plan.changes, plan.warned, plan.unchanged) == ([], [], 1)


def test_a_departure_is_known_whether_it_is_listed_again_or_not() -> None:
    here, away_still = Departure(1, "1", 1, "gone", "held"), Departure(2, "2", 2, "gone", "applied")
    found = Departures(back={"1": here}, unlisted={"2": away_still})
    assert [found.of(remote_id) for remote_id in ("1", "2", "3")] == [here, away_still, None]


def test_the_number_of_who_leaves_is_free_for_who_asks_for_it_in_the_same_sync(shotspot: MemoryShotSpot) -> None:
    (mapping,) = [one for one in shotspot.player_mappings.values() if one.twizzit_id == "100"]
    gone = Missing("100", mapping.local_id, mapping.id, current_mapping(mapping), HERE, (1,))
    state = shotspot.player_state([person("200", first="Noor", number=7)])
    plan = plan_players(replace(state, departures=Departures([gone], {"100": "gone"}, active={1: 9})))
    shotspot.apply(plan)
    assert plan.warned == []
    assert sorted(str(player.jersey_number) for player in shotspot.players.values()) == ["7", "None"]
    assert plan.items == 1, "who leaves is none of those that Twizzit lists"
