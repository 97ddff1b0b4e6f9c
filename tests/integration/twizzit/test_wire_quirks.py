"""Whole syncs of accounts with odd habits on the wire: each ends with the truth of the same world without them."""

from collections.abc import Callable, Iterable
from datetime import date

import pytest

from tests.support.sync_world import SHOTSPOT, SyncWorld, quick
from twizzit_pipeline import errors
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.simulator.faults import FaultKind
from twizzit_pipeline.simulator.quirks import Quirk
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync.entities.competitions import scan_competitions

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
def test_a_sync_of_many_teams_ends_with_the_truth_whatever_the_wire_looks_like(make_world: Make, dialect: str) -> None:
    world = make_world(OF_THE_WIRE)
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


@pytest.mark.parametrize(
    ("dialect", "fault", "path", "after", "kind", "said"),
    [
        ("v2", "forbidden", "/events", 0, errors.CalendarRefused, "may not read its competitions and matches"),
        ("v2", "not_found", "/events", 0, errors.CalendarRefused, "ask Twizzit whether it has a calendar"),
        ("v2", "forbidden", "/events", 1, errors.AccessDenied, "after it had answered in this same run"),
        ("v1", "forbidden", "/competitions", 0, errors.CalendarRefused, "may not read its competitions and matches"),
        ("v1", "not_found", "/v1/competitions/*/matches", 0, errors.NotATwizzit, "answered 404"),
    ],
)
def test_leaving_competitions_out_is_advised_only_where_the_calendar_itself_is_refused(
    make_world: Make, dialect: str, fault: FaultKind, path: str, after: int, kind: type[Exception], said: str
) -> None:
    world = make_world([])
    credential_id = world.add_credential(dialect=dialect)
    world.simulator.faults.arm(fault, path=path, times=None, after=after)
    with pytest.raises(errors.TwizzitAnswerError, match=said) as raised:
        world.sync(credential_id, steps=[scan_competitions])
    assert type(raised.value) is kind
    assert ("--no-competitions" in str(raised.value)) == (kind is errors.CalendarRefused)
    assert "endpoint is probably" not in str(raised.value)


def test_a_season_keeps_the_label_that_it_had(make_world: Make) -> None:
    world = make_world([])
    credential_id = world.add_credential()
    world.sync(credential_id)
    old = f"Saison {world.season}"
    with world.connected() as connection:
        connection.execute("UPDATE twizzit_seasons SET label = %s WHERE label = %s", [old, world.season])
    before = {table.name: world.rows(table) for table in SHOTSPOT}

    synced = world.sync(credential_id, old)

    assert synced.teams.season_exists
    assert {table.name: world.rows(table) for table in SHOTSPOT} == before
    labels = [row["label"] for row in world.rows(tables.twizzit_seasons)]
    assert old in labels and world.season not in labels
    assert len(world.rows(tables.seasons)) == 1
    assert world.sync(credential_id, world.season).teams.season_exists, "asked for as it is called now"
    assert len(world.rows(tables.twizzit_seasons)) == len(labels)
