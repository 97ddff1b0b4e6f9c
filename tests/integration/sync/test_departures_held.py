"""What is held back until a person decides, and what is never taken for a departure."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tests.integration.sync.test_departures import SMALL, WRITTEN, departure, nothing_more, roster_of
from tests.support.sync_world import STEPS, SyncWorld, quick
from twizzit_pipeline.decisions.departures import decide, listing
from twizzit_pipeline.errors import NothingToDecide
from twizzit_pipeline.plan.narrowing import Narrowing
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import recent, this_user
from twizzit_pipeline.storage.engine import Database


def half_a_team(world: SyncWorld, count: int = 6) -> tuple[int, list[int]]:
    group, people = roster_of(world)
    for one in people[:count]:
        world.simulator.changes.remove_from_team(one, group)
    return group, people[:count]


def half_a_team_is_held(world: SyncWorld) -> None:
    half_a_team(world)
    world.sync(next(iter(world.dialects)))


def held(world: SyncWorld) -> list[int]:
    """Those who are held back."""
    return [int(row["twizzit_id"]) for row in world.rows(tables.departures, status="held")]


def statuses(world: SyncWorld) -> set[str]:
    return {row["status"] for row in world.rows(tables.departures)}


def test_more_than_a_fifth_is_held_back_and_leaves_once_it_is_approved(world: SyncWorld, club: int) -> None:
    group, leaving = half_a_team(world)
    (other, _) = roster_of(world, 1)
    world.simulator.changes.rename_team(other, "Renamed meanwhile")

    first = world.sync(club)

    assert (first.players.departed, set(first.players.held)) == (0, set(map(str, leaving)))
    assert first.history["players"].details["departures"] == {"held": 6, "waiting": 0, "closed": 0}
    assert all(world.player(one)["is_active"] for one in leaving)
    assert world.team(other)["name"] == "Renamed meanwhile", "all else goes through"
    older = world.sync(club, world.simulator.world.seasons_of(world.club())[0].label)
    assert older.players.held == ()
    assert {row["returned_at"] for row in world.rows(tables.departures)} == {None}, "an older season ends nothing"
    assert set(held(world)) == set(leaving)
    names = {one.name for one in listing(world.database.engine, club)}
    assert len(names) == 6

    world.simulator.changes.add_to_team(leaving[0], group)  # and one returns before it is decided
    engine = world.database.engine
    done = decide(engine, club, "approve", None, actor=this_user())
    assert len(done.marked) == 6
    assert decide(engine, club, "approve", [("players", str(leaving[1]))], actor=this_user()).already == 1
    approved = world.sync(club)

    assert (approved.players.departed, approved.players.held) == (5, ())
    assert world.player(leaving[0])["is_active"] is True
    assert not any(world.player(one)["is_active"] for one in leaving[1:])
    (row,) = [row for row in recent(engine) if row.action == "approve"]
    assert (row.target, row.details["players"]) == ("departures", 6)
    nothing_more(world, club)


def test_what_is_held_of_others_is_not_the_players_of_this_credential(world: SyncWorld, club: int) -> None:
    """A match, and another credential's player, that have the local id of one of its players, who returns."""
    person = roster_of(world)[1][0]
    of_them = {"twizzit_id": str(person), "local_id": world.local_id(person), "kind": "unproved", "status": "held"}
    whose = ((club, "players"), (club, "matches"), (world.add_credential(), "players"))
    with world.database.engine.begin() as connection:
        for credential_id, entity in whose:
            row = {**of_them, "credential_id": credential_id, "entity": entity, "season": world.season}
            row |= {"twizzit_id": "77"} if entity == "matches" else {}
            connection.execute(tables.departures.insert().values(**row))
    _, *others = world.rows(tables.departures)
    assert world.sync(club).players.held == ()
    own, *after = world.rows(tables.departures)
    assert (own["status"], after) == ("returned", others)


def test_a_decision_about_a_season_that_goes_on_stays(world: SyncWorld, club: int) -> None:
    """Once an indoor season within it decides; that of a season before both is over, and nothing is left to decide."""
    running, team = world.simulator.world.running_season, world.rows(tables.teams)[0]["id"]
    day, departed = timedelta(days=1), {"kind": "unproved", "status": "refused", "entity": "teams", "local_id": team}
    seasons = {"Outdoor": (running.start - day, running.end + day), "Before": (running.start - 9 * day, running.start)}
    with world.database.engine.begin() as connection:
        for label, (start, end) in seasons.items():
            season = {"credential_id": club, "label": label, "start_date": start, "end_date": end}
            connection.execute(tables.twizzit_seasons.insert().values(**season))
            row = {"credential_id": club, "season": label, "twizzit_id": label, **departed}
            connection.execute(tables.departures.insert().values(**row))
    world.sync(club)
    assert [row["twizzit_id"] for row in world.rows(tables.departures, returned_at=None)] == ["Outdoor"]


@pytest.mark.begins(after=half_a_team_is_held)
def test_who_is_deleted_in_shotspot_waits_for_no_one_decided_or_not(world: SyncWorld, club: int) -> None:
    """Else the list would say of a row that is gone that it stays, or leaves with the next sync."""
    deleted, leaving = held(world)[:3], held(world)[3:]
    engine = world.database.engine
    _, approved, refused = deleted
    decide(engine, club, "approve", [("players", str(approved))], actor=this_user())
    decide(engine, club, "refuse", [("players", str(refused))], actor=this_user())
    with engine.begin() as connection:
        gone = tables.players.c.id.in_([world.local_id(one) for one in deleted])
        connection.execute(tables.players.delete().where(gone))

    assert set(world.sync(club).players.held) == set(map(str, leaving))

    for one in deleted:
        (over,) = world.rows(tables.departures, twizzit_id=str(one))
        assert (over["status"], over["returned_at"] is None) == ("returned", False), one
    assert len(world.rows(tables.departures, returned_at=None)) == len(leaving)
    nothing_more(world, club)


@pytest.mark.begins(after=half_a_team_is_held)
def test_what_is_refused_stays_until_it_is_approved_or_is_back(world: SyncWorld, club: int) -> None:
    (group, _), leaving = roster_of(world), held(world)
    engine = world.database.engine
    decide(engine, club, "refuse", None, actor=this_user())

    refused = world.sync(club)

    assert (refused.players.departed, refused.players.held) == (0, ())
    assert statuses(world) == {"refused"}
    nothing_more(world, club)
    world.simulator.changes.add_to_team(leaving[0], group)
    decide(engine, club, "approve", [("players", str(leaving[1]))], actor=this_user())
    assert world.sync(club).players.departed == 1
    assert not world.rows(tables.departures, twizzit_id=str(leaving[0]), returned_at=None)
    assert world.player(leaving[2])["is_active"] is True
    with pytest.raises(NothingToDecide, match="No departure is held back"):
        decide(engine, club, "approve", None, actor=this_user())
    with pytest.raises(NothingToDecide, match="players 999"):
        decide(engine, club, "refuse", [("players", "999"), ("players", str(leaving[2]))], actor=this_user())


def test_leaving_one_after_the_other_goes_not_round_the_limit(world: SyncWorld, club: int) -> None:
    group, people = roster_of(world)
    for first, second in (people[:2], people[2:4]):
        world.simulator.changes.remove_from_team(first, group)
        world.simulator.changes.remove_from_team(second, group)
        assert world.sync(club).players.departed == 2
    world.simulator.changes.remove_from_team(people[4], group)

    fifth = world.sync(club)

    assert (fifth.players.departed, fifth.players.held) == (0, (str(people[4]),))


FAULTS: dict[str, Callable[[SyncWorld], object]] = {
    "a roster is not read": lambda world: world.simulator.faults.arm("error_500", path="/group-contacts", times=None),
    "no second reading": lambda world: world.simulator.faults.arm(
        "error_500", path="/group-contacts", times=None, after=1
    ),
    "half of the rosters": lambda world: world.simulator.faults.arm("half_rows", path="/group-contacts", times=None),
    "half of the answer": lambda world: world.simulator.faults.arm("half_rows", path="/contacts", times=None, after=1),
    "no answer about people": lambda world: world.simulator.faults.arm("html", path="/contacts", times=None, after=1),
}


def test_an_error_proves_nothing(world: SyncWorld, club: int) -> None:
    _, (leaver, *_) = roster_of(world)
    before = world.player(leaver)
    world.simulator.changes.remove_person(leaver)
    for fault, arm in FAULTS.items():
        arm(world)
        try:
            world.sync(club)
        except Exception as error:
            assert "group-contacts" in str(error), fault
        assert world.player(leaver) == before, fault
        assert not world.rows(tables.departures, status="applied"), fault
        world.simulator.faults.clear()
    assert world.sync(club).players.departed == 1
    assert departure(world, leaver)["status"] == "applied"


def test_a_narrowed_sync_and_an_older_season_let_no_one_go(world: SyncWorld, club: int) -> None:
    group, (leaver, other, *_) = roster_of(world)
    world.simulator.changes.remove_from_team(leaver, group)
    with world.session(club, narrowing=Narrowing(group_id=str(group))) as session:
        for step in STEPS:
            step(session)
    assert world.player(leaver)["is_active"] is True
    before = world.simulator.world.seasons_of(world.club())[0].label
    world.sync(club, before)
    assert world.player(leaver)["is_active"] is True
    assert not world.rows(tables.departures)
    world.sync(club)
    assert (world.player(leaver)["is_active"], world.player(other)["is_active"]) == (False, True)


def test_in_the_first_weeks_who_stood_in_a_team_of_the_season_before_has_not_left(
    settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]
) -> None:
    options: dict[str, Any] = {**SMALL, "next_season": "filled"}
    world = SyncWorld(quick(settings), database, simulate(**options))
    club = world.add_credential()
    running = world.simulator.world.running_season
    world.sync(club)
    (coming,) = [one for one in world.simulator.world.seasons.values() if one.start > running.end]
    changes = world.simulator.changes
    teams = world.club().teams(coming)
    stays, quits = [
        one
        for one in world.roster()[1]
        if any(one in [player.id for player in world.club().players(team.id)] for team in teams)
    ][:2]
    for team in teams:
        for one in (stays, quits):
            changes.remove_from_team(one, team.id)
    changes.remove_person(quits)

    july = world.sync(club, coming.label, day=coming.start + timedelta(days=8))

    assert july.players.deciding
    assert world.player(stays)["is_active"] is True, "a contact of whom the new season says nothing yet"
    assert world.player(quits)["is_active"] is False
    world.simulator.calls.reset()
    world.sync(club, coming.label, day=coming.start + timedelta(days=9))
    assert world.simulator.calls.of("/group-contacts") == 1, "the season before is looked at once a day"
    with database.engine.begin() as connection:
        ahead = update(tables.sync_history).where(tables.sync_history.c.details.has_key("season_before_read"))
        connection.execute(ahead.values(started_at=tables.sync_history.c.started_at + timedelta(days=366)))
    for put_back in (True, False):
        world.simulator.calls.reset()
        world.sync(club, coming.label, day=coming.start + timedelta(days=9))
        assert (world.simulator.calls.of("/group-contacts") > 1) is put_back, "it was looked at before that"
    autumn = world.sync(club, coming.label, day=coming.start + timedelta(days=60))
    assert str(stays) in autumn.players.held, "with all whom the new season does not list"


def test_a_process_that_dies_between_proof_and_apply_has_written_nothing(world: SyncWorld, club: int) -> None:
    _, (leaver, *_) = roster_of(world)
    world.simulator.changes.remove_person(leaver)
    before = world.dump(WRITTEN)
    with pytest.raises(KeyboardInterrupt), world.session(club) as session:
        for step in STEPS[:2]:
            step(session)
        assert session.absences["players"].kinds == {str(leaver): "gone"}
        raise KeyboardInterrupt
    assert world.dump(WRITTEN) == before
    assert world.sync(club).players.departed == 1
    nothing_more(world, club)
