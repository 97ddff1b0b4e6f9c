"""A user of ShotSpot writes the same rows at the same time: nothing of theirs is lost, and nothing comes twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import psycopg
import pytest

from tests.support.sync_process import wait_until, watching
from tests.support.sync_world import STEPS, SyncWorld
from twizzit_pipeline.storage import tables

Other = psycopg.Connection[Any]


SMALL: dict[str, Any] = {"clubs": 1, "teams": 4, "players_per_team": 7, "other_contacts": 0}


@pytest.fixture
def credential_id(club: int) -> int:
    """A credential whose club is in ShotSpot already."""
    return club


@contextmanager
def met_by_a_sync(world: SyncWorld, credential_id: int, ends: str = "success") -> Iterator[Other]:
    """Another open transaction, which a sync runs into before it commits; then the sync ends."""
    failed: list[BaseException] = []

    def bring_in() -> None:
        try:
            world.sync(credential_id, steps=STEPS[2:], run_id="meets")
        except BaseException as error:
            failed.append(error)

    world.sync(credential_id, steps=STEPS[:2])
    thread = Thread(target=bring_in)
    with world.connected() as other, other.transaction(), watching(world) as waiting:
        yield other
        thread.start()
        wait_until(waiting)
    thread.join()
    assert not failed
    assert world.history_of("meets")["players"].status == ends
    assert not world.rows(tables.leases)


def test_a_team_that_is_made_meanwhile_is_linked(world: SyncWorld, credential_id: int) -> None:
    group_id = world.simulator.changes.add_team(world.club(), "Nieuwe ploeg")
    with met_by_a_sync(world, credential_id) as other:
        insert = (
            "INSERT INTO teams (club_id, season_id, name, age_group) VALUES (1, 1, 'Nieuwe ploeg', 'hun') RETURNING id"
        )
        made = other.execute(insert).fetchone()
    assert made
    assert world.local_id(group_id, "team") == made[0]
    assert world.team(group_id)["age_group"] == "hun"
    world.sync(credential_id)
    world.assert_truth(credential_id)


def test_a_player_who_is_edited_meanwhile_keeps_both_edits(world: SyncWorld, credential_id: int) -> None:
    remote_id = world.roster(1)[1][4]
    contact = world.club().contacts[remote_id]
    world.simulator.changes.rename_person(remote_id, contact.first_name, "Nieuwe naam")
    with met_by_a_sync(world, credential_id) as other:
        update = "UPDATE players SET first_name = 'Roepnaam', jersey_number = 998 WHERE id = %s"
        other.execute(update, [world.local_id(remote_id)])
    player = world.player(remote_id)
    assert (player["first_name"], player["last_name"]) == ("Roepnaam", "Nieuwe naam")
    assert player["jersey_number"] == 998


def test_a_team_that_is_renamed_meanwhile_is_renamed_by_twizzit(world: SyncWorld, credential_id: int) -> None:
    group_id = world.roster(1)[0]
    world.simulator.changes.rename_team(group_id, "Van Twizzit")
    with met_by_a_sync(world, credential_id) as other:
        update = "UPDATE teams SET name = 'Van hier', is_active = false WHERE id = %s"
        other.execute(update, [world.local_id(group_id, "team")])
    team = world.team(group_id)
    assert (team["name"], team["is_active"]) == ("Van Twizzit", False)
    (last,) = [
        entry for entry in world.rows(tables.sync_changes) if (entry["after"] or {}).get("name") == "Van Twizzit"
    ]
    assert last["before"] == {"name": "Van hier"}


def test_a_number_that_is_given_away_meanwhile_is_theirs(world: SyncWorld, credential_id: int) -> None:
    remote_id = world.roster(1)[1][4]
    world.simulator.changes.set_number(remote_id, 995)
    with met_by_a_sync(world, credential_id) as other:
        other.execute("INSERT INTO players (club_id, first_name, last_name, jersey_number) VALUES (1, 'A', 'B', 995)")
    assert world.player(remote_id)["jersey_number"] is None
    warned = world.history_of("meets")["players"].details["warnings"]["number_taken"]["twizzit_ids"]
    assert str(remote_id) in warned


def test_a_player_who_is_deleted_meanwhile_comes_again(world: SyncWorld, credential_id: int) -> None:
    remote_id = world.roster(1)[1][4]
    world.simulator.changes.rename_person(remote_id, "Nieuwe", "Naam")
    local_id = world.local_id(remote_id)
    with met_by_a_sync(world, credential_id) as other:
        other.execute("DELETE FROM players WHERE id = %s", [local_id])
    assert world.local_id(remote_id) != local_id
    world.sync(credential_id)
    world.assert_truth(credential_id)


def test_a_team_that_is_deleted_meanwhile_comes_again(world: SyncWorld, credential_id: int) -> None:
    group_id = world.roster(1)[0]
    world.simulator.changes.add_person(group_id, "Nieuwe", "Speler", "M", 994)
    with met_by_a_sync(world, credential_id, ends="partial_success") as other:
        other.execute("DELETE FROM teams WHERE id = %s", [world.local_id(group_id, "team")])
    world.sync(credential_id)
    world.assert_truth(credential_id)


def test_a_club_that_is_made_meanwhile_is_taken(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    with met_by_a_sync(world, credential_id) as other:
        made = other.execute("INSERT INTO clubs (name) VALUES (%s) RETURNING id", [world.club().name]).fetchone()
    (club,) = world.rows(tables.clubs)
    assert made == (club["id"],)
    world.sync(credential_id)
    world.assert_truth(credential_id)
