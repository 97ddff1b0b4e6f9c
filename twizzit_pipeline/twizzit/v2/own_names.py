"""The account's own team in a text, and texts that are no side of a match at all.

What belongs here: how well a text fits a team's names, with its club's or without.
"""

import re
from enum import IntEnum

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


class OwnNames:
    """The names by which people call the teams of one organization."""

    def __init__(self, organization_name: str) -> None:
        club = compared(organization_name)
        words = club.split()
        while len(words) > 1 and words[0] in _CLUB_WORDS:
            words = words[1:]
        self._clubs = tuple(dict.fromkeys(name for name in (club, " ".join(words)) if name))

    def fit(self, text: str, team: EventGroup | None) -> Fit:
        """How well a text fits the team; without a team, how well it fits the club."""
        said = compared(text)
        names, short = ({compared(team.name)}, {compared(team.short_name)}) if team else (set[str](), set[str]())
        names |= {rest for name in names for club in self._clubs if (rest := name.removeprefix(f"{club} ")) != name}
        names, short = names - {""} - set(self._clubs), short - {""}
        with_club = {
            both for club in self._clubs for name in names | short for both in (f"{club} {name}", f"{name} {club}")
        }
        return self._best(said, names, short, with_club)

    def _best(self, said: str, names: set[str], short: set[str], with_club: set[str]) -> Fit:
        if said in with_club:
            return Fit.CLUB_AND_TEAM
        if said in names:
            return Fit.TEAM
        if said in short:
            return Fit.SHORT_NAME
        if said in self._clubs:
            return Fit.CLUB
        if self.says_club(said):
            return Fit.SAYS_CLUB
        return Fit.ENDS_ALIKE if any(said.endswith(f" {name}") for name in names) else Fit.NONE

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
