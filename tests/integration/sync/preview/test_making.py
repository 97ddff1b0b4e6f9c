"""A preview: what it says is what the following sync does, and nothing but its own row stays of it."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest
from pydantic import SecretStr

from tests.support.calendar_world import EVERYTHING
from tests.support.cut_connection import cut_before
from tests.support.previewed import but_for, item, of_entity, previewed, whole_database
from tests.support.signs_of_life import beat
from tests.support.sync_process import killed, previewing, wait_until
from tests.support.sync_world import STEPS, Synced, SyncWorld
from tests.support.synced_world import first_sync
from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.errors import InactiveCredential, LoginRefused, SyncInProgress, UnknownSeason
from twizzit_pipeline.plan.narrowing import Narrowing
from twizzit_pipeline.runs import decided_plans
from twizzit_pipeline.runs.spreadsheet import as_csv
from twizzit_pipeline.scheduling import config, requests
from twizzit_pipeline.scheduling.fulfilment import Fulfilment
from twizzit_pipeline.scheduling.wishes import RequestOptions
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.sync.entities import matches
from twizzit_pipeline.sync.preview.making import Preview

SMALL: Mapping[str, Any] = {"clubs": 2, "teams": 4, "players_per_team": 6}
SYNCED_BY = partial(first_sync, steps=EVERYTHING)
PEOPLE = ["teams", "players"]


@pytest.fixture
def credential(world: SyncWorld) -> int:
    return world.add_credential()


def test_a_preview_leaves_every_other_table_as_it_was_and_is_what_the_following_sync_does(
    world: SyncWorld, credential: int
) -> None:
    before = whole_database(world)
    made = previewed(world, credential)
    assert but_for(whole_database(world)) == but_for(before)
    assert_its_own_row(world, made)
    assert_done_row_for_row(world, made, world.sync(credential, steps=EVERYTHING))


def assert_its_own_row(world: SyncWorld, made: Preview) -> None:
    (plan,) = world.rows(tables.plans)
    assert (plan["id"], plan["status"], plan["reason"]) == (made.plan.id, "waiting", "asked")
    assert plan["requested_by"] == "os:ann"
    (usage,) = world.rows(tables.api_usage)
    assert usage["calls"] == plan["calls"] == made.document["calls"] > 0
    assert made.plan.changes > 0


def assert_done_row_for_row(world: SyncWorld, made: Preview, synced: Synced) -> None:
    for name, entity in ENTITIES.items():
        said, row = of_entity(made, name), synced.history[name]
        counted = {word: row.details[word] for word in ("create", "link", "adopt", "update", "unchanged")}
        assert {word: said["counts"][word] for word in counted} == counted, name
        assert said["rows"] == row.details["rows"]
        assert {one["twizzit_id"] for one in said["items"]} == journalled(world, entity.local), name
        aside = {reason: items["count"] for reason, items in row.details["set_aside"].items()}
        assert {reason: [one["reason"] for one in said["set_aside"]].count(reason) for reason in aside} == aside
        assert said["counts"]["rejected"] + said["counts"]["failed"] == row.items_failed
    for said in of_entity(made, "players")["items"]:
        player = world.player(said["twizzit_id"])
        written = {column: pair["new"] for column, pair in said["columns"].items()}
        assert written["first_name"] == player["first_name"]
        (team,) = world.rows(tables.teams, id=player["team_id"])
        assert written["team_id"] == {"id": None, "name": team["name"]}


def test_of_a_synced_club_it_says_the_changes_field_by_field(world: SyncWorld, club: int) -> None:
    made = previewed(world, club)
    assert made.plan.changes == 0
    people = made.document["people"]
    assert people["scanned"] == people["found"] == people["there"] == len(world.rows(tables.players))
    group_id, roster = world.roster()
    player = world.player(roster[0])
    world.simulator.changes.rename_person(roster[0], "Annelore", str(player["last_name"]))
    made = previewed(world, club, entities=PEOPLE)
    said = item(made, "players", roster[0])
    assert (said["action"], said["local_id"]) == ("update", player["id"])
    assert said["columns"] == {"first_name": {"old": player["first_name"], "new": "Annelore"}}
    assert made.plan.changes == 1
    assert world.player(roster[0])["first_name"] == player["first_name"]
    assert world.team(group_id)


def test_what_is_only_remembered_is_counted_apart_and_another_id_is_a_change(world: SyncWorld, club: int) -> None:
    _, roster = world.roster()
    same, gone = world.player(roster[0]), world.player(roster[1])
    world.change(tables.players, same["id"], first_name="Annelore")
    world.simulator.changes.rename_person(roster[0], "Annelore", str(same["last_name"]))
    made = previewed(world, club, entities=PEOPLE)
    assert (made.plan.changes, made.plan.remembered, made.plan.counted) == (0, 1, "0 changes, and 1 only remembered")
    counts = of_entity(made, "players")["counts"]
    assert (counts["update"], counts["remembered"]) == (0, 1)

    contact = world.club().contacts[roster[1]]
    world.simulator.changes.remove_person(roster[1])
    new = world.simulator.changes.add_person(
        world.roster()[0], contact.first_name, contact.last_name, contact.gender, contact.number
    )
    made = previewed(world, club, entities=PEOPLE)
    assert (made.plan.changes, made.plan.remembered) == (1, 1)
    said = item(made, "players", new)
    assert (said["action"], said["local_id"], said["earlier_id"]) == ("update", gone["id"], str(roster[1]))
    chosen = decided_plans.chosen(world.database.engine, made.plan.id, credential_id=club)
    with world.session(club, narrowing=Narrowing(chosen=chosen)) as session:
        for step in STEPS:
            step(session)
    assert world.player(new)["id"] == gone["id"]
    made = previewed(world, club, entities=PEOPLE)
    assert (made.plan.changes, made.plan.remembered) == (0, 0)


def test_who_has_left_is_in_the_preview_and_leaves_nothing_else_there(world: SyncWorld, club: int) -> None:
    _, roster = world.roster()
    world.simulator.changes.remove_person(roster[0])
    before = whole_database(world)
    said = item(made := previewed(world, club, entities=PEOPLE), "players", roster[0])
    assert (said["action"], said["columns"]["is_active"]) == ("depart", {"old": True, "new": False})
    assert said["columns"]["team_id"]["new"] is None
    assert of_entity(made, "players")["counts"]["depart"] == 1
    assert but_for(whole_database(world)) == but_for(before)
    assert world.sync(club).history["players"].details["depart"] == 1


def test_v1_cannot_be_asked_so_no_preview_says_that_a_person_leaves(world: SyncWorld) -> None:
    credential = world.add_credential(dialect="v1")
    world.sync(credential)
    _, roster = world.roster()
    world.simulator.changes.remove_person(roster[0])
    made = previewed(world, credential, entities=PEOPLE)
    assert "depart" not in of_entity(made, "players")["counts"]
    synced = world.sync(credential)
    assert "depart" not in synced.history["players"].details


def journalled(world: SyncWorld, table: str) -> set[str]:
    """The remote ids of the rows that a sync has written."""
    return {row["twizzit_id"] for row in world.rows(tables.sync_changes, table_name=table) if row["twizzit_id"]}


def test_whatever_dies_in_between_nothing_stays(
    world: SyncWorld, credential: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = whole_database(world)

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(matches, "map_matches", die)
    with pytest.raises(KeyboardInterrupt):
        previewed(world, credential)
    assert but_for(whole_database(world)) == but_for(before)
    assert world.rows(tables.plans) == []


def test_one_entity_alone_and_a_season_that_there_is_not(world: SyncWorld, credential: int) -> None:
    made = previewed(world, credential, entities=["teams"])
    assert [one["entity"] for one in made.document["entities"]] == ["teams"]
    with pytest.raises(UnknownSeason):
        previewed(world, credential, "1987-1988")
    assert world.rows(tables.twizzit_seasons) == []


def test_the_lease_keeps_a_preview_and_a_sync_apart_and_a_cut_connection_leaves_none(
    world: SyncWorld, credential: int
) -> None:
    """The connection is cut when the preview is made: it is there, and holds nothing."""
    with world.session(credential) as session, session.recording("teams"), pytest.raises(SyncInProgress):
        previewed(world, credential)
    assert world.rows(tables.plans) == []
    with cut_before(world, "DELETE FROM twizzit_leases"):
        made = previewed(world, credential)
    assert [row["id"] for row in world.rows(tables.plans)] == [made.plan.id]
    assert world.rows(tables.leases) == []


def test_a_request_for_a_preview_waits_for_another_turn_while_a_sync_is_at_work(
    world: SyncWorld, credential: int
) -> None:
    beat(world.database.engine)
    options = RequestOptions(preview=True)
    asked = requests.ask(world.database.engine, credential, sync_type="all", options=options, actor=this_user())
    fulfilment = Fulfilment(asked.request.id, "preview-0")
    with world.session(credential) as session, session.recording("teams"), pytest.raises(SyncInProgress):
        previewed(world, credential, fulfilment=fulfilment)
    again = requests.get(world.database.engine, asked.request.id)
    assert (again.status, again.attempt) == ("queued", asked.request.attempt + 1)


def test_what_cannot_be_read_is_said_and_the_rest_is_planned(world: SyncWorld, credential: int) -> None:
    world.simulator.faults.arm("forbidden", path="/events", times=None)
    made = previewed(world, credential)
    assert of_entity(made, "teams")["error"] is None
    assert "/events answered 403" in of_entity(made, "matches")["error"]


def test_a_login_that_does_not_work_is_one_line(world: SyncWorld, credential: int) -> None:
    other = world.add_credential(1, password=SecretStr("wrong"))
    with pytest.raises(LoginRefused):
        previewed(world, other)
    assert world.rows(tables.leases) == []


def test_a_credential_that_is_switched_off_is_refused(world: SyncWorld, credential: int) -> None:
    world.change(tables.credentials, credential, is_active=False)
    with pytest.raises(InactiveCredential):
        previewed(world, credential)


@pytest.fixture(autouse=True)
def _no_transaction_left(world: SyncWorld) -> Iterator[None]:
    yield
    with world.connected() as connection:
        idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
        assert connection.execute(idle).fetchone() == (0,)


def test_what_a_sync_would_ask_is_in_the_plan(world: SyncWorld, club: int) -> None:
    engine, changes = world.database.engine, world.simulator.changes
    config.change(engine, club, actor=this_user(), conflict_policy="ask")
    group_id, roster = world.roster()
    other = next(team for team in range(1, 4) if world.roster(team)[0] != group_id)
    player = world.player(roster[0])
    elsewhere = world.local_id(world.roster(other)[0], "team")
    free = world.local_id(world.roster(other + 1)[0], "team")
    world.change(tables.players, player["id"], first_name="Hier", team_id=free)
    changes.rename_person(roster[0], "Daar", str(player["last_name"]))
    changes.transfer(roster[0], world.roster(other)[0])
    made = previewed(world, club, entities=PEOPLE)
    asked = {one["column"]: one for one in of_entity(made, "players")["questions"]}
    assert set(asked) == {"first_name", "team_id"}
    assert of_entity(made, "players")["counts"]["questions"] == 2
    assert (asked["first_name"]["shotspot"], asked["first_name"]["twizzit"]) == ("Hier", "Daar")
    assert asked["first_name"]["local_id"] == player["id"]
    assert (asked["team_id"]["shotspot"]["id"], asked["team_id"]["twizzit"]["id"]) == (free, elsewhere)
    assert asked["team_id"]["twizzit"]["name"] == world.rows(tables.teams, id=elsewhere)[0]["name"]
    assert world.rows(tables.conflicts) == []
    rows = [line for line in as_csv(made.document).splitlines() if line.startswith("players,question,")]
    assert [line.split(",")[6:9] for line in rows if ",first_name," in line] == [["first_name", "Hier", "Daar"]]
    world.sync(club)
    assert {row["column_name"] for row in world.rows(tables.conflicts)} == set(asked)
    assert of_entity(previewed(world, club, entities=PEOPLE), "players")["questions"] == []


@pytest.mark.xdist_group("processes")
def test_the_calls_of_a_preview_that_is_killed_are_counted(world: SyncWorld, credential: int) -> None:
    fault = world.simulator.faults.arm("slow", after=3, seconds=3)
    with previewing(world, credential) as process:
        wait_until(lambda: fault.met, process)
        killed(process)
    (usage,) = world.rows(tables.api_usage)
    assert usage["calls"] >= 3
    assert world.rows(tables.plans) == []
