"""The states of credentials on a terminal: the table of all, those that need attention, and one alone.

What belongs here: words, colours and widths. The colour of a state says what its word says; where there are no colours
nothing is lost.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from twizzit_pipeline.cli.output.terminal import plural, show_table, table
from twizzit_pipeline.runs.asked import in_words, summed

if TYPE_CHECKING:
    from twizzit_pipeline.queries.credential_state import CredentialState, Signal
    from twizzit_pipeline.queries.monitoring_views import LastSync
    from twizzit_pipeline.queries.overview import CredentialStatus, Overview

ENDED = {"success": "ok", "partial_success": "partial"}
_COLOURS = {"red": "bold red", "amber": "yellow", "green": "green"}
_WORST_SHOWN = 20
_IDS_SHOWN = 8
_LATER = "*"
_LAST = ("Arrived last", "How", "Items", "Failed", "Rules broken")


def by_need(credentials: "Iterable[CredentialStatus]") -> "list[CredentialStatus]":
    """The most urgent first; equally urgent ones by id. A sync under way makes none less urgent."""
    return sorted(credentials, key=lambda one: (one.lasting.urgency, one.facts.credential_id))


def show_credentials(out: Console, seen: "Overview") -> None:
    """Print how many are red, amber and green, and the table, no wider than the terminal."""
    now = seen.activity.now
    out.print(_counted(one.lasting.signal for one in seen.credentials))
    out.print()
    headings = ("Id", "Organization", "State", "Last sync", "Next", "Good", "Rej.", "Calls")
    credentials = by_need(seen.credentials)
    rows = [_row(one, now) for one in credentials]
    shown = table(*headings, right=("Id", "Rej."))
    shown.padding = (0, 1, 0, 0)
    widths = [max(len(row[place]) for row in (headings, *rows)) for place in range(len(headings))]
    for column in shown.columns:
        column.no_wrap = True
    # The name is cut where the terminal is narrow: the id identifies the club.
    name = shown.columns[1]
    name.overflow = "ellipsis"
    name.max_width = max(out.width - (sum(widths) - widths[1]) - 2 * len(headings), len(headings[1]))
    for one, row in zip(credentials, rows, strict=True):
        shown.add_row(*row[:2], _coloured(one.state, one.lasting.signal), *row[3:])
    out.print(shown)
    out.print(
        "Good: syncs of 30 days that succeeded, each entity counted. Rej.: rules that rows of the last sync of each"
        " broke. Calls: of this month."
    )
    _explain_next(out, credentials, now)


def show_worst(out: Console, worst: "Sequence[CredentialStatus]") -> None:
    """Print the reasons of the states that need attention, and what to do."""
    if not worst:
        return
    out.print()
    needing = plural(len(worst), "credential needs", "credentials need")
    out.print(f"{needing} attention:")
    for one in worst[:_WORST_SHOWN]:
        print_indented(out, 2, f"{one.facts.credential_id} {one.lasting.value}: {one.why}")
        print_indented(out, 4, one.what_to_do)
    if len(worst) > _WORST_SHOWN:
        out.print(f"  … and {len(worst) - _WORST_SHOWN} more; all of them: twizzit status --json")


def show_hanging(out: Console, found: "Sequence[CredentialStatus]") -> None:
    """Print whose sync hangs, and what to do."""
    if found:
        out.print()
    for one in found[:_WORST_SHOWN]:
        print_indented(out, 2, f"{one.facts.credential_id} {one.state.value}: {one.why}")
        print_indented(out, 4, one.what_to_do)


def show_questions(out: Console, credentials: "Sequence[CredentialStatus]") -> None:
    """Print whose conflicts and doubtful links wait for a person."""
    asked = [one for one in credentials if one.questions]
    if asked:
        named = ", ".join(f"{one.facts.credential_id} ({one.questions:,})" for one in asked[:_IDS_SHOWN])
        more = f" and {len(asked) - _IDS_SHOWN} more" if len(asked) > _IDS_SHOWN else ""
        kinds = summed(one.questions_of for one in asked)
        wait = "waits" if sum(kinds.values()) == 1 else "wait"
        out.print(f"{in_words(kinds)} {wait} for a decision, of credential {named}{more}: twizzit conflicts")
        out.print()


def show_one(out: Console, one: "CredentialStatus", last: "Sequence[LastSync]", now: datetime) -> None:
    """Print everything of one credential."""
    facts = one.facts
    head = Text(f"{' '.join(facts.organization_name.split())} (credential {facts.credential_id}): ")
    out.print(head + _coloured(one.state, one.lasting.signal) + Text(f", {one.lasting.signal.words}"))
    print_indented(out, 2, one.why)
    print_indented(out, 2, one.what_to_do)
    out.print()
    limit = "" if facts.monthly_call_limit is None else f" of {facts.monthly_call_limit:,}"
    every = f"every {facts.sync_interval_minutes} min" if facts.auto_sync_enabled else "no"
    reason = _later(one, now)
    arrived = "never" if facts.last_success_at is None else ago(facts.last_success_at, now)
    lines = (
        ("Season", facts.running_season or "–"),
        ("By itself", every),
        ("Last sync", _last(one, now)),
        ("Arrived", f"{arrived} (everything that it is to sync)"),
        ("Next sync", _next(one, now) + (f": {reason}" if reason else "")),
        ("Calls", f"{facts.calls_this_month:,}{limit} this month"),
        *([("Waiting", f"{_questions(one)}: twizzit conflicts list {facts.credential_id}")] if one.questions else []),
        ("Good", f"{facts.successful} of {plural(facts.total_syncs, 'sync')} in 30 days, each entity counted"),
    )
    for name, said in lines:
        out.print(Padding(f"{name + ':':<11}{said}", (0, 0, 0, 0)))
    if last:
        shown = table(*_LAST, right=_LAST[2:])
        for entity in last:
            how = ENDED.get(entity.status, entity.status)
            numbers = (entity.items_processed, entity.items_failed, entity.rejected_rows)
            shown.add_row(entity.entity, how, *(f"{number:,}" for number in numbers))
        show_table(out, shown)
    else:
        out.print()


def _questions(one: "CredentialStatus") -> str:
    return f"{in_words(one.questions_of)} for a decision"


def print_indented(out: Console, spaces: int, line: str) -> None:
    """Print a text whose further lines are indented as its first."""
    out.print(Padding.indent(line, spaces))


def ago(when: datetime, now: datetime) -> str:
    """``12 min ago``."""
    gone = now - when
    return "just now" if gone < timedelta(seconds=5) else f"{_span(gone)} ago"


def _counted(signals: "Iterable[Signal]") -> Text:
    """``3 credentials: 1 red (needs attention now), 2 green (fine)``, in those colours."""
    counted = Counter(signals)
    said = Text(f"{plural(counted.total(), 'credential')}: ")
    parts = [
        Text(f"{counted[signal]} {signal.value} ({signal.words})", style=_COLOURS[signal.value])
        for signal in type(next(iter(counted)))
        if counted[signal]
    ]
    return said + Text(", ").join(parts)


def _coloured(state: "CredentialState", signal: "Signal") -> Text:
    return Text(state.value, style=_COLOURS[signal.value])


def _row(one: "CredentialStatus", now: datetime) -> tuple[str, ...]:
    facts = one.facts
    limit = "" if facts.monthly_call_limit is None else f"/{facts.monthly_call_limit}"
    return (
        str(facts.credential_id),
        " ".join(facts.organization_name.split()),
        one.state.value,
        _last(one, now),
        _next(one, now) + (_LATER if _later(one, now) else ""),
        f"{facts.successful}/{facts.total_syncs}" if facts.total_syncs else "–",
        str(facts.rejected_rows),
        f"{facts.calls_this_month}{limit}",
    )


def _explain_next(out: Console, credentials: "Iterable[CredentialStatus]", now: datetime) -> None:
    """Why some of the next syncs are further away than their interval, each reason once."""
    from twizzit_pipeline.queries import later  # noqa: PLC0415  (frames)

    ids: dict[later.Kind, list[int]] = {}
    for one in credentials:
        found = later.of_facts(one.facts, now)
        if found is not None:
            ids.setdefault(found.kind, []).append(one.facts.credential_id)
    if ids:
        out.print(f"{_LATER} later than its interval:")
    for kind, of_kind in ids.items():
        named = ", ".join(map(str, of_kind[:_IDS_SHOWN]))
        more = f" and {len(of_kind) - _IDS_SHOWN} more" if len(of_kind) > _IDS_SHOWN else ""
        print_indented(out, 2, f"{named}{more}: {later.WORDS[kind]}")


def _later(one: "CredentialStatus", now: datetime) -> str | None:
    from twizzit_pipeline.queries import later  # noqa: PLC0415  (frames)

    found = later.of_facts(one.facts, now)
    return None if found is None else found.words


def _last(one: "CredentialStatus", now: datetime) -> str:
    facts = one.facts
    if facts.last_sync_completed_at is None or facts.last_sync_status is None:
        return "never"
    how = ENDED.get(facts.last_sync_status, facts.last_sync_status)
    return f"{ago(facts.last_sync_completed_at, now)}, {how}"


def _next(one: "CredentialStatus", now: datetime) -> str:
    facts = one.facts
    if not facts.auto_sync_enabled or not facts.is_active or one.state.value == "broken":
        return "–"
    starts = [when for when in (facts.next_sync_at, facts.paused_until) if when is not None and when > now]
    return f"in {_span(max(starts) - now)}" if starts else "now"


def _span(length: timedelta) -> str:
    """``40 s``, ``12 min``, ``3 h``, ``5 d``: the largest unit of which there are two, or one minute."""
    seconds = max(int(length.total_seconds()), 0)
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= (2 * size if unit != "min" else size):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
