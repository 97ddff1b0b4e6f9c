"""The words of the pages, one catalogue for each language, and which language a browser wants.

What belongs here: reading the catalogues (`texts/`, TOML) and choosing. A text with a name in braces takes a value of
that name; one that counts has two forms, `one` and `other`. What is said of one entity alone is in the file of its
name, each text in all languages, so that another entity, or another field of one, is said in one place.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from twizzit_pipeline.entities import ENTITIES, Entity

LANGUAGES: Mapping[str, str] = {"nl": "Nederlands", "fr": "Français", "en": "English"}
USUAL = "en"

# French sets a space before these signs and after the first: a line must not end or begin with one of them alone.
_SPACE_OF_SIGN = re.compile(r" (?=[:;?!»])|(?<=«) |(?<=\d) (?=\d{3}\b)")
# Values that count something; others are the id of a row or the number of a shirt, and stay in one piece.
_COUNTS = frozenset({"calls", "count", "found", "limit", "longest", "processed", "scanned", "succeeded"})
_PART = re.compile(r"\s*([A-Za-z*]{1,8})(?:-[A-Za-z0-9-]{0,20})?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?")


@dataclass(frozen=True)
class Texts:
    """The texts of one language."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of a key.

        Raises:
            KeyError: there is none.
        """
        if not values:
            return self.texts[key]
        said = {name: self.number(one) if name in _COUNTS else one for name, one in values.items()}
        return self.texts[key].format(**said)

    def number(self, value: object) -> str:
        """A number that counts, its thousands apart as the language writes them: ``1.200``; anything else as it is."""
        return f"{value:,}".replace(",", self.texts["signs.thousand"][1:-3]) if isinstance(value, int) else str(value)

    def has(self, key: str) -> bool:
        """Whether there is a text of this key."""
        return key in self.texts

    def count(self, key: str, count: int, /, **values: object) -> str:
        """The form of a text that fits a number, which it has as ``{count}``."""
        singular = count == 1 or (count == 0 and self.language == "fr")
        return self(f"{key}.{'one' if singular else 'other'}", count=count, **values)


@cache
def texts_of(language: str) -> Texts:
    """The catalogue of a language."""
    found = dict(_flat("", _read(language)))
    for of in ENTITIES.values():
        found |= _of_entity(of, language)
    return Texts(language, {key: _set(text) for key, text in found.items()})


def _set(text: str) -> str:
    """A text as it is shown: the catalogues are typed with the blank and the apostrophe of a keyboard."""
    return _SPACE_OF_SIGN.sub("\N{NO-BREAK SPACE}", text).replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")


def _read(name: str) -> Mapping[str, Any]:
    return tomllib.loads((files(__package__) / "texts" / f"{name}.toml").read_text(encoding="utf-8"))


def _of_entity(of: Entity, language: str) -> Iterator[tuple[str, str]]:
    """The texts of an entity's file; its words under the keys that ask for them by entity, or by ShotSpot's table."""
    for key, text in _flat("", _read(of.name)):
        name, _, of_language = key.rpartition(".")
        if of_language != language:
            continue
        keys = {"words.one": (f"one.{of.name}", f"table.{of.local}"), "words.several": (f"entity.{of.name}",)}
        yield from ((one, text) for one in keys.get(name, (name,)))


def _flat(before: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(f"{before}{name}.", value)
        else:
            yield f"{before}{name}", str(value)


def wanted(accept_language: str) -> str:
    """The language that a browser's header ``Accept-Language`` prefers, of those that there are."""
    best, most = USUAL, 0.0
    for part in accept_language[:500].split(","):
        found = _PART.fullmatch(part)
        if found is None:
            continue
        language, weight = found[1].lower(), float(found[2] or 1)
        if language in LANGUAGES and weight > most:
            best, most = language, weight
    return best
