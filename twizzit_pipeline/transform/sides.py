"""The name of a match's side: which part of it is the club's, and which the team's.

What belongs here: reading "AKC Duinrand U15 1" as the club AKC Duinrand and its team U15 1, by its words alone. Which
clubs there are, and so where a name really parts, is known in `plan`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from twizzit_pipeline.transform.clubs import names_one
from twizzit_pipeline.transform.names import normalised_name
from twizzit_pipeline.transform.teams import age_group, team_gender

_NUMBER_OR_LETTER = re.compile(r"\d{1,2}|[a-h]|i{1,3}|iv|v", re.IGNORECASE)
# Teams for the fun of it: no age group, and part of no club's name.
_RECREATION = {"recreant", "recreanten", "recreatief", "recreatieven", "recrea", "loisir", "loisirs", "recreational"}
# "Under 15" and its like come in two words, the second of which is a number.
_BEFORE_A_NUMBER = {"u", "onder", "under", "moins", "de"}


@lru_cache(4096)  # the sides of a calendar come again and again
def split_side(name: str) -> tuple[str, str]:
    """(club, team): the team is what stands last and says which of a club's teams it is: an age, a category, a gender,
    a number or a letter of its own.

    At least one word is the club's, and one that says which club: "KC B 1" is the first team of KC B. A name without
    any such ending is the club's and its team's alike: "KC Antwerpen" has the team "KC Antwerpen". A year ("'78")
    belongs to the club.
    """
    words = _words(name)
    first = len(words)
    while first > 1 and _names_the_team(words[first - 1], following=words[first:]):
        if names_one(" ".join(words[:first])) and not names_one(" ".join(words[: first - 1])):
            break
        first -= 1
    club, team = " ".join(words[:first]), " ".join(words[first:])
    return (club, team) if team else (club, club)


def partings(name: str) -> Iterator[tuple[str, str]]:
    """(club, team) for each place between two words where the name may part, the longest club first; the team is empty
    where the whole name is the club's.
    """
    words = _words(name)
    for first in range(len(words), 0, -1):
        yield " ".join(words[:first]), " ".join(words[first:])


def _words(name: str) -> list[str]:
    return [word for word in name.split() if word not in {"-", "–", "—"}] or [name]


def _names_the_team(word: str, *, following: list[str]) -> bool:
    if _NUMBER_OR_LETTER.fullmatch(word) or normalised_name(word) in _RECREATION:
        return True
    if normalised_name(word) in _BEFORE_A_NUMBER:
        return age_group(" ".join([word, *following])) is not None
    return age_group(word) is not None or team_gender(word) is not None
