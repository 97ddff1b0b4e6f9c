"""Infinity, or a year that Python has not, ends no sync of ShotSpot's rows, and stays where Twizzit changes nothing."""

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


def made_odd(world: SyncWorld, odd: str, game: int, other: int, competition: int) -> tuple[str, ...]:
    """Two games, a competition and a season have that day; what asks for those that stay."""
    with world.database.engine.begin() as connection:
        wanted = {"odd": odd, "game": game, "other": other, "competition": competition}
        for statement in (
            "UPDATE games SET date = CAST(:odd AS timestamptz) WHERE id IN (:game, :other)",
            "UPDATE competitions SET end_date = CAST(:odd AS date), start_date = CAST(:odd AS date)"
            " WHERE id = :competition",
            "INSERT INTO seasons (name, start_date, end_date)"
            " SELECT odd, CAST(odd AS date), CAST(odd AS date) FROM (SELECT CAST(:odd AS text) AS odd) AS o",
        ):
            connection.execute(text(statement), {key: wanted[key] for key in wanted if f":{key}" in statement})
    return (
        f"SELECT date FROM (SELECT date::text FROM games WHERE id = {game}) g",
        f"SELECT concat(start_date, end_date) FROM competitions WHERE id = {competition}",
        f"SELECT concat(start_date, end_date) FROM seasons WHERE name = '{odd}'",
    )


@pytest.mark.parametrize("odds", [("infinity", "0044-03-15 00:00 BC"), ("-infinity", "12026-01-01 00:00+00")])
def test_every_sync_goes_on_and_the_day_stays(world: SyncWorld, club: int, odds: tuple[str, str]) -> None:
    ids, places = scheduled(world), games(world)
    competitions = [row["id"] for row in world.rows(tables.competitions)]
    stay, move = ids[:2], ids[2:4]  # one of each for each odd day
    games_of = {one: int(places[one]["id"]) for one in (*stay, *move)}
    days = [
        one
        for odd, kept, moved, competition in zip(odds, stay, move, competitions, strict=False)
        for one in made_odd(world, odd, games_of[kept], games_of[moved], competition)
    ]
    before = held(world, *days)
    assert len(before) == 3 * len(odds)
    hours = {one.local_game_id: one.hour_known for one in match_mappings_of(world.database.engine)}
    assert [hours[games_of[one]] for one in move] == [False, True]  # a day without end has no hour

    unchanged = world.sync(club, steps=EVERYTHING)
    for kept, moved in zip(stay, move, strict=True):
        world.simulator.changes.cancel_match(int(kept))
        world.simulator.changes.move_match(int(moved), "2026-12-20 15:00")
    done = world.sync(club, steps=EVERYTHING)

    assert {row.status for one in (unchanged, done) for row in one.history.values()} == {"success"}
    assert held(world, *days) == before
    journalled = "SELECT count(*) FROM twizzit_sync_changes WHERE history_id = {} AND row_id = {} AND after ? 'date'"
    row = done.history["matches"].id
    for kept, moved in zip(stay, move, strict=True):
        assert held(world, f"SELECT status FROM games WHERE id = {games_of[kept]}") == ["cancelled"]
        assert games(world)[moved]["date"].day == 20
        assert held(world, *(journalled.format(row, games_of[one]) for one in (kept, moved))) == ["0", "1"]
    assert listing(world.database.engine) == ([], 0)
