"""`twizzit plans`: the stored plans of a club, shown one by one, and discarded."""

from pathlib import Path
from typing import Annotated

import typer

from twizzit_pipeline.cli.clubs import MaybeClub, clubs_of
from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.options import Json
from twizzit_pipeline.cli.output.terminal import console, moment, print_json, show_table, table
from twizzit_pipeline.cli.stored_plans import described
from twizzit_pipeline.runs import plans
from twizzit_pipeline.scheduling import discarding
from twizzit_pipeline.storage.audit import this_user

app = typer.Typer(help="What a sync would do, kept for seven days: list, show, discard.", no_args_is_help=True)

_Plan = Annotated[int, typer.Argument(metavar="PLAN_ID", help="As twizzit plans list shows it", show_default=False)]
_NUMBERS = ("Id", "Changes", "Remembered")
_REASONS = {"asked": "asked for", "review": "review", "first_sync": "first sync"}


@app.command("list")
def list_plans(club: MaybeClub = None, as_json: Json = False) -> None:
    """List the plans of a club, or of all, the newest of each first."""
    with opened() as here:
        clubs = dict(clubs_of(here, club))
        found = [plan for one in clubs for plan in plans.of_credential(here.database.engine, one)]
    if as_json:
        print_json([{**described(plan), "organization": clubs[plan.credential_id]} for plan in found])
        return
    if not found:
        console().print("No plan; make one: twizzit sync CLUB --preview")
        return
    of_all = club is None
    shown = table(
        "Id",
        *(["Club"] if of_all else []),
        "Made",
        "Season",
        "Why",
        "Changes",
        "Remembered",
        "State",
        "Expires",
        right=_NUMBERS,
    )
    for plan in found:
        made, expires = moment(plan.made_at), moment(plan.expires_at)
        why = _REASONS.get(plan.reason, plan.reason)
        numbers = (f"{plan.changes:,}", f"{plan.remembered:,}")
        whose = [clubs[plan.credential_id]] if of_all else []
        shown.add_row(str(plan.id), *whose, made, plan.season, why, *numbers, plan.status, expires)
    show_table(console(), shown)


@app.command("show")
def show_plan(
    plan_id: _Plan,
    as_json: Json = False,
    file: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write it for a spreadsheet")] = None,
) -> None:
    """Show a plan, row by row; refused once it has expired."""
    from twizzit_pipeline.cli.commands import previewing  # noqa: PLC0415  (frames)

    with opened() as here:
        plan = plans.get(here.database.engine, plan_id)
        document = plans.document(here.database.engine, plan_id)
    least_players = here.settings.first_sync_players
    previewing.show(plan, document, least_players=least_players, as_json=as_json, file=file)


@app.command()
def discard(plan_id: _Plan) -> None:
    """Discard a plan that is not wanted: nothing of it is written."""
    with opened() as here:
        discarding.discard(here.database.engine, plan_id, actor=this_user())
    console().print(f"Plan {plan_id} is discarded; nothing was written.")
