"""Games within one club and teams of competitions, beside every shape of ShotSpot's database and standing alone."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import insert, text

from tests.support.sync_world import STEPS, Synced, SyncWorld
from tests.support.synced_world import SyncedOnce, first_sync, synced_once
from twizzit_pipeline.runs import history
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.storage.migrate import check
from twizzit_pipeline.sync.entities.competitions import map_competitions, scan_competitions
from twizzit_pipeline.sync.entities.matches import map_matches, scan_matches
from twizzit_pipeline.sync.reports import MappingReport
from twizzit_pipeline.sync.state.game_rules import derbies_allowed

WHOLE = (*STEPS, scan_competitions, scan_matches, map_competitions, map_matches)
SMALL: dict[str, Any] = {"clubs": 1, "teams": 3, "players_per_team": 2, "other_contacts": 1}
SHAPES: dict[str, tuple[str, ...]] = {"alone": (), "older": ("older.sql",), "newer": ("older.sql", "newer.sql")}
DERBY = "999001"
WIDE = "home_club_id <> away_club_id OR (home_team_id IS NOT NULL AND away_team_id IS NOT NULL)"


@dataclass(frozen=True)
class Shape:
    """A database and whether two teams of one club may meet in it, by its own CHECK."""

    world: SyncWorld
    derbies: bool
    game_type: bool


@pytest.fixture(scope="module", params=SHAPES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def prepared(kind: str, beside_shotspot: Callable[..., str]) -> str:
    return beside_shotspot(*SHAPES[kind])


@pytest.fixture(scope="module")
def synced(
    prepared: str,
    copied_database: Callable[[str], AbstractContextManager[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SyncedOnce]:
    def whole(world: SyncWorld) -> None:
        first_sync(world, WHOLE)

    with synced_once(lambda: copied_database(prepared), tmp_path_factory.mktemp("synced"), whole, **SMALL) as once:
        yield once


@pytest.fixture
def shape(kind: str, prepared: str, world: SyncWorld) -> Shape:
    return Shape(world, kind != "older", kind == "newer")


def with_a_derby(world: SyncWorld, credential_id: int) -> Synced:
    """Brings the calendar again, with a match between two of the club's teams in the snapshot."""
    first, second = (world.roster(place)[0] for place in (0, 1))
    (season,) = world.rows(tables.twizzit_seasons, credential_id=credential_id, label=world.season)
    derby = {
        "credential_id": credential_id,
        "season_id": season["id"],
        "twizzit_match_id": DERBY,
        "home_team_id": str(first),
        "home_name": "Ours 1",
        "away_team_id": str(second),
        "away_name": "Ours 2",
        "starts_at": datetime(2027, 2, 6, 14, tzinfo=UTC),
        "status": "scheduled",
    }
    with world.database.engine.begin() as connection:
        connection.execute(insert(tables.twizzit_matches).values(**derby))
    return world.sync(credential_id, steps=(map_matches,))


def test_a_derby_is_a_game_where_the_database_takes_one_and_else_set_aside(shape: Shape, club: int) -> None:
    world = shape.world

    synced = with_a_derby(world, club)

    report = synced.reports["map_matches"]
    assert isinstance(report, MappingReport)
    assert (report.failed, synced.history["matches"].status) == ({}, "success")
    mapped = world.rows(tables.match_mappings, twizzit_match_id=DERBY)
    if not shape.derbies:
        assert report.set_aside == {"same_club": (DERBY,)}
        assert synced.history["matches"].details["set_aside"] == {"same_club": {"count": 1, "twizzit_ids": [DERBY]}}
        assert mapped == []
        return
    assert (report.set_aside, report.created) == ({}, 1)
    (game,) = world.rows(tables.games, id=mapped[0]["local_game_id"])
    assert game["home_club_id"] == game["away_club_id"]
    assert (game["home_team_id"], game["away_team_id"]) == tuple(
        world.local_id(world.roster(place)[0], "team") for place in (0, 1)
    )


def test_games_say_that_teams_play_where_shotspot_has_that_column(shape: Shape, club: int) -> None:
    with shape.world.database.engine.connect() as connection:
        made = sa.select(tables.match_mappings.c.local_game_id)
        if not shape.game_type:
            assert "game_type" not in {column["name"] for column in sa.inspect(connection).get_columns("games")}
            return
        games = tables.written_games.c
        kinds = connection.scalars(sa.select(games.game_type).where(games.id.in_(made))).all()
        before = connection.scalars(sa.select(games.game_type).where(games.id.not_in(made))).all()
    assert set(kinds) == {"team"}
    assert before == ["club"]


def test_every_competition_gets_its_teams_once_and_journalled(shape: Shape, club: int) -> None:
    world = shape.world
    (first,) = (row for row in history.recent(world.database.engine, club) if row.details.get("entity") == "matches")
    rows = world.rows(tables.competition_teams)
    playing = {
        (game["competition_id"], game[f"{side}_team_id"])
        for game in world.rows(tables.games)
        for side in ("home", "away")
        if game["competition_id"] is not None
    }
    assert {(row["competition_id"], row["team_id"]) for row in rows} == playing
    assert len(rows) == len(playing) == first.details["competition_teams"] > 0
    journal = world.rows(tables.sync_changes, table_name="competition_teams")
    assert {(row["row_id"], row["action"]) for row in journal} == {(row["id"], "create") for row in rows}

    again = world.sync(club, steps=WHOLE)
    assert world.rows(tables.competition_teams) == rows
    assert again.history["matches"].details["competition_teams"] == 0
    assert len(world.rows(tables.sync_changes, table_name="competition_teams")) == len(rows)


def test_what_shotspot_says_of_a_competitions_team_stays(shape: Shape, club: int) -> None:
    world = shape.world
    first, second, *_ = world.rows(tables.competition_teams)
    world.change(tables.competition_teams, first["id"], seed=1, group_name="A", is_eliminated=True)
    with world.database.engine.begin() as connection:
        connection.execute(sa.delete(tables.competition_teams).where(tables.competition_teams.c.id == second["id"]))
    world.sync(club, steps=(map_matches,))
    (kept,) = world.rows(tables.competition_teams, id=first["id"])
    assert (kept["seed"], kept["group_name"], kept["is_eliminated"]) == (1, "A", True)
    back = {"competition_id": second["competition_id"], "team_id": second["team_id"]}
    assert len(world.rows(tables.competition_teams, **back)) == 1


@pytest.mark.parametrize(
    ("checks", "allowed"),
    [
        ([], True),
        (["home_club_id <> away_club_id"], False),
        (["NOT (home_club_id = away_club_id)"], False),
        (["abs(home_club_id - away_club_id) > 0"], False),
        (["home_club_id IS DISTINCT FROM away_club_id"], False),
        (["CASE WHEN home_club_id = away_club_id THEN false ELSE true END"], False),
        ([WIDE], True),
        (["home_club_id <> away_club_id OR num_nulls(home_team_id, away_team_id) = 0"], True),
        (["home_club_id <> away_club_id OR home_team_id <> away_team_id"], True),
        (["home_club_id <> away_club_id OR status LIKE 'sch%'"], True),
        (["home_club_id <> away_club_id OR status LIKE 'x:y%'"], False),
        (["home_club_id <> away_club_id OR home_score IS NULL"], False),
        ([WIDE, "home_club_id <> away_club_id"], False),
        ([WIDE, "home_score >= 0"], True),
        (["nullif(home_club_id, away_club_id) > 0"], True),  # null for such a row: PostgreSQL takes it
    ],
)
def test_postgresql_says_whether_a_club_may_meet_itself(database: Database, checks: list[str], allowed: bool) -> None:
    with database.engine.connect() as connection:
        connection.execute(text("ALTER TABLE games DROP CONSTRAINT games_clubs_differ_check"))
        for place, check_ in enumerate(checks):
            connection.exec_driver_sql(f"ALTER TABLE games ADD CONSTRAINT c{place} CHECK ({check_})".replace("%", "%%"))
        assert derbies_allowed(connection) is allowed
        # and so it is
        connection.execute(text("INSERT INTO clubs (id, name) VALUES (1, 'KC')"))
        connection.execute(text("INSERT INTO teams (id, club_id, name) VALUES (1, 1, 'A'), (2, 1, 'B')"))
        game = text(
            "INSERT INTO games (home_club_id, away_club_id, home_team_id, away_team_id, date)"
            " VALUES (1, 1, 1, 2, now())"
        )
        if allowed:
            connection.execute(game)
        else:
            with pytest.raises(sa.exc.IntegrityError):
                connection.execute(game)


def test_the_widened_check_is_of_the_pipelines_own_table_alone(shape: Shape) -> None:
    with shape.world.database.engine.connect() as connection:
        assert derbies_allowed(connection) is shape.derbies
        ours = connection.scalar(text("SELECT count(*) FROM pg_constraint WHERE conname = 'games_clubs_differ_check'"))
        assert ours == (0 if shape.world.rows(tables.clubs) else 1)
    assert check(shape.world.database.engine).differences == ()


def test_a_table_of_teams_that_shotspot_made_otherwise_is_left_and_filled(shape: Shape, club: int) -> None:
    world = shape.world
    bare = "id serial PRIMARY KEY, competition_id integer REFERENCES competitions, team_id integer REFERENCES teams"
    with world.database.engine.begin() as connection:
        connection.execute(text("DROP TABLE competition_teams"))
        connection.execute(text(f"CREATE TABLE competition_teams ({bare})"))
    assert check(world.database.engine).differences == ()
    world.sync(club, steps=(map_matches,))
    with world.database.engine.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM competition_teams")) > 0
        connection.execute(text("DROP TABLE competition_teams"))
    synced = world.sync(club, steps=(map_matches,))
    assert synced.history["matches"].status == "success", "a database without that table does without"
