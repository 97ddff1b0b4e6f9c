"""What a credential's configuration says about its account's own words: kept, changed, and handed to the client.

What belongs here: the lists of words in the column `meanings` of `twizzit_sync_config`. What a word means by itself is
decided in `words`.
"""

from collections.abc import Mapping
from typing import Any, cast, get_args

from sqlalchemy import Connection, Engine, select

from twizzit_pipeline.errors import ConfigurationRefused
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import sync_config
from twizzit_pipeline.words.meanings import (
    EventTypeMeaning,
    FunctionMeaning,
    GroupTypeMeaning,
    Meanings,
    StatusMeaning,
    key,
)

MOST_WORDS = 100  # of one list
LONGEST_WORD = 100  # characters

# List → what a word of it can mean. The names are those of the configuration's fields.
LISTS: Mapping[str, tuple[str, ...]] = {
    "functions": get_args(FunctionMeaning),
    "event_types": get_args(EventTypeMeaning),
    "group_types": get_args(GroupTypeMeaning),
    "statuses": get_args(StatusMeaning),
}

Words = Mapping[str, str]  # a word as it was written → what it means
Changes = Mapping[str, str | None]  # the same; None forgets what was said of the word


def kept(stored: object) -> dict[str, dict[str, str]]:
    """The lists of the column `meanings`, each by word; what is none of ours (another program may write) is left out.

    Args:
        stored: the column's JSON: list → word → meaning; None where nothing was ever said.
    """
    lists = stored if isinstance(stored, Mapping) else {}
    return {name: _words(lists.get(name), allowed) for name, allowed in LISTS.items()}


def changed(name: str, before: Words, changes: object) -> dict[str, str]:
    """The list as it is after the changes, by word. Another spelling of a word takes the place of the earlier one.

    Args:
        name: which of `LISTS`.
        before: the list as it is.
        changes: word → meaning; None forgets the word.

    Raises:
        ConfigurationRefused: a word or a meaning that cannot be, two meanings for one word, or too many words.
    """
    after = {key(word): (word, meaning) for word, meaning in before.items()}
    seen: set[str] = set()
    for word, meaning in _checked(name, changes).items():
        if key(word) in seen:
            raise ConfigurationRefused(f"{name} says two things of one word", field=name)
        seen.add(key(word))
        if meaning is None:
            after.pop(key(word), None)
        else:
            after[key(word)] = (word, meaning)
    if len(after) > MOST_WORDS:
        raise ConfigurationRefused(f"{name} can hold {MOST_WORDS} words: forget some first", field=name)
    return dict(sorted(after.values()))


def differing(before: Words, after: Words) -> dict[str, str | None]:
    """The words that mean something else now, and what; None: nothing is said of them any more."""
    return {word: after.get(word) for word in sorted({*before, *after}) if before.get(word) != after.get(word)}


def matches_alone(before: Words, type_: str | None) -> Changes:
    """The change that the older field `match_event_type` stands for: this type is a match too; None forgets all that
    are.
    """
    if type_ is not None:
        return {type_: "match"}
    return {word: None for word, meaning in before.items() if meaning == "match"}


def meanings_of(engine: Engine, credential_id: int) -> Meanings:
    """What the configuration of a credential says, for `TwizzitClient`; nothing where it has no row."""
    with driver_errors(), engine.connect() as connection:
        return read_meanings(connection, credential_id)


def read_meanings(connection: Connection, credential_id: int) -> Meanings:
    """`meanings_of` within the caller's transaction."""
    wanted = select(sync_config.c.meanings).where(sync_config.c.credential_id == credential_id)
    lists = kept(connection.scalar(wanted))
    by_key = {name: {key(word): meaning for word, meaning in words.items()} for name, words in lists.items()}
    return Meanings(**cast("dict[str, Any]", by_key))  # `kept` has judged every meaning


def _words(stored: object, allowed: tuple[str, ...]) -> dict[str, str]:
    words = stored if isinstance(stored, Mapping) else {}
    return {word: words[word] for word in sorted(words) if key(word) and words[word] in allowed}


def _checked(name: str, changes: object) -> dict[str, str | None]:
    """The changes with trimmed words.

    Raises:
        ConfigurationRefused: as `changed`.
    """
    if not isinstance(changes, Mapping):
        raise ConfigurationRefused(f"{name} must be words with their meanings", field=name)
    found: dict[str, str | None] = {}
    for word, meaning in changes.items():
        if not isinstance(word, str) or not word.isprintable() or len(word.strip()) > LONGEST_WORD or not key(word):
            said = f"a word of {name} must be the id or the name that Twizzit has, at most {LONGEST_WORD} characters"
            raise ConfigurationRefused(said, field=name)
        if meaning is not None and meaning not in LISTS[name]:
            raise ConfigurationRefused(f"a word of {name} means {' or '.join(LISTS[name])}", field=name)
        if word.strip() in found:
            raise ConfigurationRefused(f"{name} says two things of one word", field=name)
        found[word.strip()] = meaning
    return found
