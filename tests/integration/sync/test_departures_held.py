"""What is held back until a person decides, and what is never taken for a departure."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tests.integration.sync.test_departures import SMALL, WRITTEN, departure, nothing_more, roster_of, weeks_pass
from tests.support.calendar_world import EVERYTHING
from tests.support.sync_world import STEPS, SyncWorld, quick
from twizzit_pipeline.decisions.departures import decide, listing
from twizzit_pipeline.entities import ENTITIES, EntityName
from twizzit_pipeline.errors import NothingToDecide
from twizzit_pipeline.plan.narrowing import Narrowing
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import recent, this_user
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.storage.tables import MAPPINGS
from twizzit_pipeline.twizzit.v1.dialect import V1
from twizzit_pipeline.undo.undoing import undo


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


def test_v1_cannot_ask_and_leaves_it_to_a_person(world: SyncWorld) -> None:
    credential_id = world.add_credential(dialect="v1")
    calls = world.sync(credential_id).calls
    _, (leaver, *_) = roster_of(world)
    world.simulator.changes.remove_person(leaver)

    held = world.sync(credential_id)

    assert (held.players.departed, held.players.held, held.calls) == (0, (str(leaver),), calls)
    assert (departure(world, leaver)["kind"], world.player(leaver)["is_active"]) == ("unproved", True)
    before = world.dump(WRITTEN)
    world.sync(credential_id)
    assert world.dump(WRITTEN) == before
    decide(world.database.engine, credential_id, "approve", [("players", str(leaver))], actor=this_user())
    assert world.sync(credential_id).players.departed == 1
    assert (world.player(leaver)["team_id"], world.player(leaver)["is_active"]) == (None, False)


ANSWERS: dict[str, Callable[[Any, str], Any]] = {
    "teams": lambda found, id_: replace(found, teams=[one for one in found.teams if one.id != id_]),
    "rosters": lambda found, id_: replace(found, players=[one for one in found.players if one.id != id_]),
    "calendar": lambda found, id_: replace(found, matches=[one for one in found.matches if one.id != id_]),
}


@pytest.mark.parametrize(("entity", "answer"), [("players", "rosters"), ("teams", "teams"), ("matches", "calendar")])
def test_in_v1_what_is_back_stays_though_one_answer_lacks_it_after_a_person_has_approved(
    world: SyncWorld, entity: EntityName, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    credential_id = world.add_credential(dialect="v1")
    world.sync(credential_id, steps=EVERYTHING)
    mappings = world.rows(MAPPINGS[entity], credential_id=credential_id)
    id_ = max(str(row[f"twizzit_{ENTITIES[entity].one}_id"]) for row in mappings if is_open(world, entity, row))
    whole, still = getattr(V1, answer), [True]

    def lacking(*given: Any, **more: Any) -> Any:
        found, lacks = whole(*given, **more), still and still.pop()
        return ANSWERS[answer](found, id_) if lacks else found

    monkeypatch.setattr(V1, answer, lacking)
    first = world.sync(credential_id, steps=EVERYTHING)
    assert departure(world, id_)["status"] == "held"
    decide(world.database.engine, credential_id, "approve", [(entity, id_)], actor=this_user())
    before = world.rows(tables.players), world.rows(tables.teams), world.rows(tables.games)
    still.append(True)
    second = world.sync(credential_id, steps=EVERYTHING)
    assert (departure(world, id_)["status"], still) == ("approved", [])
    assert (world.rows(tables.players), world.rows(tables.teams), world.rows(tables.games)) == before
    assert second.calls > first.calls, "all of it is read a second time, for what is to be done now alone"
    world.sync(credential_id, steps=EVERYTHING)
    assert {row["status"] for row in world.rows(tables.departures, twizzit_id=id_)} == {"returned"}


def is_open(world: SyncWorld, entity: EntityName, mapping: dict[str, Any]) -> bool:
    """Whether it may depart: of matches those that are still to be played."""
    if entity != "matches":
        return True
    (game,) = world.rows(tables.games, id=mapping["local_game_id"])
    return bool(game["status"] == "scheduled" and game["date"] > datetime.now(UTC))


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


def one_has_left(world: SyncWorld) -> None:
    """The first of the first team."""
    world.simulator.changes.remove_person(roster_of(world)[1][0])
    world.sync(next(iter(world.dialects)))


def last_of_players(world: SyncWorld) -> int:
    """The history's row of the last sync's players."""
    return int(max(row["id"] for row in world.rows(tables.sync_history, sync_type="players")))


def who_left(world: SyncWorld) -> int:
    (row,) = world.rows(tables.departures)
    return int(row["twizzit_id"])


def test_an_undone_departure_is_held_back_and_not_done_again(world: SyncWorld, club: int) -> None:
    _, (leaver, *_) = roster_of(world)
    before = world.player(leaver)
    world.simulator.changes.remove_person(leaver)
    left = world.sync(club)
    undone = undo(world.database.engine, left.history["players"].id, actor=this_user())
    assert [one.kind for one in undone.follows] == ["held"]
    assert departure(world, leaver)["status"] == "held"
    kept = {name: value for name, value in before.items() if name != "updated_at"}
    assert {name: world.player(leaver)[name] for name in kept} == kept

    for later in (False, True):
        if later:  # longer than the grace after which who has departed is not registered
            weeks_pass(world)
        again = world.sync(club)
        assert (again.players.departed, again.players.held) == (0, (str(leaver),)), later
        assert {name: world.player(leaver)[name] for name in kept} == kept, later

    decide(world.database.engine, club, "approve", None, actor=this_user())
    assert world.sync(club).players.departed == 1
    assert departure(world, leaver)["before"]["team_id"] == before["team_id"]


@pytest.mark.begins(after=one_has_left)
@pytest.mark.parametrize("decided", [None, "refuse"])
def test_a_departure_whose_undo_is_undone_has_left_again(world: SyncWorld, club: int, decided: Any) -> None:
    leaver, engine = who_left(world), world.database.engine
    gone = world.player(leaver)
    undone = undo(engine, last_of_players(world), actor=this_user())
    world.sync(club)
    if decided is not None:
        decide(engine, club, decided, None, actor=this_user())
    assert undone.undo_id is not None

    again = undo(engine, undone.undo_id, actor=this_user())

    assert [one.kind for one in again.follows] == ["stays"]
    left_as_it_is = [] if decided is None else [("twizzit_departures", ("status",), "changed_since")]
    assert [(one.key.table, one.columns, one.reason) for one in again.plan.left] == left_as_it_is
    assert departure(world, leaver)["status"] == ("applied" if decided is None else "refused")
    assert world.player(leaver)["is_active"] is gone["is_active"] is False
    nothing_more(world, club)


@pytest.mark.begins(after=one_has_left)
def test_an_undone_closing_registers_them_again(world: SyncWorld, club: int) -> None:
    leaver = who_left(world)
    mapped = world.rows(tables.player_mappings, twizzit_player_id=str(leaver))
    local_id = world.local_id(leaver)
    weeks_pass(world)
    closed = world.sync(club)
    assert world.rows(tables.players, id=local_id)[0]["is_twizzit_registered"] is False

    undone = undo(world.database.engine, closed.history["players"].id, actor=this_user())

    assert [one.kind for one in undone.follows] == ["reopened"]
    times = {"updated_at", "last_synced_at", "last_synced_seen", "created_at"}
    (back,) = world.rows(tables.player_mappings, twizzit_player_id=str(leaver))
    assert {name: back[name] for name in back.keys() - times} == {
        name: mapped[0][name] for name in mapped[0].keys() - times
    }
    assert world.rows(tables.players, id=local_id)[0]["is_twizzit_registered"] is True
    nothing_more(world, club)


def test_who_returned_in_a_sync_that_was_undone_is_the_same_player_in_the_next(world: SyncWorld, club: int) -> None:
    """One who had left for so long that the mapping was closed, and one who had just left."""
    group, (closed, just_left, *_) = roster_of(world)
    contacts = {one: world.club().contacts[one] for one in (closed, just_left)}
    local_ids, before = {one: world.local_id(one) for one in contacts}, len(world.rows(tables.players))
    for one, local_id in local_ids.items():
        world.change(tables.players, local_id, is_active=False)  # by a person, who is not overruled by a return
        world.simulator.changes.remove_person(one)
        world.sync(club)
        if one == closed:
            weeks_pass(world)
    assert {row["twizzit_id"]: row["status"] for row in world.rows(tables.departures)} == {
        str(closed): "closed",
        str(just_left): "applied",
    }
    for one, contact in contacts.items():
        world.club().contacts[one] = contact
        world.simulator.changes.add_to_team(one, group)
        world.simulator.changes.rename_person(one, "Anders", contact.last_name)
    returned = world.sync(club)
    undo(world.database.engine, returned.history["players"].id, actor=this_user())

    world.sync(club)

    assert ({one: world.local_id(one) for one in contacts}, len(world.rows(tables.players))) == (local_ids, before)
    for one in contacts:
        player = world.player(one)
        assert (player["first_name"], player["is_active"], player["is_twizzit_registered"]) == ("Anders", False, True)
    assert [row["status"] for row in world.rows(tables.departures)] == ["returned", "returned"]
