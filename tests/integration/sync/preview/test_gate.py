"""Syncs that stop at their plan: a review, and a first sync that finds almost none of its people."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from tests.support.calendar_world import EVERYTHING
from tests.support.previewed import but_for, whole_database
from tests.support.sync_world import STEPS, Step, SyncWorld
from twizzit_pipeline.errors import FirstSyncHeld
from twizzit_pipeline.plan.narrowing import Narrowing
from twizzit_pipeline.runs import decided_plans, plans
from twizzit_pipeline.scheduling import config
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.sync.preview.gate import Gate, is_held
from twizzit_pipeline.sync.preview.rehearsal import People
from twizzit_pipeline.sync.run_end import AUTOMATIC

# What a sync that stops at its plan writes: what it has read, what it says of itself, and when the next one is due.
OF_A_STOPPED_SYNC = {
    "twizzit_plans",
    "twizzit_api_usage",
    "twizzit_rate_limits",
    "twizzit_sync_history",
    "twizzit_rejected_rows",
    "twizzit_seasons",
    "twizzit_credentials",
    "twizzit_sync_config",
    "twizzit_teams",
    "twizzit_players",
    "twizzit_competitions",
    "twizzit_matches",
}


SMALL: dict[str, Any] = {"clubs": 1, "teams": 2, "players_per_team": 6, "other_contacts": 2}
CREDENTIAL = 1  # the one that every test has


def SYNCED_BY(world: SyncWorld) -> None:  # noqa: N802
    """A club that never synced."""
    world.add_credential()


def synced_before(world: SyncWorld) -> None:
    world.sync(CREDENTIAL, steps=EVERYTHING)


def stopped_by_a_review(world: SyncWorld) -> None:
    """Its first automatic sync stopped at its plan."""
    review(world, CREDENTIAL)
    run(world, CREDENTIAL, trigger=AUTOMATIC)


@pytest.fixture
def credential(club: int) -> int:
    """A club that never synced, where no mark says otherwise."""
    assert club == CREDENTIAL
    return club


def run(
    world: SyncWorld, credential_id: int, *, trigger: str | None = None, steps: Sequence[Step] = EVERYTHING, **more: Any
) -> str:
    """A run's steps with its gate, as the assets have them, all scans before anything is mapped; its id."""
    with world.session(credential_id, trigger=trigger, **more) as session:
        gate = Gate(session)
        names = [step.__name__ for step in steps]
        session.to_map = {name.removeprefix("map_") for name in names if name.startswith("map_")}
        failed: list[FirstSyncHeld] = []
        for step in sorted(steps, key=lambda step: step.__name__.startswith("map_")):
            kind, _, entity = step.__name__.partition("_")
            try:
                if kind == "scan" or gate.stop(entity) is None:
                    step(session)
            except FirstSyncHeld as error:  # a step's failure ends the steps after it alone
                failed.append(error)
        if failed:
            raise failed[0]
    return session.run_id


def review(world: SyncWorld, credential_id: int, wanted: bool = True) -> None:
    config.change(world.database.engine, credential_id, actor=this_user(), review=wanted)


def waiting(world: SyncWorld) -> list[plans.StoredPlan]:
    return plans.held(world.database.engine)


def test_an_automatic_sync_with_a_review_stops_at_its_plan_until_that_is_applied(
    world: SyncWorld, credential: int
) -> None:
    review(world, credential)
    before = whole_database(world)
    run_id = run(world, credential, trigger=AUTOMATIC)
    assert but_for(whole_database(world), OF_A_STOPPED_SYNC) == but_for(before, OF_A_STOPPED_SYNC)
    (plan,) = waiting(world)
    assert (plan.reason, plan.status, plan.made_run_id) == ("review", "waiting", run_id)
    assert plan.changes > 0
    for row in world.history_of(run_id).values():
        assert row.status in ("success", "partial_success"), row.error_message
        assert row.details["plan_waits"] == plan.id
    run(world, credential, trigger=AUTOMATIC)
    assert [one.id for one in waiting(world)] == [plan.id], "the same content is one plan"
    chosen = decided_plans.chosen(world.database.engine, plan.id, credential_id=credential)
    run(world, credential, narrowing=Narrowing(chosen=chosen))
    assert waiting(world) == []
    world.assert_truth(credential)


@pytest.mark.begins(after=synced_before)
def test_a_review_shows_who_has_left_and_who_moves(world: SyncWorld, credential: int) -> None:
    """What Twizzit said of those who are missing, and that two readings lack a player in their team, counts in it."""
    review(world, credential)
    (group, (gone, mover, *_)), (elsewhere, _) = world.roster(0), world.roster(1)
    changes = world.simulator.changes
    changes.transfer(mover, elsewhere)
    changes.remove_person(gone)

    run(world, credential, trigger=AUTOMATIC, steps=STEPS)

    (plan,) = waiting(world)
    said = plan.counts["entities"]["players"]
    assert (plan.changes, said["depart"], said["update"]) == (2, 1, 1)
    assert world.player(gone)["is_active"] is True
    chosen = decided_plans.chosen(world.database.engine, plan.id, credential_id=credential)
    run(world, credential, narrowing=Narrowing(chosen=chosen), steps=STEPS)
    assert world.player(gone)["is_active"] is False
    assert (world.player(mover)["team_id"], group != elsewhere) == (world.local_id(elsewhere, "team"), True)
    run(world, credential, trigger=AUTOMATIC, steps=STEPS)
    assert waiting(world) == []


@pytest.mark.begins(after=stopped_by_a_review)
def test_a_plan_that_has_expired_waits_for_no_person(world: SyncWorld, credential: int) -> None:
    (first,) = waiting(world)
    with world.database.engine.begin() as connection:
        connection.execute(update(tables.plans).values(expires_at=func.now() - timedelta(seconds=1)))
    assert waiting(world) == []
    run(world, credential, trigger=AUTOMATIC)
    assert [one.id > first.id for one in waiting(world)] == [True]


@pytest.mark.begins(after=synced_before)
def test_a_review_without_a_change_is_a_success_and_needs_no_person(world: SyncWorld, credential: int) -> None:
    review(world, credential)
    run_id = run(world, credential, trigger=AUTOMATIC)
    assert waiting(world) == []
    assert world.rows(tables.plans) == []
    assert world.history_of(run_id)["players"].details["unchanged"] > 0
    assert not [row for row in world.rows(tables.sync_changes) if row["history_id"] in ids_of(world, run_id)]
    (row,) = world.rows(tables.sync_config)
    assert row["last_sync_at"] is not None
    assert row["consecutive_failures"] == 0


@pytest.mark.begins(after=synced_before)
def test_a_review_does_not_stop_for_what_is_only_remembered(world: SyncWorld, credential: int) -> None:
    review(world, credential)
    _, roster = world.roster()
    person = world.player(roster[0])
    world.change(tables.players, person["id"], first_name="Annelore")
    world.simulator.changes.rename_person(roster[0], "Annelore", str(person["last_name"]))
    run(world, credential, trigger=AUTOMATIC, steps=STEPS)
    assert waiting(world) == []
    (mapping,) = world.rows(tables.player_mappings, local_player_id=person["id"])
    assert mapping["last_values"]["first_name"] == "Annelore"


def ids_of(world: SyncWorld, run_id: str) -> set[int]:
    return {row.id for row in world.history_of(run_id).values()}


@pytest.mark.begins(after=synced_before)
def test_a_waiting_review_is_replaced_where_it_differs_and_goes_when_nothing_does(
    world: SyncWorld, credential: int
) -> None:
    review(world, credential)
    _, roster = world.roster()
    person = world.player(roster[0])
    world.simulator.changes.rename_person(roster[0], "Annelore", str(person["last_name"]))
    run(world, credential, trigger=AUTOMATIC, steps=STEPS)
    (first,) = waiting(world)
    world.simulator.changes.rename_person(roster[0], "Berthe", str(person["last_name"]))
    run(world, credential, trigger=AUTOMATIC, steps=STEPS)
    (second,) = waiting(world)
    assert second.id != first.id
    assert plans.get(world.database.engine, first.id).status == "replaced"
    world.simulator.changes.rename_person(roster[0], str(person["first_name"]), str(person["last_name"]))
    run(world, credential, trigger=AUTOMATIC, steps=STEPS)
    assert waiting(world) == []
    assert world.player(roster[0])["first_name"] == person["first_name"]


@pytest.mark.begins(after=stopped_by_a_review)
def test_a_sync_that_a_person_asks_for_goes_through_a_review(world: SyncWorld, credential: int) -> None:
    run(world, credential)
    assert waiting(world) == []
    world.assert_truth(credential)


def strangers(world: SyncWorld, number: int, name: str | None = None) -> int:
    """A club of that name with players whom Twizzit does not list; its id."""
    with world.database.engine.begin() as connection:
        club = insert(tables.clubs).values(name=name or world.club().name).returning(tables.clubs.c.id)
        club_id = int(connection.execute(club).scalar_one())
        for place in range(number):
            person = {"first_name": f"Vreemde {place}", "last_name": "Gast", "club_id": club_id, "is_active": True}
            connection.execute(insert(tables.players).values(person))
    return club_id


def test_a_first_sync_that_finds_none_of_its_people_is_held_until_its_plan_is_applied(
    world: SyncWorld, credential: int
) -> None:
    strangers(world, 5)
    before = whole_database(world)
    with pytest.raises(
        FirstSyncHeld, match=r"0 of \d+ people .* were found in ShotSpot; ShotSpot has 5 in their clubs"
    ) as held:
        run(world, credential)
    assert but_for(whole_database(world), OF_A_STOPPED_SYNC) == but_for(before, OF_A_STOPPED_SYNC)
    (plan,) = waiting(world)
    assert plan.reason == "first_sync"
    assert f"twizzit sync {credential} --apply {plan.id}" in str(held.value)
    assert "\n" not in str(held.value)
    statuses = {row["status"] for row in world.rows(tables.sync_history)}
    assert "in_progress" not in statuses
    with pytest.raises(FirstSyncHeld):
        run(world, credential, trigger=AUTOMATIC)
    assert [one.id for one in waiting(world)] == [plan.id]
    assert config.read(world.database.engine, credential).consecutive_failures == 1
    chosen = decided_plans.chosen(world.database.engine, plan.id, credential_id=credential)
    run(world, credential, narrowing=Narrowing(chosen=chosen))
    world.assert_truth(credential)
    assert config.read(world.database.engine, credential).consecutive_failures == 0, "applied: it fails no more"
    run(world, credential)
    assert waiting(world) == []


def test_the_right_club_lets_a_first_sync_through(world: SyncWorld, credential: int) -> None:
    strangers(world, 9)
    with pytest.raises(FirstSyncHeld):
        run(world, credential, steps=STEPS)
    own = strangers(world, 0, "Onze club")
    world.change(tables.credentials, credential, club_id=own)
    run(world, credential, steps=STEPS)
    assert waiting(world) == []
    with world.database.engine.connect() as connection:
        clubs = set(connection.scalars(select(tables.teams.c.club_id)))
    assert own in clubs


def test_a_club_with_few_players_holds_nothing_up(world: SyncWorld, credential: int) -> None:
    strangers(world, 4)
    run(world, credential, steps=STEPS)
    assert waiting(world) == []


@pytest.mark.parametrize(
    ("people", "held"),
    [
        (People(True, 100, 0, 5), True),
        (People(True, 100, 9, 5), True),
        (People(True, 100, 10, 5), False),
        (People(True, 3, 1, 5), False),
        (People(True, 100, 0, 4), False),
        (People(False, 100, 0, 500), False),
        (People(True, 0, 0, 500), False),
        (None, False),
    ],
)
def test_what_is_held(people: People | None, held: bool) -> None:
    assert is_held(people, 5) is held
