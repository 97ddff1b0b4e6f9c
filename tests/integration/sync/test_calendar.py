"""A season's competitions and matches: what Twizzit holds, moved and cancelled kept apart, nothing started touched."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import text

from tests.support.calendar_world import CALENDAR, EVERYTHING, assert_calendar, assert_competition_teams, games
from tests.support.moved_login import move_login
from tests.support.sync_world import Synced, SyncWorld, quick
from tests.support.synced_world import first_sync
from twizzit_pipeline.accounts import moving
from twizzit_pipeline.queries.fixtures import match_mappings_of
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import v2_events
from twizzit_pipeline.simulator.calendar_truth import calendar_truth
from twizzit_pipeline.simulator.clubs import OPPONENTS
from twizzit_pipeline.simulator.v2_event_rows import event_row
from twizzit_pipeline.simulator.world import Dialect
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync.reports import MappingReport
from twizzit_pipeline.transform.names import normalised_name

WRITTEN = (
    tables.clubs,
    tables.seasons,
    tables.teams,
    tables.competitions,
    tables.games,
    tables.competition_teams,
    tables.competition_mappings,
    tables.match_mappings,
    tables.opponents,
    tables.twizzit_competitions,
    tables.twizzit_matches,
    tables.sync_changes,
)
SMALL: dict[str, Any] = {"clubs": 2, "teams": 4, "players_per_team": 3, "other_contacts": 2}
SYNCED_BY = partial(first_sync, steps=EVERYTHING)


def matches_of(synced: Synced) -> MappingReport:
    report = synced.reports["map_matches"]
    assert isinstance(report, MappingReport)
    return report


def coming(world: SyncWorld, count: int, place: int = 0) -> list[str]:
    """Remote ids of scheduled matches of a competition."""
    truth = calendar_truth(world.simulator.world, world.club(place))
    found = [id_ for id_, match in truth.matches.items() if match.status == "scheduled" and match.competition_id]
    return found[:count]


@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_a_sync_ends_with_the_calendar(world: SyncWorld, dialect: Dialect) -> None:
    credential_id = world.add_credential(0, dialect)

    synced = world.sync(credential_id, steps=EVERYTHING)

    assert_calendar(world, credential_id, dialect)
    report = matches_of(synced)
    assert report.failed == {}
    assert report.created == report.mappings == len(games(world))
    rows = [synced.history["competitions"], synced.history["matches"]]
    assert [row.sync_type for row in rows] == ["competitions", "competitions"]
    assert [row.status for row in rows] == ["success", "success"]
    assert rows[1].items_succeeded == len(games(world))
    # opponents are five clubs, however they are spelled, with a team for each team that meets them
    made = world.rows(tables.opponents)
    assert len({row["club_id"] for row in made}) == 5
    assert all(row["made"] for row in made)
    assert len({row["normalised_name"] for row in made}) == len(made)
    # called as most rows write them, although the first one is in capitals
    assert {row["name"] for row in world.rows(tables.clubs)} == {world.club().name, *OPPONENTS}
    assert not any(re.search("[A-Z]{4}", row["name"]) for row in world.rows(tables.teams))
    # and no page shows "Senioren 1 - Senioren 1"
    made_ids = {row["team_id"] for row in made}
    called = {row["name"] for row in world.rows(tables.teams) if row["id"] in made_ids}
    assert all(name.startswith(OPPONENTS) for name in called)
    assert "AKC Duinrand Senioren 1" in called
    shown = match_mappings_of(world.database.engine, credential_id=credential_id)
    sides = {name for match in shown for name in (match.home_name, match.away_name)}
    assert {normalised_name(name) for name in sides if not name.startswith(world.club().name)} == {
        normalised_name(name) for name in called
    }
    # and every competition has the teams that play its games, for ShotSpot's league table
    assert_competition_teams(world)
    assert rows[1].details["competition_teams"] == len(world.rows(tables.competition_teams))


def test_when_the_opponents_name_comes_it_is_a_game(settings: Settings, database: Database, simulate: Any) -> None:
    before, after = (simulate(**SMALL, quirks=frozenset(quirks)) for quirks in (("winners_to_come",), ()))
    world = SyncWorld(quick(settings), database, before)
    credential_id = world.add_credential(0)
    waiting = set(calendar_truth(before.world, world.club()).set_aside)
    world.sync(credential_id, steps=EVERYTHING)
    assert waiting
    assert not waiting & set(games(world))
    named = SyncWorld(quick(settings), database, after)
    move_login(database, credential_id, api_endpoint=after.v2_endpoint)
    with database.engine.begin() as connection:
        moving.settle(connection, credential_id, same_organization=True)
    named.dialects[credential_id] = "v2"
    assert named.sync(credential_id, steps=EVERYTHING).history["matches"].status == "success"
    assert waiting <= set(games(named))


def test_a_second_sync_writes_nothing(world: SyncWorld, club: int) -> None:
    before = world.dump(WRITTEN)
    synced = world.sync(club, steps=EVERYTHING)
    assert world.dump(WRITTEN) == before
    assert matches_of(synced).unchanged == len(games(world))


def test_moved_cancelled_postponed_finished_and_vanished_are_kept_apart(world: SyncWorld, club: int) -> None:
    before = games(world)
    moved, cancelled, postponed, finished, vanished = coming(world, 5)
    changes = world.simulator.changes
    changes.move_match(int(moved), "2027-04-01 20:00")
    changes.cancel_match(int(cancelled))
    changes.postpone_match(int(postponed))
    changes.move_match(int(finished), f"{world.simulator.world.today - timedelta(days=1)} 20:00")
    changes.finish_match(int(finished), 12, 9)
    changes.remove_match(int(vanished))

    synced = world.sync(club, steps=EVERYTHING)

    report, now = matches_of(synced), games(world)
    assert report.news == {
        "moved": (moved, finished),
        "cancelled": (cancelled,),
        "postponed": (postponed,),
        "finished": (finished,),
    }
    assert report.warnings == {"vanished": (vanished,)}
    assert report.updated == 4
    assert now[moved]["id"] == before[moved]["id"]
    assert now[moved]["date"] == datetime(2027, 4, 1, 18, tzinfo=UTC)
    assert (now[moved]["status"], now[cancelled]["status"]) == ("scheduled", "cancelled")
    assert (now[finished]["status"], now[finished]["home_score"], now[finished]["away_score"]) == ("completed", 12, 9)
    assert now[cancelled]["date"] == before[cancelled]["date"]
    assert now[vanished] == before[vanished]
    details = synced.history["matches"].details
    assert (details["moved"], details["cancelled"], details["postponed"]) == (2, 1, 1)
    assert synced.history["matches"].status == "success"


def test_what_cannot_be_read_any_more_stays_as_it_was(world: SyncWorld, club: int) -> None:
    """A number or a score in a new shape is not a number that was taken away, nor a match that was not played."""
    simulated = world.simulator.world
    player = next(row for row in world.rows(tables.twizzit_players) if row["jersey_number"] is not None)
    world.simulator.changes.set_number(int(player["twizzit_player_id"]), f"nr. {player['jersey_number']}")
    simulated.options = replace(simulated.options, quirks=frozenset({"odd_scores"}))
    unread = calendar_truth(simulated, world.club()).unread_scores
    assert unread & {id_ for id_, game in games(world).items() if game["status"] == "completed"}
    before = world.dump(WRITTEN)

    synced = world.sync(club, steps=EVERYTHING)

    assert world.dump(WRITTEN) == before
    assert world.player(player["twizzit_player_id"])["jersey_number"] == player["jersey_number"]
    assert synced.history["matches"].details["warnings"]["score_readable"]["count"] == len(unread)
    moved = next(id_ for id_ in unread if games(world)[id_]["status"] == "completed")
    world.simulator.changes.move_match(int(moved), f"{simulated.running_season.end} 15:00")
    world.simulator.changes.set_number(int(player["twizzit_player_id"]), None)

    world.sync(club, steps=EVERYTHING)

    assert (games(world)[moved]["status"], games(world)[moved]["home_score"]) == ("scheduled", 0)
    assert world.player(player["twizzit_player_id"])["jersey_number"] is None


def test_a_series_that_cannot_be_read_any_more_stays_as_it_was(
    world: SyncWorld, club: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A series in a new shape is none that was taken away; where there is none any more, the game is a friendly."""
    shape: dict[str, Any] = {"series": {"reeks": "A"}}
    only: set[str] = set()

    def row(*given: Any, **how: Any) -> dict[str, object]:
        found = event_row(*given, **how)
        return found | (shape if not only or str(found["id"]) in only else {})

    monkeypatch.setattr(v2_events, "event_row", row)
    kept = [table for table in WRITTEN if table is not tables.twizzit_competitions]  # none is named in this scan
    before = world.dump(kept)

    synced = world.sync(club, steps=EVERYTHING)

    assert world.dump(kept) == before
    assert synced.history["matches"].details["warnings"]["series_readable"]["count"] == len(games(world))
    friendly = next(id_ for id_, game in games(world).items() if game["competition_id"])
    shape["series"] = None
    only.add(friendly)

    world.sync(club, steps=EVERYTHING)

    assert games(world)[friendly]["competition_id"] is None


def test_a_game_that_was_started_is_never_touched(world: SyncWorld, club: int) -> None:
    started, recorded, prepared = coming(world, 3)
    before = games(world)
    world.change(tables.games, before[started]["id"], status="in_progress", home_score=3)
    with world.database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE shots (id serial PRIMARY KEY, game_id int REFERENCES games (id))"))
        connection.execute(text("CREATE TABLE game_rosters (id serial PRIMARY KEY, game_id int REFERENCES games (id))"))
        shots, rosters = (sa.table(name, sa.column("game_id")) for name in ("shots", "game_rosters"))
        connection.execute(sa.insert(shots).values(game_id=before[recorded]["id"]))
        connection.execute(sa.insert(rosters).values(game_id=before[prepared]["id"]))
    held = games(world)
    for match in (started, recorded, prepared):
        world.simulator.changes.move_match(int(match), "2027-04-01 20:00")

    synced = world.sync(club, steps=EVERYTHING)

    now = games(world)
    assert now[started] == held[started]
    assert now[recorded] == held[recorded]
    assert now[prepared]["date"] == datetime(2027, 4, 1, 18, tzinfo=UTC)  # who plays is chosen, nothing has happened
    assert matches_of(synced).news == {"moved": (prepared,)}
    (mapping,) = world.rows(tables.match_mappings, twizzit_match_id=started)
    assert mapping["last_values"]["starts_at"] == "2027-04-01T18:00:00+00:00"
    assert matches_of(world.sync(club, steps=EVERYTHING)).updated == 0


def test_what_people_changed_in_shotspot_stays_and_a_game_that_was_typed_in_is_found(
    world: SyncWorld, club: int
) -> None:
    match, other, typed = coming(world, 3)
    game, typed_in = games(world)[match], games(world)[typed]
    at = datetime(2027, 4, 1, 18, tzinfo=UTC)
    world.change(tables.games, game["id"], date=at)
    world.simulator.changes.cancel_match(int(match))
    with world.database.engine.begin() as connection:  # as if it had been there before the first sync
        connection.execute(sa.delete(tables.match_mappings).where(tables.match_mappings.c.twizzit_match_id == typed))
        connection.execute(
            sa.update(tables.games)
            .where(tables.games.c.id == typed_in["id"])
            .values(competition_id=None, status="scheduled")
        )

    synced = world.sync(club, steps=EVERYTHING)

    now = games(world)[match]
    assert (now["date"], now["status"]) == (at, "cancelled")
    assert games(world)[other]["status"] == "scheduled"
    assert matches_of(synced).linked == 1
    assert games(world)[typed] == typed_in


def test_two_clubs_meet_in_one_database(world: SyncWorld, club: int) -> None:
    """An opponent that has a credential of its own becomes the club that was made for it, and its games stay apart."""
    second = world.add_credential(1)
    world.sync(second, steps=EVERYTHING)
    assert_calendar(world, club, "v2", 0)
    assert_calendar(world, second, "v2", 1)
    clubs = [row["name"] for row in world.rows(tables.clubs)]
    assert len(clubs) == len(set(map(normalised_name, clubs))) == 2 + 5


def test_a_past_season_adds_and_never_overwrites(world: SyncWorld, club: int) -> None:
    past = world.simulator.world.seasons_of(world.club())[0].label
    assert past != world.season
    running = games(world)
    world.sync(club, past, steps=EVERYTHING)
    truth = calendar_truth(world.simulator.world, world.club(), past)
    assert set(games(world)) == set(running) | set(truth.matches)
    assert {id_: game for id_, game in games(world).items() if id_ in running} == running
    match = next(iter(truth.matches))
    world.simulator.changes.move_match(int(match), f"{past[:4]}-12-24 20:00")
    before = games(world)[match]
    world.sync(club, past, steps=EVERYTHING)
    assert games(world)[match] == before


def test_an_unmapped_team_fails_its_matches_and_no_others(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    synced = world.sync(credential_id, steps=CALENDAR)
    report = matches_of(synced)
    truth = calendar_truth(world.simulator.world, world.club())
    assert set(report.failed) == {"team_not_mapped"}
    assert set(report.failed["team_not_mapped"]) == set(truth.matches)
    assert synced.history["matches"].status == "partial_success"
    assert world.rows(tables.games) == world.rows(tables.opponents) == []


def test_calls_are_few(world: SyncWorld, club: int) -> None:
    """Two windows, one type, and the types themselves, on top of the login, organization and season."""
    synced = world.sync(club, steps=CALENDAR)
    matches = len(calendar_truth(world.simulator.world, world.club()).matches)
    assert matches < 250
    assert synced.calls == 3 + 1 + 2


def test_a_season_that_the_account_lacks_writes_nothing(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    synced = world.sync(credential_id, "1999-2000", steps=CALENDAR, day=date(2026, 11, 23))
    assert all(not report.season_exists for report in synced.reports.values())
    assert world.rows(tables.twizzit_matches) == []
