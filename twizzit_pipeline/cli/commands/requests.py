"""`twizzit requests …`: list the requests that wait, and cancel one."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from twizzit_pipeline.cli.clubs import MaybeClub, OfClub, credential_of
from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.options import Json, Limit, Offset
from twizzit_pipeline.cli.output.terminal import console, moment, plural, print_json, table
from twizzit_pipeline.entities import SYNC_TYPES

if TYPE_CHECKING:  # quick commands load little
    from twizzit_pipeline.scheduling.requested import Request

app = typer.Typer(help="Syncs that were requested.", invoke_without_command=True)


_Over = Annotated[bool, typer.Option("--over", help="Those that have ended too, newest first")]


@app.callback()
def show_all(
    context: typer.Context,
    club: OfClub = None,
    over: _Over = False,
    limit: Limit = 50,
    offset: Offset = 0,
    as_json: Json = False,
) -> None:
    """Show the syncs that wait or have begun; the same as `twizzit requests list`."""
    if context.invoked_subcommand is None:
        _list(club, over=over, limit=limit, offset=offset, as_json=as_json)


@app.command("list")
def of_club(
    club: MaybeClub = None, over: _Over = False, limit: Limit = 50, offset: Offset = 0, as_json: Json = False
) -> None:
    """Show the syncs that wait or have begun: since when, who asked, of which club and season.

    Times are local (with --json, ISO 8601 with zone). `twizzit requests cancel ID` cancels one that waits.
    """
    _list(club, over=over, limit=limit, offset=offset, as_json=as_json)


def _list(club: str | None, *, over: bool, limit: int, offset: int, as_json: bool) -> None:
    from twizzit_pipeline.credentials import store  # noqa: PLC0415  (quick commands load little)
    from twizzit_pipeline.scheduling import requested  # noqa: PLC0415  (the same)

    with opened() as here:
        engine = here.database.engine
        owners = None if club is None else [store.get(engine, credential_of(here, club)).id]
        found, total = requested.listing(engine, credential_ids=owners, over=over, limit=limit, offset=offset)
    if as_json:
        print_json([{**_document(one.request), "organization": one.organization} for one in found])
        return
    if not found:
        console().print("No sync was requested." if over else "No request waits, and none is under way.")
        return
    columns = ("Id", "Club", "Season", "What", "Asked for", "By", "State")
    shown = table(*columns, right=("Id",))
    for one in found:
        shown.add_row(str(one.request.id), one.organization, *_words(one.request))
    console().print(shown)
    if total > len(found):
        console(stderr=True).print(f"{len(found)} of {plural(total, 'request')}; --limit and --offset show others.")


@app.command()
def cancel(
    request_id: Annotated[int, typer.Argument(metavar="ID", help="A request that waits", show_default=False)],
) -> None:
    """Cancel a sync that waits. One that has begun goes on."""
    from twizzit_pipeline.scheduling.cancelling import cancel  # noqa: PLC0415  (the same)
    from twizzit_pipeline.storage.audit import this_user  # noqa: PLC0415  (quick commands load little)

    with opened() as here:
        done = cancel(here.database.engine, request_id, actor=this_user())
    console().print(f"Request {done.id} is cancelled: {_what(done)} of credential {done.credential_id}.")


def _words(request: "Request") -> tuple[str, ...]:
    said = {"queued": "waits", "started": "under way"}.get(request.status, request.status.replace("_", " "))
    state = f"{said}: {request.error}" if request.error else said
    asked = ", ".join(request.askers) or "–"
    return request.season or "running", _what(request), moment(request.requested_at), asked, state


def _what(request: "Request") -> str:
    """The request's options in words."""
    options, entities = request.options, request.wish.entities
    if options.plan_id is not None:
        return f"plan {options.plan_id}"
    every = entities == set(SYNC_TYPES) if options.preview else request.sync_type == "all"
    kinds = "everything" if every else " and ".join(sorted(entities, reverse=True))
    group = "" if options.group_id is None else f" of group {options.group_id}"
    what = f"{kinds}{group}" + ("" if options.create_missing else ", nothing new")
    return f"preview of {what}" if options.preview else what


def _document(request: "Request") -> dict[str, object]:
    names = ("id", "credential_id", "sync_type", "season", "status", "error", "trigger", "run_id", "history_ids")
    times = ("requested_at", "started_at", "completed_at")
    return {
        **{name: getattr(request, name) for name in (*names, *times)},
        "requested_by": list(request.askers),
        "options": asdict(request.options),
    }
