"""How things look on a terminal, in a pipe, and as JSON.

What belongs here: consoles and formats. What is said is in the commands. Results go to standard output, notes
and progress of commands that list go to standard error, so that `--json` leaves nothing else on standard output.
"""

import codecs
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime, time
from textwrap import fill
from typing import Any
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from twizzit_pipeline.storage.ends_of_time import beyond

_WIDEST = 100
# Days that a person, or another program, wrote into ShotSpot and that no calendar has.
_BEYOND = {
    "before": "no real day (-infinity, or before the year 1)",
    "after": "no real day (infinity, or after the year 9999)",
}
_FILLED_UP = re.compile(r" +(?=\n)")
# Control characters but for tabs and ends of lines, and those that turn the direction of what follows.
_ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class _Plain(Console):
    """A console that shows what data holds and never does it: a name may not move the cursor or turn the line round."""

    def render_str(self, text: str, **options: Any) -> Text:
        """The text as it is printed, each character that would do something else as the sign for one that is lost."""
        return super().render_str(_ACTS.sub("\N{REPLACEMENT CHARACTER}", text), **options)

    def _render_buffer(self, buffer: Iterable[Segment]) -> str:
        """What is written: rich fills the lines of tables and of folded texts up with blanks, which no pipe wants."""
        written = super()._render_buffer(buffer)
        return written if self.is_terminal else _FILLED_UP.sub("", written)


def console(*, stderr: bool = False, widest: int = _WIDEST, quiet: bool = False) -> Console:
    """A console no wider than people like to read (a table may ask for more); plain text where it is no terminal.

    A `quiet` one says nothing.
    """
    made = _Plain(stderr=stderr, quiet=quiet, highlight=False, soft_wrap=False, emoji=False, markup=False)
    made.width = min(made.width, widest) if made.is_terminal else widest
    return made


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """An empty table in the program's style; the columns in `right` hold numbers, which are never broken."""
    made = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))  # 80 columns are soon full
    for column in columns:
        number = column in right
        made.add_column(column, justify="right" if number else "left", overflow="fold", no_wrap=number)
    return made


def show_table(out: Console, made: Table) -> None:
    """Print a table within a text: indented, with air around it."""
    out.print()
    out.print(Padding.indent(made, 2))
    out.print()


def show_line(out: Console, text: str, *, indent: int = 2) -> None:
    """Print a line of a list, indented; what does not fit into it stands further in, below."""
    first, rest = " " * indent, " " * (indent + 4)
    folded = fill(
        text, out.width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    out.print(folded, soft_wrap=True)


def print_json(value: object) -> None:
    """Write one JSON document; times as ISO 8601 with their zone.

    Where standard output is not in UTF-8, as JSON is, other letters than ASCII's are written as JSON writes them.
    """
    takes_utf_8 = codecs.lookup(sys.stdout.encoding or "utf-8").name == "utf-8"
    json.dump(value, sys.stdout, ensure_ascii=not takes_utf_8, indent=2, default=_plain)
    sys.stdout.write("\n")


def moment(when: datetime | None) -> str:
    """A time for people: local, to the second; a dash where there is none."""
    return when.astimezone().strftime("%Y-%m-%d %H:%M:%S") if when else "–"


def belgian(when: datetime) -> str:
    """When a match begins, as the clubs say it: day and Belgian time, whatever zone this machine is in; midnight stands
    for a day whose hour is not known.
    """
    if (said := endless(when)) is not None:
        return said
    local = when.astimezone(ZoneInfo("Europe/Brussels"))
    return local.strftime("%a %Y-%m-%d, hour not known" if local.time() == time() else "%a %Y-%m-%d %H:%M")


def endless(when: date | str) -> str | None:
    """A day or a time, or its text, that ShotSpot holds and no calendar has, in words; None of any other."""
    side = beyond(when)
    return None if side is None else _BEYOND[side]


def plural(count: int, one: str, many: str | None = None) -> str:
    """``1 team``, ``3 teams``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _plain(value: Any) -> object:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here")
