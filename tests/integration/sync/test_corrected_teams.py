"""A team's mapping that people correct by hand: its players and its games to come follow with the next sync."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from tests.conftest import settings_with
from tests.support.calendar_world import EVERYTHING
from tests.support.previewed import of_entity, previewed
from tests.support.sync_world import SyncWorld, quick
from tests.support.synced_world import first_sync
from tests.support.undone import state, undo
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import open_database
from twizzit_pipeline.storage.tables import games, players, team_mappings, teams

SMALL: dict[str, Any] = {"clubs": 2, "teams": 4, "players_per_team": 6, "other_contacts": 0, "tidy": frozenset({1, 2})}
SYNCED_BY = partial(first_sync, steps=EVERYTHING)


@pytest.fixture
def was(world: SyncWorld, club: int) -> dict[str, Any]:
    """The first team."""
    return world.team(world.roster()[0])


def other_row(world: SyncWorld, team: dict[str, Any]) -> int:
    """A row that people had made of the same team."""
    values = {"club_id": team["club_id"], "season_id": team["season_id"], "name": f"{team['name']} bis"}
    with world.database.engine.begin() as connection:
        return int(connection.execute(insert(teams).values(**values).returning(teams.c.id)).scalar_one())


def correct(world: SyncWorld, was_id: int, now_id: int) -> None:
    (mapping,) = world.rows(team_mappings, local_team_id=was_id)
    world.change(team_mappings, mapping["id"], local_team_id=now_id)


def in_team(world: SyncWorld, team_id: int) -> set[int]:
    return {row["id"] for row in world.rows(players, team_id=team_id)}


def played_by(world: SyncWorld, team_id: int) -> dict[int, str]:
    """Game → its status."""
    return {
        row["id"]: row["status"] for row in world.rows(games) if team_id in (row["home_team_id"], row["away_team_id"])
    }


def test_players_and_games_to_come_follow_once(world: SyncWorld, club: int, was: dict[str, Any]) -> None:
    before, people, matches = state(world), in_team(world, was["id"]), played_by(world, was["id"])
    over = {one for one, status in matches.items() if status == "completed"}
    assert people and over and over != set(matches)
    now = other_row(world, was)
    correct(world, was["id"], now)
    corrected = state(world)

    done = world.sync(club, steps=EVERYTHING)

    assert (in_team(world, was["id"]), in_team(world, now)) == (set(), people)
    assert (set(played_by(world, was["id"])), set(played_by(world, now))) == (over, set(matches) - over)
    assert {row["club_id"] for row in world.rows(players, team_id=now)} == {was["club_id"]}
    followed = state(world)
    world.sync(club, steps=EVERYTHING)
    assert state(world) == followed

    undo(world, done)
    assert state(world) == corrected
    correct(world, now, was["id"])
    assert world.sync(club, steps=EVERYTHING).players.updated == 0
    now_again = state(world)
    assert (now_again["players"], now_again["games"]) == (before["players"], before["games"])


def test_who_was_moved_by_a_person_stays_where_they_are(world: SyncWorld, club: int, was: dict[str, Any]) -> None:
    first, second, *_ = sorted(in_team(world, was["id"]))
    elsewhere = world.team(world.roster(1)[0])["id"]
    world.change(players, first, team_id=elsewhere)
    now = other_row(world, was)
    correct(world, was["id"], now)
    world.sync(club)
    assert in_team(world, was["id"]) == set()
    assert first in in_team(world, elsewhere)

    world.change(players, second, team_id=was["id"])
    world.sync(club)

    assert in_team(world, was["id"]) == {second}
    assert second not in in_team(world, now)


def test_a_game_that_was_given_back_by_a_person_stays(world: SyncWorld, club: int, was: dict[str, Any]) -> None:
    now = other_row(world, was)
    correct(world, was["id"], now)
    world.sync(club, steps=EVERYTHING)
    (game, *_) = [row for row in world.rows(games) if row["home_team_id"] == now]
    world.change(games, game["id"], home_team_id=was["id"])

    world.sync(club, steps=EVERYTHING)

    (after,) = world.rows(games, id=game["id"])
    assert after["home_team_id"] == was["id"]


def test_two_teams_that_change_places_take_everything_along(world: SyncWorld, club: int, was: dict[str, Any]) -> None:
    other = world.team(world.roster(1)[0])
    people = in_team(world, was["id"]), in_team(world, other["id"])
    coming = [
        {one for one, status in played_by(world, team["id"]).items() if status != "completed"} for team in (was, other)
    ]
    mappings = [world.rows(team_mappings, local_team_id=team["id"])[0]["id"] for team in (was, other)]
    spare = other_row(world, was)
    with world.database.engine.begin() as connection:
        for mapping_id, team_id in ((mappings[0], spare), (mappings[1], was["id"]), (mappings[0], other["id"])):
            moved = update(team_mappings).where(team_mappings.c.id == mapping_id).values(local_team_id=team_id)
            connection.execute(moved)

    world.sync(club, steps=EVERYTHING)

    assert (in_team(world, other["id"]), in_team(world, was["id"])) == people
    found = [
        {one for one, status in played_by(world, team["id"]).items() if status != "completed"} for team in (other, was)
    ]
    assert found == coming


def test_a_preview_says_so_and_writes_nothing(world: SyncWorld, club: int, was: dict[str, Any]) -> None:
    people = in_team(world, was["id"])
    now = other_row(world, was)
    correct(world, was["id"], now)
    before = world.dump((tables.players, tables.games, tables.team_mappings))

    changes = of_entity(previewed(world, club), "players")["items"]

    found = {one["local_id"]: one["columns"]["team_id"] for one in changes}
    assert {one: (said["old"]["id"], said["new"]["id"]) for one, said in found.items()} == dict.fromkeys(
        people, (was["id"], now)
    )
    assert world.dump((tables.players, tables.games, tables.team_mappings)) == before


def test_without_a_journal_a_repair_takes_them_along(world: SyncWorld, club: int, was: dict[str, Any]) -> None:
    people, now = in_team(world, was["id"]), other_row(world, was)
    correct(world, was["id"], now)
    with world.database.engine.begin() as connection:
        connection.execute(tables.sync_changes.delete())
    world.sync(club, steps=EVERYTHING)
    assert in_team(world, was["id"]) == people

    with world.session(club, repair=True) as session:
        session.to_map = {"teams", "players", "competitions", "matches"}
        for step in EVERYTHING:
            step(session)

    assert (in_team(world, now), in_team(world, was["id"])) == (people, set())
    assert set(played_by(world, was["id"]).values()) == {"completed"}


def test_in_a_database_that_calls_the_link_otherwise(
    beside_shotspot: Callable[..., str],
    copied_database: Callable[[str], AbstractContextManager[str]],
    tmp_path: Path,
    simulate: Any,
) -> None:
    small = {**SMALL, "clubs": 1, "teams": 2, "tidy": frozenset({1})}
    with (
        copied_database(beside_shotspot("older.sql", "newer.sql")) as url,
        open_database(settings_with(url, tmp_path)) as database,
    ):
        world = SyncWorld(quick(settings_with(url, tmp_path)), database, simulate(**small))
        first_sync(world, EVERYTHING)
        (club,) = world.dialects
        team = world.team(world.roster()[0])
        people = in_team(world, team["id"])
        now = other_row(world, team)
        with database.engine.begin() as connection:
            connection.exec_driver_sql(
                f"UPDATE twizzit_team_mappings SET local_club_id = {now} WHERE local_club_id = {team['id']}"
            )

        world.sync(club, steps=EVERYTHING)

        assert (in_team(world, now), in_team(world, team["id"])) == (people, set())
        assert set(played_by(world, team["id"]).values()) == {"completed"}
