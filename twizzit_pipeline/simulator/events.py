"""The calendar: weekly trainings, matches of a series, a friendly. It follows from the world and is kept nowhere; what
was changed about a match, the organization remembers.

Times are Belgian local time, without zone, as the wire gives them. Half of the teams play on Saturdays, the others on
Sundays, those of both clock changes among them.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random

from twizzit_pipeline.simulator.clubs import OPPONENTS, spelled_otherwise
from twizzit_pipeline.simulator.event_quirks import made_awkward, with_one_running
from twizzit_pipeline.simulator.records import Event, Group, MatchChange, Organization, Season, Status
from twizzit_pipeline.simulator.world import World

TRAINING, MATCH = "training", "match"

WEEKS = 36
_MATCHES = WEEKS // 2


def season_events(world: World, organization: Organization, season: Season) -> Iterator[Event]:
    """All events of the season's teams, team by team."""
    for place, group in enumerate(organization.teams(season)):
        if group.name:
            yield from _trainings(season, group)
            for event in _calendar(world, organization, season, group, place):
                change = organization.match_changes.get(event.id, MatchChange())
                if not change.removed:
                    yield _changed(event, change)


def series_of(organization: Organization, season: Season, group: Group, place: int) -> tuple[int, str]:
    """The series that a team plays in: its id and name. Every team has its own."""
    return (
        organization.id * 1000 + season.id % 10 * 100 + place,
        f"{_words(group.first_name)} reeks {place % 4 + 1}",
    )


def _trainings(season: Season, group: Group) -> Iterator[Event]:
    for week in range(WEEKS):
        start = datetime.combine(_first_tuesday(season) + timedelta(weeks=week), time(19, 30))
        yield Event(group.id * 100 + week * 2, TRAINING, group, start, start + timedelta(minutes=90))


def _calendar(world: World, organization: Organization, season: Season, group: Group, place: int) -> list[Event]:
    """The matches of a team. The first team plays one of them now, and the derby."""
    matches = list(_matches(world, organization, season, group, place))
    if place > 0:
        return matches
    matches = with_one_running(world, season, matches)
    if "own_derby" in world.options.quirks:
        matches += _derby(world, organization, season, series_of(organization, season, group, place))
    return matches


def _matches(world: World, organization: Organization, season: Season, group: Group, place: int) -> Iterator[Event]:
    random = Random(f"events/{world.options.seed}/{group.made_from or group.id}")  # noqa: S311 - an invented calendar
    own = f"{group.club.name if group.club else organization.name} {_words(group.name)}"
    series = series_of(organization, season, group, place)
    for number in range(_MATCHES):
        week = number * 2 + place % 2
        day = _first_tuesday(season) + timedelta(weeks=week, days=4 + place % 2)
        start = datetime.combine(day, time(random.choice((13, 15, 17))))
        opponent = f"{OPPONENTS[(place + number) % len(OPPONENTS)]} {_words(group.first_name)}"
        shown = spelled_otherwise(opponent) if number % 7 == 3 else opponent
        is_home = number % 2 == 0
        status = _status(place, number)
        score = (random.randint(4, 28), random.randint(4, 28))
        event = Event(
            group.id * 100 + week * 2 + 1,
            MATCH,
            group,
            start,
            start + timedelta(minutes=90),
            home_name=own if is_home else shown,
            away_name=shown if is_home else own,
            is_home=is_home,
            series=None if number == 0 else series,
            score=score if status is None and start.date() < world.today else None,
            status=status,
            opponent=opponent,
        )
        yield made_awkward(world, event, number)


def _derby(world: World, organization: Organization, season: Season, series: tuple[int, str]) -> Iterator[Event]:
    """The first team of the season against the second, on a Wednesday evening."""
    named = [group for group in organization.teams(season) if group.name]
    if len(named) < 2:
        return
    one, other = named[:2]
    home, away = (
        f"{group.club.name if group.club else organization.name} {_words(group.name)}" for group in (one, other)
    )
    start = datetime.combine(_first_tuesday(season) + timedelta(weeks=6, days=1), time(20))
    yield Event(
        one.id * 100 + WEEKS * 2 + 1,
        MATCH,
        one,
        start,
        start + timedelta(minutes=90),
        home_name=home,
        away_name=away,
        series=series,
        score=(11, 10) if start.date() < world.today else None,
        opponent=away,
        awkward=frozenset({"own_derby"}),
        other_group=other,
    )


def _changed(event: Event, change: MatchChange) -> Event:
    start = change.start or event.start
    return replace(
        event,
        start=start,
        end=start + (event.end - event.start),
        status=change.status or event.status,
        score=None if change.status else change.score or event.score,
    )


def _status(place: int, number: int) -> Status | None:
    """Of each third team one match was cancelled, of each other third one waits for another day."""
    if number == 4 and place % 3 == 0:
        return "cancelled"
    return "to_reschedule" if number == 9 and place % 3 == 1 else None


def _words(name: str | None) -> str:
    return " ".join((name or "").split())


def _first_tuesday(season: Season) -> date:
    day = date(season.start.year, 9, 1)
    return day + timedelta(days=(1 - day.weekday()) % 7)
