"""The part of a plan of matches that a decision is about."""

from twizzit_pipeline.decisions.parts import of_matches
from twizzit_pipeline.plan import Change, Failed, Plan

SEASON = Change("seasons", "create", -1, None, {"name": "2026-2027"})
CLUBS = [
    Change("clubs", "create", row_id, None, {"name": name}) for row_id, name in ((-1, "AKC Zand"), (-2, "KC Berg"))
]
TEAMS = [
    Change("teams", "create", row_id, None, {"name": str(row_id), "club_id": row_id, "season_id": -1})
    for row_id in (-1, -2)
]
OPPONENTS = [
    Change("twizzit_opponents", "create", row_id, None, {"name": str(row_id), "club_id": row_id, "team_id": row_id})
    for row_id in (-1, -2)
]


def game(row_id: int, remote_id: str, away: int, home: int | None = 5, **more: object) -> Change:
    values = {"home_club_id": 1, "home_team_id": home, "away_club_id": away, "away_team_id": away}
    return Change("games", "create", row_id, remote_id, {**values, "season_id": 1, "competition_id": 9, **more})


def pair(row_id: int, competition_id: int, team_id: int) -> Change:
    return Change("competition_teams", "create", row_id, None, {"competition_id": competition_id, "team_id": team_id})


GAMES = [game(-1, "100", -1), game(-2, "101", -2), Change("games", "depart", 8, "102", {})]
PAIRS = [pair(-1, 9, -1), pair(-2, 9, -2), pair(-3, 9, 5), pair(-4, 10, -1)]
PLAN = Plan(
    "matches",
    [SEASON, *CLUBS, *TEAMS, *OPPONENTS, *GAMES, *PAIRS],
    failed=[Failed("100", "no"), Failed("103", "no")],
)


def test_what_a_match_needs_comes_along_and_nothing_of_others() -> None:
    part = of_matches(PLAN, {"100"})
    assert part.changes == [SEASON, CLUBS[0], TEAMS[0], OPPONENTS[0], GAMES[0], PAIRS[0], PAIRS[2]]
    assert part.failed == [Failed("100", "no")]


def test_of_two_matches_both_come_and_of_none_nothing() -> None:
    assert of_matches(PLAN, {"100", "101"}).changes == [one for one in PLAN.changes if one not in (GAMES[2], PAIRS[3])]
    assert of_matches(PLAN, {"999"}).changes == []


def test_rows_that_are_there_are_no_part_of_it() -> None:
    there = Change("teams", "update", 5, None, {"name": "U15"})
    plan = Plan("matches", [there, game(-1, "100", 7)])
    assert of_matches(plan, {"100"}).changes == [plan.changes[1]]
