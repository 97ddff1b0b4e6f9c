"""Conflicts and doubtful links of matches and competitions."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete, insert, text

from tests.support.calendar_world import CALENDAR, EVERYTHING, games
from tests.support.decided_world import COACH, DecidedWorld
from tests.support.sync_world import SyncWorld
from tests.support.synced_world import SyncedOnce, first_sync, taken_over
from twizzit_pipeline.errors import ConflictRefused
from twizzit_pipeline.simulator.calendar_truth import calendar_truth
from twizzit_pipeline.storage import tables
from twizzit_pipeline.undo.undoing import undo

SMALL: dict[str, Any] = {"clubs": 1, "teams": 2, "players_per_team": 2, "other_contacts": 0}
SYNCED_BY = partial(first_sync, steps=EVERYTHING)


@pytest.fixture
def club(world: SyncWorld, synced: SyncedOnce) -> DecidedWorld:
    taken_over(world, synced)
    return of(world)


@pytest.fixture
def match(world: SyncWorld, club: DecidedWorld) -> str:
    """A match of a competition that is still to be played; the one that is asked about, where one is."""
    return next((one.twizzit_id for one in club.open()), None) or still_to_play(world)


def sync(club: DecidedWorld) -> Any:
    return club.world.sync(club.credential_id, steps=CALENDAR)


def still_to_play(world: SyncWorld) -> str:
    """A match of a competition that is still to be played."""
    truth = calendar_truth(world.simulator.world, world.club())
    return next(id_ for id_, one in truth.matches.items() if one.status == "scheduled" and one.competition_id)


def of(world: SyncWorld) -> DecidedWorld:
    return DecidedWorld(world, next(iter(world.dialects)), world.roster()[1][0])


def moved_on_both_sides(world: SyncWorld) -> None:
    """Both sides have moved the match, and a sync has asked about it."""
    club, match = of(world), still_to_play(world)
    game = games(world)[match]
    club.ask()
    world.change(tables.games, game["id"], date=game["date"] + timedelta(days=1))
    world.simulator.changes.move_match(int(match), "2026-12-20T15:00:00")
    sync(club)


@pytest.mark.begins(after=moved_on_both_sides)
@pytest.mark.parametrize("resolution", ["twizzit", "shotspot"])
def test_a_match_that_both_sides_move_waits_and_is_decided(club: DecidedWorld, match: str, resolution: Any) -> None:
    (found,), game = club.open(), games(club.world)[match]
    assert (found.entity, found.column, found.local_id) == ("matches", "date", game["id"])
    assert found.base == (game["date"] - timedelta(days=1)).isoformat()
    assert " - " in str(found.name)

    club.resolve(found.id, resolution)

    held = games(club.world)[match]["date"]
    sync(club)
    assert games(club.world)[match]["date"] == held
    assert (held.day == 20) is (resolution == "twizzit")
    assert club.open() == []


@pytest.mark.begins(after=moved_on_both_sides)
def test_a_game_that_has_begun_is_decided_already(club: DecidedWorld, match: str) -> None:
    (found,), game = club.open(), games(club.world)[match]
    club.world.change(tables.games, game["id"], status="in_progress")

    with pytest.raises(ConflictRefused, match="has begun"):
        club.resolve(found.id, "twizzit")
    sync(club)

    assert club.open() == []


def test_under_newest_a_game_is_twizzits_as_it_has_no_time_of_change(club: DecidedWorld, match: str) -> None:
    club.ask("newest")
    game = games(club.world)[match]
    club.world.change(tables.games, game["id"], date=game["date"] + timedelta(days=1))
    club.world.simulator.changes.move_match(int(match), "2026-12-20T15:00:00")

    sync(club)

    assert games(club.world)[match]["date"].day == 20


def doubtful_match(world: SyncWorld) -> None:
    """The mapping of a match is lost, ShotSpot has two games that it may be, and a sync has asked which."""
    match = still_to_play(world)
    game = games(world)[match]
    twin = {name: value for name, value in game.items() if name != "id"}
    with world.database.engine.begin() as connection:
        connection.execute(delete(tables.match_mappings).where(tables.match_mappings.c.local_game_id == game["id"]))
        connection.execute(insert(tables.games).values(**twin))
    sync(of(world))
    (found,) = of(world).open()
    assert (found.kind, found.entity, found.twizzit_id) == ("doubtful_link", "matches", match)


@pytest.mark.begins(after=doubtful_match)
def test_a_doubtful_match_is_linked_and_no_other_row_is_written(club: DecidedWorld, match: str) -> None:
    found, fitting = club.in_doubt()
    written = (tables.games, tables.teams, tables.clubs, tables.competition_teams)
    before = club.world.dump(written)

    club.link(found.id, fitting[1])

    assert games(club.world)[match]["id"] == fitting[1]
    assert club.world.dump(written) == before
    report = sync(club).reports["map_matches"]
    assert (report.failed, report.created, club.open()) == ({}, 0, [])


@pytest.mark.begins(after=doubtful_match)
def test_a_match_that_is_none_of_them_is_made(club: DecidedWorld, match: str) -> None:
    found, fitting = club.in_doubt()
    count = len(club.world.rows(tables.games))

    done = club.link(found.id, None)

    made = games(club.world)[match]
    assert made["id"] == done.local_id
    assert made["id"] not in fitting
    assert len(club.world.rows(tables.games)) == count + 1
    assert sync(club).reports["map_matches"].failed == {}


def test_a_competition_s_name_and_a_doubtful_one(club: DecidedWorld) -> None:
    world = club.world
    (mapping, *_) = world.rows(tables.competition_mappings, credential_id=club.credential_id)
    (row,) = world.rows(tables.competitions, id=mapping["local_competition_id"])
    twin = {name: value for name, value in row.items() if name not in ("id", "settings")}
    with world.database.engine.begin() as connection:
        connection.execute(delete(tables.competition_mappings).where(tables.competition_mappings.c.id == mapping["id"]))
        connection.execute(insert(tables.competitions).values(**twin))
    sync(club)
    (found,) = [one for one in club.open() if one.entity == "competitions"]
    assert len(found.candidates) == 2

    club.link(found.id, found.candidates[1].local_id)

    (mapped,) = world.rows(tables.competition_mappings, twizzit_competition_id=mapping["twizzit_competition_id"])
    assert mapped["local_competition_id"] == found.candidates[1].local_id
    sync(club)
    assert [one for one in club.open() if one.entity == "competitions"] == []


@pytest.mark.begins(after=moved_on_both_sides)
@pytest.mark.parametrize("odd", ["infinity", "12026-01-01 00:00:00+00"])
def test_an_undone_decision_gives_back_a_day_that_python_does_not_have(
    club: DecidedWorld, match: str, odd: str
) -> None:
    game = games(club.world)[match]
    with club.world.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE games SET date = CAST(:odd AS timestamptz) WHERE id = :id"), {"odd": odd, "id": game["id"]}
        )
        held = connection.scalar(text("SELECT date::text FROM games WHERE id = :id"), {"id": game["id"]})
    sync(club)
    (found,) = club.open()
    assert (found.local, found.now, found.status) == ("infinity", "infinity", "open"), "no year that no person wrote"
    done = club.resolve(found.id, "twizzit")
    assert games(club.world)[match]["date"].day == 20
    assert done.changed["date"][0] == "infinity"

    undone = undo(club.world.database.engine, done.history_id, actor=COACH)

    with club.world.database.engine.connect() as connection:
        assert connection.scalar(text("SELECT date::text FROM games WHERE id = :id"), {"id": game["id"]}) == held
    assert undone.plan.left == ()
