"""`twizzit backfill --club CLUB --season SEASON`: clubs and seasons, one after the other, and the result of each.

It runs in this process, so that it needs no orchestrator and ends with an exit code; the runs are seen in the Dagster
UI like any other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from twizzit_pipeline import errors
from twizzit_pipeline.cli.clubs import credential_of
from twizzit_pipeline.cli.exit_codes import ExitCode
from twizzit_pipeline.cli.opened import Opened, opened
from twizzit_pipeline.cli.options import Json
from twizzit_pipeline.cli.output.progress import Steps
from twizzit_pipeline.cli.output.terminal import console, plural, print_json, table
from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.store import Credential
from twizzit_pipeline.entities import SyncType

if TYPE_CHECKING:  # Dagster costs two seconds
    from twizzit_pipeline.cli.sync_report.running import Synced

Outcome = Literal["success", "partial_success", "failed", "in_progress", "skipped", "interrupted"]

# The worst that happened decides, the first of these.
_EXIT_CODES: tuple[tuple[Outcome, ExitCode], ...] = (
    ("interrupted", ExitCode.INTERRUPTED),
    ("failed", ExitCode.FAILURE),
    ("in_progress", ExitCode.SYNC_IN_PROGRESS),
    ("partial_success", ExitCode.PARTIAL_SUCCESS),
)


@dataclass(frozen=True, slots=True)
class Done:
    """The result for one club and season. `why`: where it was no success; `run_id` is None where nothing ran."""

    credential_id: int
    organization: str
    season: str
    outcome: Outcome
    why: str | None = None
    calls: int = 0
    seconds: float = 0.0
    run_id: str | None = None


def backfill(
    season: Annotated[list[str], typer.Option("--season", help="As Twizzit labels it; several times if wanted")],
    club: Annotated[
        list[str] | None,
        typer.Option("--club", "--credential", metavar="CLUB", help="Several times if wanted; by default every club"),
    ] = None,
    only: Annotated[SyncType | None, typer.Option(help="Only this, instead of everything")] = None,
    as_json: Json = False,
) -> None:
    """Sync clubs and seasons one after the other, wait for each, and show its result.

    A season that a club does not have is skipped. Exit 0 where all went well, 1 where one failed, 4 where one is under
    way elsewhere, 3 where one was a partial success.
    """
    if not all(one.strip() for one in season):
        raise typer.BadParameter("a season has a label", param_hint="--season")
    with opened() as here:
        listed = _clubs(here, club)
        done: list[Done] = []
        with Steps(console(stderr=True)) as steps:
            for one in _each(here, listed, season, f"sync_{only or 'all'}", steps):
                done.append(one)
                if one.outcome == "interrupted":
                    break
    if as_json:
        print_json(done)
    else:
        _show(done, len(listed) * len(season))
    outcomes = {one.outcome for one in done}
    raise typer.Exit(next((code for outcome, code in _EXIT_CODES if outcome in outcomes), ExitCode.SUCCESS))


def _clubs(here: Opened, clubs: Sequence[str] | None) -> list[Credential]:
    """Those that are named, each once; without names, every one that is switched on."""
    engine = here.database.engine
    if clubs:
        return [store.get(engine, id_) for id_ in dict.fromkeys(credential_of(here, one) for one in clubs)]
    found = [one for one in store.list_all(engine) if one.is_active]
    if not found:
        raise errors.UnknownCredential("There is no club to sync; add one: twizzit credentials add --help")
    return found


def _each(
    here: Opened, listed: Sequence[Credential], seasons: Sequence[str], job_name: str, steps: Steps
) -> Iterator[Done]:
    for credential in listed:
        for season in dict.fromkeys(one.strip() for one in seasons):
            steps(f"{credential.organization_name}, {season}")
            yield _one(here, credential, season, job_name, steps)


def _one(here: Opened, credential: Credential, season: str, job_name: str, steps: Steps) -> Done:
    from twizzit_pipeline.cli.sync_report import running as syncing  # noqa: PLC0415  (Dagster costs two seconds)

    who = (credential.id, credential.organization_name)
    try:
        synced = syncing.sync_now(here, credential.id, job_name=job_name, season=season, steps=steps)
    except errors.UnknownSeason as error:
        return Done(*who, season, "skipped", " ".join(str(error).split()))
    except errors.DatabaseUnavailable:
        raise
    except errors.TwizzitPipelineError as error:
        return Done(*who, season, "failed", " ".join(str(error).split()))
    outcome, why = _ended(synced)
    return Done(*who, synced.season, outcome, why, synced.calls, synced.seconds, synced.run.run_id)


def _ended(synced: "Synced") -> tuple[Outcome, str | None]:
    """How a sync ended, and why where that is no success."""
    error = synced.run.error_message
    if synced.run.error == "SyncInProgress":
        return "in_progress", error
    if synced.outcome == "interrupted":
        return "interrupted", error
    if synced.outcome == "success":
        skipped = bool(synced.history) and all(row.details.get("season_exists") is False for row in synced.history)
        return ("skipped", f"The account has no season {synced.season}") if skipped else ("success", None)
    why = error or "; ".join(row.error_message for row in synced.history if row.error_message)
    return ("failed" if synced.outcome == "failed" else "partial_success"), why


def _show(done: Sequence[Done], wanted: int) -> None:
    out = console()
    shown = table("Id", "Club", "Season", "Outcome", "Calls", "Seconds", right=("Id", "Calls", "Seconds"))
    for one in done:
        outcome = one.outcome.replace("_", " ")
        seconds = f"{one.seconds:.1f}"
        shown.add_row(str(one.credential_id), one.organization, one.season, outcome, f"{one.calls:,}", seconds)
    out.print(shown)
    for one in done:
        if one.why:
            out.print(f"{one.credential_id}, {one.season}: {one.why}")
    counts = {
        outcome: sum(one.outcome == outcome for one in done) for outcome in dict.fromkeys(o.outcome for o in done)
    }
    said = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in counts.items())
    left = f"; {wanted - len(done)} not begun" if wanted > len(done) else ""
    out.print(f"{plural(len(done), 'sync', 'syncs')}: {said}{left}")
