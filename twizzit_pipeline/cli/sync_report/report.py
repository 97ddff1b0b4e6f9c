"""The sync report: what was done, what was not and why, and where to look further.

Ids and counts, no names of people. Imports the contracts, and so pandas: imported when a sync is over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from twizzit_pipeline.accounts.naming import named
from twizzit_pipeline.cli.output.terminal import plural, show_line, show_table, table
from twizzit_pipeline.cli.sync_report import asides, departures
from twizzit_pipeline.cli.sync_report.running import Synced
from twizzit_pipeline.entities import ENTITIES, PLAYERS
from twizzit_pipeline.runs.asked import in_words
from twizzit_pipeline.runs.details import COMPETITION_TEAMS, OPPONENT_CLUBS, OPPONENT_TEAMS
from twizzit_pipeline.runs.history import HistoryRow
from twizzit_pipeline.runs.sentences import Kind, Line, lines
from twizzit_pipeline.scheduling.usage import CallBudget

_IDS_SHOWN = 3

_Found = Mapping[str, Mapping[str, Any]]


def show(out: Console, synced: Synced, *, budget: CallBudget | None = None) -> None:
    """Print the report of a sync; `budget`: the month's calls that are left after it."""
    head = f"{synced.organization}, season {synced.season}: {synced.outcome}"
    out.print(f"\n[bold]{_escaped(head)}[/bold] in {synced.seconds:.1f} s", markup=True)
    ended_well = [row for row in synced.history if row.status in ("success", "partial_success")]
    if synced.history and all(row.details.get("season_exists") is False for row in synced.history):
        out.print(f"The account has no season {synced.season}; nothing was written.")
    elif ended_well:
        show_table(out, _counted(ended_well))
        asides.show_rows(out, ended_well)
        for row in ended_well:
            _people(out, row)
            _calendar(out, row)
        departures.show(out, ended_well)
        _reasons(out, "Rejected by a contract rule and not written; all other rows went on:", synced, "rejected")
        _reasons(out, "Not applied:", synced, "failed")
        _reasons(out, "With a remark:", synced, "warnings")
        _questions(out, ended_well)
        asides.show_unknown_words(out, ended_well)
        asides.show_set_aside(out, ended_well)
        asides.show_event_types(out, ended_well)
    left = "" if budget is None else f"; {budget.left:,} of {budget.limit:,} are left this month"
    out.print(f"Calls to Twizzit: {synced.calls}{left}")
    rows = ", ".join(f"{row.id} ({row.entity}: {row.status})" for row in synced.history)
    show_line(out, f"Sync history:     {rows or 'no row'}", indent=0)
    out.print(f"Dagster run:      {synced.run.run_id}")


def document(synced: Synced, *, budget: CallBudget | None = None) -> dict[str, object]:
    """The report of a sync, for programs."""
    return {
        "organization": synced.organization,
        "season": synced.season,
        "outcome": synced.outcome.replace(" ", "_"),
        "seconds": round(synced.seconds, 1),
        "calls": synced.calls,
        "calls_left": None if budget is None else budget.left,
        "run_id": synced.run.run_id,
        "failures": [asdict(failure) for failure in synced.run.failures],
        "history": [{**asdict(row), "entity": row.entity} for row in synced.history],
        "left_out": [asdict(line) for row in synced.history for line in lines(row.entity, row.details)],
    }


def _counted(rows: Iterable[HistoryRow]) -> Table:
    numbers = ("Created", "Linked", "Updated", "Unchanged", "Rejected", "Not applied")
    counted = table("", *numbers, right=numbers)
    for row in rows:
        details = row.details
        done = [
            details.get("create", 0),
            details.get("link", 0) + details.get("adopt", 0),
            details.get("update", 0),
            details.get("unchanged", 0),
        ]
        failed = [_distinct(details.get(kind) or {}) for kind in ("rejected", "failed")]
        counted.add_row(row.entity, *(f"{count:,}" for count in (*done, *failed)))
    return counted


def _people(out: Console, row: HistoryRow) -> None:
    """How many of the people were in ShotSpot before, where not all of them were."""
    made = int(row.details.get("create", 0))
    found = sum(int(row.details.get(word, 0)) for word in ("link", "adopt", "update", "unchanged"))
    if row.entity == PLAYERS.name and made:
        out.print(f"People: {found:,} of {found + made:,} were in ShotSpot already")
        out.print()


def _calendar(out: Console, row: HistoryRow) -> None:
    """What happened to matches that were known, and who was made for the new ones."""
    news = [f"{row.details[word]:,} {word}" for word in ENTITIES[row.entity].news if row.details.get(word)]
    if news:
        out.print(f"Matches that changed: {', '.join(news)}")
    clubs, made = (int(row.details.get(name, 0)) for name in (OPPONENT_CLUBS, OPPONENT_TEAMS))
    if made:
        where = f"; {plural(clubs, 'club')} for them" if clubs else ""
        out.print(f"Opponents made:       {plural(made, 'team')}{where}")
    added = int(row.details.get(COMPETITION_TEAMS, 0))
    if added:
        out.print(f"Competitions:         {plural(added, 'team')} added to them")
    if news or made or added:
        out.print()


def _questions(out: Console, rows: Iterable[HistoryRow]) -> None:
    waiting = [row for row in rows if row.questions]
    if waiting:
        said = ", ".join(in_words(row.questions_of, row.entity) for row in waiting)
        out.print(f"Waiting for a decision: {said}: twizzit conflicts list {waiting[0].credential_id}")
        out.print()


def _items(count: int, entity: str, reason: str) -> str:
    """How many of what: a roster that could not be read is a team's, though it is counted with the players."""
    of = "teams" if reason == "players_not_read" else entity
    return plural(count, ENTITIES[of].one if of in ENTITIES else of, of)


def _reasons(out: Console, heading: str, synced: Synced, kind: Kind) -> None:
    found = [
        (row, line)
        for row in synced.history
        for line in lines(row.entity, row.details, (kind,))
        if line.reason != asides.SHOWN_AS_SET_ASIDE
    ]
    if not found:
        return
    out.print(heading)
    for row, line in found:
        said = line.sentence if row.credential_id is None else named(line.sentence, row.credential_id)
        rule = f" ({line.reason})" if kind == "rejected" else ""
        show_line(out, f"{_items(line.count, line.entity, line.reason)}: {said}{rule}; {_ids(line)}")
    out.print()


def _ids(line: Line) -> str:
    more = line.count - min(len(line.ids), _IDS_SHOWN)
    return f"id {', '.join(line.ids[:_IDS_SHOWN])}" + (f" and {more} more" if more else "")


def _distinct(found: _Found) -> int:
    """How many items, each once: one row can break several rules. Long lists are cut, and then the longest counts."""
    if all(len(of_one["twizzit_ids"]) == of_one["count"] for of_one in found.values()):
        return len({item for of_one in found.values() for item in of_one["twizzit_ids"]})
    return max(int(of_one["count"]) for of_one in found.values())


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
