"""What a season is called: which labels mean the same season, and what a label is like that can be a partition key.

What belongs here: the one rule for labels, for `verify`, syncs, the command line, the API and partitions alike. A label
of a new season, and of one that is asked for, is made by `label_of` alone; one that is stored is held against `usable`.

The same two years are the same season, however they are written and whatever month they begin in: ``2026-2027``,
``2026/27``, ``Saison 2026 – 2027``. Words that say more than "season" set seasons of the same years apart:
``Indoor 2026-2027`` and ``Outdoor 2026-2027`` are two.
"""

import re
import unicodedata
from datetime import date
from typing import NewType, TypeGuard

from twizzit_pipeline.words.meanings import key as plain

SeasonLabel = NewType("SeasonLabel", str)
"""A label that can be the key of a partition and fits its columns: `label_of` made it, or `usable` has seen it."""

LONGEST = 50

# They say that it is a season, or that it is the running one. A Dutch compound is its head and what stands before it:
# "zomerseizoen" and "winterseizoen" are two seasons, so the compounds that say nothing are named.
_SEASON = (
    "seizoen", "sportseizoen", "korfbalseizoen", "speelseizoen", "clubseizoen", "competitieseizoen", "season",
    "seasons", "saison", "saisons", "jaar", "sportjaar", "werkjaar", "clubjaar", "speeljaar", "korfbaljaar",
    "competitiejaar", "verenigingsjaar", "lidjaar", "schooljaar", "year", "annee", "exercice",
)  # fmt: skip
_BESIDE = (
    "sport", "sports", "sporting", "sportif", "sportive", "korfbal", "korfball", "corfbal", "club", "competitie",
    "competition", "the", "of", "for", "het", "de", "van", "voor", "la", "le", "les", "l", "du", "des", "pour",
    "huidig", "huidige", "lopend", "lopende", "actueel", "actief", "current", "active", "running", "actuel", "actuelle",
    "en", "cours", "nieuw", "nieuwe", "new", "nouvelle",
)  # fmt: skip
_SAY_NOTHING = frozenset(_SEASON + _BESIDE)
_YEAR = r"(?:19|20)\d\d"
_JOINT = r"\s*(?:[-/\\|_.&+\u2019']|\btot\b|\bto\b|\bt/m\b|\bet\b|\ben\b|\band\b|\bau\b|\ba\b|\s)+\s*"
_TWO = re.compile(rf"(?<!\d)({_YEAR})(?:{_JOINT})?({_YEAR})(?!\d)")
_SHORT = re.compile(rf"(?<!\d)({_YEAR}){_JOINT}(\d\d)(?![\d/.-])")
_SHORTEST = re.compile(r"(?:(?<![\w/.-])|(?<=seizoen)|(?<=season)|(?<=saison))'?(\d\d)\s*[-/|]\s*'?(\d\d)(?![\w/.-])")
_ONE = re.compile(rf"(?<!\d)({_YEAR})(?!\d)")

# What Dagster keeps for itself in the keys of partitions, and what no new label has besides.
_RESERVED = re.compile(r"[|,\[\]]|\.\.\.")
_LEFT_OUT = re.compile(rf"{_RESERVED.pattern}|[^\u0000-\uffff]")
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-")
_APOSTROPHES = dict.fromkeys(map(ord, "‘’ʼ`´"), "'")


def years(label: str) -> tuple[int, int] | None:
    """The two years that a label names, one after the other; None where it does not name two such."""
    found = _found_years(_plain(label))
    return found[0] if found else None


def first_year(label: str) -> int | None:
    """The year in which the season begins, as far as its label says; a label may name one alone."""
    both = years(label)
    if both is not None:
        return both[0]
    one = _ONE.search(_plain(label))
    return int(one[1]) if one else None


def key(label: str, start: date | None = None, end: date | None = None) -> str:
    """What two labels of the same season share: ``2026-2027``, or ``2026-2027 indoor``.

    A label that names no two years is its own words; the dates give the years where these words say nothing
    (``Huidig seizoen``), or name the year of the beginning alone (``2026``).
    """
    text = _plain(label)
    found = _found_years(text)
    if found is not None:
        (first, last), rest = found
        return " ".join((f"{first}-{last}", *_words(rest)))
    words = _words(text)
    if start is not None and end is not None and end.year == start.year + 1 and words in ([], [str(start.year)]):
        return f"{start.year}-{end.year}"
    return " ".join(words) or plain(label)


def canonical(label: str) -> str:
    """How a season is called here: its two years where its label says nothing else, else the label, `cleaned`."""
    both = years(label)
    if both is not None and key(label) == f"{both[0]}-{both[1]}":
        return f"{both[0]}-{both[1]}"
    return cleaned(label)


def cleaned(label: str) -> str:
    """A label as the key of a partition may hold it (`usable`), with single spaces; empty where no letter and no digit
    is left: signs alone are no name.
    """
    visible = "".join(letter if letter.isprintable() else " " for letter in unicodedata.normalize("NFC", label))
    return _named(" ".join(_LEFT_OUT.sub("-", visible).split()))


def label_of(said: str) -> SeasonLabel | None:
    """The label of the season that is called `said` elsewhere: `canonical`, of `LONGEST` characters; None where nothing
    is left of it.
    """
    label = _named(canonical(said)[:LONGEST].strip())
    return SeasonLabel(label) if label else None


def _named(label: str) -> str:
    return label if any(map(str.isalnum, label)) else ""


def usable(label: str) -> TypeGuard[SeasonLabel]:
    """Whether a label, as it is stored, can be the key of a partition: Dagster keeps a few characters for itself."""
    return bool(label.strip()) and len(label) <= LONGEST and label.isprintable() and not _RESERVED.search(label)


def may_be(said: str | None, label: str) -> bool:
    """Whether something that names a season so can be of the season `label`: by the years, as far as both give them."""
    if not said:
        return True
    first = first_year(said), first_year(label)
    return None in first or first[0] == first[1]


def _found_years(text: str) -> tuple[tuple[int, int], str] | None:
    """The two years in a plain label, and the label without them."""
    for pattern in (_TWO, _SHORT, _SHORTEST):
        for found in pattern.finditer(text):
            first, last = int(found[1]), int(found[2])
            if first < 100:
                first += 1900 if first > 69 else 2000
            if last == first + 1 or last == (first + 1) % 100:
                return (first, first + 1), f"{text[: found.start()]} {text[found.end() :]}"
    # "01/07/2026 - 30/06/2027": a stretch of days.
    named = [int(year) for year in _ONE.findall(text)]
    if len(named) == 2 and named[1] == named[0] + 1:
        return (named[0], named[1]), re.sub(r"[\d/.:-]+", " ", text)
    return None


def _plain(label: str) -> str:
    return plain(label.translate(_DASHES).translate(_APOSTROPHES))


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text) if word not in _SAY_NOTHING]
