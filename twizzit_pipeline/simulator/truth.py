"""What a right sync must end with: the rules of the pipeline, said once more and independently of it.

What belongs here: the judgement of the simulator's own data, for tests to compare with. The pipeline never uses it.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from twizzit_pipeline.simulator.clubs import ODD, PLAYING
from twizzit_pipeline.simulator.records import Contact, Link, Organization, Season

LONGEST_PERSON_NAME = 50
LONGEST_TEAM_NAME = 100
_GENDERS = {"m": "male", "male": "male", "man": "male", "1": "male"} | {
    "f": "female",
    "female": "female",
    "vrouw": "female",
    "2": "female",
}


class TruePlayer(NamedTuple):
    """A player as a right sync leaves them. `jersey_number` is the wanted one: two of a club may want the same."""

    first_name: str
    last_name: str
    gender: str | None
    jersey_number: int | None
    team_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Truth:
    """What one organization and season come down to. All ids are text.

    Attributes:
        teams: remote id → name.
        players: remote id → what is known; only those who play in a team that is not rejected.
        rejected: "teams" and "players" → remote id → the column and what is wrong with it (``last_name: missing``).
        clubs: remote id of a team → the club it names, None for the organization itself.
        set_aside: reason → how many memberships of those teams are not meant to come, where filters are honoured;
            with those of `players` and the unclear ones of `rejected` they are all that is listed. Nothing in v1.
    """

    teams: Mapping[str, str]
    players: Mapping[str, TruePlayer]
    rejected: Mapping[str, Mapping[str, str]]
    clubs: Mapping[str, str | None]
    set_aside: Mapping[str, int] = field(default_factory=dict)


def truth_of(organization: Organization, season: Season, *, dialect: str) -> Truth:
    """The truth of one organization and season; see `World.truth`."""
    teams: dict[str, str] = {}
    clubs: dict[str, str | None] = {}
    rejected: dict[str, dict[str, str]] = {"teams": {}, "players": {}}
    players: dict[str, TruePlayer] = {}
    set_aside: Counter[str] = Counter()
    for group in organization.teams(season):
        name = _clean(group.name)
        if reason := _wrong(name, LONGEST_TEAM_NAME):
            rejected["teams"][str(group.id)] = f"name: {reason}"
            continue
        teams[str(group.id)] = name
        clubs[str(group.id)] = group.club.name if group.club and dialect == "v2" else None
        for contact in organization.players(group.id):
            _judge(contact, str(group.id), players, rejected["players"], dialect)
        if dialect == "v2":
            _count(organization.rosters[group.id], rejected["players"], set_aside)
    return Truth(teams=teams, players=players, rejected=rejected, clubs=clubs, set_aside=set_aside)


def _count(roster: list[Link], rejected: dict[str, str], set_aside: Counter[str]) -> None:
    """The memberships that are not meant to come, by reason, and those that only a person can settle."""
    playing: set[int] = set()
    for link in roster:
        if link.season_id is not None:
            set_aside["other_season"] += 1
        elif link.function in PLAYING:
            if link.contact_id in playing:
                set_aside["listed_twice"] += 1
            playing.add(link.contact_id)
        elif link.function == ODD:
            rejected.setdefault(str(link.contact_id), "function: unknown")
        else:
            set_aside["not_a_player"] += 1


def _judge(
    contact: Contact, team_id: str, players: dict[str, TruePlayer], rejected: dict[str, str], dialect: str
) -> None:
    first_name, last_name = _clean(contact.first_name), _clean(contact.last_name)
    for column, value in (("first_name", first_name), ("last_name", last_name)):
        if reason := _wrong(value, LONGEST_PERSON_NAME):
            rejected.setdefault(str(contact.id), f"{column}: {reason}")
            return
    before = players.get(str(contact.id))
    players[str(contact.id)] = TruePlayer(
        first_name=first_name,
        last_name=last_name,
        gender=_GENDERS.get(str(contact.gender).strip().lower()) if dialect == "v2" else None,
        jersey_number=_number(contact.number),
        team_ids=(before.team_ids if before else frozenset()) | {team_id},
    )


def _clean(name: str | None) -> str:
    return " ".join((name or "").split())


def _wrong(name: str, longest: int) -> str | None:
    if not name:
        return "missing"
    return "too long" if len(name) > longest else None


def _number(value: object) -> int | None:
    """0 to 999; anything else is no shirt number, and no reason to turn a player away."""
    text = str(value).strip()
    return int(text) if re.fullmatch(r"\d{1,3}", text) else None
