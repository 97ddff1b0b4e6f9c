"""The head of a name: the noun that says what a thing is, in Dutch, French and English.

What belongs here: finding it. Which nouns there are, and what each means, is said by the modules that ask.

The rules, in the order in which they are used:

- Brackets, slashes, commas, "en", "and", "et" and a dash between spaces part a text into names of one thing:
  "Joueur / Joueuse", "Speler (M)". What stands in brackets counts only where it is known.
- What follows "van", "de", "of", "voor", … belongs to the head and is not it: "Ouder van speler", "Match de coupe".
- A Dutch or English compound is what its last part is ("Jeugdspeler", "U15-speler", "Wedstrijdbespreking"). In
  several words it is the last that is known ("Youth player", "Wedstrijd bespreking"); a French noun comes first
  ("Équipe première"). An unknown last word is the head after an English noun or a hyphen ("Player liaison",
  "Wedstrijd-info"): in Dutch a word of its own only says which ("Speler kern").
- Plurals and feminine forms are the noun itself ("speelsters", "joueuse"); accents and case do not count.
- "Ex-", "Oud-", "Niet-", "Non-", "former", "ancien" turn a noun round: the head is there, and `turned`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from twizzit_pipeline.words.meanings import key

Language = Literal["nl", "fr", "en"]
Meaning = TypeVar("Meaning", bound=str)


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_TURNERS = _set(
    """
    ex oud niet non no not geen pas former past retired previous ancien anciens ancienne anciennes gewezen
    voormalig voormalige vroegere gestopt gestopte stopped inactief inactieve inactive inactif inactifs
    inactives passief passieve passive passif passifs future futur toekomstig toekomstige
    """
)
_TURNING_PREFIXES = ("oud", "ex", "niet", "non")
_OF = _set(
    """
    van voor met bij in op aan uit onder zonder tegen tijdens door of for with from by at to without against de
    du des d l a au aux pour avec sans sous sur contre dans chez par
    """
)
_ARTICLES = _set(
    """
    de het een the a an le la les l un une des mijn onze our my
    """
)
_BETWEEN_NAMES = re.compile(r"[/|,;&+·•:]|\s[-–—]+\s|\s(?:en|and|et|or|ou)\s")
_BRACKETS = re.compile(r"[(\[{]([^)\]}]*)[)\]}]?")
_WORDS = re.compile(r"[^\W_]+(?:[-‐-–][^\W_]+)*")
_HYPHEN = re.compile(r"[-‐-–]")
# Words that only say which one is meant: never the head where a noun is there.
_MODIFIERS = _set(
    """
    m f v x h d e actief actieve active actif actifs jeugd youth jeune jeunes jong jonge young senior seniors
    senioren junior juniors junioren juniores cadet cadets cadetten miniem miniemen minime minimes pupil
    pupillen aspirant aspiranten scholier scholieren benjamin benjamins benjamines beloften espoir espoirs welp
    welpen kangoeroe kangoeroes veteraan veteranen veteran veterans volwassen volwassene volwassenen adult
    adults adulte adultes kind kinderen kids enfant enfants heren dames mannen vrouwen jongens meisjes men women
    boys girls male female hommes femmes garcons filles masculin masculins feminin feminine feminins feminines
    mixte mixtes mixed gemengd gemengde korfbal korfball corfbal eerste tweede derde first second third premier
    premiers premiere premieres deuxieme troisieme nieuw nieuwe new nouveau nouveaux nouvelle nouvelles
    recreatief recreatieve recreational loisir loisirs competitie competition competitief competitive veld zaal
    indoor outdoor kern thuis uit
    """
)
# Endings of plurals and feminine forms (after `key`, so without accents), and what stands there in the plain noun.
_ENDINGS = (
    ("s", ""), ("en", ""), ("n", ""), ("x", ""), ("e", ""), ("es", ""), ("ne", ""), ("nes", ""), ("euse", "eur"),
    ("euses", "eur"), ("rice", "eur"), ("rices", "eur"), ("ere", "er"), ("eres", "er"), ("ster", "er"),
    ("sters", "er"), ("ies", "y"), ("innen", ""), ("in", ""), ("esse", "e"), ("euze", "eur"),
    ("leden", "lid"),
)  # fmt: skip
_SHORTEST_TAIL = 3  # letters of a noun that a longer word may end with
_SHORTEST_FIRST_PART = 5  # and that the first part of a compound may: "arts" of "Dartsspeler" is none


@dataclass(frozen=True, slots=True)
class Head(Generic[Meaning]):
    """A head of a name. `meaning` is None where the list does not have it; `word` is then the word as it was written,
    without accents and case, else the list's noun.

    Attributes:
        turned: the name says that it is not, or not any more, what the noun says ("Ex-speler").
        rest: what the noun is of: "het bestuur" in "Lid van het bestuur"; empty where nothing follows.
    """

    word: str
    meaning: Meaning | None
    turned: bool = False
    rest: str = ""


class Nouns(Generic[Meaning]):
    """A list of nouns by language, and what each of them means.

    Args:
        words: meaning → language → the nouns, with spaces between them, in the singular (or any form that the endings
            of plurals and feminine forms do not give). A noun of several languages stands in each. Longer nouns win
            ("bestuurslid" before "lid"), which is how exceptions are named.
        modifiers: words, with spaces between them, that only say which is meant, besides those of all lists.
    """

    def __init__(self, words: Mapping[Meaning, Mapping[Language, str]], *, modifiers: str = "") -> None:
        self._meanings: dict[str, Meaning] = {}
        self._languages: dict[str, set[Language]] = {}
        for meaning, by_language in words.items():
            for language, nouns in by_language.items():
                for noun in key(nouns).split():
                    self._meanings[noun] = meaning
                    self._languages.setdefault(noun, set()).add(language)
        self._longest = max(map(len, self._meanings), default=0)
        self._modifiers = _MODIFIERS | frozenset(key(modifiers).split())

    def heads(self, name: str) -> list[Head[Meaning]]:
        """The head of each of the names in a text, those in brackets last; none where a text has no words."""
        plain = _plain(name)
        outside, inside = _BRACKETS.sub(" ", plain), " / ".join(_BRACKETS.findall(plain))
        found = [self._head(part) for part in _BETWEEN_NAMES.split(outside)]
        bracketed = [self._head(part) for part in _BETWEEN_NAMES.split(inside)]
        heads = [head for head in found if head]
        heads += [head for head in bracketed if head and head.meaning is not None]
        parts = [inside, *(part for part, head in zip(_BETWEEN_NAMES.split(outside), found, strict=True) if not head)]
        if any(
            word in _TURNERS for part in parts for word in _WORDS.findall(part)
        ):  # "Speler (ex)", "Speler - gestopt"
            heads = [Head(head.word, head.meaning, turned=True, rest=head.rest) for head in heads]
        return heads

    def meanings(self, name: str) -> set[Meaning]:
        """What the heads of a text mean, those that are turned round left out."""
        return {head.meaning for head in self.heads(name) if head.meaning is not None and not head.turned}

    def names(self, text: str) -> list[str]:
        """The names of one thing that a text is made of, those in brackets last, plain (`key`)."""
        plain = _plain(text)
        parts = [_BRACKETS.sub(" ", plain), *_BRACKETS.findall(plain)]
        return [found for part in parts for name in _BETWEEN_NAMES.split(part) if (found := name.strip())]

    def known(self, name: str) -> list[Head[Meaning]]:
        """Every noun of the list in a text, in its order, whether it is the head or not; what it is of aside.

        "team" and "manager" of "Team manager", "speler" and "ouder" of "Spelersouder", nothing but "ouder" of "Ouder
        van speler".
        """
        found = []
        for part in _BETWEEN_NAMES.split(_BRACKETS.sub(r" / \1 ", _plain(name))):
            words, _, rest = _cut(part)
            for word, (noun, turned) in zip(words, self._nouns(words), strict=True):
                nouns = [] if noun is None else [*self._first_parts(word, noun), noun]
                found += [Head(one, self._meanings[one], turned, rest) for one in nouns]
        return found

    def _head(self, part: str) -> Head[Meaning] | None:
        words, glued, rest = _cut(part)
        nouns = [(word, *found) for word, found in zip(words, self._nouns(words), strict=True)]
        nouns = [one for one in nouns if one[1] or not self._only_says_which(one[0])]
        known = [noun for _, noun, _ in nouns if noun]
        turned = any(turned for _, _, turned in nouns) or any(word in _TURNERS for word in words)
        if not nouns:
            return None
        if not known:
            return Head(nouns[-1][0], None, turned, rest)
        last_word, last, _ = nouns[-1]
        if self._is_french(known[0]):
            return Head(known[0], self._meanings[known[0]], turned, rest)
        if last is None and (glued or self._languages[known[-1]] == {"en"}):
            return Head(last_word, None, turned, rest)
        return Head(known[-1], self._meanings[known[-1]], turned, rest)

    def _nouns(self, words: Iterable[str]) -> list[tuple[str | None, bool]]:
        """Of each word the noun that it ends with, and whether it is turned round by a prefix or the word before."""
        found: list[tuple[str | None, bool]] = []
        turned = False
        for word in words:
            noun = self._noun(word)
            turned = turned or word in _TURNERS
            found.append((noun, turned or (noun is not None and self._has_turning_prefix(word, noun))))
            turned = turned and noun is None  # "niet actieve speler": up to the noun
        return found

    def _first_parts(self, word: str, noun: str) -> list[str]:
        """The noun that the first part of a compound ends with: "speler" of "Spelersouder"; none in a plain word."""
        form = next(form for form in _forms(word) if _ends_with(form, noun))
        first = self._noun(form.removesuffix(noun)) if form != noun else None
        return [first] if first is not None and len(first) >= _SHORTEST_FIRST_PART else []

    def _noun(self, word: str) -> str | None:
        ends: list[str] = []
        for form in _forms(word):
            tails = (form[start:] for start in range(max(len(form) - self._longest, 0), len(form)))
            ends += [tail for tail in tails if tail in self._meanings and _ends_with(form, tail)]
        return max(ends, key=len, default=None)

    def _has_turning_prefix(self, word: str, noun: str) -> bool:
        """Whether "oud", "ex", "niet" or "non" stands before the noun, or before it and a word that says which."""
        for prefix in _TURNING_PREFIXES:
            rest = word.removeprefix(prefix)
            if rest != word and any(
                form == noun or (form.endswith(noun) and form.removesuffix(noun).rstrip("s") in self._modifiers)
                for form in _forms(rest)
            ):
                return True
        return False

    def _only_says_which(self, word: str) -> bool:
        return word in self._modifiers or word in _TURNERS or len(word) == 1 or any(map(str.isdigit, word))

    def _is_french(self, noun: str) -> bool:
        return "fr" in self._languages[noun] and "nl" not in self._languages[noun]


def _plain(name: str) -> str:
    return key(name.replace("’", "'").replace("'", " "))


def _cut(part: str) -> tuple[list[str], bool, str]:
    """The words of a name up to the first that begins what it is of, hyphens taken apart; whether the last two of them
    were one with a hyphen; and the text after that.
    """
    words: list[str] = []
    glued = False
    for match in _WORDS.finditer(part):
        word = match[0]
        if word in _OF and words and not all(one in _TURNERS for one in words):
            return words, glued, part[match.end() :].strip()
        if words or word not in _ARTICLES:
            parts = _HYPHEN.split(word)
            words += parts
            glued = len(parts) > 1
    return words, glued, ""


def _forms(word: str) -> list[str]:
    """The word, and what it is without the ending of a plural or of a feminine form."""
    return [word, *(word.removesuffix(ending) + plain for ending, plain in _ENDINGS if word.endswith(ending))]


def _ends_with(word: str, noun: str) -> bool:
    return word == noun or (len(noun) >= _SHORTEST_TAIL and word.endswith(noun))
