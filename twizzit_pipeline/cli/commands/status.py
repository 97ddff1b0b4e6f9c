"""`twizzit status`: the state of every credential, what failed lately, and whether an orchestrator is running.

What belongs here: the command, its JSON, and what is said of all. The table of credentials and the view of one are in
`status_of_clubs`.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from twizzit_pipeline.cli.clubs import MaybeClub, credential_of
from twizzit_pipeline.cli.exit_codes import ExitCode
from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.options import Json
from twizzit_pipeline.cli.output.status_of_clubs import (
    ENDED,
    ago,
    by_need,
    print_indented,
    show_credentials,
    show_hanging,
    show_one,
    show_questions,
    show_worst,
)
from twizzit_pipeline.cli.output.terminal import console, moment, plural, print_json, show_table, table
from twizzit_pipeline.credentials import store
from twizzit_pipeline.queries.credential_state import CredentialState

if TYPE_CHECKING:
    from twizzit_pipeline.queries.monitoring_views import Failure, LastSync, TypeRate
    from twizzit_pipeline.queries.overview import CredentialStatus, Overview
    from twizzit_pipeline.scheduling.automation import SwitchedOff


def status(
    club: MaybeClub = None,
    state: Annotated[
        list[CredentialState] | None, typer.Option("--state", help="Only those in this state; may be repeated")
    ] = None,
    as_json: Json = False,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 if something shown waits for a person")] = False,
) -> None:
    """Show the state of every credential, the most urgent first; times are local (with --json, ISO 8601 with zone)."""
    from twizzit_pipeline.queries import monitoring_views, overview  # noqa: PLC0415  (frames)
    from twizzit_pipeline.scheduling import automation  # noqa: PLC0415  (frames)

    with opened() as here:
        engine = here.database.engine
        only = None if club is None else store.get(engine, credential_of(here, club)).id
        seen = overview.read(engine, season_start=here.settings.season_start)
        rates = monitoring_views.rates(engine)
        failures = monitoring_views.failures(engine, credential_id=only)
        last = monitoring_views.last_whole_syncs(engine) if only is not None else []
        off = automation.switched_off(here.database)
    shown = replace(seen, credentials=_wanted(seen.credentials, only, state))
    if as_json:
        print_json(_document(shown, rates, failures, off))
    elif only is not None:
        _show_club(console(), shown, [one for one in last if one.credential_id == only], failures, off)
    else:
        _show(console(), shown, rates, failures, off, of=len(seen.credentials))
    if check and (shown.needs_attention or seen.orchestrator_missing or off):
        raise typer.Exit(ExitCode.FAILURE)


def _wanted(
    credentials: "Sequence[CredentialStatus]", only: int | None, states: Sequence[CredentialState] | None
) -> "list[CredentialStatus]":
    return [
        one
        for one in credentials
        if (only is None or one.facts.credential_id == only) and (not states or one.state in states)
    ]


def _document(
    seen: "Overview", rates: "Sequence[TypeRate]", failures: "Sequence[Failure]", off: "Sequence[SwitchedOff]"
) -> dict[str, object]:
    activity, needs_attention = seen.activity, seen.needs_attention or bool(off)
    return {
        "at": activity.now,
        "needs_attention": needs_attention,
        "needs_somebody": needs_attention,  # the name of before 0.3
        "credentials": [
            {
                **asdict(one.facts),
                "state": one.state.value,
                "lasting_state": one.lasting.value,
                "signal": one.lasting.signal.value,
                "late": one.late is not None,
                "hangs": one.hanging is not None,
                "plan_waits": None if one.plan is None else one.plan.id,
                "departures_held": one.held,
                "none_listed": one.none_listed,
                "why": one.why,
                "needs_attention": one.needs_attention,
                "needs_somebody": one.needs_attention,
                "what_to_do": one.what_to_do,
                "questions": one.questions,
                "next_sync_because": _because(one, activity.now),
            }
            for one in seen.credentials
        ],
        "success_rate": rates,
        "recent_failures": failures,
        "orchestrator": {
            "alive": activity.orchestrator_alive,
            "missing": seen.orchestrator_missing,
            "last_heartbeat": activity.last_heartbeat,
            "switched_off": [{**asdict(one), "means": one.means, "what_to_do": one.what_to_do} for one in off],
        },
        "requests": {"queued": activity.requests_queued, "started": activity.requests_started},
        "syncs_under_way": activity.leases_held,
    }


def _because(one: "CredentialStatus", now: datetime) -> str | None:
    from twizzit_pipeline.queries import later  # noqa: PLC0415  (frames)

    found = later.of_facts(one.facts, now)
    return None if found is None else found.words


def _show(
    out: Console,
    seen: "Overview",
    rates: "Sequence[TypeRate]",
    failures: "Sequence[Failure]",
    off: "Sequence[SwitchedOff]",
    *,
    of: int,
) -> None:
    if not of:
        out.print("No credential yet; add one: twizzit credentials add")
    elif not seen.credentials:
        out.print(f"None of {plural(of, 'credential')} is in that state.")
    else:
        show_credentials(out, seen)
        show_worst(out, by_need([one for one in seen.credentials if one.needs_attention]))
        show_hanging(out, [one for one in seen.credentials if one.hanging is not None and not one.needs_attention])
        show_questions(out, seen.credentials)
    if len(seen.credentials) == of:
        if rates:
            _show_rates(out, rates)
        if failures:
            _show_failures(out, failures)
    _show_orchestrator(out, seen, off)


def _show_club(
    out: Console,
    seen: "Overview",
    last: "Sequence[LastSync]",
    failures: "Sequence[Failure]",
    off: "Sequence[SwitchedOff]",
) -> None:
    for one in seen.credentials:
        show_one(out, one, last, seen.activity.now)
    if failures:
        _show_failures(out, failures)
    _show_orchestrator(out, seen, off)


def _show_rates(out: Console, rates: "Sequence[TypeRate]") -> None:
    out.print()
    out.print("The last 30 days:")
    shown = table(
        "Type",
        "Syncs",
        "Good",
        "Partial",
        "Failed",
        "Items arrived",
        right=("Syncs", "Good", "Partial", "Failed", "Items arrived"),
    )
    for rate in rates:
        arrived = "–" if rate.success_rate_pct is None else f"{rate.success_rate_pct:.2f} %"
        shown.add_row(
            rate.sync_type,
            *(str(count) for count in (rate.total_syncs, rate.successful, rate.partly_successful, rate.failed)),
            arrived,
        )
    show_table(out, shown)


def _show_failures(out: Console, failures: "Sequence[Failure]") -> None:
    out.print("Recent failures:")
    for one in failures:
        what = f"{ENDED.get(one.status, one.status)}, {plural(one.items_failed, 'item')} failed"
        season = f" of {one.season}" if one.season else ""
        about = f"credential {one.credential_id or '–'}, {one.entity}{season} ({what})"
        print_indented(out, 2, f"{moment(one.started_at)}  {about}")
        if one.error_message:
            print_indented(out, 4, " ".join(one.error_message.split()))
    out.print()


def _show_orchestrator(out: Console, seen: "Overview", off: "Sequence[SwitchedOff]") -> None:
    activity = seen.activity
    out.print(f"Orchestrator: {_orchestrator(seen, is_off=any(one.name == 'sync_sensor' for one in off))}")
    for one in off:
        print_indented(out, 2, one.line)
    out.print(
        f"Requests: {activity.requests_queued} waiting, {activity.requests_started} started;"
        f" {plural(activity.leases_held, 'sync')} under way."
    )


def _orchestrator(seen: "Overview", *, is_off: bool) -> str:
    activity = seen.activity
    if activity.last_heartbeat is None:
        state = "there never was one"
    else:
        alive = "alive" if activity.orchestrator_alive else "silent"
        state = f"{alive}, last sign of life {ago(activity.last_heartbeat, activity.now)}"
    if is_off:
        return f"{state}, its sensor is switched off."
    return state + ("; syncs wait for it, start it: twizzit up" if seen.orchestrator_missing else ".")
