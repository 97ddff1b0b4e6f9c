"""Who of a team is registered, who is not, and why."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from typer.testing import CliRunner

from tests.support.sync_world import SyncWorld, quick
from tests.support.synced_world import NewDatabase, SyncedOnce, synced_once, taken_over
from twizzit_pipeline.accounts.live import LiveMember, LiveTwizzit
from twizzit_pipeline.cli.app import app
from twizzit_pipeline.errors import NotUnique, UnknownPlayer, UnknownTeam
from twizzit_pipeline.plan.narrowing import Narrowing
from twizzit_pipeline.queries.finding import Place, find_credential, find_player, find_team
from twizzit_pipeline.queries.registered import registered
from twizzit_pipeline.queries.registrations import Registration
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync.entities.players import map_players, scan_players
from twizzit_pipeline.sync.entities.teams import map_teams, scan_teams

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
    """A player whom ShotSpot's own users put into a team."""
    (team,) = world.rows(tables.teams, id=team_id)
    row = {"team_id": team_id, "club_id": team["club_id"], "first_name": first, "last_name": last, **more}
    with world.database.engine.begin() as connection:
        return int(connection.execute(insert(tables.players).values(row).returning(tables.players.c.id)).scalar_one())


def of_team(world: SyncWorld, team_id: int) -> dict[int, Registration]:
    return {
        one.player_id: one for one in registered(world.database.engine, team_id).people if one.here and one.player_id
    }


def members(world: SyncWorld, place: int = 0) -> list[Any]:
    """Whom Twizzit lists as players of a team, those who are rejected too."""
    return world.club().players(world.roster(place)[0])


def in_twizzit(world: SyncWorld, place: int = 0) -> int:
    return len(members(world, place))


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


def test_a_player_whom_twizzit_does_not_know_is_not(world: SyncWorld, club: int) -> None:
    team_id = local_team(world)
    player_id = add_player(world, team_id, "Aaa", "Zzz", jersey_number=998)
    people = registered(world.database.engine, team_id).people
    (first,) = [one for one in people if one.player_id == player_id]
    assert (first.registered, first.code) == (False, "not_in_twizzit")
    assert first.reason == "here, not in this team of Twizzit"
    here = [one for one in people if one.here and one is not first]
    assert all(one.registered for one in here)
    assert [one.last_name for one in here] == sorted(str(one.last_name) for one in here)
    players = [one for one in people if one.code != "set_aside"]
    assert [one.registered for one in players] == sorted(one.registered for one in players)
    assert people[: len(players)] == players


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


def test_a_namesake_is_another_person(world: SyncWorld, club: int) -> None:
    team_id = local_team(world)
    known = [one for one in registered(world.database.engine, team_id).people if one.here][-1]
    assert known.first_name
    assert known.last_name
    player_id = add_player(world, team_id, known.first_name.upper(), known.last_name)
    assert of_team(world, team_id)[player_id].code == "namesake_registered"


def test_a_team_that_is_none_of_twizzits(world: SyncWorld, club: int) -> None:
    (mapped,) = world.rows(tables.teams, id=local_team(world))
    with world.database.engine.begin() as connection:
        team = insert(tables.teams).values(club_id=mapped["club_id"], name="Veterans").returning(tables.teams.c.id)
        team_id = int(connection.execute(team).scalar_one())
    assert registered(world.database.engine, team_id).people == []
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
    assert found[rejected].reason == "here; the last sync rejected the row in Twizzit: the first name is missing"
    assert (found[gone].registered, found[gone].code) == (True, "not_listed")
    assert found[gone].reason == "here, not in Twizzit any more"
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


@pytest.fixture
def commands(world: SyncWorld, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    url, key = world.settings.database_url, world.settings.encryption_key
    assert url is not None
    assert key is not None
    monkeypatch.setenv("TWIZZIT_DATABASE_URL", url.get_secret_value())
    monkeypatch.setenv("TWIZZIT_ENCRYPTION_KEY", key.get_secret_value())
    monkeypatch.setenv("TWIZZIT_ALLOW_PRIVATE_ENDPOINTS", "true")
    monkeypatch.setenv("TWIZZIT_RETRY_ATTEMPTS", "1")
    return CliRunner()


def too_long(world: SyncWorld, place: int = 0) -> tuple[int, str]:
    """A new member of a team whose last name is longer than ShotSpot's column: remote id and last name."""
    group_id, _ = world.roster(place)
    last_name = "Van der " + "Lang" * 12
    person = world.simulator.changes.add_person(group_id, "Ann", last_name)
    return person, last_name


def test_who_is_in_twizzit_alone_is_named_with_the_reason(world: SyncWorld, club: int) -> None:
    person, last_name = too_long(world)
    world.sync(club)
    team_id = local_team(world)
    live = LiveTwizzit(world.settings, world.database)
    try:
        found = registered(world.database.engine, team_id, ask=live.members)
        calls = world.simulator.calls.total
        again = registered(world.database.engine, team_id, ask=live.members)
        assert world.simulator.calls.total == calls, "kept for five minutes"
    finally:
        live.close()
    assert again == found
    assert found.names_missing is None
    (one,) = [one for one in found.people if one.twizzit_id == str(person)]
    assert one == Registration(
        player_id=None,
        first_name="Ann",
        last_name=last_name,
        jersey_number=None,
        registered=False,
        reason="in Twizzit, not here: the last name is longer than 50 characters",
        code="rejected",
        twizzit_id=str(person),
        in_twizzit=True,
        here=False,
    )
    assert not found.people[0].registered
    here = len(world.rows(tables.players, team_id=team_id))
    assert (found.in_twizzit, found.here) == (in_twizzit(world), here)
    assert found.in_twizzit > found.here


def test_twizzit_is_not_asked_where_all_names_are_known(world: SyncWorld, club: int) -> None:
    def ask(*_: object) -> list[LiveMember]:
        raise AssertionError("calls are scarce")

    group_id = world.roster()[0]
    roster = world.club().rosters[group_id]
    playing = {player.id for player in members(world)}
    roster[:] = [link for link in roster if link.contact_id in playing]
    for number, player in enumerate(members(world)):
        world.simulator.changes.rename_person(player.id, "Jo", f"Peeters {'ABCDEFGHIJKLMNOP'[number]}")
    world.sync(club)
    found = registered(world.database.engine, local_team(world), ask=ask)
    assert (found.in_twizzit, found.here) == (in_twizzit(world),) * 2


@pytest.mark.parametrize("off", ["away", "switched off", "quota"])
def test_the_answer_comes_without_twizzit_too(world: SyncWorld, club: int, off: str) -> None:
    person, _ = too_long(world)
    world.sync(club)
    team_id = local_team(world)
    if off == "switched off":
        world.change(tables.credentials, club, is_active=False)
    elif off == "quota":
        world.simulator.faults.arm("quota", times=None)
    else:
        world.simulator.stop()
    live = LiveTwizzit(world.settings, world.database)
    try:
        found = registered(world.database.engine, team_id, ask=live.members)
    finally:
        live.close()
    assert found.names_missing
    (one,) = [one for one in found.people if one.twizzit_id == str(person)]
    assert (one.first_name, one.last_name, one.registered) == (None, None, False)
    assert one.reason == "in Twizzit, not here: the last name is longer than 50 characters"
    assert found.in_twizzit == in_twizzit(world)


def test_who_plays_elsewhere_in_shotspot_is_said(world: SyncWorld, club: int) -> None:
    _, players = world.roster()
    team_id, other_id = local_team(world), local_team(world, 1)
    moved = world.local_id(players[0])
    world.change(tables.players, moved, team_id=other_id)
    (other,) = world.rows(tables.teams, id=other_id)
    found = registered(world.database.engine, team_id)
    (one,) = [one for one in found.people if one.player_id == moved]
    assert (one.registered, one.code, one.in_twizzit, one.here) == (True, "plays_elsewhere", True, False)
    assert one.reason == f"plays in {other['name']} in ShotSpot"
    assert (found.in_twizzit, found.here) == (in_twizzit(world), len(world.rows(tables.players, team_id=team_id)))
    there = of_team(world, other_id)[moved]
    (team,) = world.rows(tables.teams, id=team_id)
    assert (there.registered, there.code) == (True, "listed_elsewhere")
    assert there.reason == f"here, in {team['name']} in Twizzit"


def test_who_came_since_the_last_sync_is_said_where_twizzit_is_asked(world: SyncWorld, club: int) -> None:
    too_long(world)
    world.sync(club)
    group_id, _ = world.roster()
    new = world.simulator.changes.add_person(group_id, "Nele", "Nieuw")
    live = LiveTwizzit(world.settings, world.database)
    try:
        found = registered(world.database.engine, local_team(world), ask=live.members)
    finally:
        live.close()
    (one,) = [one for one in found.people if one.twizzit_id == str(new)]
    assert (one.first_name, one.last_name, one.code) == ("Nele", "Nieuw", "not_synced_yet")
    assert one.reason == "in Twizzit, not here yet: the next sync brings this player"


def test_who_was_set_aside_comes_last_and_counts_apart(world: SyncWorld, club: int) -> None:
    group_id, _ = world.roster()
    before = registered(world.database.engine, local_team(world))
    history = tables.sync_history
    with world.database.engine.begin() as connection:
        row = connection.execute(select(history).where(history.c.sync_type == "players")).one()
        details = {
            **row.details,
            "set_aside": {**row.details["set_aside"], "not_a_player: Trainer": {"count": 1, "twizzit_ids": ["9001"]}},
            "places": {**row.details.get("places", {}), "9001": [str(group_id)]},
        }
        connection.execute(update(history).where(history.c.id == row.id).values(details=details))
    found = registered(world.database.engine, local_team(world))
    (last,) = [one for one in found.people if one.twizzit_id == "9001"]
    assert (last.code, last.registered) == ("set_aside", False)
    assert "Trainer" in last.reason
    assert found.set_aside == before.set_aside + 1
    assert found.in_twizzit == in_twizzit(world), "who is set aside is no player"


def test_a_coach_of_the_team_is_named_and_set_aside(world: SyncWorld, club: int) -> None:
    group_id, _ = world.roster()
    person = world.simulator.changes.add_person(world.roster(1)[0], "Nele", "Trainster")
    world.simulator.changes.remove_from_team(person, world.roster(1)[0])
    world.simulator.changes.add_to_team(person, group_id, "coach")
    world.sync(club)
    live = LiveTwizzit(world.settings, world.database)
    try:
        found = registered(world.database.engine, local_team(world), ask=live.members)
    finally:
        live.close()
    (one,) = [one for one in found.people if one.twizzit_id == str(person)]
    assert (one.first_name, one.last_name, one.code) == ("Nele", "Trainster", "set_aside")
    assert (one.registered, one.in_twizzit, one.here) == (False, False, False)
    assert one.reason.endswith("is not a player's function")
    assert found.people[-1].code == "set_aside"
    assert found.in_twizzit == in_twizzit(world)


def test_a_team_and_a_player_are_found_by_name(world: SyncWorld, club: int) -> None:
    engine = world.database.engine
    team_id = local_team(world)
    (team,) = world.rows(tables.teams, id=team_id)
    (owner,) = world.rows(tables.clubs, id=team["club_id"])
    assert find_team(engine, str(team_id)) == team_id
    for text in (team["name"], team["name"].upper(), f"{owner['name']} {team['name']}"):
        assert find_team(engine, text) == team_id
    with pytest.raises(UnknownTeam, match="Nowhere"):
        find_team(engine, "Nowhere")
    with pytest.raises(UnknownTeam):
        find_team(engine, team["name"], credential_ids=[club + 1])
    player_id = add_player(world, team_id, "Zoë", "D'Hondt")
    for text in ("d'hondt", "zoe d’hondt", "DHONDT ZOË".replace("DH", "D'H"), str(player_id)):
        assert find_player(engine, text, team_id=team_id) == Place(team_id, player_id, None)
    assert find_player(engine, "hondt").player_id == player_id
    add_player(world, local_team(world, 1), "Zoé", "D'Hondt")
    with pytest.raises(NotUnique, match="fits 2 players") as several:
        find_player(engine, "Zoe D'Hondt")
    assert f"{player_id}  Zoë D'Hondt ({team['name']}, {owner['name']})" in several.value.choices
    assert "by its id" in str(several.value), "namesakes cannot say more of their name"
    assert find_player(engine, "Zoe", team_id=team_id).player_id == player_id
    with pytest.raises(UnknownPlayer):
        find_player(engine, "Zoe", team_id=local_team(world, 2))


def test_whom_twizzit_alone_knows_is_found_by_what_the_list_calls_them(world: SyncWorld, club: int) -> None:
    engine = world.database.engine
    (mapping, *_) = world.rows(tables.player_mappings)
    with engine.begin() as connection:
        connection.execute(delete(tables.player_mappings).where(tables.player_mappings.c.id == mapping["id"]))
    twizzit_id = mapping["twizzit_player_id"]
    for text in (f"Twizzit {twizzit_id}", f" twizzit  {twizzit_id}"):
        found = find_player(engine, text)
        assert (found.player_id, found.twizzit_id) == (None, twizzit_id)
    with pytest.raises(UnknownPlayer):
        find_player(engine, "Twizzit 4711")


def test_a_number_is_an_id_first_and_then_a_name(world: SyncWorld, club: int) -> None:
    engine = world.database.engine
    team_id = local_team(world)
    with engine.begin() as connection:
        connection.execute(update(tables.teams).where(tables.teams.c.id == team_id).values(name="1860"))
        connection.execute(update(tables.credentials).values(organization_name="1860 Korfbal"))
    assert find_team(engine, "1860") == team_id
    assert find_team(engine, str(local_team(world, 1))) == local_team(world, 1)
    assert find_team(engine, "4711") == 4711, "the use case says that there is none"
    assert find_credential(engine, "1860") == club
    assert find_credential(engine, str(club)) == club
    assert find_credential(engine, "4711") == 4711


def test_the_command_line_shows_it(world: SyncWorld, club: int, commands: CliRunner) -> None:
    team_id = local_team(world)
    add_player(world, team_id, "Aaa", "Zzz")
    people = registered(world.database.engine, team_id).people
    (team,) = world.rows(tables.teams, id=team_id)
    for said in (str(team_id), team["name"].lower()):
        shown = commands.invoke(app, ["registered", "--team", said])
        assert shown.exit_code == 0
        here = len(world.rows(tables.players, team_id=team_id))
        players = [one for one in people if one.code != "set_aside"]
        assert f"{len(players)} players, {len(players) - here + 1} not registered" in shown.stdout
        assert shown.stdout.count(" yes ") == sum(one.registered for one in people)
        assert shown.stdout.splitlines()[-1] == f"{in_twizzit(world)} in Twizzit, {here} here"
    as_json = commands.invoke(app, ["registered", "--team", str(team_id), "--json"])
    found = json.loads(as_json.stdout)
    assert [one["player_id"] for one in found] == [one.player_id for one in people]
    assert {one["registered"]: one["code"] for one in found if one["here"]} == {
        False: "not_in_twizzit",
        True: "registered",
    }
    missing = commands.invoke(app, ["registered", "--team", "999999"])
    assert isinstance(missing.exception, UnknownTeam)
    alone = commands.invoke(app, ["registered", "--player", "zzz", "--club", world.club().name[:6]])
    assert alone.exit_code == 0
    assert "Aaa Zzz" in alone.stdout
    assert alone.stdout.splitlines()[-1] == "0 in Twizzit, 1 here"
    assert commands.invoke(app, ["registered"]).exit_code == 2


def test_the_command_line_names_whom_twizzit_alone_knows(world: SyncWorld, club: int, commands: CliRunner) -> None:
    person, last_name = too_long(world)
    world.sync(club)
    shown = commands.invoke(app, ["registered", "--team", str(local_team(world))])
    assert shown.exit_code == 0
    assert "in Twizzit, not here: the last name is" in shown.stdout
    assert last_name[-12:] in shown.stdout.replace("\n", "")
    world.simulator.stop()
    away = commands.invoke(app, ["registered", "--team", str(local_team(world))])
    assert away.exit_code == 0
    assert f"Twizzit id {person}" in away.stdout
    assert "named by id" in away.stderr
