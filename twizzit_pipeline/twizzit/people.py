"""A person as the wire has them, in both dialects: names, gender, shirt number, and nothing else.

What belongs here: which keys of a row are kept. A further field of a player is an attribute of `Person`, and a line of
`person`. Birth dates, addresses and the like have no use here and are not read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from twizzit_pipeline.twizzit.wire import Row, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What is kept of a row about a person, raw. `full_name` is given only where there are no separate names."""

    first_name: str | None = None
    last_name: str | None = None
    full_name: str | None = None
    gender: object = None
    jersey_number: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Player(Person):
    """A person who plays in a team: one record for each team and person, coaches and delegates left out."""

    team_id: str
    id: str | None


def person(row: Row) -> Person:
    """The person of a row whose keys are plain. v1 may call the shirt number `jerseynumber`."""
    first_name, last_name = text(row.get("firstname")), text(row.get("lastname"))
    separate = any(map(str.isalnum, f"{first_name or ''}{last_name or ''}"))
    gender = row.get("gender")
    return Person(
        first_name=first_name,
        last_name=last_name,
        full_name=None if separate else text(row.get("name")),
        gender=text(gender) if isinstance(gender, Mapping | list) else gender,
        jersey_number=row.get("jerseynumber", row.get("number")),
    )


def in_team(who: Person, team_id: str, person_id: str | None) -> Player:
    """The person as a player of a team."""
    return Player(team_id=team_id, id=person_id, **{each.name: getattr(who, each.name) for each in fields(Person)})
