"""Whole syncs of accounts with odd habits on the wire: each ends with the truth of the same world without them."""

from collections.abc import Callable, Iterable
from datetime import date

import pytest

from tests.integration.sync_world import SyncWorld, quick
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.twizzit.simulator import SimulatorServer
from twizzit_pipeline.twizzit.simulator.quirks import Quirk

OF_THE_WIRE: tuple[Quirk, ...] = (
    "entities_in_names",
    "digit_keys",
    "low_cap",
    "session_ends_403",
    "empty_204",
    "empty_404",
    "season_labels",
)
Make = Callable[..., SyncWorld]


@pytest.fixture
def make_world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> Make:
    def make(quirks: Iterable[Quirk], **options: object) -> SyncWorld:
        server = simulate(clubs=1, teams=12, quirks=frozenset(quirks), **options)
        return SyncWorld(quick(settings), database, server)

    return make


@pytest.mark.parametrize("dialect", ["v2", "v1"])
@pytest.mark.parametrize("quirks", [*([one] for one in OF_THE_WIRE), OF_THE_WIRE], ids="+".join)
def test_a_sync_ends_with_the_truth_whatever_the_wire_looks_like(
    make_world: Make, quirks: list[Quirk], dialect: str
) -> None:
    world = make_world(quirks)
    credential_id = world.add_credential(dialect=dialect)

    world.sync(credential_id)

    world.assert_truth(credential_id)
    assert [row["name"] for row in world.rows(tables.seasons)] == [world.season]
    rows = world.dump()
    world.sync(credential_id)
    assert world.dump() == rows


@pytest.mark.parametrize("above", ["cut", "refuse"])
def test_a_low_cap_is_learnt_once(make_world: Make, above: str) -> None:
    world = make_world(["low_cap"], above_limit=above, group_contacts_paged=True)
    credential_id = world.add_credential()
    world.sync(credential_id)
    world.assert_truth(credential_id)
    # 250 and 100 are refused (or bring ten rows) once; then fifty come at a time.
    assert world.simulator.calls.of("/groups") <= 2 + 1 + 1


def test_a_session_that_ends_with_403_costs_a_login_and_the_call_once_more(make_world: Make) -> None:
    world = make_world(["session_ends_403"])
    synced = world.sync(world.add_credential())
    logins = world.simulator.calls.of("/authenticate")
    assert 2 <= logins <= 1 + synced.calls // 9
    undisturbed = make_world([])
    assert synced.calls <= undisturbed.sync(undisturbed.add_credential()).calls + 2 * (logins - 1) + 4


def test_shotspots_season_and_its_teams_are_found_under_another_label(make_world: Make) -> None:
    world = make_world(["season_labels"])
    club, running = world.club(), world.simulator.world.running_season
    with world.connected() as connection:
        connection.execute("INSERT INTO clubs (name) VALUES (%s)", [club.name])
        connection.execute(
            "INSERT INTO seasons (name, start_date, end_date) VALUES (%s, %s, %s)",
            [running.label, running.start, date(running.end.year, 5, 31)],
        )
        for name in world.simulator.world.truth(club).teams.values():
            connection.execute("INSERT INTO teams (club_id, season_id, name) VALUES (1, 1, %s)", [name])

    synced = world.sync(world.add_credential())

    assert len(world.rows(tables.seasons)) == 1
    assert synced.teams.created == 0
    assert synced.teams.linked == len(world.simulator.world.truth(club).teams)
    assert world.season in {row["label"] for row in world.rows(tables.twizzit_seasons)}


def test_a_name_with_entities_is_linked_to_the_person_who_is_there(make_world: Make) -> None:
    world = make_world(["entities_in_names"])
    club = world.club()
    teams = world.simulator.world.truth(club).teams
    remote_id = next(iter(sorted(world.simulator.world.truth(club).players, key=int)))
    world.simulator.changes.rename_person(int(remote_id), "Renée", "D'Hondt & Zoon")
    team_id = min(world.simulator.world.truth(club).players[remote_id].team_ids, key=int)
    with world.connected() as connection:
        connection.execute("INSERT INTO clubs (name) VALUES (%s)", [club.name])
        connection.execute(
            "INSERT INTO seasons (name, start_date, end_date) VALUES (%s, %s, %s)",
            [world.season, world.simulator.world.running_season.start, world.simulator.world.running_season.end],
        )
        connection.execute("INSERT INTO teams (club_id, season_id, name) VALUES (1, 1, %s)", [teams[team_id]])
        connection.execute(
            "INSERT INTO players (first_name, last_name, club_id, team_id) VALUES ('Renée', 'D''Hondt & Zoon', 1, 1)"
        )

    synced = world.sync(world.add_credential())

    assert synced.players.linked == 1
    [mapping] = world.rows(tables.player_mappings, twizzit_player_id=remote_id)
    assert mapping["local_player_id"] == 1
    assert not [row for row in world.rows(tables.players) if "&#" in row["last_name"] or "&amp" in row["last_name"]]
