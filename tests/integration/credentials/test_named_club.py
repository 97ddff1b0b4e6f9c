"""Which club of ShotSpot a credential is: found by another spelling, or said by an administrator; and old mappings."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from sqlalchemy import delete, insert, select, update

from tests.support.api_server import ApiServer, token
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.credentials import clubs, store
from twizzit_pipeline.errors import UnknownClub, UnknownCredential
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import audit, tables
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import Database

BY_HAND = {
    "credential_id": None,
    "twizzit_dialect": None,
    "twizzit_organization_id": None,
    "twizzit_organization_name": None,
    "last_values": None,
}


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    small = simulate(clubs=2, teams=2, players_per_team=4, other_contacts=0)
    return SyncWorld(quick(settings), database, small)


@pytest.fixture
def credential(world: SyncWorld) -> int:
    return world.add_credential()


@pytest.fixture
def api(world: SyncWorld, database: Database) -> Iterator[ApiServer]:
    with ApiServer(world.settings, database) as server:
        yield server


def add_clubs(world: SyncWorld, *names: str) -> None:
    with world.database.engine.begin() as connection:
        connection.execute(insert(tables.clubs), [{"name": name} for name in names])


def as_shotspot_made_them(world: SyncWorld) -> None:
    """Every mapping as ShotSpot's own integration leaves it: without a credential, an organization and a base."""
    with world.database.engine.begin() as connection:
        for table in (tables.team_mappings, tables.player_mappings):
            connection.execute(update(table).values(**BY_HAND))
        connection.execute(update(tables.player_mappings).values(twizzit_player_name=None))


@pytest.mark.parametrize("spelled", ["K.C. {}", "Korfbalclub {} vzw", "{} KC"])
def test_a_club_spelled_otherwise_is_the_organization(world: SyncWorld, credential: int, spelled: str) -> None:
    kind, place = world.club().name.split(" ", 1)
    assert kind == "KC"
    add_clubs(world, spelled.format(place), f"KV {place}", f"{world.club().name} Zuid")
    world.sync(credential)
    assert len(world.rows(tables.clubs)) == 3
    assert {row["club_id"] for row in world.rows(tables.teams)} == {1}


def test_the_named_club_gets_the_teams_and_the_players(world: SyncWorld, credential: int) -> None:
    add_clubs(world, "De Meerkoet", world.club().name)
    assert clubs.set_club(world.database.engine, credential, "De Meerkoet") == clubs.Club(1, "De Meerkoet")
    world.sync(credential)
    assert {row["club_id"] for row in world.rows(tables.teams)} == {1}
    assert {row["club_id"] for row in world.rows(tables.players)} == {1}


def test_mapped_teams_stay_in_their_club_when_another_is_named(world: SyncWorld, credential: int) -> None:
    world.sync(credential)
    before = world.rows(tables.teams)
    add_clubs(world, "De Meerkoet")
    clubs.set_club(world.database.engine, credential, "De Meerkoet")
    assert world.sync(credential).teams.failed == {}
    assert world.rows(tables.teams) == before


def test_mappings_of_shotspots_own_are_adopted_under_the_named_club(world: SyncWorld, credential: int) -> None:
    """ShotSpot calls the club, the teams and the players otherwise; the ids are the same."""
    world.sync(credential)
    engine = world.database.engine
    with engine.begin() as connection:
        connection.execute(update(tables.clubs).values(name="De Meerkoet"))
        connection.execute(update(tables.teams).values(name="Ploeg " + tables.teams.c.name))
        connection.execute(update(tables.players).values(first_name="X"))
    as_shotspot_made_them(world)
    players, teams = world.rows(tables.players), world.rows(tables.teams)
    registered = {row["local_player_id"]: row["twizzit_player_id"] for row in world.rows(tables.player_mappings)}

    doubtful = world.sync(credential)
    assert set(doubtful.teams.failed) == {"doubtful_link"}  # possibly another club
    assert doubtful.history["teams"].status == "partial_success"

    clubs.set_club(engine, credential, 1)
    synced = world.sync(credential)
    assert synced.teams.failed == {}
    assert synced.teams.adopted == len(teams)
    assert synced.teams.warnings["taken_over_renamed"] == tuple(
        sorted((row["twizzit_team_id"] for row in world.rows(tables.team_mappings)), key=int)
    )
    warned = synced.history["players"].details["warnings"]["taken_over_renamed"]
    assert warned["count"] == synced.players.adopted == len(players)
    assert world.rows(tables.teams) == teams
    assert [row["first_name"] for row in world.rows(tables.players)] == ["X"] * len(players)
    now = {row["local_player_id"]: row["twizzit_player_id"] for row in world.rows(tables.player_mappings)}
    assert now == registered
    assert all(row["is_twizzit_registered"] for row in world.rows(tables.players))


def test_a_name_that_the_old_integration_split_wrongly_is_put_right(world: SyncWorld, credential: int) -> None:
    world.sync(credential)
    _, (remote_id, *_) = world.roster()
    with world.simulator.world.lock:
        contact = world.club().contacts[remote_id]
        contact.first_name, contact.last_name = "Jean-Luc", "Devos"
    world.change(tables.players, world.local_id(remote_id), first_name="Jean", last_name="Luc Devos")
    as_shotspot_made_them(world)
    synced = world.sync(credential)
    assert synced.players.warnings["name_put_right"] == (str(remote_id),)
    now = world.player(remote_id)
    assert (now["first_name"], now["last_name"]) == ("Jean-Luc", "Devos")


# --- saying so --------------------------------------------------------------------------------------------------------


def test_a_club_is_named_by_id_or_exact_name_and_taken_back(world: SyncWorld, credential: int) -> None:
    engine = world.database.engine
    add_clubs(world, "KC Noord", "KC Zuid", "1")
    admin = Actor("token", "7", "admin")
    assert clubs.set_club(engine, credential, 2, actor=admin) == clubs.Club(2, "KC Zuid")
    assert clubs.named_club(engine, credential) == clubs.Club(2, "KC Zuid")
    assert clubs.set_club(engine, credential, "KC Noord") == clubs.Club(1, "KC Noord")
    assert clubs.set_club(engine, credential, "2") == clubs.Club(2, "KC Zuid")
    assert clubs.set_club(engine, credential, "1") == clubs.Club(3, "1"), "a club that is called so"
    assert clubs.set_club(engine, credential, None) is None
    assert clubs.named_club(engine, credential) is None
    rows = [row for row in audit.recent(engine) if row.action == "set_club"][::-1]
    assert [row.details["club_id"] for row in rows] == [2, 1, 2, 3, None]
    assert (rows[0].actor.id, rows[0].target_id) == ("7", str(credential))
    clubs.set_club(engine, credential, None)
    assert len([row for row in audit.recent(engine) if row.action == "set_club"]) == 5, "nothing changed, nothing said"


def test_a_club_that_is_none_names_those_to_choose_from(world: SyncWorld, credential: int) -> None:
    add_clubs(world, "KC Zuid", "KC Noord")
    wrong: tuple[str | int, ...] = ("KC Nord", "kc noord", "99", 99, -1, "0", "99999999999999999999", "²")
    for one in wrong:
        with pytest.raises(UnknownClub, match=r"there are: .*2 \(KC Noord\)"):
            clubs.set_club(world.database.engine, credential, one)
        assert clubs.named_club(world.database.engine, credential) is None, one


def test_without_a_club_it_is_said_where_one_comes_from(world: SyncWorld, credential: int) -> None:
    with pytest.raises(UnknownClub, match="a sync of its teams makes one"):
        clubs.set_club(world.database.engine, credential, "KC Noord")


def test_an_unknown_credential_is_said(world: SyncWorld) -> None:
    with pytest.raises(UnknownCredential):
        clubs.set_club(world.database.engine, 99, None)
    with pytest.raises(UnknownCredential):
        clubs.named_club(world.database.engine, 99)


def test_a_club_that_goes_takes_no_credential_along_and_the_other_way_round(world: SyncWorld, credential: int) -> None:
    engine = world.database.engine
    add_clubs(world, "KC Noord", "KC Zuid")
    clubs.set_club(engine, credential, 1)
    with engine.begin() as connection:
        connection.execute(delete(tables.clubs).where(tables.clubs.c.id == 1))
    assert store.get(engine, credential).club_id is None
    clubs.set_club(engine, credential, 2)
    store.delete(engine, credential)
    with engine.connect() as connection:
        assert connection.scalars(select(tables.clubs.c.id)).all() == [2]


def test_the_api_names_a_club_for_admins_alone(api: ApiServer, world: SyncWorld, credential: int) -> None:
    add_clubs(world, "KC Noord")
    path = f"/credentials/{credential}/club"
    with api.client(token("admin", user_id=42)) as admin:
        assert admin.get(path).json() == {"clubId": None, "clubName": None}
        answer = admin.put(path, json={"clubId": 1})
        assert (answer.status_code, answer.json()) == (200, {"clubId": 1, "clubName": "KC Noord"})
        assert admin.get(path).json() == {"clubId": 1, "clubName": "KC Noord"}
        unknown = admin.put(path, json={"clubId": 2})
        assert (unknown.status_code, unknown.json()["error"]) == (404, "Club not found")
        assert "1 (KC Noord)" in unknown.json()["message"]
        bodies: tuple[object, ...] = ({}, {"clubId": "1"}, {"clubId": 0}, {"clubId": 2**31}, {"clubId": True}, [])
        for wrong in bodies:
            assert admin.put(path, json=wrong).status_code == 400
        assert admin.put("/credentials/99/club", json={"clubId": 1}).status_code == 404
        assert admin.put(path, json={"clubId": None}).json() == {"clubId": None, "clubName": None}
    with api.client(token("coach", credentials=[credential])) as coach:
        assert _refused(coach.get(path)) == _refused(coach.put(path, json={"clubId": 1})) == 403
    (last, first) = [row for row in audit.recent(world.database.engine) if row.action == "set_club"]
    assert (first.actor.id, first.details["club_id"], last.details["club_id"]) == ("42", 1, None)


def _refused(answer: httpx.Response) -> int:
    return answer.status_code
