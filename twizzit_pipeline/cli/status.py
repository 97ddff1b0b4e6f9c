"""`twizzit status`: how every credential is doing, what failed lately, and whether somebody is there to sync."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.padding import Padding

from twizzit_pipeline.cli.exit_codes import ExitCode
from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.terminal import console, moment, plural, print_json, show_table, table

if TYPE_CHECKING:
    from twizzit_pipeline.sync.automation import SwitchedOff
    from twizzit_pipeline.sync.overview import CredentialStatus, Failure, Overview, TypeRate

_ENDED = {"success": "ok", "partial_success": "partial"}
_WORST_SHOWN = 20


def status(
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON document")] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 if something waits for a person")] = False,
) -> None:
    """Show how every credential is doing; times are local (with --json, ISO 8601 with zone)."""
    from twizzit_pipeline.sync import automation, overview  # noqa: PLC0415  (frames)

    with opened() as here:
        engine = here.database.engine
        seen = overview.read(engine, season_start=here.settings.season_start)
        rates = overview.rates(engine)
        failures = overview.failures(engine)
        off = automation.switched_off(here.database)
    if as_json:
        print_json(_document(seen, rates, failures, off))
    else:
        _show(console(), seen, rates, failures, off)
    if check and (seen.needs_somebody or off):
        raise typer.Exit(ExitCode.FAILURE)


def _document(
    seen: "Overview", rates: "Sequence[TypeRate]", failures: "Sequence[Failure]", off: "Sequence[SwitchedOff]"
) -> dict[str, object]:
    activity = seen.activity
    return {
        "at": activity.now,
        "needs_somebody": seen.needs_somebody or bool(off),
        "credentials": [
            {
                **asdict(one.facts),
                "state": one.state.value,
                "late": one.late is not None,
                "why": one.why,
                "needs_somebody": one.state.needs_somebody,
                "what_to_do": one.what_to_do,
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


def _show(
    out: Console,
    seen: "Overview",
    rates: "Sequence[TypeRate]",
    failures: "Sequence[Failure]",
    off: "Sequence[SwitchedOff]",
) -> None:
    if not seen.credentials:
        out.print("No credential yet; add one: twizzit credentials add")
    else:
        _show_credentials(out, seen)
        _show_worst(out, [one for one in seen.credentials if one.state.needs_somebody])
    if rates:
        _show_rates(out, rates)
    if failures:
        _show_failures(out, failures, seen.activity.now)
    _show_orchestrator(out, seen, off)


def _show_credentials(out: Console, seen: "Overview") -> None:
    headings = ("Id", "Organization", "State", "Last sync", "Next", "Good", "Rej.", "Calls")
    rows = [_row(one, seen.activity.now) for one in seen.credentials]
    shown = table(*headings, right=("Id", "Rej."))
    shown.padding = (0, 1, 0, 0)
    widths = [max(len(row[place]) for row in (headings, *rows)) for place in range(len(headings))]
    for column in shown.columns:
        column.no_wrap = True
    # The name gives way where the terminal is narrow: the id says the same.
    name = shown.columns[1]
    name.overflow = "ellipsis"
    name.max_width = max(out.width - (sum(widths) - widths[1]) - 2 * len(headings), len(headings[1]))
    for row in rows:
        shown.add_row(*row)
    out.print(shown)
    out.print(
        "Good: syncs of 30 days that succeeded, each entity counted. Rej.: rows rejected by the last sync of each."
        " Calls: of this month."
    )


def _row(one: "CredentialStatus", now: datetime) -> tuple[str, ...]:
    facts = one.facts
    limit = "" if facts.monthly_call_limit is None else f"/{facts.monthly_call_limit}"
    return (
        str(facts.credential_id),
        " ".join(facts.organization_name.split()),
        one.state.value,
        _last(one, now),
        _next(one, now),
        f"{facts.successful}/{facts.total_syncs}" if facts.total_syncs else "–",
        str(facts.rejected_rows),
        f"{facts.calls_this_month}{limit}",
    )


def _show_worst(out: Console, worst: "Sequence[CredentialStatus]") -> None:
    if not worst:
        return
    out.print()
    needing = plural(len(worst), "credential needs", "credentials need")
    out.print(f"{needing} somebody:")
    for one in worst[:_WORST_SHOWN]:
        _print_indented(out, 2, f"{one.facts.credential_id} {one.state.value}: {one.why}")
        _print_indented(out, 4, one.what_to_do)
    if len(worst) > _WORST_SHOWN:
        out.print(f"  … and {len(worst) - _WORST_SHOWN} more; all of them: twizzit status --json")


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


def _show_failures(out: Console, failures: "Sequence[Failure]", now: datetime) -> None:
    out.print("Recent failures:")
    for one in failures:
        what = f"{_ENDED.get(one.status, one.status)}, {plural(one.items_failed, 'item')} failed"
        out.print(f"  {moment(one.started_at)}  credential {one.credential_id or '–'}, {one.sync_type} ({what})")
        if one.error_message:
            _print_indented(out, 4, " ".join(one.error_message.split()))
    out.print()


def _show_orchestrator(out: Console, seen: "Overview", off: "Sequence[SwitchedOff]") -> None:
    activity = seen.activity
    out.print(f"Orchestrator: {_orchestrator(seen, is_off=any(one.name == 'sync_sensor' for one in off))}")
    for one in off:
        _print_indented(out, 2, one.line)
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
        state = f"{alive}, last sign of life {_ago(activity.last_heartbeat, activity.now)}"
    if is_off:
        return f"{state}, its sensor is switched off."
    return state + ("; syncs wait for it, start it: twizzit up" if seen.orchestrator_missing else ".")


def _print_indented(out: Console, spaces: int, line: str) -> None:
    out.print(Padding.indent(line, spaces))


def _last(one: "CredentialStatus", now: datetime) -> str:
    facts = one.facts
    if facts.last_sync_completed_at is None or facts.last_sync_status is None:
        return "never"
    how = _ENDED.get(facts.last_sync_status, facts.last_sync_status)
    return f"{_ago(facts.last_sync_completed_at, now)}, {how}"


def _next(one: "CredentialStatus", now: datetime) -> str:
    facts = one.facts
    if not facts.auto_sync_enabled or not facts.is_active:
        return "–"
    starts = [when for when in (facts.next_sync_at, facts.paused_until) if when is not None and when > now]
    return f"in {_span(max(starts) - now)}" if starts else "now"


def _ago(when: datetime, now: datetime) -> str:
    gone = now - when
    return "just now" if gone < timedelta(seconds=5) else f"{_span(gone)} ago"


def _span(length: timedelta) -> str:
    """``40 s``, ``12 min``, ``3 h``, ``5 d``: the largest unit that there is one of."""
    seconds = max(int(length.total_seconds()), 0)
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= (2 * size if unit != "min" else size):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
