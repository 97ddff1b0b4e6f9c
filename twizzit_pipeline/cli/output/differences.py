"""Old and new values of a row's columns, in words for a terminal."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from twizzit_pipeline.cli.output.terminal import belgian, endless
from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.storage.ends_of_time import IN_JSON

PERSONAL = frozenset(column for each in ENTITIES.values() for column in each.person_names)


def is_of_people(name: str) -> bool:
    """Whether the rows of an entity, of ShotSpot's table of it, or of its mappings, have names of people."""
    return any(name in (each.name, each.local, each.mappings) for each in ENTITIES.values() if each.person_names)


def differences(columns: Mapping[str, tuple[object, object]], *, names: bool, is_new: bool = False) -> Iterator[str]:
    """``team: U15 → U17`` for each column; of a row that is made the new values alone.

    Args:
        names: whether names of people are shown.
    """
    for column, (old, new) in columns.items():
        hidden = column in PERSONAL and not names
        if is_new and new is None:
            continue
        before = "" if is_new else f"{of_column(column, old)} → "
        yield f"{column}: shown on a terminal" if hidden else f"{column}: {before}{of_column(column, new)}"


def brief(value: object) -> str:
    """A value in few words; a row of ShotSpot by its name."""
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        known = "" if value.get("id") is None else f" ({value['id']})"
        return f"{value.get('name') or 'a new one'}{known}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return belgian(value)
    if isinstance(value, list):  # of pairs (an entity and an id) each as it is written in a command
        return ", ".join(":".join(map(brief, one)) if isinstance(one, list) else brief(one) for one in value)
    said = "a new one" if isinstance(value, int) and value < 0 else str(value)
    return endless(said) or (said if said.strip() else f"“{said}”")


def from_journal(column: str, value: object, names: Mapping[tuple[str, int], str]) -> str:
    """A value as the journal has it, which is JSON: an id by what `names` calls it, the rest as `of_column`."""
    if isinstance(value, int) and not isinstance(value, bool) and (column, value) in names:
        return f"{names[column, value]} ({value})"
    return of_column(column, value)


def of_column(column: str, value: object) -> str:
    """A value of JSON in few words; a kick-off in Belgian time, as the clubs say it."""
    is_day = isinstance(value, str) and (column == "date" or (column.endswith("date") and value in IN_JSON))
    return kick_off(str(value)) if is_day else brief(value)


def kick_off(text: str) -> str:
    """The moment of a text in Belgian time; in words where no calendar has it, as it is where Python cannot hold it."""
    try:
        return belgian(IN_JSON.get(text) or datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return text
