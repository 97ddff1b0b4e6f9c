"""A team and a player found by name, and those whom Twizzit alone has; the command that shows them."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, update
from typer.testing import CliRunner

from tests.support.registered_world import (
    add_player,
    in_twizzit,
    local_team,
    members,
    too_long_by_a_sync,
    who_is_too_long,
)
from tests.support.sync_world import SyncWorld
from twizzit_pipeline.accounts.live import LiveMember, LiveTwizzit
from twizzit_pipeline.cli.app import whole
from twizzit_pipeline.errors import NotUnique, UnknownPlayer, UnknownTeam
from twizzit_pipeline.queries.finding import Place, find_credential, find_player, find_team
from twizzit_pipeline.queries.registered import registered
from twizzit_pipeline.queries.registrations import Registration
from twizzit_pipeline.storage import tables


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


@pytest.mark.parametrize(("begins", "ends"), [(-60, -1), (1, 60)])
def test_a_team_s_name_means_the_one_of_the_season_that_runs(
    world: SyncWorld, club: int, begins: int, ends: int
) -> None:
    """Not the one of an indoor season within it that is over, nor of the next one that has yet to begin."""
    team_id = local_team(world)
    (team,), today = world.rows(tables.teams, id=team_id), world.session(club).day
    world.change(tables.seasons, team["season_id"], start_date=today - timedelta(90), end_date=today)
    days = {"start_date": today + timedelta(begins), "end_date": today + timedelta(ends)}
    with world.database.engine.begin() as connection:
        connection.execute(insert(tables.seasons).values(id=900, name="Indoor", **days))
        connection.execute(insert(tables.teams).values({**team, "id": 900, "season_id": 900}))
        mapping = {"local_team_id": 900, "twizzit_team_id": "900", "credential_id": club}
        connection.execute(insert(tables.team_mappings).values(mapping))
    assert find_team(world.database.engine, team["name"]) == team_id


@pytest.mark.begins(after=too_long_by_a_sync)
def test_who_is_in_twizzit_alone_is_named_with_the_reason(world: SyncWorld, club: int) -> None:
    person, last_name = who_is_too_long(world)
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
        causes=("last_name_length",),
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


@pytest.mark.begins(after=too_long_by_a_sync)
@pytest.mark.parametrize("off", ["away", "switched off", "quota"])
def test_the_answer_comes_without_twizzit_too(world: SyncWorld, club: int, off: str) -> None:
    person, _ = who_is_too_long(world)
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


@pytest.mark.begins(after=too_long_by_a_sync)
def test_who_came_since_the_last_sync_is_said_where_twizzit_is_asked(world: SyncWorld, club: int) -> None:
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


def test_whom_twizzit_alone_has_is_found_by_what_the_list_calls_them(world: SyncWorld, club: int) -> None:
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
        shown = commands.invoke(whole(), ["registered", "--team", said])
        assert shown.exit_code == 0
        here = len(world.rows(tables.players, team_id=team_id))
        players = [one for one in people if one.code != "set_aside"]
        assert f"{len(players)} players, {len(players) - here + 1} not registered" in shown.stdout
        assert shown.stdout.count(" yes ") == sum(one.registered for one in people)
        assert shown.stdout.splitlines()[-1] == f"{in_twizzit(world)} in Twizzit, {here} here"
    as_json = commands.invoke(whole(), ["registered", "--team", str(team_id), "--json"])
    found = json.loads(as_json.stdout)
    assert [one["player_id"] for one in found] == [one.player_id for one in people]
    assert {one["registered"]: one["code"] for one in found if one["here"]} == {
        False: "not_in_twizzit",
        True: "registered",
    }
    missing = commands.invoke(whole(), ["registered", "--team", "999999"])
    assert isinstance(missing.exception, UnknownTeam)
    alone = commands.invoke(whole(), ["registered", world.club().name[:6], "--player", "zzz"])
    assert alone.exit_code == 0
    assert "Aaa Zzz" in alone.stdout
    assert alone.stdout.splitlines()[-1] == "0 in Twizzit, 1 here"
    assert commands.invoke(whole(), ["registered"]).exit_code == 2


@pytest.mark.begins(after=too_long_by_a_sync)
def test_the_command_line_names_whom_twizzit_alone_has(world: SyncWorld, club: int, commands: CliRunner) -> None:
    person, last_name = who_is_too_long(world)
    shown = commands.invoke(whole(), ["registered", "--team", str(local_team(world))])
    assert shown.exit_code == 0
    assert "in Twizzit, not here: the last name is" in shown.stdout
    assert last_name[-12:] in shown.stdout.replace("\n", "")
    world.simulator.stop()
    away = commands.invoke(whole(), ["registered", "--team", str(local_team(world))])
    assert away.exit_code == 0
    assert f"Twizzit id {person}" in away.stdout
    assert "named by id" in away.stderr
