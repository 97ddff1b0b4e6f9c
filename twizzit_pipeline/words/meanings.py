"""What a credential's configuration says about its account's own words, where their names are not clear.

What belongs here: looking up what the configuration says of an id or a name. A name's own meaning is its module's.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, TypeVar

from twizzit_pipeline.words.letters import visible

FunctionMeaning = Literal["player", "other"]
EventTypeMeaning = Literal["match", "other"]
GroupTypeMeaning = Literal["team", "other"]
StatusMeaning = Literal["scheduled", "to_reschedule", "in_progress", "completed", "cancelled"]

_Meaning = TypeVar("_Meaning", bound=str)


@lru_cache(4096)
def key(word: str) -> str:
    """The key under which two spellings of a word are the same: without accents, case and invisible characters, with
    single spaces.
    """
    letters = unicodedata.normalize("NFKD", visible(word))
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).casefold().split())


@dataclass(frozen=True, slots=True)
class Meanings:
    """What the configuration says: the `key` of an id or a name → what it means. Empty: the names decide."""

    functions: Mapping[str, FunctionMeaning] = field(default_factory=dict)
    event_types: Mapping[str, EventTypeMeaning] = field(default_factory=dict)
    group_types: Mapping[str, GroupTypeMeaning] = field(default_factory=dict)
    statuses: Mapping[str, StatusMeaning] = field(default_factory=dict)


NOTHING_SAID = Meanings()


def said(meanings: Mapping[str, _Meaning], id_: str | None, names: Iterable[str]) -> _Meaning | None:
    """What was said of an id, else of the first of its names that something was said of; None: nothing was."""
    if not meanings:  # as for most accounts
        return None
    words = [*([] if id_ is None else [id_]), *names]
    return next((meanings[found] for word in words if (found := key(word)) in meanings), None)
