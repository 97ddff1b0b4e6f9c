"""Who of a team is registered, who is not, and why."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from typer.testing import CliRunner

from tests.integration.sync_world import SyncWorld, quick
from tests.integration.synced_world import NewDatabase, SyncedOnce, synced_once, taken_over
from twizzit_pipeline.cli.app import app
from twizzit_pipeline.errors import UnknownTeam
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync.narrowing import Narrowing
from twizzit_pipeline.sync.players import map_players, scan_players
from twizzit_pipeline.sync.registered import Registration, registered
from twizzit_pipeline.sync.teams import map_teams, scan_teams
from twizzit_pipeline.twizzit.simulator import SimulatorServer

SMALL: dict[str, Any] = {"clubs": 1, "teams": 4, "players_per_team": 6, "other_contacts": 0}


@pytest.fixture(scope="module")
def synced(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SyncedOnce]:
    with synced_once(new_database, tmp_path_factory.mktemp("synced"), **SMALL) as once:
        yield once


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulate(**SMALL))


@pytest.fixture
def club(world: SyncWorld, synced: SyncedOnce) -> int:
    """A credential whose club was synced."""
    return taken_over(world, synced)


def add_player(world: SyncWorld, team_id: int, first: str, last: str, **more: Any) -> int:
    """Somebody whom ShotSpot's own users put into a team."""
    (team,) = world.rows(tables.teams, id=team_id)
    row = {"team_id": team_id, "club_id": team["club_id"], "first_name": first, "last_name": last, **more}
    with world.database.engine.begin() as connection:
        return int(connection.execute(insert(tables.players).values(row).returning(tables.players.c.id)).scalar_one())


def of_team(world: SyncWorld, team_id: int) -> dict[int, Registration]:
    return {one.player_id: one for one in registered(world.database.engine, team_id)}


def local_team(world: SyncWorld, place: int = 0) -> int:
    return world.local_id(world.roster(place)[0], "team")


def test_a_team_after_a_sync_is_registered(world: SyncWorld, club: int) -> None:
    team_id = local_team(world)
    found = of_team(world, team_id)
    players = {row["id"]: row for row in world.rows(tables.players, team_id=team_id)}
    assert set(found) == set(players)
    assert found
    for player_id, one in found.items():
        row = players[player_id]
        assert (one.first_name, one.last_name) == (row["first_name"], row["last_name"])
        assert one.jersey_number == row["jersey_number"]
        assert (one.registered, one.code) == (True, "registered")
        assert row["is_twizzit_registered"] is True


def test_somebody_whom_twizzit_does_not_know_is_not(world: SyncWorld, club: int) -> None:
    team_id = local_team(world)
    player_id = add_player(world, team_id, "Aaa", "Zzz", jersey_number=998)
    everybody = registered(world.database.engine, team_id)
    (first, *rest) = everybody
    assert (first.player_id, first.registered, first.code) == (player_id, False, "not_in_twizzit")
    rejected = len(world.simulator.world.truth(world.club()).rejected["players"])
    assert first.reason.endswith(f"or rejected the row: it rejected {rejected}")
    assert all(one.registered for one in rest)
    assert [one.last_name for one in rest] == sorted(one.last_name for one in rest)


@pytest.mark.parametrize("team_id", [0, -1, 999_999, 2**40])
def test_an_unknown_team_is_said_to_be_one(world: SyncWorld, team_id: int) -> None:
    with pytest.raises(UnknownTeam):
        registered(world.database.engine, team_id)


def test_a_doubtful_link_names_both(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    group_id, players = world.roster()
    with world.session(credential_id) as session:
        scan_teams(session)
        map_teams(session)
    team_id = world.local_id(group_id, "team")
    true = world.simulator.world.truth(world.club()).players[str(players[0])]
    twins = [add_player(world, team_id, true.first_name, true.last_name, gender=true.gender) for _ in range(2)]
    assert {one.code for one in of_team(world, team_id).values()} == {"never_synced"}
    with world.session(credential_id) as session:
        scan_players(session)
        assert map_players(session).failed["doubtful_link"] == (str(players[0]),)
    found = of_team(world, team_id)
    assert {(found[twin].registered, found[twin].code) for twin in twins} == {(False, "doubtful_link")}
    assert {one.code for player_id, one in found.items() if player_id not in twins} == {"registered"}


def test_a_namesake_is_told_apart(world: SyncWorld, club: int) -> None:
    team_id = local_team(world)
    known = registered(world.database.engine, team_id)[0]
    player_id = add_player(world, team_id, known.first_name.upper(), known.last_name)
    assert of_team(world, team_id)[player_id].code == "namesake_registered"


def test_a_team_that_is_none_of_twizzits(world: SyncWorld, club: int) -> None:
    (mapped,) = world.rows(tables.teams, id=local_team(world))
    with world.database.engine.begin() as connection:
        team = insert(tables.teams).values(club_id=mapped["club_id"], name="Veterans").returning(tables.teams.c.id)
        team_id = int(connection.execute(team).scalar_one())
    assert registered(world.database.engine, team_id) == []
    player_id = add_player(world, team_id, "Aaa", "Zzz")
    found = of_team(world, team_id)[player_id]
    assert (found.registered, found.code) == (False, "team_not_mapped")


def test_without_its_credential_a_mapping_still_registers(world: SyncWorld, club: int) -> None:
    team_id = local_team(world)
    player_id = add_player(world, team_id, "Aaa", "Zzz")
    world.change(tables.credentials, club, is_active=False)
    found = of_team(world, team_id)
    assert found.pop(player_id).code == "team_without_credential"
    assert {(one.registered, one.code) for one in found.values()} == {(True, "credential_inactive")}
    with world.connected() as connection:
        connection.execute("DELETE FROM twizzit_credentials")
    found = of_team(world, team_id)
    assert found.pop(player_id).code == "team_without_credential"
    assert {(one.registered, one.code) for one in found.values()} == {(True, "without_credential")}


def test_whom_the_last_sync_rejected_or_did_not_find_is_said(world: SyncWorld, club: int) -> None:
    group_id, players = world.roster()
    rejected, gone, inactive = (world.local_id(one) for one in players[:3])
    team_id = world.local_id(group_id, "team")
    world.simulator.changes.rename_person(players[0], None, "Peeters")
    world.simulator.changes.remove_from_team(players[1], group_id)
    world.sync(club)
    world.change(tables.players, inactive, is_active=False)
    found = of_team(world, team_id)
    assert (found[rejected].registered, found[rejected].code) == (True, "rejected")
    assert found[rejected].reason.endswith("in Twizzit: first_name_present")
    assert (found[gone].registered, found[gone].code) == (True, "not_listed")
    assert (found[inactive].registered, found[inactive].code) == (True, "inactive")


def test_a_roster_that_could_not_be_read_is_said(world: SyncWorld) -> None:
    credential_id = world.add_credential(dialect="v1")
    world.sync(credential_id)
    group_id, _ = world.roster()
    team_id = world.local_id(group_id, "team")
    player_id = add_player(world, team_id, "Aaa", "Zzz")
    failed = {"players_not_read": {"count": 1, "twizzit_ids": [str(group_id)]}}
    with world.database.engine.begin() as connection:
        row = connection.execute(select(tables.sync_history).where(tables.sync_history.c.sync_type == "players")).one()
        connection.execute(
            update(tables.sync_history)
            .where(tables.sync_history.c.id == row.id)
            .values(details={**row.details, "failed": failed})
        )
    assert of_team(world, team_id)[player_id].code == "roster_not_read"


def test_a_sync_of_another_team_says_nothing_of_this_one(world: SyncWorld, club: int) -> None:
    group_id, players = world.roster()
    world.simulator.changes.rename_person(players[0], None, "Peeters")
    world.sync(club)
    team_id, rejected = world.local_id(group_id, "team"), world.local_id(players[0])
    other = str(world.roster(1)[0])
    with world.session(club, narrowing=Narrowing(other)) as session:
        for step in (scan_teams, scan_players, map_teams, map_players):
            step(session)
    assert of_team(world, team_id)[rejected].code == "rejected"


def test_the_command_line_tells_it(world: SyncWorld, club: int, monkeypatch: pytest.MonkeyPatch) -> None:
    url, key = world.settings.database_url, world.settings.encryption_key
    assert url is not None
    assert key is not None
    monkeypatch.setenv("TWIZZIT_DATABASE_URL", url.get_secret_value())
    monkeypatch.setenv("TWIZZIT_ENCRYPTION_KEY", key.get_secret_value())
    team_id = local_team(world)
    add_player(world, team_id, "Aaa", "Zzz")
    everybody = registered(world.database.engine, team_id)
    shown = CliRunner().invoke(app, ["registered", "--team", str(team_id)])
    assert shown.exit_code == 0
    assert f"{len(everybody)} players, 1 not registered" in shown.stdout
    assert shown.stdout.count(" yes ") == len(everybody) - 1
    as_json = CliRunner().invoke(app, ["registered", "--team", str(team_id), "--json"])
    found = json.loads(as_json.stdout)
    assert [one["player_id"] for one in found] == [one.player_id for one in everybody]
    assert (found[0]["registered"], found[0]["code"]) == (False, "not_in_twizzit")
    missing = CliRunner().invoke(app, ["registered", "--team", "999999"])
    assert isinstance(missing.exception, UnknownTeam)
