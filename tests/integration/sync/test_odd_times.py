"""Infinity in a game, a season or a competition of ShotSpot's ends no sync, and stays where Twizzit changes nothing."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from tests.support.calendar_world import EVERYTHING, games
from tests.support.sync_world import SyncWorld
from tests.support.synced_world import first_sync
from twizzit_pipeline.decisions.listing import listing
from twizzit_pipeline.queries.fixtures import match_mappings_of
from twizzit_pipeline.storage import tables

SMALL: dict[str, Any] = {"clubs": 1, "teams": 2, "players_per_team": 3, "other_contacts": 0, "tidy": frozenset({1})}
SYNCED_BY = partial(first_sync, steps=EVERYTHING)


def scheduled(world: SyncWorld) -> list[str]:
    return [remote_id for remote_id, game in games(world).items() if game["status"] == "scheduled"]


def held(world: SyncWorld, *statements: str) -> list[str]:
    with world.database.engine.begin() as connection:
        return [str(connection.scalar(text(one))) for one in statements]


@pytest.mark.parametrize("odd", ["infinity", "-infinity", "12026-01-01 00:00+00", "0044-03-15 00:00 BC"])
def test_every_sync_goes_on_and_the_day_stays(world: SyncWorld, club: int, odd: str) -> None:
    remote_id, moved, *_ = scheduled(world)
    game, other = games(world)[remote_id]["id"], games(world)[moved]["id"]
    competition = world.rows(tables.competitions)[0]["id"]
    with world.database.engine.begin() as connection:
        wanted = {"odd": odd, "game": game, "other": other, "competition": competition}
        for statement in (
            "UPDATE games SET date = CAST(:odd AS timestamptz) WHERE id IN (:game, :other)",
            "UPDATE competitions SET end_date = CAST(:odd AS date), start_date = CAST(:odd AS date)"
            " WHERE id = :competition",
            "INSERT INTO seasons (name, start_date, end_date) VALUES ('Ooit', CAST(:odd AS date), CAST(:odd AS date))",
        ):
            connection.execute(text(statement), {key: wanted[key] for key in wanted if f":{key}" in statement})
    days = (
        f"SELECT date FROM (SELECT date::text FROM games WHERE id = {game}) g",
        f"SELECT concat(start_date, end_date) FROM competitions WHERE id = {competition}",
        "SELECT concat(start_date, end_date) FROM seasons WHERE name = 'Ooit'",
    )
    before = held(world, *days)
    hours = {one.local_game_id: one.hour_known for one in match_mappings_of(world.database.engine)}
    assert hours[other] is ("infinity" not in odd)  # the other odd days have one

    unchanged = world.sync(club, steps=EVERYTHING)
    world.simulator.changes.cancel_match(int(remote_id))
    world.simulator.changes.move_match(int(moved), "2026-12-20 15:00")
    done = world.sync(club, steps=EVERYTHING)

    assert {row.status for one in (unchanged, done) for row in one.history.values()} == {"success"}
    assert held(world, f"SELECT status FROM games WHERE id = {game}") == ["cancelled"]
    assert games(world)[moved]["date"].day == 20
    if odd.endswith("infinity"):
        assert held(world, *days) == before
    assert listing(world.database.engine) == ([], 0)
