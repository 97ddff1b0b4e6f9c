"""`twizzit sync CLUB`: the job, in this process, seen in the Dagster UI like any other run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twizzit_pipeline import errors
from twizzit_pipeline.cli.clubs import Club, credential_of
from twizzit_pipeline.cli.exit_codes import ExitCode
from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.output.progress import Steps
from twizzit_pipeline.cli.output.terminal import console, print_json
from twizzit_pipeline.entities import ENTITIES, SyncType

if TYPE_CHECKING:  # Dagster costs two seconds
    from twizzit_pipeline.cli.sync_report.running import Synced
    from twizzit_pipeline.scheduling.usage import CallBudget
    from twizzit_pipeline.sync.preview.repairs import RepairPreview


def sync(
    club: Club,
    only: Annotated[
        SyncType | None,
        typer.Option(
            help="players: of the teams that the last sync of teams found; competitions: with their matches, of the "
            "teams that are mapped"
        ),
    ] = None,
    season: Annotated[str | None, typer.Option(help="As Twizzit labels it; by default the running one")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The result, as one JSON document")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but what failed or waits, on stderr")
    ] = False,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Bring every mapped row of the season to Twizzit's values, edits made in ShotSpot included; shows "
            "first what that would write",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --repair: do not ask")] = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what a sync would do, and write nothing; kept as a plan for 7 days")
    ] = False,
    file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="With --preview: write it for a spreadsheet as well")
    ] = None,
    plan_id: Annotated[
        int | None,
        typer.Option("--apply", metavar="PLAN_ID", help="Apply a plan: what of it is still true, and nothing else"),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without", metavar="ENTITY:ID", help="With --apply: leave this out, like player:123; repeatable"
        ),
    ] = None,
) -> None:
    """Sync what a club's account sees in Twizzit.

    Exit 0 success (or nothing to repair, or a preview), 3 partial success, 4 already in progress, 1 failed, 2 no such
    season, or no terminal to ask on.
    """
    _refuse_clashes(
        ("it answers the question of --repair", "--yes", yes and not repair),
        ("a season has a label; without the option it is the running one", "--season", (season or "-").strip() == ""),
        ("a plan is applied, or a preview made, or a repair", "--apply", preview + repair + (plan_id is not None) > 1),
        ("it is the file of --preview", "--csv", file is not None and not preview),
        ("it leaves something of the plan of --apply out", "--without", bool(without) and plan_id is None),
        ("a plan has its season and its entities", "--apply", plan_id is not None and bool(only or season)),
    )
    season = season and season.strip()
    left_out = [_item(one) for one in without or ()]
    if preview:
        _preview(club, only=only, season=season, as_json=as_json, file=file, quiet=quiet)
        return

    from twizzit_pipeline.cli.commands import repairing  # noqa: PLC0415  (Dagster costs two seconds)
    from twizzit_pipeline.cli.sync_report import running as syncing  # noqa: PLC0415  (Dagster costs two seconds)
    from twizzit_pipeline.scheduling.usage import budget  # noqa: PLC0415  (the same)

    with opened() as here:
        credential_id = credential_of(here, club)
        try:
            repairs = repairing.previewed(here, credential_id, only=only, season=season) if repair else None
            if repairs is not None:
                repairing.agree(repairs, yes=yes, as_json=as_json, quiet=quiet)
                season = repairs.season
            allowed = budget(here.database.engine, credential_id)
            if allowed is not None and not quiet:
                console(stderr=True).print(f"{allowed.words}.")
            with Steps(console(stderr=True, quiet=quiet)) as steps:
                synced = (
                    syncing.sync_now(
                        here, credential_id, job_name=f"sync_{only or 'all'}", season=season, steps=steps, repair=repair
                    )
                    if plan_id is None
                    else syncing.apply_now(here, credential_id, plan_id, without=left_out, steps=steps)
                )
        except errors.UnknownSeason as error:
            typer.echo(f"Error: {error}", err=True)
            raise typer.Exit(ExitCode.USAGE) from None
        left = budget(here.database.engine, credential_id)
    _report(synced, repairs, left, as_json=as_json, quiet=quiet)
    raise typer.Exit(_EXIT_CODES[synced.outcome])


def _refuse_clashes(*clashes: tuple[str, str, bool]) -> None:
    """
    Raises:
        typer.BadParameter: one of them is there: what is wrong, and with which option.
    """
    for said, option, is_there in clashes:
        if is_there:
            raise typer.BadParameter(said, param_hint=option)


def _item(said: str) -> tuple[str, str]:
    """Entity and remote id of ``player:123``."""
    name, _, remote_id = said.partition(":")
    entity = next((one.name for one in ENTITIES.values() if name.strip() in (one.name, one.one)), None)
    if entity is None or not remote_id.strip():
        words = ", ".join(one.one for one in ENTITIES.values())
        raise typer.BadParameter(f"{said!r} is not ENTITY:ID, with one of {words}", param_hint="--without")
    return entity, remote_id.strip()


def _preview(club: str, *, only: str | None, season: str | None, as_json: bool, file: Path | None, quiet: bool) -> None:
    from twizzit_pipeline.cli.commands import previewing  # noqa: PLC0415  (frames)

    with opened() as here:
        credential_id = credential_of(here, club)
        try:
            previewing.preview_now(
                here, credential_id, only=only, season=season, as_json=as_json, file=file, quiet=quiet
            )
        except errors.UnknownSeason as error:
            typer.echo(f"Error: {error}", err=True)
            raise typer.Exit(ExitCode.USAGE) from None


def _report(
    synced: "Synced", preview: "RepairPreview | None", left: "CallBudget | None", *, as_json: bool, quiet: bool
) -> None:
    """Prints the sync report and what failed; exits where another sync is in progress."""
    from twizzit_pipeline.cli.commands import repairing  # noqa: PLC0415  (frames)
    from twizzit_pipeline.cli.sync_report import quietly, report  # noqa: PLC0415  (frames)

    if synced.run.error == "SyncInProgress":
        typer.echo(f"Error: {synced.run.error_message}", err=True)
        raise typer.Exit(ExitCode.SYNC_IN_PROGRESS)
    if as_json:
        repair = {} if preview is None else {"repair": repairing.document(preview)}
        print_json(report.document(synced, budget=left) | repair)
    elif not quiet:
        report.show(console(), synced, budget=left)
    if quiet:
        for line in quietly.lines(synced):
            typer.echo(line, err=True)
    for failure in synced.run.failures[:1]:
        typer.echo(f"Error: {' '.join(failure.message.split())}", err=True)
        if not hasattr(errors, failure.error):
            typer.echo("This is a defect of the program; see the run's traceback: twizzit up", err=True)


_EXIT_CODES = {
    "success": ExitCode.SUCCESS,
    "partial success": ExitCode.PARTIAL_SUCCESS,
    "failed": ExitCode.FAILURE,
    "interrupted": ExitCode.INTERRUPTED,
}
