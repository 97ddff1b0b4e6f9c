"""The demo's fixture list: the next matches, and what the club changes about two of them in Twizzit."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from rich.console import Console
from sqlalchemy import Engine

from twizzit_pipeline.cli.output.terminal import belgian, plural, show_table, table
from twizzit_pipeline.cli.sync_report.running import Synced
from twizzit_pipeline.queries import fixtures
from twizzit_pipeline.queries.fixtures import MatchMapping
from twizzit_pipeline.simulator import Organization, SimulatorServer
from twizzit_pipeline.simulator.calendar_truth import calendar_truth

MATCHES_SHOWN = 5

Games = dict[str, MatchMapping]


@dataclass(frozen=True, slots=True)
class Upset:
    """Two matches, by remote id: one is played on another day, one is called off. `before`: all as they were."""

    moved: str
    cancelled: str
    before: Games


def games_of(engine: Engine, credential_id: int) -> Games:
    """Remote id → the game that it is."""
    return {one.twizzit_match_id: one for one in fixtures.match_mappings_of(engine, credential_id=credential_id)}


def show_next(out: Console, engine: Engine, credential_id: int) -> None:
    """The next matches as they stand in ShotSpot's tables; of a season that is played out, the last ones."""
    now = datetime.now(UTC)
    found = fixtures.match_mappings_of(engine, credential_id=credential_id, since=now, limit=MATCHES_SHOWN)
    title = "The next matches"
    if not found:
        title = "The last matches"
        found = fixtures.match_mappings_of(engine, credential_id=credential_id)[-MATCHES_SHOWN:]
    shown = table(title, "", "Competition")
    for one in found:
        shown.add_row(belgian(one.starts_at), sides(one), one.competition_name or "friendly")
    show_table(out, shown)


def upset(out: Console, engine: Engine, credential_id: int, simulator: SimulatorServer, club: Organization) -> Upset:
    """The club moves a match by a day in Twizzit, and calls another one off."""
    before = games_of(engine, credential_id)
    matches = calendar_truth(simulator.world, club).matches
    in_order = sorted(matches, key=lambda one: (matches[one].starts_at, one))
    now = datetime.now(UTC)
    coming = [one for one in in_order if matches[one].status == "scheduled" and matches[one].starts_at > now]
    played = [one for one in in_order if matches[one].status == "completed"]
    moved, cancelled = (coming if len(coming) > 1 else played[-2:])[:2]
    start = matches[moved].starts_at.astimezone(ZoneInfo("Europe/Brussels")).replace(tzinfo=None) + timedelta(days=1)
    simulator.changes.move_match(int(moved), start.isoformat(" ", "minutes"))
    simulator.changes.cancel_match(int(cancelled))
    out.print(
        f"  In Twizzit, {sides(before[moved])} is put off by a day,\n  and {sides(before[cancelled])} is called off."
    )
    return Upset(moved, cancelled, before)


def show_upset(out: Console, engine: Engine, credential_id: int, synced: Synced, done: Upset) -> list[str]:
    """Shows the two games before and after; returns what the sync reported or did wrong."""
    now = games_of(engine, credential_id)
    changed = (done.moved, done.cancelled)
    shown = table("In ShotSpot", "was", "is now")
    for one in changed:
        was, is_now = done.before[one], now[one]
        if was.starts_at != is_now.starts_at:
            shown.add_row(sides(is_now), belgian(was.starts_at), belgian(is_now.starts_at))
        if was.status != is_now.status:
            shown.add_row(sides(is_now), was.status, is_now.status)
    show_table(out, shown)
    others = plural(len(now) - len(changed), "other match", "other matches")
    out.print(f"Both are the rows of `games` that they were, and the {others} were not touched.")
    details = next((row.details for row in synced.history if row.entity == "matches"), {})
    wrong = []
    if (details.get("moved"), details.get("cancelled"), details.get("update")) != (1, 1, 2):
        wrong.append("the sync does not report one match moved and one cancelled")
    if any(now[one].local_game_id != done.before[one].local_game_id for one in changed):
        wrong.append("a match that changed is another game now")
    if {one for one, game in now.items() if game != done.before.get(one)} != set(changed):
        wrong.append("other matches changed than those two")
    return wrong


def sides(game: MatchMapping) -> str:
    """Who plays whom, as ShotSpot has it."""
    return f"{game.home_name} – {game.away_name}"
