"""`twizzit departures …`: who and what Twizzit does not list any more, and what a person decides about it.

The list is for the person who asks for it, so it has names wherever it goes; decisions name ids alone.
"""

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from twizzit_pipeline.cli.clubs import Club, MaybeClub, clubs_of, credential_of
from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.options import Json
from twizzit_pipeline.cli.output.terminal import console, moment, plural, print_json, table
from twizzit_pipeline.entities import ENTITIES, MATCHES

if TYPE_CHECKING:  # quick commands load little
    from twizzit_pipeline.decisions.departures import Decision, FoundDeparture

app = typer.Typer(
    help="Who and what Twizzit does not list any more, and what waits for a decision.", no_args_is_help=True
)

_ROWS_SHOWN = 100
_KINDS = {
    "no_team": "in no team, still a contact",
    "gone": "gone from Twizzit",
    "unproved": "not proved",
}
_STATUSES = {
    "held": "held back",
    "waiting": "waits for proof",
    "approved": "approved: leaves with the next sync",
    "refused": "refused: stays",
    "applied": "has left",
    "closed": "has left, not registered",
    "returned": "is back",
}

Players = Annotated[list[str] | None, typer.Option("--player", metavar="ID", help="This player, by Twizzit's id")]
Teams = Annotated[list[str] | None, typer.Option("--team", metavar="ID", help="This team, by Twizzit's id")]
Matches = Annotated[list[str] | None, typer.Option("--match", metavar="ID", help="This match, by Twizzit's id")]
All = Annotated[bool, typer.Option("--all", help="All that are held back")]


@app.command("list")
def list_all(
    club: MaybeClub = None,
    over: Annotated[bool, typer.Option("--over", help="Those who have returned, too")] = False,
    as_json: Json = False,
) -> None:
    """Show the players, teams and matches of a club, or of all, that Twizzit does not list any more.

    First of each club is what waits for a decision.

    Times are local (with --json, ISO 8601 with zone).
    """
    from twizzit_pipeline.decisions.departures import HELD, listing  # noqa: PLC0415  (quick commands load little)

    with opened() as here:
        clubs = clubs_of(here, club)
        listed = [(whose, one) for whose in clubs for one in listing(here.database.engine, whose[0], over=over)]
    if as_json:
        print_json([{"credential_id": id_, "organization": name, **asdict(one)} for (id_, name), one in listed])
        return
    out = console()
    if not listed:
        out.print("No departure is known: no sync that read all teams and players found one of them gone.")
        return
    of_all = ["Club"] if club is None else []
    shown = table(*of_all, "What", "Twizzit", "Id", "Name", "In Twizzit", "Here", "Since", right=("Id",))
    for (_, name), one in listed[:_ROWS_SHOWN]:
        shown.add_row(*(name for _ in of_all), *_row(one))
    out.print(shown)
    if len(listed) > _ROWS_SHOWN:
        out.print(f"and {len(listed) - _ROWS_SHOWN:,} more; --json has all")
    held = Counter(credential_id for (credential_id, _), one in listed if one.status in HELD)
    for credential_id, count in held.items():
        waits = plural(count, "departure waits", "departures wait")
        out.print(
            f"{waits} for a decision: twizzit departures approve (or refuse) {credential_id} --player ID, or --all"
        )


@app.command()
def approve(
    club: Club,
    players: Players = None,
    teams: Teams = None,
    matches: Matches = None,
    everything: All = False,
) -> None:
    """Let go those who are held back: they leave with the next sync, unless Twizzit lists them again."""
    _decide("approve", club, players, teams, matches, everything)


@app.command()
def refuse(
    club: Club,
    players: Players = None,
    teams: Teams = None,
    matches: Matches = None,
    everything: All = False,
) -> None:
    """Keep them as they are in ShotSpot, until they are approved or Twizzit lists them again."""
    _decide("refuse", club, players, teams, matches, everything)


def _decide(
    decision: "Decision",
    club: str,
    players: list[str] | None,
    teams: list[str] | None,
    matches: list[str] | None,
    everything: bool,
) -> None:
    from twizzit_pipeline.decisions.departures import decide  # noqa: PLC0415  (quick commands load little)
    from twizzit_pipeline.storage.audit import this_user  # noqa: PLC0415  (the same)

    named = {"players": players, "teams": teams, "matches": matches}
    chosen = [(entity, one) for entity, ids in named.items() for one in ids or ()]
    if everything == bool(chosen):
        raise typer.BadParameter("say which ones (--player ID, --team ID, --match ID), or --all", param_hint="--all")
    with opened() as here:
        credential_id = credential_of(here, club)
        done = decide(here.database.engine, credential_id, decision, None if everything else chosen, actor=this_user())
    out = console()
    already = f" ({plural(done.already, 'was', 'were')} so already)" if done.already else ""
    count = plural(len(done.marked), "departure")
    if decision == "approve":
        out.print(f"{count} approved{already}: they leave with the next sync, twizzit sync {credential_id}")
    else:
        out.print(f"{count} refused{already}: they stay as they are")


def _row(one: "FoundDeparture") -> tuple[str, ...]:
    since = moment(one.decided_at if one.status in ("approved", "refused") else one.applied_at or one.missed_at)
    kind, status = _KINDS[one.kind], _STATUSES[one.status]
    if one.entity == MATCHES.name and one.kind == "gone":
        kind = "gone from the calendar"
        status = "cancelled after the grace" if one.status == "waiting" else status
    return ENTITIES[one.entity].one, one.twizzit_id, str(one.local_id), one.name or "–", kind, status, since
