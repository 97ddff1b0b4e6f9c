"""The host belongs to whose an id is: two Twizzits that number alike live side by side, each with its own rows."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from tests.support.moved_login import move_login
from tests.support.sync_world import STEPS, Rows, SyncWorld
from tests.support.synced_world import first_sync
from twizzit_pipeline.accounts import moving
from twizzit_pipeline.errors import EndpointRefused
from twizzit_pipeline.queries import left_out
from twizzit_pipeline.runs.lease import Lease, lease_key
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import audit, tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.storage.migrate import check, migrate
from twizzit_pipeline.sync.entities.competitions import map_competitions, scan_competitions
from twizzit_pipeline.sync.entities.matches import map_matches, scan_matches
from twizzit_pipeline.twizzit.endpoint import parse_endpoint

Simulate = Callable[..., SimulatorServer]
SMALL: dict[str, Any] = {"clubs": 1, "teams": 3, "players_per_team": 6, "other_contacts": 0}
EVERYTHING = (
    *STEPS[:2],
    scan_competitions,
    scan_matches,
    *STEPS[2:3],
    map_competitions,
    *STEPS[3:],
    map_matches,
)
IDS = {
    tables.team_mappings: "twizzit_team_id",
    tables.player_mappings: "twizzit_player_id",
    tables.competition_mappings: "twizzit_competition_id",
    tables.match_mappings: "twizzit_match_id",
}


SYNCED_BY = partial(first_sync, steps=EVERYTHING)


@pytest.fixture
def beside(database: Database) -> None:
    """ShotSpot's own constraints, which let its tables hold a remote id once."""
    with database.engine.begin() as connection:
        for table, column in IDS.items():
            if table is not tables.match_mappings:  # that one is ours
                connection.execute(text(f"ALTER TABLE {table.name} ADD UNIQUE ({column})"))


def another(simulate: Simulate, name: str = "KC Een Andere") -> SimulatorServer:
    """A Twizzit that gives its one club, its teams, people, series and matches the same ids."""
    server = simulate(seed=7, **SMALL)
    server.world.organizations[0].name = name
    return server


def dump(world: SyncWorld) -> dict[str, Rows]:
    written = (*IDS, tables.clubs, tables.teams, tables.players, tables.competitions, tables.games)
    return {table.name: world.rows(table) for table in written}


def kept(before: dict[str, Rows], after: dict[str, Rows]) -> bool:
    return all(row in after[name] for name, rows in before.items() for row in rows)


def remote_ids(world: SyncWorld, table: Any, credential_id: int) -> set[str]:
    rows = world.rows(table, credential_id=credential_id)
    return {row.get("twizzit_remote_id") or row[IDS[table]] for row in rows}


@pytest.mark.parametrize("where", ["alone", "beside"])
def test_two_hosts_with_the_same_ids_live_side_by_side(
    world: SyncWorld, club: int, simulate: Simulate, where: str, request: pytest.FixtureRequest
) -> None:
    if where == "beside":
        request.getfixturevalue("beside")
    first = club
    before = dump(world)
    other = another(simulate)
    second = world.add_credential(server=other)

    synced = world.sync(second, steps=EVERYTHING)

    assert len(synced.history) == len(IDS)
    assert not any(row.details["failed"] for row in synced.history.values())
    assert kept(before, dump(world))
    there = other.world.truth(other.world.organizations[0])
    assert (synced.teams.created, synced.players.created) == (len(there.teams), len(there.players))
    if where == "alone":  # beside, the ids that there are already have stand-ins
        world.assert_truth(second, server=other)
    for table in IDS:
        shared = remote_ids(world, table, first) & remote_ids(world, table, second)
        assert shared, f"nothing of {table.name} to distinguish"
        truth = {parse_endpoint(world.simulator.v2_endpoint).server, parse_endpoint(other.v2_endpoint).server}
        assert {row["twizzit_host"] for row in world.rows(table)} == truth
    both = dump(world)
    for credential_id in (first, second):
        again = world.sync(credential_id, steps=EVERYTHING)
        assert not any(row.details["failed"] for row in again.history.values())
    assert dump(world) == both
    world.assert_truth(first)
    assert len(world.rows(tables.players)) == sum(
        len(remote_ids(world, tables.player_mappings, one)) for one in (first, second)
    )


def test_what_another_host_calls_so_is_no_name_of_ours(
    world: SyncWorld, club: int, simulate: Simulate, beside: None
) -> None:
    """The list of what was left out names people: never another club's, whose id is the same."""
    mapped = world.rows(tables.player_mappings)[0]
    other = another(simulate)
    contact = other.world.organizations[0].contacts[int(mapped["twizzit_player_id"])]
    contact.first_name = contact.last_name = ""
    second = world.add_credential(server=other)
    world.sync(second)

    found = [one for one in left_out.left_out(world.database.engine, second) if one.twizzit_id == str(contact.id)]

    assert found
    assert {one.name for one in found} == {None}


def test_a_lease_of_another_host_keeps_no_one_waiting(world: SyncWorld, club: int, simulate: Simulate) -> None:
    hostile = world.add_credential(server=another(simulate))
    world.sync(hostile, steps=STEPS[:1])
    found = world.rows(tables.credentials)
    assert len({row["twizzit_organization_id"] for row in found}) == 1
    with world.session(hostile) as session:
        key = lease_key(session.credential)
    held = Lease.take(world.database.engine, key, credential_id=hostile, run_id="hostile")
    try:
        assert world.sync(club).teams.failed == {}
    finally:
        held.stop()


def test_a_host_too_long_for_the_column_has_a_lease_too(world: SyncWorld) -> None:
    long_host = ".".join(["x" * 60] * 4)
    credential_id = world.add_credential(
        api_endpoint=f"https://{long_host}/v1", organization_name="ΐ" * 255, dialect="v1"
    )
    with world.session(credential_id) as session:
        key = lease_key(session.credential)
    Lease.take(world.database.engine, key, credential_id=credential_id, run_id="long").stop()


def test_another_address_uses_nothing_of_before_until_an_administrator_says_so(
    world: SyncWorld, club: int, simulate: Simulate
) -> None:
    credential_id = club
    before = dump(world)
    teams, players = (remote_ids(world, table, credential_id) for table in list(IDS)[:2])
    moved = simulate(**SMALL)  # the same Twizzit on another port, or another: it is not known
    assert world.settings.encryption_key is not None

    done = moving.change_endpoint(
        world.database.engine, world.settings.encryption_key, credential_id, endpoint=moved.v2_endpoint
    )

    mappings = sum(len(before[table.name]) for table in IDS)
    assert (done.carried_over, done.left) == (0, mappings)
    synced = world.sync(credential_id, steps=EVERYTHING)
    assert set(synced.teams.failed["host_changed"]) == teams
    assert set(synced.players.failed) <= {"host_changed", "team_not_mapped"}
    assert {one for ids in synced.players.failed.values() for one in ids} == players
    assert synced.history["teams"].status == "partial_success"
    assert "twizzit credentials update ID --same-organization" in str(synced.history["teams"].error_message)
    assert dump(world) == before

    said = moving.change_endpoint(
        world.database.engine, world.settings.encryption_key, credential_id, same_organization=True
    )

    assert (said.carried_over, said.left) == (mappings, 0)
    again = world.sync(credential_id, steps=EVERYTHING)
    assert not any(row.details["failed"] for row in again.history.values())
    host = parse_endpoint(moved.v2_endpoint).server
    now = dump(world)
    for name, rows in before.items():
        changed = {"twizzit_host": host} if "mappings" in name else {}
        assert [{**row, **changed} for row in rows] == now[name]
    last = audit.recent(world.database.engine)[0]
    assert (last.action, last.target_id) == ("move", str(credential_id))
    assert last.details["same_organization"] is True
    assert last.details["mappings_carried_over"] == mappings


def test_ids_of_another_dialect_are_not_carried_over(world: SyncWorld) -> None:
    credential_id = world.add_credential(dialect="v1")
    world.sync(credential_id)
    before = dump(world)
    assert world.settings.encryption_key is not None
    with pytest.raises(EndpointRefused, match="speaks v2"):
        moving.change_endpoint(
            world.database.engine,
            world.settings.encryption_key,
            credential_id,
            endpoint=world.simulator.v2_endpoint,
            same_organization=True,
        )
    assert world.rows(tables.credentials)[0]["api_endpoint"] == world.simulator.v1_endpoint
    moving.change_endpoint(
        world.database.engine, world.settings.encryption_key, credential_id, endpoint=world.simulator.v2_endpoint
    )
    synced = world.sync(credential_id)
    assert set(synced.teams.failed) == {"remote_id_taken"}
    assert dump(world) == before


def test_carrying_over_takes_nothing_from_another_credential(world: SyncWorld, club: int, simulate: Simulate) -> None:
    other = another(simulate)
    second = world.add_credential(server=other)
    world.sync(second)
    before = dump(world)
    assert world.settings.encryption_key is not None
    with pytest.raises(EndpointRefused, match="Another credential has mappings of the same ids"):
        moving.change_endpoint(
            world.database.engine,
            world.settings.encryption_key,
            second,
            endpoint=world.simulator.v2_endpoint,
            same_organization=True,
        )
    assert dump(world) == before
    assert [row["api_endpoint"] for row in world.rows(tables.credentials)][1] == other.v2_endpoint


def test_mappings_without_a_credential_follow_their_organization(
    world: SyncWorld, club: int, simulate: Simulate
) -> None:
    with world.database.engine.begin() as connection:
        connection.execute(tables.credentials.delete())
    players = remote_ids(world, tables.player_mappings, 0) or {
        row["twizzit_player_id"] for row in world.rows(tables.player_mappings)
    }
    again = world.add_credential()
    world.sync(again, steps=(STEPS[0], STEPS[2]))  # the teams alone: the players have no owner yet
    moved = simulate(**SMALL)
    assert world.settings.encryption_key is not None
    moving.change_endpoint(
        world.database.engine,
        world.settings.encryption_key,
        again,
        endpoint=moved.v2_endpoint,
        same_organization=True,
    )
    synced = world.sync(again)
    assert synced.players.adopted == len(players)
    assert synced.players.created == 0


def test_the_endpoint_changed_by_sql_is_another_host_too(world: SyncWorld, club: int, simulate: Simulate) -> None:
    """ShotSpot's own back end writes that column as well."""
    before = dump(world)
    hostile = simulate(**SMALL)
    move_login(world.database, club, api_endpoint=hostile.v2_endpoint)
    synced = world.sync(club)
    assert set(synced.teams.failed) == {"host_changed"}
    assert dump(world) == before


def test_an_orphan_of_an_unknown_host_waits_for_its_own_organization(world: SyncWorld, club: int) -> None:
    """Rows from before the host was kept, whose credential was gone already."""
    with world.database.engine.begin() as connection:
        connection.execute(tables.credentials.delete())
        for table in list(IDS)[:2]:
            connection.execute(update(table).values(twizzit_host=None))
    players = len(world.rows(tables.players))
    again = world.add_credential()
    synced = world.sync(again)
    assert (synced.players.adopted, synced.players.created) == (players, 0)
    world.assert_truth(again)


def test_a_club_of_shotspots_own_is_still_found(world: SyncWorld) -> None:
    with world.database.engine.begin() as connection:
        connection.execute(insert(tables.clubs), [{"name": world.club().name}])
    world.sync(world.add_credential())
    assert len(world.rows(tables.clubs)) == 1


ENDPOINTS = {
    "https://APP.Twizzit.com/v2/api": "app.twizzit.com",
    "https://app.twizzit.com:443": "app.twizzit.com",
    "https://app.twizzit.com./v2/api": "app.twizzit.com",
    "http://127.0.0.1:8399/v1": "127.0.0.1:8399",
    "https://korfbal-ü.example/v1": "xn--korfbal--e6a.example",
    "https://[2001:DB8:0::1]:8443/v1": "[2001:db8::1]:8443",
    "no url": None,
    None: "api.twizzit.com",
}


def test_the_migration_fills_the_hosts_of_the_endpoints(database: Database) -> None:
    """And leaves what belongs to no credential, and what ShotSpot's own integration made, without one."""
    with database.engine.begin() as connection:
        connection.execute(text("INSERT INTO clubs (name) VALUES ('KC X')"))
        for number, endpoint in enumerate([*ENDPOINTS, "gone", "shotspot"], start=1):
            connection.execute(
                text(
                    "INSERT INTO twizzit_credentials (organization_name, api_username, encrypted_password,"
                    " encryption_iv, api_endpoint) VALUES ('KC X', 'u', '0', '0', :endpoint)"
                ),
                {"endpoint": None if endpoint is None else str(endpoint)},
            )
            connection.execute(text("INSERT INTO teams (club_id, name) VALUES (1, :name)"), {"name": f"U{number}"})
            values = {
                "number": number,
                "owner": None if endpoint == "gone" else number,
                "dialect": None if endpoint == "shotspot" else "v2",
            }
            connection.execute(
                text(
                    "INSERT INTO twizzit_team_mappings (local_team_id, twizzit_team_id, credential_id,"
                    " twizzit_dialect, twizzit_organization_id) VALUES (:number, :number, :owner, :dialect, '1')"
                ),
                values,
            )
        # as the migration before left it
        for table, column in IDS.items():
            connection.execute(text(f"ALTER TABLE {table.name} DROP COLUMN twizzit_host"))
            connection.execute(text(f"ALTER TABLE {table.name} ADD UNIQUE ({column})"))
        connection.execute(text("ALTER TABLE twizzit_opponents DROP COLUMN twizzit_host"))
        connection.execute(text("UPDATE twizzit_alembic_version SET version_num = '0015'"))

    assert migrate(database.engine) == ["0016", "0017", "0018", "0019", "0020", "0021", "0022", "0023"]

    assert check(database.engine).differences == ()
    with database.engine.connect() as connection:
        mapped = tables.team_mappings.c
        hosts = list(connection.scalars(select(mapped.twizzit_host).order_by(mapped.id)))
    assert hosts == [*ENDPOINTS.values(), None, None]
    for endpoint, host in ENDPOINTS.items():
        if endpoint is not None and host is not None:
            assert parse_endpoint(endpoint).server == host
