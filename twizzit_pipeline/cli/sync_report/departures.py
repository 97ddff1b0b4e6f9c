"""The part of a sync report about those whom Twizzit does not list any more, and those who are back."""

from collections.abc import Iterable

from rich.console import Console

from twizzit_pipeline.cli.output.terminal import plural, show_line
from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.runs.details import DEPARTURES
from twizzit_pipeline.runs.history import HistoryRow

_SAID = (
    ("depart", "left"),
    ("return", "came back"),
    ("closed", "not registered any more, after the grace"),
    ("waiting", "not listed: looked at again by the next syncs"),
    ("held", "held back until a person decides"),
)


def show(out: Console, rows: Iterable[HistoryRow]) -> None:
    """A line for each entity of which anything departed, returned or waits; nothing where nothing did."""
    lines = [line for row in rows if (line := _line(row)) is not None]
    if not lines:
        return
    out.print("Departures:")
    for line in lines:
        show_line(out, line)
    credential_id = next((row.credential_id for row in rows), None)
    out.print(f"  Each of them: twizzit departures list {credential_id or 'CLUB'}\n")


def _line(row: HistoryRow) -> str | None:
    found = {**row.details, **(row.details.get(DEPARTURES) or {})}
    of = ENTITIES[row.entity]
    parts = [f"{plural(int(found[key]), of.one, of.name)} {said}" for key, said in _SAID if int(found.get(key) or 0)]
    return "; ".join(parts) or None
