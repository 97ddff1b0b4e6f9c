"""`twizzit mappings teams|players|competitions|matches`: which row of ShotSpot is which of Twizzit."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from twizzit_pipeline.cli.clubs import MaybeClub, OldClub, credential_of, said_club
from twizzit_pipeline.cli.opened import Opened, opened
from twizzit_pipeline.cli.options import Json
from twizzit_pipeline.cli.output.terminal import belgian, console, print_json, table
from twizzit_pipeline.credentials import store
from twizzit_pipeline.entities import COMPETITIONS, MATCHES, PLAYERS, TEAMS, Entity
from twizzit_pipeline.queries import fixtures, listing

app = typer.Typer(help="Which row of ShotSpot is which of Twizzit.", no_args_is_help=True)

_USUAL, _WIDE = 100, 150  # two sides' names, a competition and a date want one line
_NUMBERS = ("Team id", "Player id", "Id", "Shirt", "Matches", "Credential")
_WHOLE = ("When", "Season", "Status", "Score", "Twizzit id")
_OF_ALL = {"Credential": "credential_id", "Status": "sync_status"}


@app.command()
def teams(club: MaybeClub = None, as_json: Json = False, old: OldClub = None) -> None:
    """List the mapped teams, by club, season and name."""
    with opened() as here:
        credential_id = _credential_of(here, said_club(club, old))
        found = listing.team_mappings_of(here.database.engine, credential_id=credential_id)
    columns = {
        "Team id": "local_team_id",
        "Club": "club_name",
        "Season": "season",
        "Team": "local_team_name",
        "Twizzit id": "twizzit_team_id",
        **_OF_ALL,
    }
    _show_columns(TEAMS, columns, found, as_json=as_json)


@app.command()
def players(
    club: MaybeClub = None,
    team: Annotated[
        str | None, typer.Option("--team", help="Only the players of this team of ShotSpot: its id, or its name")
    ] = None,
    as_json: Json = False,
    old: OldClub = None,
) -> None:
    """List the mapped players, by name."""
    with opened() as here:
        credential_id = _credential_of(here, said_club(club, old))
        team_id = _team_of(here, team, credential_id)
        found = listing.player_mappings_of(here.database.engine, credential_id=credential_id, team_id=team_id)
    columns = {
        "Player id": "local_player_id",
        "Name": "local_last_name local_first_name",
        "Shirt": "jersey_number",
        "Team": "local_team_name",
        "Twizzit id": "twizzit_player_id",
        **_OF_ALL,
    }
    _show_columns(PLAYERS, columns, found, as_json=as_json, narrowed=team_id is not None)


@app.command()
def competitions(club: MaybeClub = None, as_json: Json = False, old: OldClub = None) -> None:
    """List the mapped competitions, the latest season first."""
    with opened() as here:
        credential_id = _credential_of(here, said_club(club, old))
        found = fixtures.competition_mappings_of(here.database.engine, credential_id=credential_id)
    columns = {
        "Id": "local_competition_id",
        "Season": "season",
        "Competition": "local_competition_name",
        "Kind": "competition_type",
        "Status": "status",
        "Matches": "matches",
        "Twizzit id": "twizzit_competition_id",
        "Credential": "credential_id",
    }
    _show_columns(COMPETITIONS, columns, found, as_json=as_json)


@app.command()
def matches(
    club: MaybeClub = None,
    team: Annotated[
        str | None, typer.Option("--team", help="Only those of this team of ShotSpot: its id, or its name")
    ] = None,
    competition_id: Annotated[
        int | None, typer.Option("--competition", help="Only those of this competition of ShotSpot")
    ] = None,
    coming: Annotated[bool, typer.Option("--coming", help="Only those that have not begun")] = False,
    limit: Annotated[int | None, typer.Option(min=1, max=2**31, help="Rows at most")] = None,
    as_json: Json = False,
    old: OldClub = None,
) -> None:
    """List the mapped matches as they are played; times are Belgian (with --json, ISO 8601 in UTC)."""
    with opened() as here:
        credential_id = _credential_of(here, said_club(club, old))
        team_id = _team_of(here, team, credential_id)
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
    _show_matches(found, narrowed=coming or team_id is not None or competition_id is not None)


def _show_matches(found: Sequence[fixtures.MatchMapping], *, narrowed: bool) -> None:
    """Both sides in one column where there is no room for two."""
    out = console(widest=_WIDE)
    narrow = out.width < _WIDE
    sides = ("Match",) if narrow else ("Home", "Away")
    last = () if narrow else ("Twizzit id",)
    _show(
        MATCHES.name,
        ("Id", "When", *sides, "Competition", "Status", "Score", *last),
        [
            (
                row.local_game_id,
                belgian(row.starts_at),
                *((f"{row.home_name} – {row.away_name}",) if narrow else (row.home_name, row.away_name)),
                row.competition_name or "friendly",
                row.status,
                f"{row.home_score}–{row.away_score}" if row.status == "completed" else None,
                *(() if narrow else (row.twizzit_match_id,)),
            )
            for row in found
        ],
        narrowed=narrowed,
        widest=_WIDE,
    )


def _credential_of(here: Opened, club: str | None) -> int | None:
    """The credential that is meant, which there is; None for all."""
    if club is None:
        return None
    credential_id = credential_of(here, club)
    store.get(here.database.engine, credential_id)
    return credential_id


def _team_of(here: Opened, team: str | None, credential_id: int | None) -> int | None:
    """The team that is meant, which there is; None for all."""
    if team is None:
        return None
    from twizzit_pipeline.queries.finding import find_team  # noqa: PLC0415  (quick commands load little)
    from twizzit_pipeline.queries.rosters import require_team  # noqa: PLC0415  (the same)

    team_id = find_team(here.database.engine, team, credential_ids=None if credential_id is None else [credential_id])
    require_team(here.database.engine, team_id)
    return team_id


def _show_columns(
    entity: Entity, columns: Mapping[str, str], found: Sequence[object], *, as_json: bool, narrowed: bool = False
) -> None:
    """Header → the fields that stand under it, with a space between them."""
    if as_json:
        print_json(found)
        return

    def cell(row: object, names: str) -> object:
        values = [getattr(row, name) for name in names.split()]
        return values[0] if len(values) == 1 else " ".join(map(str, values))

    rows = [[cell(row, names) for names in columns.values()] for row in found]
    _show(entity.name, tuple(columns), rows, narrowed=narrowed)


def _show(
    what: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, narrowed: bool, widest: int = _USUAL
) -> None:
    """`narrowed`: an option left some out, so that there may be others."""
    out = console(widest=widest)
    if not rows:
        if narrowed:
            out.print(f"No such {what} are mapped; without the options: all that are")
        else:
            out.print(f"No {what} are mapped; a sync maps them: twizzit sync CLUB")
        return
    shown = table(*columns, right=_NUMBERS)
    for column in shown.columns:
        column.no_wrap = column.no_wrap or column.header in _WHOLE
    for row in rows:
        shown.add_row(*("–" if value is None else str(value) for value in row))
    out.print(shown)
