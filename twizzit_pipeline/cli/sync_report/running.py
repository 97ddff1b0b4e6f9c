"""One sync from the terminal: its season, its run and its result. For `twizzit sync` and the demo.

Imports Dagster: a command imports this module when it needs it, and not before.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Engine

from twizzit_pipeline.accounts import asked_season
from twizzit_pipeline.cli.opened import Opened
from twizzit_pipeline.cli.output.progress import Steps
from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import InactiveCredential
from twizzit_pipeline.orchestration.jobs import job_of
from twizzit_pipeline.orchestration.launch import RunResult, run_job
from twizzit_pipeline.runs import decided_plans, history, plans, seasons
from twizzit_pipeline.runs.history import HistoryRow
from twizzit_pipeline.scheduling import claims, requests
from twizzit_pipeline.scheduling.wishes import RequestType, Wish
from twizzit_pipeline.storage.audit import record, this_user
from twizzit_pipeline.storage.engine import driver_errors

Outcome = Literal["success", "partial success", "failed", "interrupted"]


@dataclass(frozen=True, slots=True)
class Synced:
    """The result of one sync.

    Attributes:
        history: the run's rows, in the order in which they were opened.
        seconds: from the first call to the end of the run.
    """

    organization: str
    season: str
    run: RunResult
    history: list[HistoryRow]
    seconds: float

    @property
    def outcome(self) -> Outcome:
        """How it ended, by the run and its history rows."""
        if self.run.interrupted:
            return "interrupted"
        if not self.run.success or any(row.status in ("failed", "in_progress") for row in self.history):
            return "failed"
        return "partial success" if any(row.status == "partial_success" for row in self.history) else "success"

    @property
    def calls(self) -> int:
        """HTTP calls to Twizzit, tokens and repeated ones included."""
        return sum(int(row.details.get("calls", 0)) for row in self.history)


def sync_now(
    here: Opened, credential_id: int, *, job_name: str, season: str | None, steps: Steps, repair: bool = False
) -> Synced:
    """Run a job for a credential and a season (by default the running one), here and now.

    The seasons of an account that was never read are unknown: then the run asks for the season of the calendar, and
    where the account has another name for it, a second run asks for that. Every failure is in the history.
    `repair`: as `run_job`.

    Raises:
        UnknownCredential: no credential has that id.
        InactiveCredential: it is switched off.
        UnknownSeason: the account has no such season; nothing was run.
    """
    engine = here.database.engine
    credential = store.get(engine, credential_id)
    if not credential.is_active:
        raise InactiveCredential(f"Credential {credential_id} is switched off: activate it before syncing")
    _record(engine, credential_id, job=job_name, season=season, **({"repair": True} if repair else {}))
    began = time.monotonic()
    asked = season and asked_season.resolve(here.settings, here.database, credential_id, season)
    label = asked or _running(here, credential_id)
    guessed = label is None
    label = label or seasons.season_of(seasons.today(), here.settings.season_start).label

    def run(label: str, running: str | None) -> RunResult:
        request_id = None if repair else _taken(here, credential_id, job_name, label, running)
        carried_out = "" if request_id is None else f"; it carries out request {request_id}, which waited"
        steps(f"Starting {job_name} for season {label}{carried_out}")
        return run_job(
            here.settings,
            here.database,
            job_name=job_name,
            credential_id=credential_id,
            season=label,
            repair=repair,
            progress=steps,
            request_id=request_id,
        )

    result = run(label, label if guessed else _running(here, credential_id))
    if guessed and result.success and (listed := _running(here, credential_id)) not in (None, label):
        label = str(listed)
        result = run(label, label)
    rows = history.for_run(engine, result.run_id)
    return Synced(credential.organization_name, label, result, rows, time.monotonic() - began)


def apply_now(
    here: Opened, credential_id: int, plan_id: int, *, without: Sequence[tuple[str, str]], steps: Steps
) -> Synced:
    """Apply a stored plan, here and now: a sync of its own, narrowed to what of the plan is still true.

    Raises:
        UnknownCredential: no credential has that id.
        InactiveCredential: it is switched off.
        UnknownPlan, PlanRefused: there is no such plan, it does not wait, or it is another credential's.
        PlanBeingApplied: a request is to apply it, and waits or is under way.
    """
    engine = here.database.engine
    credential = store.get(engine, credential_id)
    if not credential.is_active:
        raise InactiveCredential(f"Credential {credential_id} is switched off: activate it before syncing")
    chosen = decided_plans.chosen(engine, plan_id, credential_id=credential_id, without=without)
    requests.refuse_second_apply(engine, credential_id, plan_id)
    plan = plans.get(engine, plan_id)
    decided_plans.record_applying(engine, plan_id, this_user(), without)
    began = time.monotonic()
    job, assets = job_of(chosen.sync_types)
    steps(f"Applying plan {plan_id} of season {plan.season}")
    result = run_job(
        here.settings,
        here.database,
        job_name=job,
        assets=assets,
        credential_id=credential_id,
        season=plan.season,
        progress=steps,
        plan=(plan_id, without),
    )
    rows = history.for_run(engine, result.run_id)
    return Synced(credential.organization_name, plan.season, result, rows, time.monotonic() - began)


def _record(engine: Engine, credential_id: int, **details: object) -> None:
    """Writes to the audit log who asked, before anything else is written; the result is in the history."""
    with driver_errors(), engine.begin() as connection:
        record(
            connection,
            this_user(),
            action="sync",
            target="credential",
            target_id=str(credential_id),
            details=details,
        )


def _taken(here: Opened, credential_id: int, job_name: str, label: str, running: str | None) -> int | None:
    """A waiting request that this sync carries out along the way: it needs no sync, and no calls, of its own.

    Players or competitions alone carry none out: where the teams were never read, a request brings them along. Nor does
    a repair, which overwrites what no one asked to have overwritten.
    """
    wishes: dict[str, RequestType] = {"sync_all": "all", "sync_teams": "teams"}
    if job_name not in wishes:
        return None
    return claims.take_covered(here.database.engine, credential_id, Wish(wishes[job_name], label), running)


def _running(here: Opened, credential_id: int) -> str | None:
    return seasons.running_season(
        here.database.engine, credential_id, day=seasons.today(), season_start=here.settings.season_start
    )
