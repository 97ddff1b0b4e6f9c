"""The rules about a player, which `contracts.players` asks.

Lengths are those of ShotSpot's columns (`shotspot-schema.md`).
"""

from twizzit_pipeline.contracts.rules.rule import Rule, at_most, one_of, present, printable

FUNCTION_KNOWN = Rule(
    "function_known",
    "function",
    "It is known whether the member's function is a player's (twizzit config set ID --function NAME=player or =other)",
    "reject",
    "it is not known whether the function is a player's: twizzit config set ID --function NAME=player or =other",
)
"""A rule about a membership, which the dialect judges: the others are about people."""

RULES: tuple[Rule, ...] = (
    present("twizzit_team_id", "team_id_present", "The team's id", form=True),
    at_most(100, "twizzit_team_id", "team_id_length", "The team's id"),
    printable("twizzit_team_id", "team_id_printable", "The team's id"),
    present("twizzit_player_id", "id_present", "The id", form=True),
    at_most(100, "twizzit_player_id", "id_length", "The id"),
    printable("twizzit_player_id", "id_printable", "The id"),
    present("first_name", "first_name_present", "The first name", form=True),
    at_most(50, "first_name", "first_name_length", "The first name"),
    printable("first_name", "first_name_printable", "The first name"),
    present("last_name", "last_name_present", "The last name", form=True),
    at_most(50, "last_name", "last_name_length", "The last name"),
    printable("last_name", "last_name_printable", "The last name"),
    one_of(("male", "female"), "gender", "gender_allowed", "The gender"),
    Rule(
        "jersey_number_range",
        "jersey_number",
        "The shirt number is between 0 and 999, where it is given",
        broken="the shirt number is not between 0 and 999",
    ),
    Rule(
        "duplicate_id",
        "twizzit_player_id",
        "A team lists an id for one person only",
        broken="the team lists the id twice, with different data",
        of_row=True,
    ),
    FUNCTION_KNOWN,
    present("gender", "gender_known", "The player's gender", kind="warn"),
    Rule(
        "jersey_number_given",
        "jersey_number",
        "The player has a shirt number",
        "warn",
        "there is no shirt number",
        of_row=True,
    ),
    Rule(
        "jersey_number_readable",
        "jersey_number",
        "The shirt number is a number from 0 to 999; else the player has none, or the one of before",
        "warn",
        "the shirt number is no number from 0 to 999: the player comes without one, or keeps the one of before",
        of_row=True,
    ),
    Rule(
        "listed_once",
        "twizzit_player_id",
        "A team lists the player once; equal rows are taken as one",
        "warn",
        "the team lists the player several times, which is taken as once",
        of_row=True,
    ),
)
