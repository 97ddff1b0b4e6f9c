"""The part of a sync report about rows: how many Twizzit listed, what became of them, which were set aside."""

import shlex
from collections.abc import Iterable, Sequence

from rich.console import Console

from twizzit_pipeline.cli.output.terminal import plural, show_line
from twizzit_pipeline.cli.words import OPTIONS
from twizzit_pipeline.runs.asides import SetAsideRows, counts_of, set_aside_of
from twizzit_pipeline.runs.details import EVENT_TYPES
from twizzit_pipeline.runs.history import HistoryRow
from twizzit_pipeline.runs.sentences import lines
from twizzit_pipeline.scheduling.meanings import LISTS
from twizzit_pipeline.sync.unknown_words import unknown_words_of

# The rule's other rows are counted as `listed_twice`.
SHOWN_AS_SET_ASIDE = "listed_once"

_IDS_SHOWN = 3
_NAMES_SHOWN = 8
_OPTION_OF = {name: option for option, name in OPTIONS.items()}
# List of the configuration → what its words are, what becomes of the rows meanwhile, and what these are called.
_UNKNOWN = {
    "functions": ("the function", "rejected until it is said", ("membership",)),
    "statuses": ("the status", "they come as scheduled or completed, as their score says", ("match", "matches")),
}
_NEEDS_QUOTES = set('"$`\\!')


def show_rows(out: Console, rows: Iterable[HistoryRow]) -> None:
    """A line for each entity that was read: its rows, and what became of them, which adds up."""
    found = [(row.entity, counts) for row in rows if (counts := counts_of(row.details)) is not None]
    if not found:
        return
    names = max(len(entity) for entity, _ in found)
    wide = max(len(f"{counts.read:,}") for _, counts in found)
    out.print("Rows that Twizzit listed, and what became of them:")
    for entity, counts in found:
        kept, rejected, aside = (f"{count:{wide},}" for count in (counts.kept, counts.rejected, counts.set_aside))
        out.print(
            f"  {entity:<{names}}  {counts.read:{wide},} read = {kept} kept + {rejected} rejected + {aside} set aside"
        )
    out.print()


def show_set_aside(out: Console, rows: Iterable[HistoryRow]) -> None:
    """What was set aside, by reason, with the command by which the club says otherwise where it can."""
    found = [(row, aside) for row in rows for aside in set_aside_of(row.details)]
    if not found:
        return
    out.print("Set aside, since they are not meant to come:")
    for row, aside in found:
        show_line(out, f"{row.entity}, {aside.count:,}: {aside.words}; {_ids(aside)}")
        if (command := _command(row.credential_id, aside)) is not None:
            out.print(f"    otherwise: {command}", soft_wrap=True)
    out.print()


def show_unknown_words(out: Console, rows: Iterable[HistoryRow]) -> None:
    """The account's words that are not known, each with the command that says what it means."""
    found = [(row, word) for row in rows for word in unknown_words_of(row.details)]
    if not found:
        return
    out.print("Words of the account that are not known; say what they mean:")
    for row, word in found:
        what, meanwhile, counted = _UNKNOWN[word.field]
        show_line(out, f"{what} “{word.word}” of {plural(word.count, *counted)}: {meanwhile}")
        if row.credential_id is not None:
            option = f"{_OPTION_OF[word.field]} {_quoted(f'{word.word}=MEANING')}"
            out.print(f"    twizzit config set {row.credential_id} {option}", soft_wrap=True)
            show_line(out, f"where MEANING is {_choice(LISTS[word.field])}", indent=4)
    out.print()


def show_event_types(out: Console, rows: Iterable[HistoryRow]) -> None:
    """Which types of events are matches and which are not asked for, where there are both."""
    for row in rows:
        types = row.details.get(EVENT_TYPES) or {}
        if types.get("not_read"):
            read, others = _listed(types["read"]), _listed(types["not_read"])
            show_line(out, f"Events that are matches: {read}; not asked for: {others}", indent=0)
            out.print(f'  otherwise: twizzit config set {row.credential_id} --event-type "NAME=match"', soft_wrap=True)
            out.print()


def summary(row: HistoryRow) -> str | None:
    """One line for a list: what was set aside, the most first; None where nothing was."""
    found = set_aside_of(row.details)
    if not found:
        return None
    return "set aside: " + "; ".join(f"{aside.count:,}, {aside.words}" for aside in found)


def remarks(row: HistoryRow) -> str | None:
    """One line for a list: what came with a remark; None where nothing did."""
    found = [line for line in lines(row.entity, row.details, ("warnings",)) if line.reason != SHOWN_AS_SET_ASIDE]
    if not found:
        return None
    return "with a remark: " + "; ".join(f"{line.count:,}, {line.sentence}" for line in found)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return (", ".join(names[:_NAMES_SHOWN]) or "none") + (f" and {more:,} more" if more > 0 else "")


def _ids(aside: SetAsideRows) -> str:
    more = aside.count - min(len(aside.twizzit_ids), _IDS_SHOWN)
    return f"id {', '.join(aside.twizzit_ids[:_IDS_SHOWN])}" + (f" and {more:,} more" if more else "")


def _command(credential_id: int | None, aside: SetAsideRows) -> str | None:
    if aside.change is None or credential_id is None:
        return None
    field, word, meaning = aside.change
    return f"twizzit config set {credential_id} {_OPTION_OF[field]} {_quoted(f'{word}={meaning}')}"


def _quoted(said: str) -> str:
    return shlex.quote(said) if _NEEDS_QUOTES & set(said) else f'"{said}"'


def _choice(meanings: Sequence[str]) -> str:
    return f"{', '.join(meanings[:-1])} or {meanings[-1]}"
