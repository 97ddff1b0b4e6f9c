"""`twizzit rejected CLUB`: what the last syncs of a club did not bring, and why."""

from collections import Counter
from typing import Annotated

import typer

from twizzit_pipeline.cli.clubs import Club, credential_of
from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.options import Json
from twizzit_pipeline.cli.output.terminal import console, plural, print_json, table
from twizzit_pipeline.credentials import store
from twizzit_pipeline.entities import EntityName

_HEADINGS = {"rejected": "rejected", "failed": "not applied", "set_aside": "set aside"}


def rejected(
    club: Club,
    entity: Annotated[EntityName | None, typer.Option("--only", help="Only these")] = None,
    as_json: Json = False,
) -> None:
    """Show what the last syncs of a club rejected, could not apply and set aside, and why.

    Names are those that ShotSpot has; `twizzit registered` asks Twizzit for those that it alone has.
    """
    from twizzit_pipeline.queries.left_out import left_out, was_read  # noqa: PLC0415  (frames)

    with opened() as here:
        credential_id = credential_of(here, club)
        store.get(here.database.engine, credential_id)
        found = left_out(here.database.engine, credential_id, entity=entity)
        read = bool(found) or was_read(here.database.engine, credential_id, entity=entity)
    if as_json:
        print_json(found)
        return
    out = console()
    if not found:
        none = f"No sync has read {entity or 'anything'} of this club yet: twizzit sync {credential_id}"
        out.print("Nothing: everything that the last syncs read has come." if read else none)
        return
    shown = table("What", "Twizzit id", "Name", "", "Why")
    for one in found:
        id_ = f"{plural(one.count, 'more row')}" if one.count > 1 else one.twizzit_id or "–"
        shown.add_row(one.entity, id_, one.name or "–", _HEADINGS[one.kind], one.sentence)
    out.print(shown)
    counted = Counter({kind: sum(one.count for one in found if one.kind == kind) for kind in _HEADINGS})
    # A row may break several rules, and each of them is a line.
    words = {**_HEADINGS, "rejected": "rule broken" if counted["rejected"] == 1 else "rules broken"}
    out.print(", ".join(f"{count:,} {words[kind]}" for kind, count in counted.items() if count))
