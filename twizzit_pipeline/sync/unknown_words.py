"""Words of an account that are not known: counted, so that a person can read them and say what they mean.

What belongs here: how the history keeps them. Which words are known is said in `words` and in the configuration.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from twizzit_pipeline.runs.details import UNKNOWN_WORDS

_MOST_WORDS = 20
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class UnknownWord:
    """A word, the list of the configuration that can say what it means, and how many rows have it."""

    field: str
    word: str
    count: int


def as_details(field: Literal["functions", "statuses"], words: Iterable[str | None]) -> dict[str, object]:
    """What the details of a sync say of these words, one for each row; nothing where there are none."""
    counted = Counter(" ".join(word.split())[:_LONGEST] for word in words if word and word.strip())
    return {UNKNOWN_WORDS: {field: dict(counted.most_common(_MOST_WORDS))}} if counted else {}


def unknown_words_of(details: Mapping[str, Any]) -> list[UnknownWord]:
    """The words whose meaning a sync could not find, the most frequent first."""
    found = [
        UnknownWord(field, word, count)
        for field, words in (details.get(UNKNOWN_WORDS) or {}).items()
        for word, count in words.items()
    ]
    return sorted(found, key=lambda one: (-one.count, one.field, one.word))
