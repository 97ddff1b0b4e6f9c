"""Seasons: which exist, which one decides, and what a sync of an older one may do."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tests.support.sync_world import WRITTEN_BY_A_SYNC, SyncWorld, quick
from twizzit_pipeline.accounts.asked_season import resolve
from twizzit_pipeline.accounts.verify import verify
from twizzit_pipeline.decisions.departures import decide
from twizzit_pipeline.errors import TeamsNotScanned, UnknownSeason
from twizzit_pipeline.runs import history, seasons
from twizzit_pipeline.scheduling.due import look
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync.entities.players import scan_players
from twizzit_pipeline.twizzit.records import Season

Simulate = Callable[..., SimulatorServer]

MAY, JULY, AUGUST = date(2026, 5, 20), date(2026, 7, 5), date(2026, 8, 20)
BEFORE, OLD, NEW = "2024-2025", "2025-2026", "2026-2027"  # the world below is made in May 2026


SMALL: dict[str, Any] = {"clubs": 1, "teams": 4, "players_per_team": 7, "today": MAY}


def SYNCED_BY(world: SyncWorld) -> None:  # noqa: N802
    """The season that runs in May."""
    world.sync(world.add_credential(), OLD, day=MAY)


@pytest.fixture
def make_world(settings: Settings, database: Database, simulate: Simulate) -> Callable[..., SyncWorld]:
    def make(**options: Any) -> SyncWorld:
        return SyncWorld(quick(settings), database, simulate(**{**SMALL, **options}))

    return make


@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_a_season_that_the_account_does_not_list_is_a_success_that_wrote_nothing(
    world: SyncWorld, dialect: str
) -> None:
    credential_id = world.add_credential(dialect=dialect)

    synced = world.sync(credential_id, "1999-2000", day=MAY)

    assert [report.season_exists for report in synced.reports.values()] == [False] * 4
    for row in synced.history.values():
        assert (row.status, row.items_processed, row.error_message) == ("success", 0, None)
        assert (row.details["season"], row.details["season_exists"]) == ("1999-2000", False)
    assert not any(world.rows(table) for table in WRITTEN_BY_A_SYNC)
    assert not [path for path in world.simulator.calls.paths if path.endswith(("/groups", "/teams"))]
    assert not world.rows(tables.leases)


def test_a_club_that_is_new_has_no_season_before(make_world: Callable[..., SyncWorld]) -> None:
    world = make_world(clubs=3)
    synced = world.sync(world.add_credential(2), BEFORE, day=MAY)
    assert not synced.teams.season_exists
    assert not world.rows(tables.teams)


def test_v1_has_the_running_season_alone_and_maps_none_from_an_old_scan(world: SyncWorld) -> None:
    """In the next summer the season before is known, and its snapshot is a year old."""
    credential_id = world.add_credential(dialect="v1")
    world.sync(credential_id, OLD, day=MAY)
    world.assert_truth(credential_id)
    rows = world.dump()
    assert not world.sync(credential_id, BEFORE, day=MAY).teams.season_exists
    assert not world.sync(credential_id, NEW, day=MAY).teams.season_exists
    assert world.dump() == rows
    world.change(tables.players, 1, first_name="Roepnaam", team_id=None)
    rows = world.dump()
    synced = world.sync(credential_id, OLD, day=AUGUST)
    assert [report.season_exists for report in synced.reports.values()] == [False] * 4
    assert world.dump() == rows


def test_seasons_that_may_not_be_read_are_reckoned(make_world: Callable[..., SyncWorld]) -> None:
    world = make_world(seasons_forbidden=True)
    credential_id = world.add_credential()
    world.sync(credential_id, OLD, day=MAY)
    world.assert_truth(credential_id)
    (season,) = world.rows(tables.twizzit_seasons)
    assert (season["label"], season["start_date"], season["end_date"]) == (OLD, date(2025, 7, 1), date(2026, 6, 30))


def test_a_season_of_shotspot_is_found_by_name_or_by_dates(world: SyncWorld) -> None:
    insert = "INSERT INTO seasons (name, start_date, end_date) VALUES (%s, %s, %s)"
    with world.connected() as connection:
        connection.execute(insert, ["Seizoen 25/26", date(2025, 7, 1), date(2026, 6, 30)])
        connection.execute(insert, [BEFORE, date(2024, 8, 15), date(2025, 5, 31)])
    credential_id = world.add_credential()
    world.sync(credential_id, OLD, day=MAY)
    world.sync(credential_id, BEFORE, day=MAY)
    assert len(world.rows(tables.seasons)) == 2
    assert {row["season_id"]: row["is_active"] for row in world.rows(tables.teams)} == {1: True, 2: False}


def test_an_older_season_adds_what_is_missing_and_overwrites_nothing(world: SyncWorld, club: int) -> None:
    """Nor is one active again whom a person had deactivated."""
    world.change(tables.players, 1, is_active=False)
    running = world.dump()

    synced = world.sync(club, BEFORE, day=MAY)

    assert not synced.players.deciding
    added = world.dump()
    for name in ("clubs", "seasons", "teams", "players", "twizzit_team_mappings", "twizzit_player_mappings"):
        assert [row for row in running[name] if row not in added[name]] == []
    world.sync(club, OLD, day=MAY)
    assert world.dump() == added
    assert world.rows(tables.players, id=1)[0]["is_active"] is False
    world.change(tables.players, 1, is_active=True)
    assert_both_seasons(world, club)
    rows = world.dump()
    world.sync(club, BEFORE, day=MAY)
    assert world.dump() == rows


def test_an_older_season_first_comes_to_the_same(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    first = world.sync(credential_id, BEFORE, day=MAY)
    assert not first.players.deciding
    assert {row["is_active"] for row in world.rows(tables.players)} == {False}
    assert {row["jersey_number"] for row in world.rows(tables.players)} == {None}

    second = world.sync(credential_id, OLD, day=MAY)

    assert second.players.deciding
    assert_both_seasons(world, credential_id)
    rows = world.dump()
    world.sync(credential_id, BEFORE, day=MAY)
    assert world.dump() == rows


def assert_both_seasons(world: SyncWorld, credential_id: int) -> None:
    """The running season is the truth; who was in the one before alone is there, not active and without a number."""
    twizzit = world.simulator.world
    now, before = twizzit.truth(world.club(), OLD), twizzit.truth(world.club(), BEFORE)
    world_rows = {row["twizzit_player_id"]: row for row in world.rows(tables.player_mappings)}
    assert set(world_rows) == set(now.players) | set(before.players)
    for remote_id in set(before.players) - set(now.players):
        player = world.player(remote_id)
        assert (player["is_active"], player["jersey_number"]) == (False, None)
        assert player["is_twizzit_registered"] is True
        assert player["team_id"] in {world.local_id(team, "team") for team in before.players[remote_id].team_ids}
    assert set(before.players) - set(now.players)
    for remote_id, name in before.teams.items():
        team = world.team(remote_id)
        assert (team["name"], team["is_active"]) == (name, False)
    for remote_id, one in now.players.items():
        row = world.player(remote_id)
        assert row["is_active"] is True
        assert row["team_id"] in {world.local_id(team_id, "team") for team_id in one.team_ids}
    assert [row["name"] for row in world.rows(tables.clubs)] == [world.club().name]


@pytest.mark.parametrize(
    ("next_season", "scanned", "days"),
    [
        ("none", False, [(JULY, True, None)]),
        ("empty", False, [(MAY, True, None), (JULY, False, None)]),  # it has not begun; it is not known who is in it
        ("empty", True, [(JULY, True, None)]),  # no player is in it yet
        ("filled", True, [(MAY, True, False), (JULY, False, True)]),
        ("filled", False, [(AUGUST, False, None)]),
    ],
)
def test_the_deciding_season_is_the_latest_that_has_begun_and_has_players(
    make_world: Callable[..., SyncWorld],
    next_season: str,
    scanned: bool,
    days: list[tuple[date, bool, bool | None]],
) -> None:
    """Day by day: whether the old season decides then, and whether the new one does."""
    world = make_world(next_season=next_season, teams=2, players_per_team=3)
    credential_id = world.add_credential()
    if scanned:
        first = world.sync(credential_id, NEW, day=days[0][0])
        assert first.players.deciding == (next_season == "empty")
    for day, old_decides, new_decides in days:
        assert world.sync(credential_id, OLD, day=day).players.deciding is old_decides, day
        if new_decides is not None:
            assert world.sync(credential_id, NEW, day=day).players.deciding is new_decides, day


def test_a_new_season_that_was_not_listed_when_it_was_asked_for_is_not_empty(
    make_world: Callable[..., SyncWorld],
) -> None:
    """A sync of it that ended well had nothing to read: who is in it is as unknown as before."""
    world = make_world(next_season="filled")
    credential_id = world.add_credential()
    (coming,) = [one.id for one in world.simulator.world.seasons.values() if one.label == NEW]
    listed = world.club().season_ids
    world.club().season_ids = tuple(one for one in listed if one != coming)
    assert not world.sync(credential_id, NEW, day=JULY).teams.season_exists
    world.club().season_ids = listed

    assert not world.sync(credential_id, OLD, day=JULY).players.deciding
    with pytest.raises(TeamsNotScanned):
        world.sync(credential_id, NEW, steps=[scan_players], day=JULY)
    assert world.sync(credential_id, NEW, day=JULY).players.deciding


def test_a_new_season_of_which_half_was_read_is_not_empty(make_world: Callable[..., SyncWorld]) -> None:
    world = make_world(next_season="empty", teams=12, players_per_team=3)
    credential_id = world.add_credential()
    # The first ten teams are asked for once more, without the season, as no one is in them.
    world.simulator.faults.arm("forbidden", path="/group-contacts", after=2)
    half = world.sync(credential_id, NEW, day=JULY)
    assert half.history["players"].status == "partial_success"
    assert not world.sync(credential_id, OLD, day=JULY).players.deciding
    world.sync(credential_id, NEW, day=JULY)
    assert world.sync(credential_id, OLD, day=JULY).players.deciding


def test_in_july_no_player_of_the_old_season_leaves_and_the_new_one_takes_over(
    make_world: Callable[..., SyncWorld],
) -> None:
    world = make_world(next_season="filled")
    credential_id = world.add_credential()
    world.sync(credential_id, OLD, day=MAY)
    world.sync(credential_id, NEW, day=JULY)

    twizzit = world.simulator.world
    old, new = twizzit.truth(world.club(), OLD), twizzit.truth(world.club(), NEW)
    assert 0 < len(new.players) < len(old.players)
    for remote_id, player in old.players.items():
        row = world.player(remote_id)
        assert row["is_active"] is True
        teams = new.players[remote_id].team_ids if remote_id in new.players else player.team_ids
        assert row["team_id"] in {world.local_id(team, "team") for team in teams}
    rows = world.dump()
    world.sync(credential_id, OLD, day=JULY)
    assert world.dump() == rows


def test_what_was_held_back_of_a_season_s_teams_ends_with_the_season(make_world: Callable[..., SyncWorld]) -> None:
    world = make_world(next_season="filled", teams=6, players_per_team=2, tidy=frozenset({1}))
    credential_id = world.add_credential()
    world.sync(credential_id, OLD, day=MAY)
    for group in world.club().teams(world.simulator.world.running_season)[:5]:
        world.simulator.changes.remove_team(group.id)
    held = world.sync(credential_id, OLD, day=MAY).teams.held
    assert len(held) == 5
    decide(world.database.engine, credential_id, "approve", [("teams", held[0])], actor=this_user())
    world.sync(credential_id, NEW, day=MAY)
    assert len(world.rows(tables.departures, entity="teams", returned_at=None)) == 5, "it has not begun"

    synced = world.sync(credential_id, NEW, day=JULY)

    assert (synced.players.deciding, synced.teams.held) == (True, ())
    assert not world.rows(tables.departures, entity="teams", returned_at=None)
    before = world.dump((*WRITTEN_BY_A_SYNC, tables.departures))
    world.sync(credential_id, NEW, day=JULY)
    assert world.dump((*WRITTEN_BY_A_SYNC, tables.departures)) == before


def test_the_running_season_is_known_after_a_verify(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    engine, start = world.database.engine, "07-01"
    assert seasons.running_season(engine, credential_id, day=MAY, season_start=start) is None
    verify(world.settings, world.database, credential_id)
    for day, label in (
        (MAY, OLD),
        (date(2025, 6, 30), BEFORE),
        (date(2025, 7, 1), OLD),
        (AUGUST, OLD),  # all are over: the last
        (date(2020, 1, 1), OLD),  # none has begun
    ):
        assert seasons.running_season(engine, credential_id, day=day, season_start=start) == label
    keys, labels = seasons.known_partitions(engine)
    assert labels == {credential_id: [BEFORE, OLD]}
    assert keys[credential_id].startswith(f"{credential_id}-")


def test_a_label_that_no_partition_can_have_is_synced_and_put_right(world: SyncWorld) -> None:
    """One with a no-break space, as an earlier version stored it: the automatic syncs, the partitions and the sync."""
    credential_id = world.add_credential()
    verify(world.settings, world.database, credential_id)
    with world.database.engine.begin() as connection:
        stored = update(tables.twizzit_seasons).where(tables.twizzit_seasons.c.label == OLD)
        connection.execute(stored.values(label="Saison\u00a02025-2026"))

    (standing,) = look(world.database.engine).standings.values()
    assert standing.running_season(MAY, "07-01") == OLD
    assert sorted(standing.labels) == [BEFORE, OLD]
    assert sorted(seasons.known_partitions(world.database.engine)[1][credential_id]) == [BEFORE, OLD]
    assert resolve(world.settings, world.database, credential_id, "Saison\u00a02025-2026") == OLD

    synced = world.sync(credential_id, OLD, day=MAY)
    assert synced.teams.season_exists
    assert sorted(row["label"] for row in world.rows(tables.twizzit_seasons)) == [BEFORE, OLD]
    world.assert_truth(credential_id)


@pytest.mark.parametrize("read_by", ["verify", "sync"])
def test_seasons_that_were_read_before_the_clock_was_put_back_are_read_anew(world: SyncWorld, read_by: str) -> None:
    credential_id = world.add_credential()
    if read_by == "verify":
        verify(world.settings, world.database, credential_id)
        read = update(tables.credentials), tables.credentials.c.last_verified_at
    else:
        world.sync(credential_id, OLD, day=MAY)
        read = update(tables.sync_history), tables.sync_history.c.completed_at

    def calls() -> int:
        world.simulator.calls.reset()
        with pytest.raises(UnknownSeason, match=OLD):
            resolve(world.settings, world.database, credential_id, "1999-2000")
        return world.simulator.calls.of("/seasons")

    assert calls() == 0, "they were read a moment ago"
    statement, moment = read
    with world.database.engine.begin() as connection:
        connection.execute(update(tables.credentials).values(last_verified_at=None))
        ahead = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=366)
        connection.execute(statement.values({moment: ahead}))
    assert (calls(), calls()) == (1, 0)


@pytest.mark.parametrize(
    ("day", "start", "label"),
    [
        (date(2026, 6, 30), "07-01", "2025-2026"),
        (date(2026, 7, 1), "07-01", "2026-2027"),
        (date(2026, 7, 1), "08-15", "2025-2026"),
        (date(2027, 1, 1), "01-01", "2027-2028"),
        (date(2028, 2, 29), "07-01", "2027-2028"),
    ],
)
def test_the_season_of_a_day(day: date, start: str, label: str) -> None:
    season = seasons.season_of(day, start)
    assert season.label == label
    assert season.start_date is not None
    assert season.end_date is not None
    assert season.start_date <= day <= season.end_date
    assert seasons.season_of(season.end_date, start) == season
    assert seasons.season_of(season.end_date + timedelta(days=1), start).start_date == season.end_date + timedelta(
        days=1
    )


def test_seasons_of_the_same_name_are_kept_apart() -> None:
    twice = [Season("7", "Zomer", date(2026, 4, 1), None), Season("5", "Zomer", date(2025, 4, 1), None)]
    found = seasons.listed(twice, day=MAY, season_start="07-01")
    assert [(season.id, season.label) for season in found] == [("5", "Zomer"), ("7", "Zomer-7")]


def test_players_before_teams_are_refused_rather_than_none(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    with pytest.raises(TeamsNotScanned, match="sync the teams first"):
        world.sync(credential_id, steps=[scan_players])
    assert [row.status for row in history.recent(world.database.engine, credential_id)] == ["failed"]
