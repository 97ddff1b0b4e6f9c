"""The account's own team in a text, and texts that are no side of a match at all.

What belongs here: how well a text fits a team's names, with its club's or without.
"""

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from twizzit_pipeline.twizzit.v2.event_groups import EventGroup
from twizzit_pipeline.twizzit.wire import folded
from twizzit_pipeline.words.opponents import is_no_opponent


class Fit(IntEnum):
    """How well a text fits an own team, the best last."""

    NONE = 0
    ENDS_ALIKE = 1  # ends with the team's name, as the opponent's "AKC Zand U15 1" may as well
    SAYS_CLUB = 2  # the club's name is in it
    CLUB = 3  # is the club's name
    SHORT_NAME = 4
    TEAM = 5
    CLUB_AND_TEAM = 6


# What stands before a club's own word: "KC Scheldedal" is "Scheldedal" to its people.
_CLUB_WORDS = {
    *("kc", "akc", "kv", "kvc", "kbc", "rkc", "ckc", "korfbal", "korfbalclub", "korfbalvereniging", "corfbal", "royal"),
    *("koninklijke", "kon", "club", "sporting", "union", "vzw", "asbl", "sc", "sk", "ks", "bkc"),
}
_TOURNAMENT = re.compile(r"\b\w*(?:tornooi|toernooi|tournoi|tournament|tornooien|toernooien|tournois)s?\b")
_OCCASIONS = {
    *("competitie", "competition", "championnat", "kampioenschap", "beker", "coupe", "cup", "league", "liga", "ligue"),
    *(
        "reeks",
        "poule",
        "wedstrijd",
        "match",
        "game",
        "rencontre",
        "finale",
        "final",
        "friendly",
        "amical",
        "interclub",
    ),
    *("vriendschappelijk", "vriendschappelijke", "amicale", "training", "competitiewedstrijd", "bekerwedstrijd"),
    *("oefenwedstrijd", "oefenmatch", "oefen", "thuiswedstrijd", "uitwedstrijd", "thuismatch", "uitmatch", "barrage"),
    *("inhaalwedstrijd", "bekermatch", "competitiematch", "bekerfinale", "thuis", "uit", "home", "away", "domicile"),
    *("exterieur", "play", "off", "playoff", "playoffs", "offs", "halve", "kwart", "demi", "quart", "semi", "teamnaam"),
}
_BESIDE = re.compile(
    r"u ?\d{1,2}|\d{1,4}|[a-h]|van|de|du|des|la|le|the|of|belgie|belgique|vlaamse|nationale|national|zaal|veld|indoor"
    r"|outdoor|senioren|seniors|senior|jeugd|jeunes|youth|kern|ronde|tour|round|speeldag|journee|en|et|and"
)
_TEAM_ALONE = re.compile(
    r"(?:(?:u|onder|under|moins de) ?\d{1,2}|senioren|seniors|recreanten|jeugd|kern|reserven?|\d{1,2}|[a-h])"
    r"(?: (?:\d{1,2}|[a-h]))*"
)


@lru_cache(4096)
def compared(text: str) -> str:
    """A text as it is compared: without accents, case and anything but letters and digits."""
    return " ".join(re.sub(r"[^\w]+|_", " ", folded(text)).split())


def is_label(text: str) -> bool:
    """Whether a text says no more than what kind of a match it is: "Competitie", "Beker van België", "Match U15"."""
    words = compared(text).split()
    return any(word in _OCCASIONS for word in words) and all(
        word in _OCCASIONS or _BESIDE.fullmatch(word) for word in words
    )


def is_occasion(text: str) -> bool:
    """Whether a text names an occasion, and so no side: a tournament ("Tornooi KC X"), or what `is_label` says."""
    return _TOURNAMENT.search(compared(text)) is not None or is_label(text)


@dataclass(frozen=True, slots=True)
class _NamesOf:
    """What a team is called, as it is compared: by its name alone, by its short name alone, and with its club's."""

    names: frozenset[str]
    short: frozenset[str]
    with_club: frozenset[str]


class OwnNames:
    """The names by which people call the teams of one organization."""

    def __init__(self, organization_name: str) -> None:
        club = compared(organization_name)
        words = club.split()
        while len(words) > 1 and words[0] in _CLUB_WORDS:
            words = words[1:]
        self._clubs = tuple(dict.fromkeys(name for name in (club, " ".join(words)) if name))
        self._teams: dict[tuple[str, str], _NamesOf] = {}

    def fit(self, text: str, team: EventGroup | None) -> Fit:
        """How well a text fits the team; without a team, how well it fits the club."""
        said, of = compared(text), self._of(team)
        if said in of.with_club:
            return Fit.CLUB_AND_TEAM
        if said in of.names:
            return Fit.TEAM
        if said in of.short:
            return Fit.SHORT_NAME
        if said in self._clubs:
            return Fit.CLUB
        if self.says_club(said):
            return Fit.SAYS_CLUB
        return Fit.ENDS_ALIKE if any(said.endswith(f" {name}") for name in of.names) else Fit.NONE

    def _of(self, team: EventGroup | None) -> _NamesOf:
        """A club has many matches and few teams: each pair of names is put together once."""
        said = ("", "") if team is None else (compared(team.name), compared(team.short_name))
        found = self._teams.get(said)
        if found is None:
            found = self._teams[said] = self._put_together(*said)
        return found

    def _put_together(self, name: str, short_name: str) -> _NamesOf:
        names = {name, *(rest for club in self._clubs if (rest := name.removeprefix(f"{club} ")) != name)}
        names, short = names - {""} - set(self._clubs), {short_name} - {""}
        both = {both for club in self._clubs for one in names | short for both in (f"{club} {one}", f"{one} {club}")}
        return _NamesOf(frozenset(names), frozenset(short), frozenset(both))

    def says_club(self, text: str) -> bool:
        """Whether the club's name is in a text, as words of their own."""
        return any(f" {club} " in f" {compared(text)} " for club in self._clubs)

    def is_heading(self, part: str, rest: str) -> bool:
        """Whether the first part of a name is no side of it: an occasion, or a team alone before a part that says the
        club ("U15 - KC Duin U15 1 - AKC Zand").
        """
        return is_occasion(part) or (_TEAM_ALONE.fullmatch(compared(part)) is not None and self.says_club(rest))

    def rest_without_a_team(self, name: str, team: EventGroup | None) -> str | None:
        """What a name without a separator says instead of an opponent ("U15 1 vrij", "Bye"); None for anything else."""
        if not name.strip():
            return None
        if is_no_opponent(name):
            return name.strip()
        words = name.split()
        for cut in range(1, len(words)):
            if self.fit(" ".join(words[:cut]), team) >= Fit.CLUB and is_no_opponent(" ".join(words[cut:])):
                rest = " ".join(words[cut:])
                return rest if re.search(r"[^\W\d_]{2}", rest) or not re.search(r"\w", rest) else None
        return None
