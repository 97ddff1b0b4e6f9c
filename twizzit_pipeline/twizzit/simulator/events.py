"""The calendar: weekly trainings, matches of a series, a few friendlies. It follows from the world and is kept nowhere.

Times are Belgian local time, without zone, as the wire gives them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from twizzit_pipeline.twizzit.simulator.clubs import OPPONENTS
from twizzit_pipeline.twizzit.simulator.world import Group, Organization, Season, World

TRAINING, MATCH = "training", "match"


@dataclass(frozen=True, slots=True)
class Event:
    """A training or a match of one team. A friendly has no series. `score` is (home, away) once it is played."""

    id: int
    kind: str
    group: Group
    start: datetime
    end: datetime
    home_name: str | None = None
    away_name: str | None = None
    is_home: bool = True
    series: tuple[int, str] | None = None
    score: tuple[int, int] | None = None


def season_events(world: World, organization: Organization, season: Season) -> Iterator[Event]:
    """All events of the season's teams, team by team, in the order of time."""
    for place, group in enumerate(organization.teams(season)):
        if group.name:
            yield from _team_events(world, organization, season, group, place)


def series_of(organization: Organization, season: Season, group: Group, place: int) -> tuple[int, str]:
    """The series that a team plays in: its id and name. Every team has its own."""
    return (
        organization.id * 1000 + season.id % 10 * 100 + place,
        f"{' '.join((group.name or '').split())} reeks {place % 4 + 1}",
    )


def _team_events(world: World, organization: Organization, season: Season, group: Group, place: int) -> Iterator[Event]:
    random = Random(f"events/{world.options.seed}/{group.id}")  # noqa: S311 - an invented calendar
    series = series_of(organization, season, group, place)
    own = f"{organization.name} {' '.join((group.name or '').split())}"
    first_tuesday = _weekday(date(season.start.year, 9, 1), 1)
    for week in range(36):
        training = datetime.combine(first_tuesday + timedelta(weeks=week), time(19, 30))
        yield Event(group.id * 100 + week * 2, TRAINING, group, training, training + timedelta(minutes=90))
        if week % 2 == 0:
            start = datetime.combine(training.date() + timedelta(days=4), time(random.choice((13, 15, 17)), 0))
            opponent = f"{OPPONENTS[(place + week // 2) % len(OPPONENTS)]} {place % 2 + 1}"
            is_home = week % 4 == 0
            score = (random.randint(4, 28), random.randint(4, 28))
            yield Event(
                group.id * 100 + week * 2 + 1,
                MATCH,
                group,
                start,
                start + timedelta(hours=1, minutes=30),
                home_name=own if is_home else opponent,
                away_name=opponent if is_home else own,
                is_home=is_home,
                series=None if week == 0 else series,
                score=score if start.date() < world.today else None,
            )


def _weekday(day: date, weekday: int) -> date:
    return day + timedelta(days=(weekday - day.weekday()) % 7)
