"""`twizzit history CLUB`: what was synced when, and how it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from twizzit_pipeline.cli.clubs import Club, credential_of
from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.options import Json, Offset
from twizzit_pipeline.cli.output.terminal import console, moment, print_json, show_line, table
from twizzit_pipeline.credentials import store
from twizzit_pipeline.runs.asked import in_words
from twizzit_pipeline.runs.details import DECISION

if TYPE_CHECKING:
    from twizzit_pipeline.runs.history import HistoryRow

# From here on there is room for the year, the second and the run.
_WIDE = 95


def history(
    club: Club,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Rows at most")] = 20,
    offset: Offset = 0,
    as_json: Json = False,
) -> None:
    """Show the syncs of a club, newest first; times are local (with --json, ISO 8601 with zone)."""
    from twizzit_pipeline.runs.history import recent  # noqa: PLC0415

    with opened() as here:
        credential_id = credential_of(here, club)
        store.get(here.database.engine, credential_id)
        rows = recent(here.database.engine, credential_id, limit=limit, offset=offset)
    if as_json:
        print_json([{**asdict(row), "entity": row.entity, "season": row.season} for row in rows])
        return
    if not rows:
        console().print(f"Nothing yet; sync it: twizzit sync {credential_id}")
        return
    out = console()
    out.print(_table(rows, narrow=out.width < _WIDE))
    out.print()
    for line in _notes(rows, credential_id):
        show_line(out, line, indent=0)


def _notes(rows: Sequence["HistoryRow"], credential_id: int) -> list[str]:
    """What there is to say of the rows, the newest first; what several of an entity say stands once, with their ids."""
    from twizzit_pipeline.accounts.naming import named  # noqa: PLC0415
    from twizzit_pipeline.cli.sync_report import asides  # noqa: PLC0415  (httpx)

    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        error = named(row.error_message, credential_id) if row.error_message else None
        done = (_undid(row), _repaired(row), _decided(row))
        for said in (_skipped(row), error, *done, asides.summary(row), asides.remarks(row)):
            if said:
                found.setdefault((row.entity, said), []).append(str(row.id))
    return [f"{', '.join(ids)} ({entity}): {said}" for (entity, said), ids in found.items()]


def _table(rows: Sequence["HistoryRow"], *, narrow: bool) -> Table:
    numbers = ("Id", "Seen", "Done", "Failed")
    last = () if narrow else ("Run",)
    shown = table("Id", "What", "Season", "Status", "Seen", "Done", "Failed", "Started", *last, right=numbers)
    shown.padding = (0, 1, 0, 0)
    for row in rows:
        shown.add_row(
            str(row.id),
            row.entity,
            row.season or "–",
            _status(row),
            str(row.items_processed),
            str(row.items_succeeded),
            str(row.items_failed),
            moment(row.started_at)[5:-3] if narrow else moment(row.started_at),
            *(() if narrow else ((row.dagster_run_id or "–")[:8],)),
        )
    return shown


def _status(row: "HistoryRow") -> str:
    """How it ended; `decided` is no sync; `skipped` did nothing, since the account has no such season."""
    if row.sync_direction == DECISION:
        return "decided"
    return row.status.replace("_", " ") if row.season_exists else "skipped"


def _skipped(row: "HistoryRow") -> str | None:
    """That a sync did nothing, since the account has no such season."""
    why = f"skipped: the account has no season {row.season}; nothing was read or written"
    return None if row.season_exists else why


def _decided(row: "HistoryRow") -> str | None:
    """What was decided, or how many decisions wait; None where nothing does."""
    if row.sync_direction == DECISION:
        return f"no sync: conflict {row.details.get(DECISION)} was decided; twizzit conflicts --over"
    asked = in_words(row.questions_of)
    return f"{asked} to decide: twizzit conflicts list {row.credential_id}" if asked else None


def _undid(row: "HistoryRow") -> str | None:
    """Which rows an undo is of; None for a sync."""
    ids = ", ".join(map(str, row.undid))
    return f"undid {ids}; to bring that back: twizzit undo {row.id}" if ids else None


def _repaired(row: "HistoryRow") -> str | None:
    """What a repair wrote, column by column; None where none was asked for."""
    if row.details.get("repair") is not True:
        return None
    columns: Mapping[str, int] = row.details.get("repaired") or {}
    return "repaired on request: " + (", ".join(f"{name} {count:,}" for name, count in columns.items()) or "nothing")
