"""How many questions of each kind wait for a person, and what one of a kind is called."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from twizzit_pipeline.runs.details import NEW_QUESTIONS, NEW_QUESTIONS_OF, QUESTIONS, QUESTIONS_OF

# One and several of a kind, in the order in which they are said.
NOUNS: Mapping[str, tuple[str, str]] = {
    "opponent": ("opponent", "opponents"),
    "doubtful_link": ("doubtful link", "doubtful links"),
    "field": ("conflict", "conflicts"),
}
# The history of an earlier version has their number alone.
UNNAMED = "question"
_OF_ENTITIES = ("doubtful_link", "field", UNNAMED)  # an opponent is no row of an entity of ours


def in_words(counts: Mapping[str, int], entity: str = "") -> str:
    """``1 opponent and 2 conflicts``; of one entity ``1 opponent and 2 conflicts of matches``."""
    parts = [
        f"{count:,} {_noun(kind, count)}{f' of {entity}' if entity and kind in _OF_ENTITIES else ''}"
        for kind in (*NOUNS, UNNAMED)
        if (count := counts.get(kind, 0))
    ]
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def _noun(kind: str, count: int) -> str:
    return NOUNS.get(kind, (UNNAMED, f"{UNNAMED}s"))[count != 1]


def counted(kinds: Iterable[str]) -> dict[str, int]:
    """Kind → how many, for the details of the history."""
    return dict(sorted(Counter(kinds).items()))


def summed(each: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The counts of several entities as one."""
    total: Counter[str] = Counter()
    for counts in each:
        total.update(counts)
    return dict(sorted(total.items()))


def waiting(details: Mapping[str, Any]) -> dict[str, int]:
    """Kind → how many questions waited after the sync that has these details."""
    return _of(details, QUESTIONS_OF, QUESTIONS)


def asked(details: Mapping[str, Any]) -> dict[str, int]:
    """Kind → how many questions the sync that has these details asked."""
    return _of(details, NEW_QUESTIONS_OF, NEW_QUESTIONS)


def _of(details: Mapping[str, Any], kinds: str, number: str) -> dict[str, int]:
    found = details.get(kinds)
    if isinstance(found, dict):
        return {str(kind): int(count) for kind, count in found.items()}
    count = details.get(number)
    return {UNNAMED: count} if isinstance(count, int) and count else {}
