"""`twizzit mappings teams|players|competitions|matches`: which row of ShotSpot is which of Twizzit."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.terminal import belgian, console, print_json, table
from twizzit_pipeline.credentials import store
from twizzit_pipeline.sync import fixtures, listing

app = typer.Typer(help="Which row of ShotSpot is which of Twizzit.", no_args_is_help=True)

_Credential = Annotated[int | None, typer.Option("--credential", help="The mappings of this credential alone")]
_USUAL, _WIDE = 100, 150  # two sides' names, a competition and a date want one line
_NUMBERS = ("Team id", "Player id", "Id", "Shirt", "Matches", "Credential")
_Json = Annotated[bool, typer.Option("--json", help="As one JSON document")]


@app.command()
def teams(credential_id: _Credential = None, as_json: _Json = False) -> None:
    """List the mapped teams, by club, season and name."""
    with opened() as here:
        if credential_id is not None:
            store.get(here.database.engine, credential_id)
        found = listing.team_mappings_of(here.database.engine, credential_id=credential_id)
    if as_json:
        print_json(found)
        return
    _show(
        "teams",
        ("Team id", "Club", "Season", "Team", "Twizzit id", "Credential", "Status"),
        [
            (
                row.local_team_id,
                row.club_name,
                row.season,
                row.local_team_name,
                row.twizzit_team_id,
                row.credential_id,
                row.sync_status,
            )
            for row in found
        ],
    )


@app.command()
def players(
    credential_id: _Credential = None,
    team_id: Annotated[int | None, typer.Option("--team", help="The players of this team of ShotSpot alone")] = None,
    as_json: _Json = False,
) -> None:
    """List the mapped players, by name."""
    with opened() as here:
        if credential_id is not None:
            store.get(here.database.engine, credential_id)
        found = listing.player_mappings_of(here.database.engine, credential_id=credential_id, team_id=team_id)
    if as_json:
        print_json(found)
        return
    _show(
        "players",
        ("Player id", "Name", "Shirt", "Team", "Twizzit id", "Credential", "Status"),
        [
            (
                row.local_player_id,
                f"{row.local_last_name} {row.local_first_name}",
                row.jersey_number,
                row.local_team_name,
                row.twizzit_player_id,
                row.credential_id,
                row.sync_status,
            )
            for row in found
        ],
    )


@app.command()
def competitions(credential_id: _Credential = None, as_json: _Json = False) -> None:
    """List the mapped competitions, the latest season first."""
    with opened() as here:
        if credential_id is not None:
            store.get(here.database.engine, credential_id)
        found = fixtures.competition_mappings_of(here.database.engine, credential_id=credential_id)
    if as_json:
        print_json(found)
        return
    _show(
        "competitions",
        ("Id", "Season", "Competition", "Kind", "Status", "Matches", "Twizzit id", "Credential"),
        [
            (
                row.local_competition_id,
                row.season,
                row.local_competition_name,
                row.competition_type,
                row.status,
                row.matches,
                row.twizzit_competition_id,
                row.credential_id,
            )
            for row in found
        ],
    )


@app.command()
def matches(
    credential_id: _Credential = None,
    team_id: Annotated[int | None, typer.Option("--team", help="Those of this team of ShotSpot alone")] = None,
    competition_id: Annotated[
        int | None, typer.Option("--competition", help="Those of this competition of ShotSpot alone")
    ] = None,
    coming: Annotated[bool, typer.Option("--coming", help="Those that have not begun alone")] = False,
    limit: Annotated[int | None, typer.Option(min=1, max=2**31, help="Rows at most")] = None,
    as_json: _Json = False,
) -> None:
    """List the mapped matches as they are played; times are Belgian (with --json, ISO 8601 in UTC)."""
    with opened() as here:
        if credential_id is not None:
            store.get(here.database.engine, credential_id)
        found = fixtures.match_mappings_of(
            here.database.engine,
            credential_id=credential_id,
            competition_id=competition_id,
            team_id=team_id,
            since=datetime.now(UTC) if coming else None,
            limit=limit,
        )
    if as_json:
        print_json(found)
        return
    _show(
        "matches",
        ("Id", "When", "Match", "Competition", "Status", "Twizzit id"),
        [
            (
                row.local_game_id,
                belgian(row.starts_at),
                f"{row.home_name} – {row.away_name}",
                row.competition_name or "friendly",
                f"completed {row.home_score}–{row.away_score}" if row.status == "completed" else row.status,
                row.twizzit_match_id,
            )
            for row in found
        ],
        widest=_WIDE,
    )


def _show(what: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, widest: int = _USUAL) -> None:
    out = console(widest=widest)
    if not rows:
        out.print(f"No {what} are mapped; a sync maps them: twizzit sync CREDENTIAL_ID")
        return
    shown = table(*columns, right=_NUMBERS)
    for row in rows:
        shown.add_row(*("–" if value is None else str(value) for value in row))
    out.print(shown)
