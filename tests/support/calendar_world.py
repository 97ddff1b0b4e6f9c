"""What the tests of a season's calendar share: its steps, and whether ShotSpot's games are the simulator's matches."""

from collections import Counter
from typing import Any

from tests.support.sync_world import STEPS, SyncWorld
from twizzit_pipeline.simulator.calendar_truth import TrueMatch, calendar_truth
from twizzit_pipeline.storage import tables
from twizzit_pipeline.sync.entities.competitions import map_competitions, scan_competitions
from twizzit_pipeline.sync.entities.matches import map_matches, scan_matches
from twizzit_pipeline.transform.names import normalised_name

CALENDAR = (scan_competitions, scan_matches, map_competitions, map_matches)
EVERYTHING = (*STEPS, *CALENDAR)


def games(world: SyncWorld) -> dict[str, dict[str, Any]]:
    """Remote id → the game that is mapped to it."""
    by_id = {row["id"]: row for row in world.rows(tables.games)}
    return {row["twizzit_match_id"]: by_id[row["local_game_id"]] for row in world.rows(tables.match_mappings)}


def assert_calendar(world: SyncWorld, credential_id: int, dialect: str, place: int = 0) -> None:
    truth = calendar_truth(world.simulator.world, world.club(place), friendlies=dialect == "v2")
    by_id = {row["id"]: row for row in world.rows(tables.competitions)}
    mapped = world.rows(tables.competition_mappings, credential_id=credential_id)
    found = {row["twizzit_competition_id"]: by_id[row["local_competition_id"]] for row in mapped}
    assert {remote_id: row["name"] for remote_id, row in found.items()} == truth.competitions
    assert {row["season"] for row in mapped} == {world.season}
    assert {(row["competition_type"], row["status"], row["is_official"]) for row in found.values()} == {
        ("league", "in_progress", True)
    }
    mine = {row["twizzit_match_id"] for row in world.rows(tables.match_mappings, credential_id=credential_id)}
    assert mine == set(truth.matches)
    played = {id_: game for id_, game in games(world).items() if id_ in mine}
    clubs = {row["id"]: row["name"] for row in world.rows(tables.clubs)}
    teams = {row["id"]: row for row in world.rows(tables.teams)}
    rows = world.rows(tables.team_mappings)
    once = [one for one, count in Counter(row["twizzit_team_id"] for row in rows).items() if count == 1]
    own = {row["twizzit_team_id"]: row["local_team_id"] for row in rows if row["twizzit_team_id"] in once}
    for remote_id, true in truth.matches.items():
        assert_game(played[remote_id], true, clubs, teams, own)
        competition_id = played[remote_id]["competition_id"]
        assert competition_id == (found[true.competition_id]["id"] if true.competition_id else None)


def assert_competition_teams(world: SyncWorld) -> None:
    playing = {
        (game["competition_id"], game[f"{side}_team_id"])
        for game in world.rows(tables.games)
        for side in ("home", "away")
        if game["competition_id"] is not None
    }
    rows = world.rows(tables.competition_teams)
    assert {(row["competition_id"], row["team_id"]) for row in rows} == playing
    assert {(row["seed"], row["group_name"], row["is_eliminated"]) for row in rows} == {(None, None, False)}


def assert_game(game: dict[str, Any], true: TrueMatch, clubs: Any, teams: Any, own_teams: Any) -> None:
    """`own_teams`: remote id → the local one, of those that are mapped, and once."""
    own, other = ("home", "away") if true.is_home else ("away", "home")
    assert game[f"{own}_team_id"] == own_teams[true.own_team_id]
    if true.other_team_id is not None:  # two teams of the club meet
        assert game[f"{other}_team_id"] == own_teams[true.other_team_id]
    opponent = teams[game[f"{other}_team_id"]]
    assert opponent["club_id"] == game[f"{other}_club_id"]
    if opponent["name"].startswith(clubs[opponent["club_id"]]):  # ShotSpot shows a team's name alone
        assert normalised_name(opponent["name"]) == normalised_name(true.opponent)
    else:  # a team that its own club's credential brought
        full = f"{clubs[opponent['club_id']]} {opponent['name']}"
        assert normalised_name(full) == normalised_name(true.opponent)
    assert game["date"] == true.starts_at
    assert game["status"] == true.status
    assert (game["home_score"], game["away_score"]) == (true.score or (0, 0))
