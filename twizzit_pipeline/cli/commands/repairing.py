"""`twizzit sync --repair`: show what it would write, and ask for a confirmation.

Names of people are shown on a terminal alone (and in JSON): elsewhere the text may end in a
log. Imports the plans: a command imports this module when it needs it, and not before.
"""

from collections import Counter
from datetime import UTC, datetime

import typer
from rich.console import Console

from twizzit_pipeline.cli import asking
from twizzit_pipeline.cli.opened import Opened
from twizzit_pipeline.cli.output.differences import differences, is_of_people
from twizzit_pipeline.cli.output.status_of_clubs import ago
from twizzit_pipeline.cli.output.terminal import (
    console,
    moment,
    plural,
    print_json,
    show_line,
    show_table,
    table,
)
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.runs.sentences import sentence
from twizzit_pipeline.sync.preview.repairs import EntityRepair, Repair, RepairPreview, repairs_to_come

_ROWS_SHOWN = 50
_IDS_SHOWN = 3


def previewed(here: Opened, credential_id: int, *, only: str | None, season: str | None) -> RepairPreview:
    """What a repair would write; raises as `repairs_to_come`."""
    return repairs_to_come(
        here.database.engine,
        credential_id,
        only=only,
        season=season,
        day=seasons.today(),
        season_start=here.settings.season_start,
    )


def agree(preview: RepairPreview, *, yes: bool, as_json: bool, quiet: bool) -> None:
    """Show the preview, and go on if a person (or `yes`) confirms it.

    Raises:
        typer.Exit: nothing is to repair (0).
        typer.BadParameter: there is no terminal to ask on.
        typer.Abort: the person declines.
    """
    asks = bool(preview.rows) and not yes
    if not as_json and (asks or not quiet):
        show(console(), preview)
    elif as_json and asks and asking.on_terminal():
        show(console(stderr=True), preview)
    if as_json and (not preview.rows or (asks and not asking.on_terminal())):
        print_json({"repair": document(preview)})
    if not preview.rows:
        raise typer.Exit
    if asks:
        asking.whether(f"Write {plural(preview.rows, 'row')} of ShotSpot as Twizzit has them?")


def show(out: Console, preview: RepairPreview) -> None:
    """Print what would be written, entity by entity."""
    if preview.past:
        why = f"a later season than {preview.season} has begun, and a repair leaves earlier ones alone"
        show_line(out, f"Nothing to repair: {why}.", indent=0)
        return
    now = datetime.now(UTC)
    oldest = preview.oldest_scan
    scanned = "" if oldest is None else f"by the scan of {moment(oldest)} ({ago(oldest, now)})"
    out.print(f"Repair of season {preview.season}, {scanned}; Twizzit was not asked:", soft_wrap=True)
    for one in preview.entities:
        _show_entity(out, one)
    if not preview.rows:
        left = any(one.left for one in preview.entities)
        rest = "what differs cannot be as Twizzit has it" if left else "every mapped row is as Twizzit had it then"
        out.print(f"Nothing to repair: {rest}.", soft_wrap=True)
        return
    out.print("A sync comes with it: it asks Twizzit anew, and brings what has changed there since.", soft_wrap=True)


def document(preview: RepairPreview) -> dict[str, object]:
    """The preview of a repair, for programs."""
    return {
        "season": preview.season,
        "past_season": preview.past,
        "oldest_scan": preview.oldest_scan,
        "rows": preview.rows,
        "entities": [
            {
                "entity": one.entity,
                "scanned_at": one.scanned_at,
                "items": one.items,
                "rows": [_row(repair) for repair in one.repairs],
                "left": {reason: list(ids) for reason, ids in one.left.items()},
            }
            for one in preview.entities
        ],
    }


def _row(repair: Repair) -> dict[str, object]:
    columns = {column: {"old": old, "new": new} for column, (old, new) in repair.columns.items()}
    return {"row_id": repair.row_id, "twizzit_id": repair.twizzit_id, "name": repair.name, "columns": columns}


def _show_entity(out: Console, one: EntityRepair) -> None:
    if one.scanned_at is None:
        out.print(f"  {one.entity}: never read in this season; a sync reads them")
        return
    counts = Counter(column for repair in one.repairs for column in repair.columns)
    columns = ", ".join(f"{column} {count:,}" for column, count in counts.most_common())
    out.print(
        f"  {one.entity}: {len(one.repairs):,} of {one.items:,}" + (f" ({columns})" if columns else ""), soft_wrap=True
    )
    if one.repairs:
        names = out.is_terminal or not is_of_people(one.entity)
        shown = table("Id", "Twizzit", *(("Name",) if names else ()), "Would change", right=("Id",))
        for repair in one.repairs[:_ROWS_SHOWN]:
            shown.add_row(
                str(repair.row_id),
                repair.twizzit_id,
                *((repair.name,) if names else ()),
                ", ".join(differences(repair.columns, names=names)),
            )
        show_table(out, shown)
        if len(one.repairs) > _ROWS_SHOWN:
            out.print(f"  and {len(one.repairs) - _ROWS_SHOWN:,} more; --json has all")
    for reason, ids in one.left.items():
        more = "" if len(ids) <= _IDS_SHOWN else f" and {len(ids) - _IDS_SHOWN:,} more"
        shown_ids = ", ".join(ids[:_IDS_SHOWN])
        said = sentence(one.entity, reason)
        show_line(out, f"{len(ids):,} not as Twizzit has it: {said}; id {shown_ids}{more}", indent=4)
