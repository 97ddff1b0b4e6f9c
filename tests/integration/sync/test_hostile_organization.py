"""A server that its owner chose, and that says of itself whatever helps: another's organization, ids, club and people.

Each attack says what it must not reach: the victim's mappings, its club in ShotSpot, who is registered there, and its
next sync.
"""

from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select, text

from tests.support.api_server import ApiServer, token
from tests.support.moved_login import move_login
from tests.support.sync_process import wait_until
from tests.support.sync_world import STEPS, Rows, Synced, SyncWorld
from tests.support.synced_world import NewDatabase, SyncedOnce, first_sync, synced_once, taken_over
from twizzit_pipeline.accounts.verify import verify
from twizzit_pipeline.credentials import clubs
from twizzit_pipeline.http_api.access_table import Role
from twizzit_pipeline.runs import fed_clubs
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.simulator.records import ClubReference
from twizzit_pipeline.storage import audit, tables
from twizzit_pipeline.storage.migrate import check, migrate
from twizzit_pipeline.sync.entities.competitions import map_competitions, scan_competitions
from twizzit_pipeline.sync.entities.matches import map_matches, scan_matches

Simulate = Callable[..., SimulatorServer]
SMALL: dict[str, Any] = {"clubs": 1, "teams": 3, "players_per_team": 6, "other_contacts": 0}
EVERYTHING = (*STEPS[:2], scan_competitions, scan_matches, STEPS[2], map_competitions, STEPS[3], map_matches)
VICTIMS = (tables.clubs, tables.teams, tables.players, tables.team_mappings, tables.player_mappings)
CALENDAR = (tables.competition_mappings, tables.match_mappings)
# Of an attack that writes no mapping with an id of the victim's, or whose writing another test has of both kinds: it
# makes no difference whether a remote id may be there twice.
ONE_KIND = pytest.mark.parametrize("synced", ["beside"], indirect=True)


@pytest.fixture(scope="module", params=["alone", "beside"])
def synced(
    request: pytest.FixtureRequest, new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SyncedOnce]:
    """A club that syncs, with a person whom ShotSpot has and for whom no club vouches."""

    def began(world: SyncWorld) -> None:
        with world.database.engine.begin() as connection:
            for table in ("team", "player", "competition") if request.param == "beside" else ():
                unique = f"ALTER TABLE twizzit_{table}_mappings ADD UNIQUE (twizzit_{table}_id)"
                connection.execute(text(unique))
        first_sync(world, EVERYTHING)
        with world.database.engine.begin() as connection:
            connection.execute(
                insert(tables.players).values(club_id=1, team_id=1, first_name="Niet", last_name="Ingeschreven")
            )
            connection.execute(insert(tables.teams).values(club_id=1, name="Recreanten"))

    with synced_once(new_database, tmp_path_factory.mktemp("synced"), began, **SMALL) as once:
        yield once


@pytest.fixture
def victim(world: SyncWorld, synced: SyncedOnce) -> int:
    return taken_over(world, synced)


@pytest.fixture
def evil(simulate: Simulate) -> SimulatorServer:
    """Claims the victim's organization: id, name, groups, people, series and matches, by the same numbers."""
    return simulate(**SMALL)


def dump(world: SyncWorld, *more: Any) -> dict[str, Rows]:
    return {table.name: world.rows(table) for table in (*VICTIMS, *more)}


def add_unregistered(server: SimulatorServer) -> None:
    """Lists the person for whom no club vouches, in each team."""
    club = server.world.organizations[0]
    (contact, *_) = (club.contacts[link.contact_id] for roster in club.rosters.values() for link in roster)
    contact.first_name, contact.last_name, contact.gender = "Niet", "Ingeschreven", None


def assert_on_time(world: SyncWorld, victim: int) -> None:
    before = dump(world, *CALENDAR)
    synced = world.sync(victim, steps=EVERYTHING)
    assert not any(row.details["failed"] for row in synced.history.values())
    assert dump(world, *CALENDAR) == before


def assert_untouched(before: dict[str, Rows], after: dict[str, Rows]) -> None:
    assert {name: [row for row in rows if row not in after[name]] for name, rows in before.items()} == {
        name: [] for name in before
    }


def test_claiming_the_whole_organization_reaches_nothing(world: SyncWorld, victim: int, evil: SimulatorServer) -> None:
    add_unregistered(evil)
    before = dump(world, *CALENDAR)
    hostile = world.add_credential(server=evil, organization_name="KC Boos")

    synced = world.sync(hostile, steps=EVERYTHING)

    assert set(synced.teams.failed) == {"club_of_another_organization"}
    assert set(synced.players.failed) == {"team_not_mapped"}
    assert (synced.teams.mappings, synced.players.mappings) == (0, 0)
    assert synced.history["teams"].status == "partial_success"
    assert "twizzit credentials set-club ID CLUB" in str(synced.history["teams"].error_message)
    after = dump(world, *CALENDAR)
    assert {name: after[name] for name in before if "competition" not in name} == {
        name: rows for name, rows in before.items() if "competition" not in name
    }
    assert_untouched(before, after)
    assert_on_time(world, victim)


def test_naming_the_victims_club_in_a_group_registers_no_one(
    world: SyncWorld, victim: int, evil: SimulatorServer
) -> None:
    """Its own club has another name, and its groups name the victim's: the attack that registered a person."""
    first, *others = evil.world.organizations[0].teams(evil.world.running_season)
    hostile, synced, _ = named_in_groups(world, evil, as_organization=False)
    named = set(synced.teams.failed["names_another_club"])
    assert named
    assert named <= {str(group.id) for group in others}
    assert remote_ids(world, hostile) == {str(first.id)}
    assert_on_time(world, victim)


@ONE_KIND
def test_naming_it_as_an_organization_names_nothing(world: SyncWorld, victim: int, evil: SimulatorServer) -> None:
    """The account does not read that organization."""
    _, _, before = named_in_groups(world, evil, as_organization=True)
    (own,) = world.rows(tables.clubs, name="KC Boos")
    assert {row["club_id"] for row in world.rows(tables.teams) if row not in before["teams"]} == {own["id"]}
    assert_on_time(world, victim)


def named_in_groups(
    world: SyncWorld, evil: SimulatorServer, *, as_organization: bool
) -> tuple[int, Synced, dict[str, Rows]]:
    """The hostile credential, its sync, and what was there before: untouched, and the person is not registered."""
    add_unregistered(evil)
    club = evil.world.organizations[0]
    name = club.name
    club.name = "KC Boos"
    for group in club.teams(evil.world.running_season)[1:]:
        group.club = ClubReference(99, name, as_organization)
    before = dump(world)
    hostile = world.add_credential(server=evil)

    synced = world.sync(hostile)

    assert_untouched(before, dump(world))
    unregistered = world.rows(tables.players, last_name="Ingeschreven")
    assert {row["is_twizzit_registered"] for row in unregistered if row["club_id"] == 1} == {False}
    return hostile, synced, before


def remote_ids(world: SyncWorld, credential_id: int) -> set[str]:
    rows = world.rows(tables.team_mappings, credential_id=credential_id)
    return {row["twizzit_remote_id"] or row["twizzit_team_id"] for row in rows}


def test_ids_taken_before_the_victim_uses_them_keep_it_from_nothing(
    world: SyncWorld, victim: int, evil: SimulatorServer
) -> None:
    """The hostile server numbers its people like those whom the victim will list next."""
    evil.world.organizations[0].name = "KC Boos"
    new = world.simulator.changes.add_person(world.roster()[0], "Nieuw", "Lid")
    taken_before = evil.changes.add_person(world.roster()[0], "Boos", "Opzet")
    assert taken_before == new
    hostile = world.add_credential(server=evil)
    world.sync(hostile)
    taken = {
        row["twizzit_remote_id"] or row["twizzit_player_id"]
        for row in world.rows(tables.player_mappings, credential_id=hostile)
    }
    assert str(new) in taken

    synced = world.sync(victim)

    assert synced.players.failed == {}
    assert synced.players.created == 1
    mine = world.rows(tables.player_mappings, credential_id=victim)
    assert str(new) in {row["twizzit_remote_id"] or row["twizzit_player_id"] for row in mine}
    assert_on_time(world, victim)


@ONE_KIND
def test_a_victim_that_is_switched_off_or_deleted_keeps_what_it_mapped(
    world: SyncWorld, victim: int, evil: SimulatorServer
) -> None:
    with world.database.engine.begin() as connection:
        connection.execute(tables.credentials.delete())
    before = dump(world)
    synced = world.sync(world.add_credential(server=evil))
    assert set(synced.teams.failed) == {"club_of_another_organization"}
    assert dump(world) == before
    again = world.add_credential()
    assert world.sync(again).players.adopted == len(before["twizzit_player_mappings"])


@ONE_KIND
def test_an_administrators_yes_lets_another_organization_in(
    world: SyncWorld, victim: int, evil: SimulatorServer
) -> None:
    """Two honest installations may feed one club: it is said once, by name or id."""
    other = world.add_credential(server=evil, organization_name="KC Boos")
    assert set(world.sync(other).teams.failed) == {"club_of_another_organization"}
    clubs.set_club(world.database.engine, other, 1)
    synced = world.sync(other)
    assert set(synced.teams.failed) == {"team_of_another_organization"}  # the club is had, its teams are not
    assert "give one of the two another name" in str(synced.history["teams"].error_message)
    assert_on_time(world, victim)


def test_two_that_claim_one_unfed_club_at_once_do_not_both_get_it(
    world: SyncWorld, evil: SimulatorServer, simulate: Simulate
) -> None:
    with world.database.engine.begin() as connection:
        connection.execute(insert(tables.clubs).values(name=world.club().name))
        season = world.simulator.world.running_season
        connection.execute(
            insert(tables.seasons).values(name=season.label, start_date=season.start, end_date=season.end)
        )
    for place, group in enumerate(evil.world.organizations[0].teams(evil.world.running_season)):
        group.name = f"Boos {place}"
    both = [world.add_credential(), world.add_credential(server=evil)]
    for credential_id in both:
        world.sync(credential_id, steps=STEPS[:1])

    def feed(credential_id: int) -> None:
        with world.session(credential_id) as session:
            STEPS[2](session)

    with world.connected() as other, other.transaction():
        other.execute("LOCK TABLE twizzit_team_mappings IN SHARE MODE")  # held until both have planned
        threads = [Thread(target=feed, args=(credential_id,)) for credential_id in both]
        for thread in threads:
            thread.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'twizzit_team_mappings'::regclass"
        with world.connected() as watcher:
            wait_until(lambda: watcher.execute(waiting).fetchone() == (2,))
    for thread in threads:
        thread.join()

    assert len({row["credential_id"] for row in world.rows(tables.team_mappings)}) == 1


# --- federations ------------------------------------------------------------------------------------------------------


@pytest.fixture
def federation(world: SyncWorld, simulate: Simulate) -> int:
    world.simulator = simulate(
        federation=True, clubs=1, federation_clubs=3, teams=2, players_per_team=6, federation_contacts=60
    )
    return world.add_credential(len(world.simulator.world.organizations) - 1)


def test_a_federation_is_recognized_before_its_first_sync(world: SyncWorld, federation: int) -> None:
    (said,) = verify(world.settings, world.database, federation, list_teams=True).refusals
    assert f"twizzit config set {federation} --federation" in said
    assert any(name is not None and name in said for name in world.simulator.world.truth(world.club(-1)).clubs.values())
    world.mark_federation(federation)
    assert verify(world.settings, world.database, federation, list_teams=True).refusals == ()


def test_a_federation_is_one_once_an_administrator_says_so(world: SyncWorld, federation: int) -> None:
    synced = world.sync(federation)
    named = set(synced.teams.failed["names_another_club"])
    assert named
    assert not {row["name"] for row in world.rows(tables.clubs)} - {world.club(-1).name}
    assert "twizzit config set ID --federation" in str(synced.history["teams"].error_message)

    world.mark_federation(federation)
    marked = world.sync(federation)

    assert marked.teams.failed == {}
    truth = world.simulator.world.truth(world.club(-1))
    found = fed_clubs.clubs_of(world.database.engine, federation)
    assert {one.club_name for one in found} == set(truth.clubs.values())
    assert sum(one.teams for one in found) == len(truth.teams)
    assert sum(one.named for one in found) == len(named)
    assert marked.history["teams"].details["clubs"] == {
        "count": len(found),
        "club_ids": sorted(one.club_id for one in found),
    }

    world.mark_federation(federation, False)
    before = dump(world)
    unmarked = world.sync(federation)
    assert set(unmarked.teams.failed["names_another_club"]) == named
    assert unmarked.players.failed["team_not_mapped"]
    assert dump(world) == before


def test_the_api_marks_a_federation_for_an_administrator_alone(world: SyncWorld, federation: int) -> None:
    world.mark_federation(federation)
    world.sync(federation)
    with ApiServer(world.settings, world.database) as api:

        def ask(method: str, path: str, role: Role, body: object = None) -> httpx.Response:
            headers = {"Authorization": f"Bearer {token(role)}"}
            return httpx.request(method, f"{api.root}/api/twizzit{path}", json=body, headers=headers, trust_env=False)

        config = f"/sync/config/{federation}"
        assert ask("PUT", config, "coach", {"isFederation": False}).status_code == 403
        assert ask("GET", config, "admin").json()["isFederation"] is True
        assert ask("PUT", config, "admin", {"isFederation": False}).json()["isFederation"] is False
        path = f"/credentials/{federation}/clubs"
        assert ask("GET", path, "coach").status_code == 403
        listed = ask("GET", path, "admin").json()["clubs"]
        assert len(listed) == len(fed_clubs.clubs_of(world.database.engine, federation))
        assert set(listed[0]) == {"clubId", "clubName", "teams", "named"}
        moved = ask("PUT", f"/credentials/{federation}/endpoint", "admin", {"sameOrganization": True})
        assert moved.json() == {
            "credentialId": federation,
            "host": httpx.URL(world.simulator.v2_endpoint).netloc.decode(),
            "carriedOver": 0,
            "left": 0,
        }
        assert ask("PUT", f"/credentials/{federation}/endpoint", "coach", {}).status_code == 403
        broken = ask("PUT", f"/credentials/{federation}/endpoint", "admin", {"apiEndpoint": "https://x..y/v1"})
        assert broken.status_code == 400
    last = audit.recent(world.database.engine)[0]
    assert (last.action, last.target, last.details["to"]) == ("change", "config", {"is_federation": False})


def test_the_migration_marks_those_that_feed_other_clubs_already(world: SyncWorld, federation: int) -> None:
    club = world.add_credential(0)
    world.sync(club)
    world.mark_federation(federation)
    world.sync(federation)
    before = dump(world)
    with world.database.engine.begin() as connection:
        connection.execute(tables.sync_config.delete())
        connection.execute(text("ALTER TABLE twizzit_sync_config DROP COLUMN is_federation"))
        connection.execute(text("UPDATE twizzit_alembic_version SET version_num = '0015'"))

    migrate(world.database.engine)

    assert check(world.database.engine).differences == ()
    with world.database.engine.connect() as connection:
        marked = connection.scalars(
            select(tables.sync_config.c.credential_id).where(tables.sync_config.c.is_federation)
        )
        assert list(marked) == [federation]
    last = audit.recent(world.database.engine)[0]
    assert (last.target_id, last.details["by"]) == (str(federation), "migration 0016")
    again = world.sync(federation)
    assert not {"names_another_club", "club_of_another_organization"} & set(again.teams.failed)
    assert world.sync(club).teams.failed == {}
    assert dump(world) == before


@ONE_KIND
def test_an_endpoint_that_was_swapped_feeds_no_club(world: SyncWorld, victim: int, evil: SimulatorServer) -> None:
    """The account's own server gives way to another that numbers its teams anew: its old club is not had for it."""
    club = evil.world.organizations[0]
    for group_id in sorted(club.groups):
        group = club.groups.pop(group_id)
        group.id += 7_000_000
        club.groups[group.id] = group
        club.rosters[group.id] = club.rosters.pop(group_id)
        group.name = f"{group.name} bis"
    before = dump(world)
    move_login(world.database, victim, api_endpoint=evil.v2_endpoint)
    synced = world.sync(victim)
    assert set(synced.teams.failed) == {"club_of_another_organization"}
    assert dump(world) == before
