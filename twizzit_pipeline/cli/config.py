"""`twizzit config`: when a credential syncs by itself, and what."""

from datetime import datetime
from typing import Annotated

import typer

from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.terminal import console, moment, plural, print_json
from twizzit_pipeline.storage import audit
from twizzit_pipeline.sync import config
from twizzit_pipeline.sync.config import LARGEST_LIMIT, ConfigChanges, SyncConfig
from twizzit_pipeline.sync.schedule import LONGEST_INTERVAL_MINUTES, SHORTEST_INTERVAL_MINUTES

app = typer.Typer(help="When a credential syncs by itself, and what.", no_args_is_help=True)

_Json = Annotated[bool, typer.Option("--json", help="As one JSON document")]
_HOUR, _DAY = 60, 1440


@app.command()
def show(credential_id: int, as_json: _Json = False) -> None:
    """Show the configuration of a credential; times are local (with --json, ISO 8601 with zone)."""
    with opened() as here:
        found = config.read(here.database.engine, credential_id)
    _tell(found, as_json=as_json)


@app.command("set")
def change(
    credential_id: int,
    auto: Annotated[bool | None, typer.Option("--auto/--no-auto", help="Sync by itself")] = None,
    every: Annotated[
        int | None,
        typer.Option(min=SHORTEST_INTERVAL_MINUTES, max=LONGEST_INTERVAL_MINUTES, help="Minutes between two syncs"),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, max=LARGEST_LIMIT, help="Calls that automatic syncs make a month last with")
    ] = None,
    no_limit: Annotated[bool, typer.Option("--no-limit", help="As many calls as it takes")] = False,
    match_type: Annotated[
        str | None, typer.Option("--match-type", help="Id or name of the account's type of events that is a match")
    ] = None,
    no_match_type: Annotated[bool, typer.Option("--no-match-type", help="The one whose name says so")] = False,
    teams: Annotated[bool | None, typer.Option("--teams/--no-teams")] = None,
    players: Annotated[bool | None, typer.Option("--players/--no-players")] = None,
    competitions: Annotated[bool | None, typer.Option("--competitions/--no-competitions")] = None,
    as_json: _Json = False,
) -> None:
    """Change what is given and leave the rest; it takes effect within seconds, where an orchestrator runs."""
    if limit is not None and no_limit:
        raise typer.BadParameter("either a limit or none", param_hint="--limit")
    if match_type is not None and no_match_type:
        raise typer.BadParameter("either a type or none", param_hint="--match-type")
    changes = ConfigChanges()
    if auto is not None:
        changes["auto_sync_enabled"] = auto
    if every is not None:
        changes["sync_interval_minutes"] = every
    if limit is not None or no_limit:
        changes["monthly_call_limit"] = limit
    if match_type is not None or no_match_type:
        changes["match_event_type"] = match_type
    if teams is not None:
        changes["sync_teams"] = teams
    if players is not None:
        changes["sync_players"] = players
    if competitions is not None:
        changes["sync_competitions"] = competitions
    with opened() as here:
        found = config.change(here.database.engine, credential_id, actor=audit.this_user(), **changes)
    _tell(found, as_json=as_json)


def _tell(found: SyncConfig, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    entities = {"teams": found.sync_teams, "players": found.sync_players, "competitions": found.sync_competitions}
    limit = "no limit" if found.monthly_call_limit is None else f"a limit of {found.monthly_call_limit:,}"
    lines = {
        "Syncs": ", ".join(name for name, on in entities.items() if on) or "nothing",
        "By itself": f"every {_interval(found.sync_interval_minutes)}" if found.auto_sync_enabled else "no",
        "Last sync": moment(found.last_sync_at),
        "Next sync": _next(found),
        "Calls": f"{found.calls_this_month:,} this month, {limit}",
    }
    if found.match_event_type is not None:
        lines["Matches"] = f"events of the type {found.match_event_type}"
    if found.consecutive_failures:
        lines["Failures"] = f"{found.consecutive_failures:,} in a row: it waits longer until one sync succeeds"
    if found.paused_until is not None:
        lines["Paused"] = f"until {moment(found.paused_until)}: {found.paused_because}"
    out = console()
    for name, said in lines.items():
        out.print(f"{name + ':':<11}{said}")


def _next(found: SyncConfig) -> str:
    if not found.auto_sync_enabled:
        return moment(None)
    start: datetime | None = found.next_sync_at
    return "as soon as an orchestrator looks" if start is None else moment(start)


def _interval(minutes: int) -> str:
    for length, word in ((_DAY, "day"), (_HOUR, "hour")):
        if minutes % length == 0:
            return plural(minutes // length, word)
    return plural(minutes, "minute")
