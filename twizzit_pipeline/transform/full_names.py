"""Whole names into first and last names, for accounts that give nothing but the whole, in either order.

What belongs here: the reading of one scan's whole names. It is a guess from how names are written in Belgium; what a
row itself says wins over what the other rows suggest, and no word of a name is ever lost.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

Order = Literal["first name first", "last name first"]
FIRST_NAME_FIRST: Order = "first name first"
LAST_NAME_FIRST: Order = "last name first"

_Words = list[str]
_Reading = tuple[_Words, _Words]
"""First name and last name, in words; neither is empty."""

# Words that begin a surname. "Ben" and "Abu" are left out: they are given names as well.
_DUTCH = "van vande vanden vander van't de den der te ten ter het 't 's op in"
_OTHER = "du des la le les von zu zur da di del della dal dos el al ait"
_PARTICLES = frozenset(f"{_DUTCH} {_OTHER}".split()) | {"’t", "’s", "van’t"}
# Surnames that carry their particle within one word: D'Hondt, L'Heureux, 't'Jampens.
_JOINED = ("d'", "l'", "'t", "'s", "d’", "l’", "’t", "’s")
_HYPHENS = frozenset("-‐‑–—")
_JOINTS = re.compile(r"\s*[-‐‑–—]\s*|\s+")
# Capitals mark a surname from this many letters on; "JP Peeters" and "Jan P." are initials.
_FEWEST_CAPITALS = 3
# How often given names must repeat more than surnames to decide the order: brothers and sisters share a surname.
_CLEAR_REPETITION = 3


def split_full_names(names: Sequence[str | None]) -> list[tuple[str | None, str | None]]:
    """First and last name of each whole name of one scan, in order; (None, None) for None, (None, name) for one word.

    What decides how a name falls apart, the strongest first:

    1. a comma: "Van den Broeck, Jan", and "Broeck, Jan van den";
    2. capitals: "VAN DEN BROECK Jan", "Jan PEETERS";
    3. particles: they belong to the word that follows, and no first name begins with one, so that "Van den Broeck Jan"
       and "Jan Van den Broeck" have one reading each;
    4. the order of the scan, see `order_of`.

    A surname in front is its particles and one word; at the end it is all from its first particle on, or one word.
    Names should have come through `clean_text`.
    """
    order = order_of(name for name in names if name is not None)
    return [(None, None) if name is None else _split(name, order) for name in names]


def order_of(names: Iterable[str]) -> Order:
    """The order in which most names of a scan are written, each distinct name counted once.

    Names that decide it themselves (capitals, particles) are counted. Where neither order has more of them, given names
    decide, since more people share one than share a surname: words at the end that repeat at least three times, and
    more than twice as often as those in front, are given names. Otherwise the first name comes first.
    """
    distinct = [_words(name) for name in sorted(set(names)) if "," not in name]
    certain = Counter(order for words in distinct if (order := _certain_order(words)) is not None)
    if certain[FIRST_NAME_FIRST] != certain[LAST_NAME_FIRST]:
        return max(certain, key=lambda order: certain[order])
    plain = [words for words in distinct if len(words) == 2 and _certain_order(words) is None]
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


def _certain_order(words: _Words) -> Order | None:
    """The order that a name gives by itself, if it does."""
    capitals = _by_capitals(words)
    if capitals is not None:
        return FIRST_NAME_FIRST if capitals[0] == words[: len(capitals[0])] else LAST_NAME_FIRST
    possible: list[Order] = [order for order in (FIRST_NAME_FIRST, LAST_NAME_FIRST) if _read(words, order) is not None]
    return possible[0] if len(possible) == 1 else None


def _by_capitals(words: _Words) -> _Reading | None:
    """The surname is what stands in capitals at one end, with the particles around it, where the rest does not."""
    if not any(_is_capitals(word) and not _is_particle(word) for word in words):
        return None
    surname = [_is_capitals(word) or _is_particle(word) for word in words]
    cut = next((at for at, flag in enumerate(surname) if flag != surname[0]), None)
    if cut is None or len(set(surname[cut:])) > 1:
        return None
    return (words[cut:], words[:cut]) if surname[0] else (words[:cut], words[cut:])


def _read(words: _Words, order: Order) -> _Reading | None:
    """First and last name in that order; None where it cannot be that order."""
    starts = (at for at, word in enumerate(words) if _carries_particle(word) or _is_particle(word))
    particle = next(starts, None)
    if order == FIRST_NAME_FIRST:
        cut = len(words) - 1 if particle is None else particle
        return (words[:cut], words[cut:]) if cut > 0 else None
    cut = 0 if particle is None else particle
    while cut < len(words) and _is_particle(words[cut]):
        cut += 1
    first, last = words[cut + 1 :], words[: cut + 1]
    return (first, last) if first else None


def _other(order: Order) -> Order:
    return LAST_NAME_FIRST if order == FIRST_NAME_FIRST else FIRST_NAME_FIRST


def _words(name: str) -> _Words:
    """The words of a name; what a hyphen joins is one ("Peeters - Janssens", "Van | Damme-De Smet")."""
    words: _Words = []
    for part in name.split():
        if words and (part in _HYPHENS or _goes_on(words[-1])):
            words[-1] += " " + part
        else:
            words.append(part)
    return words


def _goes_on(word: str) -> bool:
    """Whether a hyphen in the word waits for more: a name after it, or one after its particle."""
    *joined, end = _JOINTS.split(word)
    return bool(joined) and (not end or _is_particle(end)) and not _HYPHENS.isdisjoint(word)


def _is_particle(word: str) -> bool:
    return word.casefold() in _PARTICLES


def _carries_particle(word: str) -> bool:
    return word.casefold().startswith(_JOINED)


def _is_capitals(word: str) -> bool:
    return word.isupper() and (sum(map(str.isalpha, word)) >= _FEWEST_CAPITALS or _is_particle(word))
