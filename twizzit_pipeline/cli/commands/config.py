"""`twizzit config`: when a credential syncs by itself, what, and what its account's words mean."""

from contextlib import nullcontext, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, cast

import typer

from twizzit_pipeline.cli.clubs import Club, MaybeClub, credential_of
from twizzit_pipeline.cli.opened import Opened, opened
from twizzit_pipeline.cli.options import Json
from twizzit_pipeline.cli.output.terminal import console, moment, plural, print_json
from twizzit_pipeline.cli.words import meaning_changes, meaning_lines, policy_changes
from twizzit_pipeline.credentials import store
from twizzit_pipeline.entities import SYNC_TYPES
from twizzit_pipeline.errors import UnknownCredential
from twizzit_pipeline.policies import POLICIES
from twizzit_pipeline.queries import later
from twizzit_pipeline.scheduling import config, recipients
from twizzit_pipeline.scheduling.config import LARGEST_LIMIT, ConfigChanges, SyncConfig
from twizzit_pipeline.scheduling.meanings import LISTS
from twizzit_pipeline.scheduling.policies import USUAL
from twizzit_pipeline.scheduling.schedule import LONGEST_INTERVAL_MINUTES, SHORTEST_INTERVAL_MINUTES
from twizzit_pipeline.storage import audit

app = typer.Typer(help="When a club syncs by itself, what, and what its account's words mean.", no_args_is_help=True)

_HOUR, _DAY = 60, 1440
_SAID = "NAME=MEANING"


@app.command()
def show(club: Club, as_json: Json = False) -> None:
    """Show the configuration of a club; times are local (with --json, ISO 8601 with zone)."""
    with opened() as here:
        credential_id = credential_of(here, club)
        found = config.read(here.database.engine, credential_id)
        notified = recipients.read(here.database.engine, credential_id)
    _show(found, notified, as_json=as_json)


@app.command("set")
def change(
    club: MaybeClub = None,
    everywhere: Annotated[bool, typer.Option("--all", help="Of every club")] = False,
    auto: Annotated[bool | None, typer.Option("--auto/--no-auto", help="Sync by itself")] = None,
    every: Annotated[
        int | None,
        typer.Option(min=SHORTEST_INTERVAL_MINUTES, max=LONGEST_INTERVAL_MINUTES, help="Minutes between two syncs"),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, max=LARGEST_LIMIT, help="Calls a month; automatic syncs are spread to stay within"),
    ] = None,
    no_limit: Annotated[bool, typer.Option("--no-limit", help="As many calls as it takes")] = False,
    function: Annotated[
        list[str] | None,
        typer.Option("--function", metavar=_SAID, help="A function of members is a player's or not: player, other"),
    ] = None,
    event_type: Annotated[
        list[str] | None, typer.Option("--event-type", metavar=_SAID, help="Events are matches or not: match, other")
    ] = None,
    group_type: Annotated[
        list[str] | None, typer.Option("--group-type", metavar=_SAID, help="Groups are teams or not: team, other")
    ] = None,
    status: Annotated[
        list[str] | None,
        typer.Option("--status", metavar=_SAID, help=f"How a match stands: {', '.join(LISTS['statuses'])}"),
    ] = None,
    match_type: Annotated[str | None, typer.Option("--match-type", help="The same as --event-type NAME=match")] = None,
    no_match_type: Annotated[
        bool, typer.Option("--no-match-type", help="Forget which types of events were said to be matches")
    ] = False,
    federation: Annotated[
        bool | None,
        typer.Option("--federation/--no-federation", help="A federation's: its groups may name other clubs"),
    ] = None,
    review: Annotated[
        bool | None,
        typer.Option("--review/--no-review", help="Automatic syncs stop at their plan, until a person applies it"),
    ] = None,
    teams: Annotated[bool | None, typer.Option("--teams/--no-teams", help="Sync teams")] = None,
    players: Annotated[bool | None, typer.Option("--players/--no-players", help="Sync players")] = None,
    competitions: Annotated[
        bool | None, typer.Option("--competitions/--no-competitions", help="Sync competitions and their matches")
    ] = None,
    conflicts: Annotated[
        str | None,
        typer.Option(
            "--conflicts", help=f"Who wins where both sides changed a field: {', '.join(POLICIES)}", metavar="POLICY"
        ),
    ] = None,
    conflicts_of: Annotated[
        list[str] | None,
        typer.Option(
            "--conflicts-of",
            metavar="FIELD=POLICY",
            help="Another policy for one field, such as players.first_name; FIELD= removes it",
        ),
    ] = None,
    notify_to: Annotated[
        str | None,
        typer.Option(
            "--notify-to",
            help="E-mail addresses for notifications about this credential, besides those of the settings, separated "
            "by commas; an empty text for none",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Change what is given and leave the rest; it takes effect within seconds, where an orchestrator runs.

    A function, a type or a status is named as Twizzit has it, or by its id: --function "Guest=other". Such an option
    may be repeated; "Guest=" forgets what was said.
    """
    for clash, one, other, hint in (
        ((club is not None) == everywhere, "a club", "--all", "CLUB"),
        (limit is not None and no_limit, "a limit", "none", "--limit"),
        (match_type is not None and no_match_type, "a type", "none", "--match-type"),
    ):
        if clash:
            raise typer.BadParameter(f"either {one} or {other}", param_hint=hint)
    changes = meaning_changes(
        {"--function": function, "--event-type": event_type, "--group-type": group_type, "--status": status}
    )
    if limit is not None or no_limit:
        changes["monthly_call_limit"] = limit
    if match_type is not None or no_match_type:
        changes["match_event_type"] = match_type
    plain = {
        "auto_sync_enabled": auto,
        "sync_interval_minutes": every,
        "sync_teams": teams,
        "sync_players": players,
        "sync_competitions": competitions,
        "is_federation": federation,
        "review": review,
    }
    changes |= cast("ConfigChanges", {name: value for name, value in plain.items() if value is not None})
    changes |= policy_changes(conflicts, conflicts_of)
    addresses = None if notify_to is None else recipients.checked(notify_to.split(","))
    with opened() as here:
        ids = _meant(here, club, changes=bool(changes) or addresses is not None)
        changed = {}
        for id_ in ids:
            # Of all of them, one that is deleted meanwhile is no club any more, and keeps the change from no other.
            with suppress(UnknownCredential) if club is None else nullcontext():
                changed[id_] = _changed(here, id_, changes, addresses)
    if club is not None:
        ((found, notified),) = changed.values()
        _show(found, notified, as_json=as_json)
    elif as_json:
        print_json([_document(found, notified) for found, notified in changed.values()])
    else:
        console().print(f"Changed {plural(len(changed), 'club')}; see one: twizzit config show CLUB")


def _meant(here: Opened, club: str | None, *, changes: bool) -> list[int]:
    """The credentials to change; all of them where no club is named.

    Raises:
        typer.BadParameter: all of them, and there is nothing to change.
    """
    if club is not None:
        return [credential_of(here, club)]
    if not changes:
        raise typer.BadParameter("say what to change", param_hint="--all")
    return [one.id for one in store.list_all(here.database.engine)]


def _changed(
    here: Opened, credential_id: int, changes: ConfigChanges, addresses: tuple[str, ...] | None
) -> tuple[SyncConfig, tuple[str, ...]]:
    """The configuration and the recipients of one credential, after the change."""
    engine = here.database.engine
    found = config.change(engine, credential_id, actor=audit.this_user(), **changes)
    if addresses is not None:
        recipients.change(engine, credential_id, addresses, actor=audit.this_user())
    return found, recipients.read(engine, credential_id)


def _document(found: SyncConfig, notified: tuple[str, ...]) -> dict[str, object]:
    because = later.of_config(found, datetime.now(UTC))
    return {**asdict(found), "next_sync_because": because and because.words, "notify_to": notified}


def _show(found: SyncConfig, notified: tuple[str, ...], *, as_json: bool) -> None:
    because = later.of_config(found, datetime.now(UTC))
    if as_json:
        print_json(_document(found, notified))
        return
    limit = "no limit" if found.monthly_call_limit is None else f"a limit of {found.monthly_call_limit:,}"
    lines = [
        ("Syncs:", ", ".join(name for name in SYNC_TYPES if getattr(found, f"sync_{name}")) or "nothing"),
        ("By itself:", f"every {_interval(found.sync_interval_minutes)}" if found.auto_sync_enabled else "no"),
        ("Last good:", moment(found.last_sync_at)),
        ("Next sync:", _next(found) + (f": {because.words}" if because else "")),
        ("Calls:", f"{found.calls_this_month:,} this month, {limit}"),
        *meaning_lines(found),
    ]
    if found.conflict_policy != USUAL or found.conflict_exceptions:
        lines.append(("Conflicts:", _who_wins(found)))
    if found.is_federation:
        see = f"twizzit credentials clubs {found.credential_id}"
        lines.append(("Clubs:", f"a federation's, whose groups may name any; those that it feeds: {see}"))
    if found.review:
        plans = f"its plans: twizzit plans list {found.credential_id}"
        lines.append(("Review:", f"automatic syncs stop at their plan, until a person applies it; {plans}"))
    if found.consecutive_failures:
        lines.append(("Failures:", f"{found.consecutive_failures:,} in a row: it waits longer until one sync succeeds"))
    if found.paused_until is not None:
        lines.append(("Paused:", f"until {moment(found.paused_until)}: {found.paused_because}"))
    if notified:
        lines.append(("Notified:", f"{', '.join(notified)}, besides those of the settings"))
    out = console()
    for name, said in lines:
        out.print(f"{name:<11}{said}")


def _who_wins(found: SyncConfig) -> str:
    """The policy on conflicts, and its exceptions."""
    others = ", ".join(f"{field} {policy}" for field, policy in found.conflict_exceptions.items())
    return found.conflict_policy + (f"; {others}" if others else "")


def _next(found: SyncConfig) -> str:
    if not found.auto_sync_enabled:
        return moment(None)
    if not found.is_active:
        return f"never: the credential is switched off; twizzit credentials activate {found.credential_id}"
    if not any(getattr(found, f"sync_{name}") for name in SYNC_TYPES):
        return "never: it is to sync nothing"
    start: datetime | None = found.next_sync_at
    return "as soon as an orchestrator looks" if start is None else moment(start)


def _interval(minutes: int) -> str:
    for length, word in ((_DAY, "day"), (_HOUR, "hour")):
        if minutes % length == 0:
            return plural(minutes // length, word)
    return plural(minutes, "minute")
