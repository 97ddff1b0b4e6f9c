"""`twizzit changes CLUB`: what its syncs changed in ShotSpot."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twizzit_pipeline.cli.clubs import Club, credential_of
from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.options import Json
from twizzit_pipeline.cli.output.differences import from_journal
from twizzit_pipeline.cli.output.terminal import console, moment, plural, print_json, table
from twizzit_pipeline.credentials import store

if TYPE_CHECKING:
    from twizzit_pipeline.queries.journal import Changed

_AGO = re.compile(r"(\d{1,4})\s*([mhdw])")
_NAMES = {"name", "first_name", "last_name"}  # of which a column of its own is made
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def changes(
    club: Club,
    player: Annotated[str | None, typer.Option("--player", help="Only this player of ShotSpot, by name or id")] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", help="A local day or time (2026-11-28, 2026-11-28 14:00), or 30m, 6h, 7d, 2w"),
    ] = None,
    mappings: Annotated[bool, typer.Option("--mappings", help="Also mappings, opponents, decisions")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Rows at most")] = 200,
    as_json: Json = False,
) -> None:
    """Show what syncs changed in ShotSpot, newest first; times are local (with --json, ISO 8601 with zone)."""
    from twizzit_pipeline.queries import journal  # noqa: PLC0415  (quick commands load little)
    from twizzit_pipeline.queries.finding import find_player  # noqa: PLC0415  (the same)
    from twizzit_pipeline.queries.row_names import names_of  # noqa: PLC0415  (the same)

    begin = None if since is None else moment_of(since, datetime.now(UTC))
    with opened() as here:
        engine = here.database.engine
        credential_id = credential_of(here, club)
        store.get(engine, credential_id)
        player_id = None
        if player is not None:
            player_id = find_player(engine, player, credential_ids=[credential_id]).player_id or 0
        found = journal.changes(
            engine, credential_id, player_id=player_id, since=begin, mappings=mappings, limit=limit + 1
        )
        names = {} if as_json else names_of(engine, (row for one in found for row in (one.before, one.after)))
    if as_json:
        print_json(found[:limit])
        return
    out = console()
    if not found:
        out.print("Nothing was changed" + (" since then." if begin else " yet."))
        return
    shown = table("When", "What", "Id", "Name", "", "Changed", right=("Id",))
    for one in found[:limit]:
        difference = _difference(one, names)
        shown.add_row(moment(one.at), one.table_name, str(one.row_id), one.name or "–", one.action, difference)
    out.print(shown)
    more = ", and more: --limit" if len(found) > limit else ""
    out.print(f"{plural(min(len(found), limit), 'change')}{more}")


def moment_of(text: str, now: datetime) -> datetime:
    """The moment that a text means: a local day, a local time, or so long ago; with zone.

    Args:
        now: with zone.

    Raises:
        typer.BadParameter: it is none of these.
    """
    if (ago := _AGO.fullmatch(text.strip().casefold())) is not None:
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError):  # the latter: beyond the years that there are
        raise typer.BadParameter("a day, a time, or 30m, 6h, 7d, 2w", param_hint="--since") from None


def _difference(one: "Changed", names: Mapping[tuple[str, int], str]) -> str:
    if one.after is None:
        return "deleted"
    after: Mapping[str, Any] = one.after
    if one.before is None:  # a new row: what distinguishes it from others, and no ids
        return ", ".join(
            f"{column}: {from_journal(column, value, names)}"
            for column, value in after.items()
            if value is not None and column not in _NAMES and not column.endswith("_id")
        )
    return ", ".join(
        f"{column}: {from_journal(column, one.before.get(column), names)} → {from_journal(column, value, names)}"
        for column, value in after.items()
    )
