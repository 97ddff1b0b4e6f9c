"""The rules about a match, which `contracts.matches` asks.

Lengths are those of ShotSpot's columns (`shotspot-schema.md`), of a side's name those of a club. A season's days are
Belgian ones.
"""

from twizzit_pipeline.contracts.rules.rule import Rule, at_most, one_of, present, printable

ZONE = "Europe/Brussels"
# How long a team is busy with a match, for the hint that it cannot be in two places.
MATCH_MINUTES = 90

RULES: tuple[Rule, ...] = (
    present("twizzit_match_id", "id_present", "The id", form=True),
    at_most(100, "twizzit_match_id", "id_length", "The id"),
    printable("twizzit_match_id", "id_printable", "The id"),
    Rule(
        "duplicate_id",
        "twizzit_match_id",
        "No two different matches share an id",
        broken="another match has the same id",
    ),
    at_most(100, "twizzit_competition_id", "competition_id_length", "The competition's id"),
    printable("twizzit_competition_id", "competition_id_printable", "The competition's id"),
    at_most(100, "home_team_id", "home_team_id_length", "The home team's id"),
    printable("home_team_id", "home_team_id_printable", "The home team's id"),
    present("home_name", "home_name_present", "The home side's name"),
    at_most(100, "home_name", "home_name_length", "The home side's name"),
    printable("home_name", "home_name_printable", "The home side's name"),
    at_most(100, "away_team_id", "away_team_id_length", "The away team's id"),
    printable("away_team_id", "away_team_id_printable", "The away team's id"),
    present("away_name", "away_name_present", "The away side's name"),
    at_most(100, "away_name", "away_name_length", "The away side's name"),
    printable("away_name", "away_name_printable", "The away side's name"),
    Rule(
        "start_readable",
        "starts_at",
        "The start is there, and is a time",
        broken="the start is missing, or is no time",
        form=True,
        asks_nulls=True,
    ),
    one_of(
        ("scheduled", "to_reschedule", "in_progress", "completed", "cancelled"),
        "status",
        "status_allowed",
        "The status",
    ),
    Rule(
        "inside_season",
        "starts_at",
        "The match is played within its season",
        broken="the day is outside of the season",
        of_row=True,
    ),
    Rule(
        "two_sides",
        "away_name",
        "A team does not play against itself",
        broken="both sides are the same team",
        of_row=True,
    ),
    Rule(
        "opponent_unknown",
        "away_name",
        "Both sides are teams: no bye, and none that is not known yet",
        "set_aside",
        "a side is a bye, or is not known yet",
        of_row=True,
    ),
    Rule(
        "hour_known",
        "starts_at",
        "The start has an hour: midnight stands for a day alone",
        "warn",
        "the start is a day alone, without an hour",
        of_row=True,
    ),
    Rule(
        "status_known",
        "status",
        "The word for the status is known; else the match comes without it",
        "warn",
        "the word for the status is not known, so the match came without it",
        of_row=True,
    ),
    Rule(
        "score_readable",
        "home_score",
        "The score, if any, has a known shape; else the match comes without it, or keeps the one of before",
        "warn",
        "the score has no known shape: the match came without it, or kept the one of before",
        of_row=True,
    ),
    Rule(
        "series_readable",
        "twizzit_competition_id",
        "The series, if any, has a known shape; else the match comes without it, or keeps the one of before",
        "warn",
        "the series has no known shape: the match came without it, or kept the one of before",
        of_row=True,
    ),
    Rule(
        "listed_once",
        "twizzit_match_id",
        "The match is listed once; equal rows are taken as one",
        "warn",
        "the match is listed several times, which is taken as once",
        of_row=True,
    ),
    Rule(
        "one_match_at_a_time",
        "starts_at",
        "None of the account's teams is in two matches at once",
        "warn",
        "a team of the account plays another match at the same time",
        of_row=True,
    ),
)
