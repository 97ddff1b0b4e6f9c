"""A stored plan that is applied: what is still true of it, once, and by the credential that it is of."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, update

from tests.support.calendar_world import EVERYTHING
from tests.support.previewed import item, of_entity, previewed
from tests.support.sync_world import STEPS, WRITTEN_BY_A_SYNC, Step, Synced, SyncWorld
from tests.support.synced_world import SyncedOnce, taken_over
from twizzit_pipeline.errors import PlanRefused, UnknownPlan
from twizzit_pipeline.plan.narrowing import Narrowing
from twizzit_pipeline.runs import decided_plans, plans
from twizzit_pipeline.scheduling import discarding
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.sync.preview.making import Preview

PEOPLE = ["teams", "players"]
CALENDAR = (tables.competitions, tables.games, tables.competition_mappings, tables.match_mappings)


SMALL: Mapping[str, Any] = {"clubs": 2, "teams": 4, "players_per_team": 6}


def SYNCED_BY(world: SyncWorld) -> None:  # noqa: N802
    """A club that never synced, and a plan that waits."""
    previewed(world, world.add_credential())


def synced_meanwhile(world: SyncWorld) -> None:
    """People synced without it."""
    world.sync(next(iter(world.dialects)))


@pytest.fixture
def credential(world: SyncWorld, synced: SyncedOnce) -> int:
    return taken_over(world, synced)


@pytest.fixture
def made(world: SyncWorld, credential: int) -> Preview:
    """The plan that waits."""
    (row,) = world.rows(tables.plans)
    engine = world.database.engine
    return Preview(plans.get(engine, row["id"]), dict(plans.document(engine, row["id"])))


def applied(
    world: SyncWorld,
    plan_id: int,
    credential_id: int,
    without: Sequence[tuple[str, str]] = (),
    steps: Sequence[Step] = EVERYTHING,
) -> Synced:
    """A sync that applies a stored plan."""
    chosen = decided_plans.chosen(world.database.engine, plan_id, credential_id=credential_id, without=without)
    with world.session(credential_id, narrowing=Narrowing(chosen=chosen)) as session:
        session.to_map = {step.__name__.removeprefix("map_") for step in steps if step.__name__.startswith("map_")}
        reports = {step.__name__: step(session) for step in steps}
    return Synced(session.run_id, reports, world.history_of(session.run_id), session.calls)


def shotspot(world: SyncWorld) -> dict[str, Any]:
    """Every row of ShotSpot's, the mappings and the journal, without ids of history rows and moments."""
    found = world.dump((*WRITTEN_BY_A_SYNC, *CALENDAR))
    hidden = {"updated_at", "created_at", "last_synced_at", "last_synced_seen", "history_id", "seen_at"}
    return {
        table: [{name: value for name, value in row.items() if name not in hidden} for row in rows]
        for table, rows in found.items()
    }


def left(synced: Synced, entity: str) -> dict[str, list[str]]:
    """Reason → the items that were left."""
    warned = synced.history[entity].details["warnings"]
    reasons = ("left_out", "no_longer_true", "needs_what_is_left", "new_since_plan")
    return {reason: warned[reason]["twizzit_ids"] for reason in reasons if reason in warned}


def test_a_plan_that_is_applied_does_what_a_sync_does(world: SyncWorld, credential: int, made: Preview) -> None:
    synced = applied(world, made.plan.id, credential)
    assert all(left(synced, entity) == {} for entity in synced.history)
    row = plans.get(world.database.engine, made.plan.id)
    assert (row.status, row.dagster_run_id) == ("applied", synced.run_id)
    assert synced.history["players"].details["plan_id"] == made.plan.id
    world.assert_truth(credential)
    before = shotspot(world)
    world.sync(credential, steps=EVERYTHING)
    assert shotspot(world) == before


@pytest.mark.begins(after=synced_meanwhile)
def test_who_has_left_leaves_with_the_plan_that_says_so_and_not_without(world: SyncWorld, credential: int) -> None:
    _, (gone, other, *_) = world.roster()
    for one in (gone, other):
        world.simulator.changes.remove_person(one)
    made = previewed(world, credential, entities=PEOPLE)
    synced = applied(world, made.plan.id, credential, [("players", str(other))], STEPS)
    assert left(synced, "players") == {"left_out": [str(other)]}
    assert (world.player(gone)["is_active"], world.player(other)["is_active"]) == (False, True)
    assert [row["twizzit_id"] for row in world.rows(tables.departures, status="applied")] == [str(gone)]
    world.sync(credential)
    assert world.player(other)["is_active"] is False


@pytest.mark.begins(after=synced_meanwhile)
def test_what_has_moved_is_left_and_said_and_what_is_new_waits(world: SyncWorld, credential: int) -> None:
    _, roster = world.roster()
    one, other, third, fourth = roster[:4]
    names = {person: str(world.player(person)["last_name"]) for person in roster[:4]}
    for person in (one, other, third):
        world.simulator.changes.rename_person(person, "Annelore", names[person])
    made = previewed(world, credential, entities=PEOPLE)
    world.simulator.changes.rename_person(other, "Berthe", names[other])
    world.simulator.changes.rename_person(fourth, "Nieuw", names[fourth])
    world.change(tables.players, world.local_id(third), first_name="Elders")
    before = {person: world.player(person)["first_name"] for person in (other, fourth)}
    synced = applied(world, made.plan.id, credential, steps=STEPS)
    assert world.player(one)["first_name"] == "Annelore"
    assert {person: world.player(person)["first_name"] for person in (other, fourth)} == before
    assert world.player(third)["first_name"] == "Elders"
    gone = sorted(map(str, (other, third)), key=int)
    assert sorted(left(synced, "players")["no_longer_true"], key=int) == gone
    assert left(synced, "players")["new_since_plan"] == [str(fourth)]
    world.sync(credential)
    assert world.player(fourth)["first_name"] == "Nieuw"


def test_what_is_left_out_is_not_written_and_comes_with_the_next_sync(
    world: SyncWorld, credential: int, made: Preview
) -> None:
    """A team, without which its players and matches are left too, and a player of another team."""
    (out, *_) = (one["twizzit_id"] for one in of_entity(made, "teams")["items"])
    _, (player, other, *_) = next(
        roster for roster in map(world.roster, range(4)) if str(roster[0]) != out and len(roster[1]) > 1
    )
    assert item(made, "players", player)["action"] == "create"

    synced = applied(world, made.plan.id, credential, [("teams", out), ("players", str(player))])

    assert left(synced, "teams") == {"left_out": [out]}
    assert world.rows(tables.team_mappings, twizzit_team_id=out) == []
    assert left(synced, "players")["left_out"] == [str(player)]
    assert world.rows(tables.player_mappings, twizzit_player_id=str(player)) == []
    assert world.player(other)
    assert left(synced, "players")["needs_what_is_left"]
    assert synced.history["players"].details["failed"] == {}
    world.sync(credential, steps=EVERYTHING)
    world.assert_truth(credential)


def test_a_plan_is_applied_once(world: SyncWorld, credential: int, made: Preview) -> None:
    """Also by one who had read it while it waited: the second finds it taken before anything is written."""
    chosen = decided_plans.chosen(world.database.engine, made.plan.id, credential_id=credential)
    applied(world, made.plan.id, credential)
    before = shotspot(world)
    with pytest.raises(PlanRefused, match="has been applied already"):
        applied(world, made.plan.id, credential)
    with (
        pytest.raises(PlanRefused, match="has been applied already"),
        world.session(credential, narrowing=Narrowing(chosen=chosen)) as session,
    ):
        for step in EVERYTHING:
            step(session)
    assert shotspot(world) == before


def test_a_plan_that_another_one_replaced_is_refused(world: SyncWorld, credential: int, made: Preview) -> None:
    second = previewed(world, credential)
    with pytest.raises(PlanRefused, match="replaced by a newer one"):
        decided_plans.chosen(world.database.engine, made.plan.id)
    assert plans.get(world.database.engine, second.plan.id).status == "waiting"


def test_a_plan_that_has_expired_is_neither_read_nor_applied(world: SyncWorld, credential: int, made: Preview) -> None:
    with world.database.engine.begin() as connection:
        connection.execute(update(tables.plans).values(expires_at=func.now() - timedelta(seconds=1)))
    for ask in (plans.document, decided_plans.chosen):
        with pytest.raises(PlanRefused, match="expired on"):
            ask(world.database.engine, made.plan.id)


def test_a_plan_of_another_version_is_neither_read_nor_applied(
    world: SyncWorld, credential: int, made: Preview
) -> None:
    engine = world.database.engine
    assert plans.document(engine, made.plan.id) == made.document
    with engine.begin() as connection:
        connection.execute(update(tables.plans).values(document={"format": 0, "items": []}))
    for ask in (plans.document, decided_plans.chosen):
        with pytest.raises(PlanRefused, match="made by another version of this package; make a new one"):
            ask(engine, made.plan.id)


def test_a_plan_of_another_credential_or_that_there_is_not_is_refused(
    world: SyncWorld, credential: int, made: Preview
) -> None:
    engine = world.database.engine
    with pytest.raises(PlanRefused, match="is not of credential"):
        decided_plans.chosen(engine, made.plan.id, credential_id=world.add_credential(1))
    with pytest.raises(UnknownPlan):
        decided_plans.chosen(engine, made.plan.id + 1)
    with pytest.raises(PlanRefused, match="has no change of players with the id 0"):
        decided_plans.chosen(engine, made.plan.id, without=[("players", "0")])


def test_a_plan_that_is_discarded_is_over_and_in_the_audit_log(
    world: SyncWorld, credential: int, made: Preview
) -> None:
    assert discarding.discard(world.database.engine, made.plan.id, actor=this_user()).status == "discarded"
    with pytest.raises(PlanRefused, match="was discarded"):
        decided_plans.chosen(world.database.engine, made.plan.id)
    assert world.rows(tables.audit_log, target="plan")[0]["action"] == "discard"
