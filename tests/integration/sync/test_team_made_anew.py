"""A team that was deleted in Twizzit and made anew: another id there, and the same team in ShotSpot."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.calendar_world import EVERYTHING
from tests.support.sync_world import SyncWorld, quick
from tests.support.undone import state, undo
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync.reports import MappingReport

SMALL: dict[str, Any] = {"clubs": 2, "teams": 3, "players_per_team": 6, "other_contacts": 0, "tidy": frozenset({1, 2})}


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulate(**SMALL))


def made_anew(world: SyncWorld, group_id: int, people: list[int]) -> int:
    name = world.club().groups[group_id].name
    world.simulator.changes.remove_team(group_id)
    new = world.simulator.changes.add_team(world.club().id, name)
    for one in people:
        world.simulator.changes.add_to_team(one, new)
    return new


def test_it_keeps_its_row_and_its_players(world: SyncWorld) -> None:
    club = world.add_credential()
    world.sync(club)
    group_id, people = world.roster()
    team = world.team(group_id)
    before = state(world)
    new = made_anew(world, group_id, people)

    done = world.sync(club)

    assert {row.status for row in done.history.values()} == {"success"}
    assert (done.teams.departed, done.players.departed) == (0, 0)
    assert (world.team(new)["id"], world.team(new)["is_active"]) == (team["id"], True)
    assert {world.player(one)["team_id"] for one in people} == {team["id"]}
    assert world.rows(tables.departures) == []
    now = state(world)
    assert (now["teams"], now["players"]) == (before["teams"], before["players"])
    world.sync(club)
    assert state(world) == now

    undo(world, done)
    assert state(world) == before


def test_in_v1_two_readings_say_so_where_the_people_of_the_club_are_listed(world: SyncWorld) -> None:
    """It cannot be asked for an id. Who is new in the team plays at once, and waits for no answer of a person."""
    club = world.add_credential(dialect="v1")
    world.sync(club)
    group_id, people = world.roster()
    team = world.team(group_id)
    before = state(world)
    new = made_anew(world, group_id, people[:1])
    for one in people[1:]:
        world.simulator.changes.add_to_team(one, world.roster(1)[0])
    person = world.simulator.changes.add_person(new, "Nieuwe", "Speler", None, None)

    done = world.sync(club)

    assert {row.status for row in done.history.values()} == {"success"}
    assert (world.team(new)["id"], world.player(person)["team_id"]) == (team["id"], team["id"])
    assert (done.teams.departed, world.rows(tables.departures), world.rows(tables.conflicts)) == (0, [], [])
    now = state(world)
    again = world.sync(club)
    assert (state(world), done.calls - again.calls) == (now, 1)
    undo(world, done)
    assert state(world) == before


def test_in_v1_a_team_that_waits_for_a_person_costs_no_call_each_time(world: SyncWorld) -> None:
    club = world.add_credential(dialect="v1")
    first = world.sync(club)
    world.simulator.changes.remove_team(world.roster()[0])
    again = world.sync(club)
    assert {row["status"] for row in world.rows(tables.departures, entity="teams")} == {"held"}
    assert again.calls < first.calls  # by the roster that is not read


def test_in_v1_a_list_of_other_people_proves_nothing(world: SyncWorld) -> None:
    """It may be another club's account: each has a U13."""
    club = world.add_credential(dialect="v1")
    world.sync(club)
    group_id, _ = world.roster()
    everyone = sorted({one for place in range(3) for one in world.roster(place)[1]})
    team = world.team(group_id)
    new = made_anew(world, group_id, [])
    for one in everyone[2:]:
        world.simulator.changes.remove_person(one)
    world.simulator.changes.add_person(new, "Nieuwe", "Speler", None, None)

    done = world.sync(club)

    assert done.teams.failed == {"name_taken": (str(new),)}
    assert (world.team(group_id)["id"], world.team(group_id)["is_active"]) == (team["id"], True)
    assert {row["status"] for row in world.rows(tables.departures)} == {"held"}


def test_one_that_has_left_before_is_active_again_and_another_organization_keeps_its_id(world: SyncWorld) -> None:
    club, other = world.add_credential(), world.add_credential(1)
    for one in (club, other):
        world.sync(one)
    group_id, _ = world.roster()
    team = world.team(group_id)
    name = world.club().groups[group_id].name
    world.simulator.changes.remove_team(group_id)
    world.sync(club)
    assert world.team(group_id)["is_active"] is False
    new = world.simulator.changes.add_team(world.club().id, name)
    taken = world.rows(tables.team_mappings, credential_id=other)[0]
    world.change(tables.team_mappings, taken["id"], twizzit_team_id=str(new))
    with world.connected() as connection:  # as in ShotSpot's own database
        connection.execute(b"ALTER TABLE twizzit_team_mappings ADD UNIQUE (twizzit_team_id)")

    done = world.sync(club)

    assert done.teams.returned == 1
    assert [(row["twizzit_id"], row["status"]) for row in world.rows(tables.departures, entity="teams")] == [
        (str(group_id), "returned")
    ]
    (mapping,) = world.rows(tables.team_mappings, local_team_id=team["id"])
    assert (mapping["twizzit_remote_id"], mapping["credential_id"]) == (str(new), club)
    assert world.rows(tables.team_mappings, credential_id=other)[0]["twizzit_team_id"] == str(new)
    assert world.rows(tables.teams, id=team["id"])[0]["is_active"] is True


def test_its_matches_are_the_same_games_with_their_results(world: SyncWorld) -> None:
    """Twizzit gives them other ids, as it does the team."""
    club = world.add_credential()
    world.sync(club, steps=EVERYTHING)
    group_id, _ = world.roster()
    team = world.team(group_id)["id"]
    theirs = [row for row in world.rows(tables.games) if team in (row["home_team_id"], row["away_team_id"])]
    later = datetime.now(UTC) + timedelta(days=2)
    coming = [row["id"] for row in theirs if row["status"] == "scheduled" and row["date"] > later]
    typed, gone, *_ = coming
    world.change(tables.games, typed, home_score=4, away_score=3)
    before = state(world)
    earlier = world.rows(tables.match_mappings)
    missed = next(row["twizzit_match_id"] for row in earlier if row["local_game_id"] == gone)
    world.simulator.changes.remove_match(int(missed))
    world.sync(club, steps=EVERYTHING)
    assert [row["status"] for row in world.rows(tables.departures, entity="matches")] == ["waiting"]
    world.club().match_changes.pop(int(missed))

    world.simulator.changes.remake_team(group_id)
    done = world.sync(club, steps=EVERYTHING)

    assert {row.status for row in done.history.values()} <= {"success", "partial_success"}
    now = state(world)
    assert now["games"] == before["games"]
    assert [row["status"] for row in world.rows(tables.departures, entity="matches")] == ["returned"]
    mappings = {row["id"]: row for row in world.rows(tables.match_mappings)}
    assert {id_: row["local_game_id"] for id_, row in mappings.items()} == {
        row["id"]: row["local_game_id"] for row in earlier
    }
    renewed = [row for row in earlier if mappings[row["id"]]["twizzit_match_id"] != row["twizzit_match_id"]]
    assert {row["local_game_id"] for row in renewed} == {row["id"] for row in theirs}
    report = done.reports["map_matches"]
    assert isinstance(report, MappingReport)
    assert report.created == 0, report
    world.sync(club, steps=EVERYTHING)
    assert state(world) == now

    undo(world, done)
    assert {row["twizzit_match_id"] for row in world.rows(tables.match_mappings)} == {
        row["twizzit_match_id"] for row in earlier
    }
