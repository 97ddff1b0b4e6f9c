"""`twizzit sync --preview`: what a sync would do, on a terminal, as JSON and as a file for a spreadsheet.

Names of people are shown on a terminal alone (and in JSON and the file): elsewhere the text may end in a log. Dagster
is not loaded for it.
"""

import os
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from twizzit_pipeline.cli.opened import Opened
from twizzit_pipeline.cli.output.differences import PERSONAL, brief, differences, is_of_people, of_column
from twizzit_pipeline.cli.output.progress import Steps
from twizzit_pipeline.cli.output.terminal import console, moment, plural, print_json, show_line, show_table, table
from twizzit_pipeline.cli.stored_plans import described
from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.runs.asked import counted, in_words
from twizzit_pipeline.runs.plans import StoredPlan
from twizzit_pipeline.runs.spreadsheet import as_csv
from twizzit_pipeline.scheduling.requested import asker
from twizzit_pipeline.settings.os_errors import why_refused
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.places import place_of
from twizzit_pipeline.sync.preview.document import share
from twizzit_pipeline.sync.preview.gate import is_held
from twizzit_pipeline.sync.preview.making import Preview, preview, record
from twizzit_pipeline.sync.preview.rehearsal import People

_ROWS_SHOWN = 50
_IDS_SHOWN = 3
_COUNTED = (
    "create",
    "link",
    "adopt",
    "update",
    "remembered",
    "unchanged",
    "conflicts",
    "questions",
    "rejected",
    "failed",
    "set_aside",
)
# What became of a plan that does not wait any more.
_OVER = {"applied": "it was applied", "replaced": "a newer one replaced it", "discarded": "it was discarded"}
_KINDS = (
    ("rejected", "Rejected by a contract rule, and would not be written:"),
    ("failed", "Could not be applied:"),
    ("warned", "With a remark:"),
    ("set_aside", "Set aside, since they are not meant to come:"),
)


def preview_now(
    here: Opened,
    credential_id: int,
    *,
    only: str | None,
    season: str | None,
    as_json: bool,
    file: Path | None,
    quiet: bool,
) -> Preview:
    """Make a preview, and show it as asked.

    Raises:
        TwizzitPipelineError: as `making.preview`.
        typer.BadParameter: the file cannot be written; where that is clear from its folder, no call was made for it.
    """
    if file is not None:
        require_room(file)
    actor = this_user()
    record(here.database, credential_id, actor, only=only, season=season)
    entities = [entity.name for entity in ENTITIES.values() if only in (None, entity.sync_type)]
    with Steps(console(stderr=True, quiet=quiet)) as steps:
        made = preview(
            here.settings,
            here.database,
            credential_id=credential_id,
            entities=entities,
            season=season,
            run_id=str(uuid.uuid4()),
            requested_by=asker(actor),
            progress=steps,
        )
    least_players = here.settings.first_sync_players
    show(made.plan, made.document, least_players=least_players, as_json=as_json, file=file, quiet=quiet)
    return made


def show(
    plan: StoredPlan,
    document: Mapping[str, Any],
    *,
    least_players: int,
    as_json: bool,
    file: Path | None = None,
    quiet: bool = False,
) -> None:
    """Show a plan: as a text, as JSON, as a file; `least_players` as for `show_text`."""
    if file is not None:
        write(file, as_csv(document))
    if as_json:
        print_json({"plan": described(plan), **document})
    elif not quiet:
        show_text(console(widest=140), plan, document, least_players)
        if file is not None:
            console(stderr=True).print(f"Written: {file}", soft_wrap=True)


def require_room(file: Path) -> None:
    """See whether a file may be made there, before Twizzit is asked for what it is to hold.

    Raises:
        typer.BadParameter: not in that folder, or it is no file.
    """
    place = _place(file)
    folder = place.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise typer.BadParameter(
            f"{file} cannot be written: see whether {folder} is a folder of yours", param_hint="--csv"
        )


def _place(file: Path) -> Path:
    """
    Raises:
        typer.BadParameter: it is a folder, or something else that is no file.
    """
    try:
        if file.is_dir():
            raise typer.BadParameter(f"{file} is a folder: name a file", param_hint="--csv")
        return place_of(file)
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be written: {why_refused(error)}", param_hint="--csv") from None


def write(file: Path, text: str) -> None:
    """Write a file that its owner alone may read: it holds names. It is whole, or as it was before.

    Raises:
        typer.BadParameter: it cannot be written.
    """
    place = _place(file)
    beside = place.with_name(f".{uuid.uuid4().hex}")
    try:
        with os.fdopen(
            os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline=""
        ) as out:
            out.write(text)
        beside.replace(place)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise typer.BadParameter(f"{file} cannot be written: {why_refused(error)}", param_hint="--csv") from None


def show_text(out: Console, plan: StoredPlan, document: Mapping[str, Any], least_players: int) -> None:
    """Print what a sync would do, entity by entity, and what can be done with it.

    `least_players`: from how many players in ShotSpot on a first sync may be held.
    """
    out.print(f"Season {document['season']}: what a sync would do; nothing of it is written.", soft_wrap=True)
    if not document["season_exists"]:
        out.print("The account has no such season.")
    show_table(out, _counts(document["entities"]))
    if (found := share(document["people"])) is not None:
        out.print(f"{found}.", soft_wrap=True)
        if is_held(People(**document["people"]), least_players):
            out.print("A first sync like that is held: nothing is written until its plan is applied.", soft_wrap=True)
    for entity in document["entities"]:
        _show_entity(out, entity)
    for kind, title in _KINDS:
        _show_reasons(out, title, document["entities"], kind)
    out.print(f"Calls to Twizzit: {document['calls']}")
    show_end(out, plan)


def show_end(out: Console, plan: StoredPlan) -> None:
    """Print what can be done with a plan, or what became of it."""
    if (over := _OVER.get(plan.status)) is not None:
        out.print(f"Plan {plan.id}: {plan.counted}; {over} on {moment(plan.decided_at)}.", soft_wrap=True)
        return
    if not (plan.changes or plan.remembered):
        out.print(f"Plan {plan.id}: nothing is to be done.")
        return
    until = moment(plan.expires_at)
    out.print(f"Plan {plan.id}: {plan.counted}; it can be applied until {until}:", soft_wrap=True)
    out.print(f"  twizzit sync {plan.credential_id} --apply {plan.id}", soft_wrap=True)
    out.print("  (without some of it: --without player:ID, which may be repeated)")


def _counts(entities: Sequence[Mapping[str, Any]]) -> Any:
    others = [name for one in entities for name in one["counts"] if name not in (*_COUNTED, "beside", "warned")]
    names = [*_COUNTED[:4], *dict.fromkeys(others), *_COUNTED[4:]]
    heads = [name.replace("_", " ").capitalize() for name in names]
    shown = table("", *heads, right=heads)
    for one in entities:
        shown.add_row(one["entity"], *(f"{one['counts'].get(name, 0):,}" for name in names))
    return shown


def _show_entity(out: Console, entity: Mapping[str, Any]) -> None:
    if entity["error"]:
        show_line(out, f"{entity['entity']}: {entity['error']}", indent=0)
    items = [item for item in entity["items"] if item["action"] != "mark"]
    if items:
        out.print(f"{entity['entity'].capitalize()}:")
        show_table(out, _items(out, entity["entity"], items))
    if len(items) > _ROWS_SHOWN:
        out.print(f"  and {len(items) - _ROWS_SHOWN:,} more; --json or --csv FILE has all")
    _show_questions(out, entity)
    made = Counter({name: count for name, count in entity["counts"]["beside"].items() if name != "twizzit_opponents"})
    if made:
        counted = (plural(count, name.removesuffix("s"), name).replace("_", " ") for name, count in made.items())
        show_line(out, f"made for them: {', '.join(counted)}")


def _show_questions(out: Console, entity: Mapping[str, Any]) -> None:
    """What a person would be asked; of a plan that an older version stored nothing is known."""
    asked = entity.get("questions", ())
    if asked:
        kinds = in_words(counted(one["kind"] for one in asked))
        out.print(f"{entity['entity'].capitalize()}: {kinds} for a person to decide:")
    names = out.is_terminal or not is_of_people(entity["entity"])
    for one in asked[:_ROWS_SHOWN]:
        whose = f"{one['twizzit_id']} {one['name'] if names else ''}".rstrip()
        if one["kind"] == "field":
            shotspot, twizzit = (of_column(one["column"], one[side]) for side in ("shotspot", "twizzit"))
            sides = f"ShotSpot {shotspot}, Twizzit {twizzit}"
            hidden = one["column"] in PERSONAL and not names
            show_line(out, f"{whose}, {one['column']}: {'shown on a terminal' if hidden else sides}")
        else:
            fitting = ", ".join(map(str, one["candidates"]))
            asks = "is it another row of ShotSpot" if one.get("of_mapped") else "which row of ShotSpot is it"
            if one["kind"] == "opponent":
                whose = f"opponent {one['name']} (match {brief(one['twizzit'])})"
                asks = f"which {one['column'].removesuffix('_id')} of ShotSpot is it"
            show_line(out, f"{whose}: {asks}: {fitting}, or none")
    if len(asked) > _ROWS_SHOWN:
        out.print(f"  and {len(asked) - _ROWS_SHOWN:,} more; --json or --csv FILE has all")


def _items(out: Console, entity: str, items: Sequence[Mapping[str, Any]]) -> Any:
    names = out.is_terminal or not is_of_people(entity)
    shown = table("Twizzit", "ShotSpot", *(("Name",) if names else ()), "What", "Change", right=("ShotSpot",))
    for item in items[:_ROWS_SHOWN]:
        columns = {column: (pair["old"], pair["new"]) for column, pair in item["columns"].items()}
        said = ", ".join(differences(columns, names=names, is_new=item["action"] == "create"))
        shown.add_row(
            item["twizzit_id"],
            "–" if item["local_id"] is None else str(item["local_id"]),
            *((item["name"],) if names else ()),
            item["action"],
            (said or item["why"])
            + (f" (changed in ShotSpot too: {', '.join(item['conflicts'])})" if item["conflicts"] else ""),
        )
    return shown


def _show_reasons(out: Console, title: str, entities: Sequence[Mapping[str, Any]], kind: str) -> None:
    lines = [line for entity in entities for line in _reasons(entity, kind)]
    if lines:
        out.print(title)
    for line in lines:
        show_line(out, line)


def _reasons(entity: Mapping[str, Any], kind: str) -> Iterator[str]:
    ids: dict[str, list[str]] = {}
    for row in entity[kind]:
        ids.setdefault(row["why"], []).append(row["twizzit_id"])
    for why, found in ids.items():
        more = "" if len(found) <= _IDS_SHOWN else f" and {len(found) - _IDS_SHOWN:,} more"
        yield f"{entity['entity']}, {len(found):,}: {why}; id {', '.join(found[:_IDS_SHOWN])}{more}"
