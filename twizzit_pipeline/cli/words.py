"""The options of `twizzit config set` that say what a word of the account means, and how that is shown.

What belongs here: parsing ``NAME=MEANING`` and formatting it. What a word may mean is in `scheduling.meanings`.
"""

from collections.abc import Iterator, Mapping, Sequence

import typer

from twizzit_pipeline.scheduling.config import ConfigChanges, SyncConfig
from twizzit_pipeline.scheduling.meanings import LISTS

# Option → the list that it changes. The option's name is also how an account's message names the command.
OPTIONS: Mapping[str, str] = {
    "--function": "functions",
    "--event-type": "event_types",
    "--group-type": "group_types",
    "--status": "statuses",
}
_HEADINGS = {"functions": "Functions", "event_types": "Events", "group_types": "Groups", "statuses": "Statuses"}


def meaning_changes(given: Mapping[str, Sequence[str] | None]) -> ConfigChanges:
    """The changes that these options ask for.

    Args:
        given: option → its values, each ``NAME=MEANING``; a name may hold "=", since it ends at the last one, and
            nothing after that forgets what was said of the name.

    Raises:
        typer.BadParameter: a value that is none of these.
    """
    found = {OPTIONS[option]: dict(_pairs(option, values)) for option, values in given.items() if values}
    changes = ConfigChanges()
    if "functions" in found:
        changes["functions"] = found["functions"]
    if "event_types" in found:
        changes["event_types"] = found["event_types"]
    if "group_types" in found:
        changes["group_types"] = found["group_types"]
    if "statuses" in found:
        changes["statuses"] = found["statuses"]
    return changes


def meaning_lines(found: SyncConfig) -> Iterator[tuple[str, str]]:
    """What was said of words, a line each: the list's heading before its first word, and ``NAME = MEANING``."""
    for name, heading in _HEADINGS.items():
        for number, (word, meaning) in enumerate(getattr(found, name).items()):
            yield ("" if number else f"{heading}:"), f"{word} = {meaning}"


def _pairs(option: str, values: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    allowed = LISTS[OPTIONS[option]]
    seen: set[str] = set()
    for value in values:
        word, equals, meaning = (part.strip() for part in value.rpartition("="))
        if not equals or not word or meaning not in ("", *allowed):
            usual = " or ".join(f"NAME={one}" for one in allowed)
            raise typer.BadParameter(f"{value!r} is not {usual} (NAME= forgets it)", param_hint=option)
        if word in seen:
            raise typer.BadParameter(f"{word!r} is there twice", param_hint=option)
        seen.add(word)
        yield word, meaning or None
