"""`twizzit undo SYNC_ID`: what a sync did is taken back, after it was shown."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from twizzit_pipeline.cli import asking
from twizzit_pipeline.cli.clubs import credential_of
from twizzit_pipeline.cli.commands.changes import moment_of
from twizzit_pipeline.cli.exit_codes import ExitCode
from twizzit_pipeline.cli.opened import Opened, opened
from twizzit_pipeline.cli.options import Json
from twizzit_pipeline.cli.output.terminal import console, plural, print_json
from twizzit_pipeline.storage.audit import this_user

if TYPE_CHECKING:
    from twizzit_pipeline.undo.undoing import Undo

_SYNC_ID = re.compile(r"[0-9]{1,18}")


def undo(
    what: Annotated[
        str,
        typer.Argument(
            metavar="SYNC_ID|CLUB",
            help="The id of a sync (twizzit history CLUB), which means all that its run did; with --since a club",
            show_default=False,
        ),
    ],
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            help="All syncs and undos of the club that began then or later: a local day or time (2026-11-28, "
            "2026-11-28 14:00), or 30m, 6h, 7d, 2w",
        ),
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show what it would do, and do nothing")] = False,
    as_json: Json = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
) -> None:
    """Take back what a sync did in ShotSpot; what was changed since is left and listed. An undo can be undone.

    Rows that it made are removed where nothing refers to them, else made inactive. Exit 0 all of it, 3 some of it is
    left, 4 a sync is in progress, 1 refused, 2 no terminal to ask on.
    """
    from twizzit_pipeline.cli.commands import undo_shown  # noqa: PLC0415  (quick commands load little)

    with opened() as here:
        look, act = _meant(here, what, since)
        found = look()
        if preview or not found.plan.steps:
            _show(found, as_json=as_json)
            raise typer.Exit(_code(found) if found.plan.steps or not found.plan.left else ExitCode.PARTIAL_SUCCESS)
        if not yes:
            undo_shown.show(console(stderr=as_json), found)
            asking.whether(f"Undo {found.label}: write {plural(len(found.plan.steps), 'row')}?")
        done = act(None if yes else found)
    if as_json or yes:
        _show(done, as_json=as_json)
    else:
        undo_shown.say_done(console(), done)
    raise typer.Exit(_code(done))


def _meant(here: Opened, what: str, since: str | None) -> "tuple[Callable[[], Undo], Callable[[Undo | None], Undo]]":
    """How to look at the undo that is meant, and how to do it."""
    from twizzit_pipeline.undo import undoing  # noqa: PLC0415  (quick commands load little)

    engine, actor = here.database.engine, this_user()
    if since is not None:
        begin = moment_of(since, datetime.now(UTC))
        credential_id = credential_of(here, what)
        return (
            lambda: undoing.preview_since(engine, credential_id, begin),
            lambda shown: undoing.undo_since(engine, credential_id, begin, actor=actor, shown=shown),
        )
    if not _SYNC_ID.fullmatch(what.strip()):
        raise typer.BadParameter("the id of a sync is a number (twizzit history CLUB); a club needs --since")
    history_id = int(what)
    return (
        lambda: undoing.preview(engine, history_id),
        lambda shown: undoing.undo(engine, history_id, actor=actor, shown=shown),
    )


def _show(found: "Undo", *, as_json: bool) -> None:
    from twizzit_pipeline.cli.commands import undo_shown  # noqa: PLC0415  (quick commands load little)

    if as_json:
        print_json(undo_shown.document(found))
    else:
        undo_shown.show(console(), found)
        undo_shown.say_done(console(), found)


def _code(found: "Undo") -> ExitCode:
    return ExitCode.PARTIAL_SUCCESS if found.plan.left else ExitCode.SUCCESS
