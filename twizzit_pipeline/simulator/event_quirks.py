"""Which matches of the calendar show a quirk: the same ones for the same world, whatever else is switched on.

What belongs here: what a match is then. How it looks on the wire is in `v2_event_rows` and `v1`.
"""

from dataclasses import replace
from datetime import datetime, time, timedelta

from twizzit_pipeline.simulator.quirks import Quirk
from twizzit_pipeline.simulator.records import Event, Season
from twizzit_pipeline.simulator.world import World

# Number of a team's match → its quirk. Numbers 4, 9, 3, 10 and 17 have habits of their own already.
_QUIRK_OF: dict[int, Quirk] = {
    0: "tournament_names",
    1: "odd_scores",
    2: "unknown_status",
    5: "odd_scores",
    6: "byes",
    11: "midnight_kick_offs",
    12: "unknown_status",
    13: "midnight_kick_offs",
    16: "winners_to_come",
}
_BYES = ("Bye", "Vrij", "Exempt")
_TO_COME = ("Winnaar poule A", "Verliezer wedstrijd 3", "Vainqueur poule B", "Nog te bepalen", "???")
_PLAYED_FOR = timedelta(minutes=30)


def made_awkward(world: World, event: Event, number: int) -> Event:
    """The match with the quirk that is its own, if that one is switched on."""
    quirk = _QUIRK_OF.get(number)
    if quirk not in world.options.quirks or (quirk == "tournament_names" and event.group.id % 2):
        return event
    event = replace(event, awkward=frozenset({quirk}))
    if quirk == "byes":
        return _against(event, _BYES[event.group.id % len(_BYES)])
    if quirk == "winners_to_come":
        return _against(event, _TO_COME[event.group.id % len(_TO_COME)])
    if quirk == "midnight_kick_offs":
        start = datetime.combine(event.start.date(), time())
        return replace(event, start=start, end=start + (event.end - event.start))
    return event


def with_one_running(world: World, season: Season, matches: list[Event]) -> list[Event]:
    """The matches of a team, one of them being played: the next one, or the last where all are played.

    Only in the running season and where the quirk is switched on; a match with a quirk of its own keeps that.
    """
    if "running_match" not in world.options.quirks or season.id != world.running_season.id:
        return matches
    free = [event for event in matches if not event.awkward and event.status is None]
    chosen = next((event for event in free if event.start.date() >= world.today), free[-1])
    return [_running(world, event) if event is chosen else event for event in matches]


def _running(world: World, event: Event) -> Event:
    """The match as it is played since half an hour before the world was made, with the score of the moment."""
    # A match that began on the day before the season is none of this season.
    start = max(world.made_at - _PLAYED_FOR, datetime.combine(world.running_season.start, time()))
    if start.time() == time():  # which would say that only the day is known
        start += timedelta(minutes=1)
    length = event.end - event.start
    return replace(event, start=start, end=start + length, score=(3, 2), awkward=frozenset({"running_match"}))


def _against(event: Event, placeholder: str) -> Event:
    if event.is_home:
        return replace(event, opponent=placeholder, score=None, away_name=placeholder)
    return replace(event, opponent=placeholder, score=None, home_name=placeholder)
