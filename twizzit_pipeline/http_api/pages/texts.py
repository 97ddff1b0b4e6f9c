"""The words of the pages, one catalogue for each language, and which language a browser wants.

What belongs here: reading the catalogues (`texts/`, TOML) and choosing. A text with a name in braces takes a value of
that name; one that counts has two forms, `one` and `other`.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES: Mapping[str, str] = {"nl": "Nederlands", "fr": "Français", "en": "English"}
USUAL = "en"

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
        return self.texts[key].format(**values) if values else self.texts[key]

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
    content = (files(__package__) / "texts" / f"{language}.toml").read_text(encoding="utf-8")
    return Texts(language, dict(_flat("", tomllib.loads(content))))


def _flat(before: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(f"{before}{name}.", value)
        else:
            yield f"{before}{name}", str(value)


def wanted(accept_language: str) -> str:
    """The language that a browser's header ``Accept-Language`` likes best, of those that there are."""
    best, most = USUAL, 0.0
    for part in accept_language[:500].split(","):
        found = _PART.fullmatch(part)
        if found is None:
            continue
        language, weight = found[1].lower(), float(found[2] or 1)
        if language in LANGUAGES and weight > most:
            best, most = language, weight
    return best
