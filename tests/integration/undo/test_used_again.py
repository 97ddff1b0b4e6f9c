"""What an undo could only put out of use is in use again after the next sync, as the undo says."""

from functools import partial
from typing import Any

from sqlalchemy import insert

from tests.support.calendar_world import EVERYTHING, games
from tests.support.sync_world import Synced, SyncWorld
from tests.support.synced_world import first_sync
from tests.support.undone import state, undo
from twizzit_pipeline.storage import tables

SMALL: dict[str, Any] = {"clubs": 1, "teams": 3, "players_per_team": 7, "other_contacts": 0}
SYNCED_BY = partial(first_sync, steps=EVERYTHING)


def expect_players_in(world: SyncWorld, game_id: int) -> None:
    """A table of ShotSpot's names who is expected in a game: that is no event, and the game is Twizzit's."""
    with world.connected() as connection:
        connection.execute("CREATE TABLE game_rosters (game_id integer REFERENCES games)")
        connection.execute("INSERT INTO game_rosters VALUES (%s)", [game_id])


def test_what_others_refer_to_is_in_use_again_after_the_next_sync(world: SyncWorld, club: int, first: Synced) -> None:
    remote_id, game = next(
        (one, row) for one, row in games(world).items() if row["status"] == "scheduled" and row["competition_id"]
    )
    expect_players_in(world, game["id"])
    own = {row["local_team_id"]: row["twizzit_team_id"] for row in world.rows(tables.team_mappings)}
    (remote_team,) = (own[game[side]] for side in ("home_team_id", "away_team_id") if game[side] in own)
    done = undo(world, first)
    assert world.rows(tables.games, id=game["id"])[0]["status"] == "cancelled"
    left = state(world)
    assert done.follows[0].kind == "again"

    synced = world.sync(club, steps=EVERYTHING)

    assert games(world)[remote_id] | {"updated_at": None} == game | {"updated_at": None}
    assert world.team(remote_team)["is_active"]
    assert {row["status"] for row in world.rows(tables.competitions)} == {"in_progress"}
    written = world.dump()
    world.sync(club, steps=EVERYTHING)
    assert world.dump() == written
    undo(world, synced)
    assert state(world) == left


def test_what_a_person_put_out_of_use_stays_so_when_it_is_linked(world: SyncWorld, club: int, first: Synced) -> None:
    group_id, _ = world.roster(0)
    team = world.team(group_id)
    undo(world, first)
    kept = {name: team[name] for name in ("club_id", "name", "season_id")}
    with world.database.engine.begin() as connection:
        connection.execute(insert(tables.clubs).values(id=team["club_id"], name=world.club().name))
        connection.execute(insert(tables.teams).values(id=900, **{**kept, "season_id": None}, is_active=False))

    world.sync(club, steps=EVERYTHING)

    assert world.local_id(group_id, "team") == 900
    assert world.team(group_id)["is_active"] is False
