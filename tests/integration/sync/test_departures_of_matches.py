"""Matches that vanish from the calendar: cancelled after a second proof and a grace, and back as they were."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from tests.integration.sync.test_departures import departure, weeks_pass
from tests.support.calendar_world import EVERYTHING, games
from tests.support.sync_world import SyncWorld
from tests.support.synced_world import first_sync
from twizzit_pipeline.decisions.departures import listing
from twizzit_pipeline.storage import tables
from twizzit_pipeline.sync.reports import MappingReport

SMALL: dict[str, Any] = {"clubs": 1, "teams": 4, "players_per_team": 3, "other_contacts": 2, "tidy": frozenset({1})}
SYNCED_BY = partial(first_sync, steps=EVERYTHING)


def coming(world: SyncWorld) -> list[str]:
    later = datetime.now(UTC) + timedelta(days=2)
    return [one for one, game in games(world).items() if game["status"] == "scheduled" and game["date"] > later]


def report(world: SyncWorld, club: int) -> MappingReport:
    found = world.sync(club, steps=EVERYTHING).reports["map_matches"]
    assert isinstance(found, MappingReport)
    return found


def test_a_match_that_vanishes_is_cancelled_after_a_second_proof(world: SyncWorld, club: int) -> None:
    vanished, played, *_ = coming(world)
    world.change(tables.games, games(world)[played]["id"], home_score=3)
    for one in (vanished, played):
        world.simulator.changes.remove_match(int(one))

    first = report(world, club)

    assert (first.departed, first.waiting) == (0, (vanished,))
    assert set(first.warnings["vanished"]) == {vanished, played}
    assert (departure(world, vanished)["status"], departure(world, vanished)["kind"]) == ("waiting", "gone")
    before = world.dump((tables.games, tables.match_mappings, tables.departures, tables.sync_changes))
    report(world, club)
    assert world.dump((tables.games, tables.match_mappings, tables.departures, tables.sync_changes)) == before
    assert listing(world.database.engine, club)[0].name

    weeks_pass(world)
    last = report(world, club)

    assert (last.departed, last.news["cancelled"]) == (1, (vanished,))
    assert games(world)[vanished]["status"] == "cancelled"
    assert games(world)[played]["status"] == "scheduled", "a game with a score is left alone"
    assert last.warnings["vanished"] == (played,)

    event = world.club().match_changes.pop(int(vanished))
    assert event.removed
    back = report(world, club)
    assert back.returned == 1
    assert games(world)[vanished]["status"] == "scheduled"
    assert not world.rows(tables.departures, returned_at=None)


def test_a_reading_of_the_day_that_fails_proves_nothing(world: SyncWorld, club: int) -> None:
    (vanished, *_) = coming(world)
    world.simulator.changes.remove_match(int(vanished))
    world.simulator.faults.arm("error_500", path="/events", times=None, after=2)
    assert report(world, club).waiting == ()
    assert not world.rows(tables.departures)


def test_a_calendar_that_empties_is_held_back(world: SyncWorld, club: int) -> None:
    gone = coming(world)[1:]
    for one in gone:
        world.simulator.changes.remove_match(int(one))
    report(world, club)
    weeks_pass(world)
    held = report(world, club)
    assert (held.departed, set(held.held)) == (0, set(gone))
    assert games(world)[gone[0]]["status"] == "scheduled"
