"""Whole names into first and last names, for accounts that give nothing but the whole, in either order.

What belongs here: the reading of one scan's whole names. It is a guess from how names are written in Belgium; what a
row itself tells wins over what the other rows suggest, and no word of a name is ever lost.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

Order = Literal["first name first", "last name first"]
FIRST_NAME_FIRST: Order = "first name first"
LAST_NAME_FIRST: Order = "last name first"

_Words = list[str]
_Reading = tuple[_Words, _Words]
"""First name and last name, in words; neither is empty."""

# Words that begin a surname and never end one. "Ben" and "Abu" are left out: they are given names as well.
_DUTCH = (
    "van",
    "vande",
    "vanden",
    "vander",
    "van't",
    "de",
    "den",
    "der",
    "te",
    "ten",
    "ter",
    "het",
    "'t",
    "'s",
    "op",
    "in",
)
_OTHER = (
    "du",
    "des",
    "la",
    "le",
    "les",
    "von",
    "zu",
    "zur",
    "da",
    "di",
    "del",
    "della",
    "dal",
    "dos",
    "el",
    "al",
    "ait",
)
_PARTICLES = frozenset(_DUTCH + _OTHER)
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘`´ʼ′", "'"))
# Surnames that carry their particle within one word: D'Hondt, L'Heureux, 't'Jampens.
_JOINED = ("d'", "l'", "'t", "'s")
_HYPHENS = frozenset("-‐‑–—")
# Capitals tell a surname from this many letters on; "JP Peeters" and "Jan P." are initials.
_FEWEST_CAPITALS = 3
# How often given names must repeat more than surnames before they tell the order: brothers and sisters share a surname.
_CLEAR_REPETITION = 3


def split_full_names(names: Sequence[str | None]) -> list[tuple[str | None, str | None]]:
    """First and last name of each whole name of one scan, in order; (None, None) for None, (None, name) for one word.

    What tells how a name falls apart, the strongest first:

    1. a comma: "Van den Broeck, Jan", and "Broeck, Jan van den";
    2. capitals: "VAN DEN BROECK Jan", "Jan PEETERS";
    3. particles: a surname may begin with them and cannot end with one, so that "Van den Broeck Jan" and "Jan Van den
       Broeck" have one reading each;
    4. the order of the scan, see `order_of`.

    A surname in front is its particles and one word; at the end it is all from its first particle on, or one word.
    Names should have come through `clean_text`.
    """
    order = order_of(name for name in names if name is not None)
    return [(None, None) if name is None else _split(name, order) for name in names]


def order_of(names: Iterable[str]) -> Order:
    """The order in which most names of a scan are written, each distinct name counted once.

    Names that tell it themselves (capitals, particles) are counted. Where neither order has more of them, given names
    tell, since more people share one than share a surname: words at the end that repeat at least three times, and more
    than twice as often as those in front, are given names. Otherwise the first name comes first.
    """
    distinct = [_words(name) for name in sorted(set(names)) if "," not in name]
    told = Counter(order for words in distinct if (order := _told_order(words)) is not None)
    if told[FIRST_NAME_FIRST] != told[LAST_NAME_FIRST]:
        return max(told, key=lambda order: told[order])
    plain = [words for words in distinct if len(words) == 2 and _told_order(words) is None]
    in_front, at_end = (len(plain) - len({words[at].casefold() for words in plain}) for at in (0, 1))
    return LAST_NAME_FIRST if at_end >= _CLEAR_REPETITION and at_end > 2 * in_front else FIRST_NAME_FIRST


def _split(name: str, order: Order) -> tuple[str | None, str | None]:
    before, comma, after = name.partition(",")
    if comma and before.strip() and after.strip():
        return _split_at_comma(_words(before), _words(after))
    words = _words(name.replace(",", " "))
    reading = _by_capitals(words) or _read(words, order) or _read(words, _other(order))
    if reading is None:
        return None, " ".join(words) or None
    return " ".join(reading[0]), " ".join(reading[1])


def _split_at_comma(last: _Words, first: _Words) -> tuple[str, str]:
    """A comma is certain; particles that trail the first name belong to the surname ("Broeck, Jan van den")."""
    keep = len(first)
    while keep > 1 and _is_particle(first[keep - 1]):
        keep -= 1
    return " ".join(first[:keep]), " ".join(first[keep:] + last)


def _told_order(words: _Words) -> Order | None:
    """The order that a name tells by itself, if it does."""
    capitals = _by_capitals(words)
    if capitals is not None:
        return FIRST_NAME_FIRST if capitals[0] == words[: len(capitals[0])] else LAST_NAME_FIRST
    possible: list[Order] = [order for order in (FIRST_NAME_FIRST, LAST_NAME_FIRST) if _read(words, order) is not None]
    return possible[0] if len(possible) == 1 else None


def _by_capitals(words: _Words) -> _Reading | None:
    """The surname is what stands in capitals at one end, with the particles around it, where the rest does not."""
    capitals = [_is_capitals(word) for word in words]
    if not any(flag and not _is_particle(word) for flag, word in zip(capitals, words, strict=True)):
        return None
    surname = [flag or _is_particle(word) for flag, word in zip(capitals, words, strict=True)]
    if all(surname):
        return None
    if surname[0] and not any(surname[surname.index(False) :]):
        return words[surname.index(False) :], words[: surname.index(False)]
    if surname[-1] and not any(surname[: surname.index(True)]) and all(surname[surname.index(True) :]):
        return words[: surname.index(True)], words[surname.index(True) :]
    return None


def _read(words: _Words, order: Order) -> _Reading | None:
    """First and last name in that order; None where it cannot be that order."""
    particle = next((at for at, word in enumerate(words[:-1]) if _is_particle(word)), None)
    joined = next((at for at, word in enumerate(words) if _carries_particle(word)), None)
    begin = min((at for at in (particle, joined) if at is not None), default=None)
    if order == FIRST_NAME_FIRST:
        cut = len(words) - 1 if begin is None else begin
        return (words[:cut], words[cut:]) if cut > 0 and not _is_particle(words[-1]) else None
    cut = 1 if begin is None else begin
    while cut < len(words) and _is_particle(words[cut]):
        cut += 1
    cut += begin is not None
    first, last = words[cut:], words[:cut]
    return (first, last) if first and not _is_particle(first[0]) else None


def _other(order: Order) -> Order:
    return LAST_NAME_FIRST if order == FIRST_NAME_FIRST else FIRST_NAME_FIRST


def _words(name: str) -> _Words:
    """The words of a name; a hyphen that stands free holds its neighbours together ("Peeters - Janssens")."""
    words: _Words = []
    glue = False
    for part in name.split():
        hyphen = part in _HYPHENS
        if words and (hyphen or glue):
            words[-1] += " " + part
        else:
            words.append(part)
        glue = hyphen
    return words


def _is_particle(word: str) -> bool:
    return word.translate(_APOSTROPHES).casefold() in _PARTICLES


def _carries_particle(word: str) -> bool:
    return word.translate(_APOSTROPHES).casefold().startswith(_JOINED) and not _is_particle(word)


def _is_capitals(word: str) -> bool:
    return word.isupper() and (sum(map(str.isalpha, word)) >= _FEWEST_CAPITALS or _is_particle(word))
