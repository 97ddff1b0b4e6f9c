"""The rules about a competition, which `contracts.competitions` asks.

Lengths are those of ShotSpot's columns (`shotspot-schema.md`).
"""

from twizzit_pipeline.contracts.rules.rule import Rule, at_most, one_of, present, printable

RULES: tuple[Rule, ...] = (
    present("twizzit_competition_id", "id_present", "The id", form=True),
    at_most(100, "twizzit_competition_id", "id_length", "The id"),
    printable("twizzit_competition_id", "id_printable", "The id"),
    Rule(
        "duplicate_id",
        "twizzit_competition_id",
        "No two different competitions share an id",
        broken="another competition has the same id",
    ),
    present("name", "name_present", "The name"),
    at_most(255, "name", "name_length", "The name"),
    printable("name", "name_printable", "The name"),
    one_of(("league", "tournament"), "competition_type", "competition_type_allowed", "The type"),
    Rule(
        "start_date_present",
        "start_date",
        "The first day is there",
        broken="the first day is missing",
        form=True,
        asks_nulls=True,
    ),
    Rule(
        "ends_after_start",
        "end_date",
        "The last day is not before the first, where it is given",
        broken="the last day is before the first",
        of_row=True,
    ),
    Rule(
        "listed_once",
        "twizzit_competition_id",
        "The competition is listed once; equal rows are taken as one",
        "warn",
        "the competition is listed several times, which is taken as once",
        of_row=True,
    ),
)
