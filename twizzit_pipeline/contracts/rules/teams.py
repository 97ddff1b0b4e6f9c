"""The rules about a team, which `contracts.teams` asks.

Lengths are those of ShotSpot's columns (`shotspot-schema.md`).
"""

from twizzit_pipeline.contracts.rules.rule import Rule, at_most, one_of, present, printable

RULES: tuple[Rule, ...] = (
    present("twizzit_team_id", "id_present", "The id", form=True),
    at_most(100, "twizzit_team_id", "id_length", "The id"),
    printable("twizzit_team_id", "id_printable", "The id"),
    Rule(
        "duplicate_id", "twizzit_team_id", "No two different teams share an id", broken="another team has the same id"
    ),
    present("name", "name_present", "The name", form=True),
    at_most(100, "name", "name_length", "The name"),
    printable("name", "name_printable", "The name"),
    at_most(100, "short_name", "short_name_length", "The short name"),
    printable("short_name", "short_name_printable", "The short name"),
    at_most(100, "club_id", "club_id_length", "The club's id"),
    printable("club_id", "club_id_printable", "The club's id"),
    at_most(100, "club_name", "club_name_length", "The club's name"),
    printable("club_name", "club_name_printable", "The club's name"),
    at_most(20, "age_group", "age_group_length", "The age group"),
    one_of(("male", "female", "mixed"), "gender", "gender_allowed", "The gender"),
    Rule(
        "listed_once",
        "twizzit_team_id",
        "The team is listed once; equal rows are taken as one",
        "warn",
        "the team is listed several times, which is taken as once",
        of_row=True,
    ),
)
