"""Who of a team is registered, who is not, and why."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from tests.support.registered_world import (
    add_player,
    in_twizzit,
    local_team,
    of_team,
    too_long_by_a_sync,
    who_is_too_long,
)
from tests.support.sync_world import SyncWorld
from twizzit_pipeline.accounts.live import LiveTwizzit
from twizzit_pipeline.errors import UnknownTeam
from twizzit_pipeline.plan.narrowing import Narrowing
from twizzit_pipeline.queries.registered import registered
from twizzit_pipeline.storage import tables
from twizzit_pipeline.sync.entities.players import map_players, scan_players
from twizzit_pipeline.sync.entities.teams import map_teams, scan_teams


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


@pytest.mark.begins(after=too_long_by_a_sync)
def test_the_last_sync_is_that_of_the_season_that_runs(world: SyncWorld, club: int) -> None:
    """An indoor season that began within it is over: who was rejected in the outdoor one is listed again."""
    person, _ = who_is_too_long(world)
    yesterday = world.session(club).day - timedelta(days=1)
    indoor = {"label": "Indoor", "start_date": yesterday - timedelta(days=1), "end_date": yesterday}
    with world.database.engine.begin() as connection:
        connection.execute(insert(tables.twizzit_seasons).values(credential_id=club, **indoor))
        later = datetime(2100, 1, 1)  # noqa: DTZ001 - as the column has it
        synced = {"status": "success", "started_at": later, "details": {"season": "Indoor"}}
        of_players = {"credential_id": club, "sync_type": "players", "sync_direction": "from_twizzit"}
        connection.execute(insert(tables.sync_history).values(**of_players, **synced))
    people = registered(world.database.engine, local_team(world)).people
    assert [one.code for one in people if one.twizzit_id == str(person)] == ["rejected"]


@pytest.mark.begins(after=too_long_by_a_sync)
def test_a_sync_that_failed_says_nothing(world: SyncWorld, club: int) -> None:
    person, _ = who_is_too_long(world)
    with world.database.engine.begin() as connection:
        failed = {"credential_id": club, "sync_type": "players", "sync_direction": "import", "status": "failed"}
        later = datetime(2100, 1, 1)  # noqa: DTZ001 - as the column has it
        row = insert(tables.sync_history).values(**failed, started_at=later, details={"season": world.season})
        connection.execute(row)
    people = registered(world.database.engine, local_team(world)).people
    assert [one.code for one in people if one.twizzit_id == str(person)] == ["rejected"]


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


def test_shotspots_own_flag_decides_where_it_is_not_what_the_mappings_say(world: SyncWorld, club: int) -> None:
    _, players = world.roster()
    team_id, kept_off = local_team(world), world.local_id(players[0])
    world.change(tables.players, kept_off, is_twizzit_registered=False)
    unvouched = add_player(world, team_id, "Aaa", "Zzz", is_twizzit_registered=True)
    found = registered(world.database.engine, team_id)
    of = {one.player_id: one for one in found.people}
    assert (of[kept_off].registered, of[kept_off].code, of[kept_off].in_twizzit) == (False, "kept_off", True)
    assert (of[unvouched].registered, of[unvouched].code) == (True, "unvouched")
    assert found.out_of_step == 2
    here = [one for one in found.people if one.here]
    assert here[0].player_id == kept_off, "who may not play comes first"
    flags = {row["id"]: row["is_twizzit_registered"] for row in world.rows(tables.players, team_id=team_id)}
    assert {one.player_id: one.registered for one in here} == flags


def test_a_mapping_that_came_without_the_trigger_registers_in_neither(world: SyncWorld, club: int) -> None:
    group_id, _ = world.roster()
    with world.connected() as connection:
        connection.execute("ALTER TABLE twizzit_player_mappings DISABLE TRIGGER twizzit_register_players")
    person = world.simulator.changes.add_person(group_id, "Ann", "Nieuwkomer")
    world.sync(club)
    team_id, player_id = world.local_id(group_id, "team"), world.local_id(person)
    assert of_team(world, team_id)[player_id].code == "kept_off"
    world.change(tables.players, player_id, team_id=local_team(world, 1))
    (moved,) = [one for one in registered(world.database.engine, team_id).people if one.player_id == player_id]
    assert (moved.registered, moved.code, moved.here) == (False, "kept_off", False)
    assert of_team(world, local_team(world, 1))[player_id].code == "kept_off"
