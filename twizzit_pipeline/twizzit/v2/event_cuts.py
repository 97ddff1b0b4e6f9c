"""The ways in which an event's name falls into two sides.

What belongs here: separators. Which way is meant is decided in `event_names`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from twizzit_pipeline.twizzit.v2.own_names import OwnNames, is_label
from twizzit_pipeline.words.clubs import KINDS

# The strongest first: where two kinds are in one name, the weaker is part of a side's name.
_SEPARATORS: tuple[tuple[re.Pattern[str], bool, bool], ...] = (
    (re.compile(r"\s+(?:(?i:vs|versus|tegen|contre)\.?|v\.?)\s+"), False, False),
    (re.compile(r"\s*@\s*|\s+(?i:at)\s+"), True, False),
    (re.compile(r"\s+[-‐‑–—−]+\s+"), False, False),
    (re.compile(r"\s+/+\s+"), False, False),
    # Within a club's name as well ("Sint-Jozef", "U15/U17"): only where the own team stands at one side of it.
    (re.compile(r"\s+[-–—−/]+(?=\S)|(?<=\S)[-–—−/]+\s+|\s+x\s+"), False, True),
    (re.compile(r"(?<=\S)[-‐‑–—−/](?=\S)"), False, True),
    (re.compile(r"\s+(?i:bij|naar|chez)\s+"), True, True),
    (re.compile(r"\s*(?:<-?>|→|->|=>|\||;|:)\s*|,\s+|\s+(?i:ontvangt|reçoit|recoit|krijgt)\s+|\s{2,}"), False, True),
    (re.compile(rf"\s+(?=(?i:{'|'.join(sorted(KINDS))})\s)"), False, True),
)
_DASH = re.compile(r"\s+[-‐‑–—−]+\s+")
_PREFIX = re.compile(r"\s*[^:@]{1,60}?\s*:\s+(?=\S)")
_TIME_BEFORE = re.compile(r"^\s*\d{1,2}[:hu.]\d{2}\s+(?=\S)")
_TIME_BEHIND = re.compile(r"[\s,(]+(?:om\s+)?\d{1,2}[:hu]\d{2}\)?\s*$|[\s,(]+\d{1,2}\s?[hu]\)?\s*$")
_SCORE_BEHIND = re.compile(r"(?:\s+\d{1,3}[-–]\d{1,3}|\s*[:(]\s*\d{1,3}\s*[-–]\s*\d{1,3}\)?)\s*$")
_HALL = re.compile(r"(?i)\s*(?:sporthal|sportzaal|sportcentrum|sportpark|sporthall|salle|zaal|hall|terrein|complexe)\b")
_DANGLING = re.compile(r"(?P<side>.*\S)\s+(?P<what>[-–—−/@]|(?i:vs|versus|tegen|contre)\.?|v\.)\s*$")
_ALONE = re.compile(
    r"\s*(?:(?i:wedstrijd|match|oefenmatch|oefenwedstrijd|rencontre)\s+)?(?:(?P<where>(?i:thuis|uit|home|away))\b\s*)?"
    r"(?P<how>:|@|(?i:vs|versus|tegen|contre)\.?\s|v\.\s|(?i:bij|naar|chez|at)\s)\s*(?P<opponent>\S.*?)\s*$"
)
_ELSEWHERE = {"@", "bij", "naar", "chez", "at"}


@dataclass(frozen=True, slots=True)
class Cut:
    """One way to cut a name.

    Attributes:
        rank: of its separator; the strongest is 0.
        away_first: "A @ B": A plays at B's.
        glued: the separator may stand within a name as well.
    """

    left: str
    right: str
    rank: int
    away_first: bool
    glued: bool


@dataclass(frozen=True, slots=True)
class Alone:
    """An opponent that a name gives without the own team, and whether it says that the own team is at home."""

    opponent: str
    at_home: bool | None


def cuts_of(name: str, names: OwnNames) -> list[Cut]:
    """All the ways in which a name falls into two texts: headings, an hour in front and a score behind left out."""
    plain = _SCORE_BEHIND.sub("", _TIME_BEHIND.sub("", _TIME_BEFORE.sub("", name, count=1)))
    return list(_cuts(without_headings(plain, names)))


def without_headings(name: str, names: OwnNames) -> str:
    """A name without what stands before its sides: "U15: A - B", "Competitie - A - B"; and a label behind them."""
    prefix = _PREFIX.match(name)
    if prefix and any(True for _ in _cuts(name[prefix.end() :])) and not any(_DASH.finditer(prefix[0])):
        name = name[prefix.end() :]
    while len(found := list(_DASH.finditer(name))) > 1 and names.is_heading(
        name[: found[0].start()], name[found[0].end() :]
    ):
        name = name[found[0].end() :]
    while len(found := list(_DASH.finditer(name))) > 1 and _is_beside(name[found[-1].end() :]):
        name = name[: found[-1].start()]
    return name


def _is_beside(text: str) -> bool:
    """Whether the last part of a name is none of its sides: a label, or where it is played."""
    return is_label(text) or _HALL.match(text) is not None


def opponent_alone(name: str) -> Alone | None:
    """The opponent of a name that gives no other side: "Tegen AKC Zand", "Uit: AKC Zand", "@ AKC Zand"."""
    found = _ALONE.fullmatch(name)
    if found is None or (found["how"] == ":" and found["where"] is None):
        return None
    where, how = (found["where"] or "").casefold(), found["how"].strip().casefold()
    at_home = where in ("thuis", "home") if where else False if how in _ELSEWHERE else None
    return Alone(found["opponent"], at_home)


def _cuts(name: str) -> Iterator[Cut]:
    dangling = _DANGLING.fullmatch(name)
    if dangling:  # "KC Duin - ": there is a place for an opponent, and no opponent in it
        yield Cut(dangling["side"].strip(), dangling["what"], 0, away_first=False, glued=False)
        return
    for rank, (separator, away_first, glued) in enumerate(_SEPARATORS):
        for found in separator.finditer(name):
            left, right = name[: found.start()].strip(), name[found.end() :].strip()
            if left and right:
                yield Cut(left, right, rank, away_first, glued)
