"""What looks odd in the demo's club and arrives as it should: a youth player, a bye, a derby, a running match."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from sqlalchemy import Engine

from twizzit_pipeline.cli.demo.calendar import Games, games_of, sides
from twizzit_pipeline.cli.output.terminal import plural
from twizzit_pipeline.queries import listing
from twizzit_pipeline.runs.asides import set_aside_of
from twizzit_pipeline.runs.history import HistoryRow
from twizzit_pipeline.simulator import Organization, World
from twizzit_pipeline.simulator.clubs import YOUTH
from twizzit_pipeline.simulator.events import MATCH, season_events
from twizzit_pipeline.simulator.records import Event

# A line for people, and whether the database agrees with it.
_Line = tuple[str, bool]


def show(
    out: Console, engine: Engine, credential_id: int, world: World, club: Organization, history: Sequence[HistoryRow]
) -> list[str]:
    """One line for each that the club has; what the database has otherwise."""
    games = games_of(engine, credential_id)
    with world.lock:
        events = [one for one in season_events(world, club, world.running_season) if one.kind == MATCH]
    lines = [*_youth(engine, credential_id, world, club), *_byes(events, history, games)]
    lines += [line for event in events for line in (*_derby(event, games), *_running(event, games))]
    out.print("Odd in Twizzit, and right in ShotSpot:")
    for line, _ in lines:
        out.print(f"  {line}")
    out.print()
    return [f"not so: {line}" for line, is_so in lines if not is_so]


def _youth(engine: Engine, credential_id: int, world: World, club: Organization) -> Iterator[_Line]:
    called = {
        str(link.contact_id)
        for group in club.teams(world.running_season)
        for link in club.rosters[group.id]
        if link.function == YOUTH
    }
    playing = {one.twizzit_player_id for one in listing.player_mappings_of(engine, credential_id=credential_id)}
    # Of these the simulator spoils a few names, which are rejected: at least one must be there.
    if called:
        yield f"{plural(len(called & playing), 'member')} with the function “Jeugdspeler” play.", bool(called & playing)


def _byes(events: Sequence[Event], history: Sequence[HistoryRow], games: Games) -> Iterator[_Line]:
    byes = {str(event.id) for event in events if "byes" in event.awkward}
    aside = {
        id_
        for row in history
        for rows in set_aside_of(row.details)
        if rows.reason == "opponent_unknown"
        for id_ in rows.twizzit_ids
    }
    if byes:
        line = f"{plural(len(byes), 'match', 'matches')} against “Bye”, “Vrij” or “Exempt”: set aside, no games."
        yield line, byes <= aside and not byes & games.keys()


def _derby(event: Event, games: Games) -> Iterator[_Line]:
    if event.other_group is None:
        return
    game = games.get(str(event.id))
    both = game is not None and None not in (game.home_team_id, game.away_team_id)
    yield f"{event.home_name} – {event.away_name}: one game, with both teams of the club.", both


def _running(event: Event, games: Games) -> Iterator[_Line]:
    if "running_match" not in event.awkward or event.score is None:
        return
    game = games.get(str(event.id))
    home, away = event.score
    name = "A match" if game is None else sides(game)
    is_so = game is not None and (game.status, game.home_score, game.away_score) == ("scheduled", 0, 0)
    yield f"{name}, now {home}–{away}: no result before it ends.", is_so
