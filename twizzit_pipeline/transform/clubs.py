"""The name of a club for comparing: what is the same club, spelled otherwise.

What belongs here: the keys that two spellings of one club's name share. Whether exactly one club fits is decided in
`plan`.
"""

import re
from functools import lru_cache

from twizzit_pipeline.transform.names import normalised_name
from twizzit_pipeline.words.clubs import HONOURS, IN_FULL, KINDS, KINDS_IN_FULL, LEGAL_FORMS, names_a_club

_INITIALS = re.compile(r"(?:[a-z]\.)+[a-z]?")
_ABBREVIATIONS = KINDS | LEGAL_FORMS
_MOST_WORDS = max(map(len, KINDS_IN_FULL))
_FIRST_WORDS = {words[0] for words in KINDS_IN_FULL}


@lru_cache(maxsize=4096)
def club_keys(name: str) -> frozenset[str]:
    """The keys under which a club's name is known; two names that share one are spellings of the same club.

    "K.C. De Meerkoet", "Korfbalclub De Meerkoet vzw" and "De Meerkoet KC" share "kc de meerkoet": dots of initials,
    what is written in full, legal forms and the place of the kind count for nothing. "Koninklijke Korfbalclub X" may be
    "KC X" or "KKC X" and has both keys; those two share none. Clubs of different kinds ("KV X", "AKC X") and places
    ("KC Leuven", "KC Leuven Zuid") share none either.
    """
    words = [word for word in _abbreviated(_words(name)) if word not in LEGAL_FORMS]
    plain = [word for word in words if word not in HONOURS]
    if not names_a_club(plain):
        return frozenset({normalised_name(name)})
    if plain[-1] in KINDS and plain[0] not in KINDS:
        plain = [plain[-1], *plain[:-1]]
    keys = {" ".join(plain)}
    if len(plain) < len(words) and f"k{plain[0]}" in KINDS:
        keys.add(" ".join([f"k{plain[0]}", *plain[1:]]))
    return frozenset(keys)


@lru_cache(maxsize=4096)  # of one side the beginnings, which many sides share
def names_one(name: str) -> bool:
    """Whether a name says which club is meant: "KC" and "Korfbalclub" do not."""
    return names_a_club(_abbreviated(_words(name)))


def _words(name: str) -> list[str]:
    """The name's words in small letters without dots and signs, letters that stand for a kind as one word."""
    words: list[str] = []
    for raw in normalised_name(name).split():
        bare = raw.strip("()[],;:\"'")
        found = [bare.replace(".", "")] if _INITIALS.fullmatch(bare) else bare.replace(".", " ").split()
        words += [IN_FULL.get(word, word) for word in found]
    return _joined(words)


def _joined(words: list[str]) -> list[str]:
    """ "k c leuven" → "kc leuven": only where the letters make an abbreviation that is known."""
    joined: list[str] = []
    place = 0
    while place < len(words):
        lengths = (4, 3, 2) if len(words[place]) == 1 else ()
        run = next((n for n in lengths if _spells_one(words[place : place + n], n)), 1)
        joined.append("".join(words[place : place + run]))
        place += run
    return joined


def _spells_one(letters: list[str], count: int) -> bool:
    return len(letters) == count and all(len(one) == 1 for one in letters) and "".join(letters) in _ABBREVIATIONS


def _abbreviated(words: list[str]) -> list[str]:
    """Kinds that are written in full, as their abbreviations."""
    found: list[str] = []
    place = 0
    while place < len(words):
        lengths = range(_MOST_WORDS, 0, -1) if words[place] in _FIRST_WORDS else ()
        run = next((n for n in lengths if tuple(words[place : place + n]) in KINDS_IN_FULL), 0)
        found.append(KINDS_IN_FULL[tuple(words[place : place + run])] if run else words[place])
        place += run or 1
    return found
