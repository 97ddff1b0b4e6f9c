"""What a right sync of the calendar must end with, said independently of the pipeline, for tests to compare with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from twizzit_pipeline.twizzit.simulator.events import MATCH, Event, season_events
from twizzit_pipeline.twizzit.simulator.world import Organization, Season, World


@dataclass(frozen=True, slots=True)
class TrueMatch:
    """A match. `own_team_id` is the remote id of the club's team; `starts_at` is UTC; scores as (home, away)."""

    competition_id: str | None
    own_team_id: str
    is_home: bool
    opponent: str
    starts_at: datetime
    status: str
    score: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class CalendarTruth:
    """The competitions (remote id → name) and the matches (remote id → what is known) of one season."""

    competitions: Mapping[str, str]
    matches: Mapping[str, TrueMatch]


def calendar_truth(
    world: World, organization: int | str | Organization, season_label: str | None = None, *, friendlies: bool = True
) -> CalendarTruth:
    """The calendar of one organization and season; of the running season without a label.

    Args:
        friendlies: False for v1, whose matches are all of a competition.
    """
    with world.lock:
        owner = world.organization(organization)
        season: Season = world.season(season_label) if season_label else world.running_season
        if season.id not in owner.season_ids:
            return CalendarTruth({}, {})
        matches = [event for event in season_events(world, owner, season) if event.kind == MATCH]
        return CalendarTruth(
            {str(event.series[0]): event.series[1] for event in matches if event.series},
            {str(event.id): _match(event) for event in matches if event.series or friendlies},
        )


def _match(event: Event) -> TrueMatch:
    return TrueMatch(
        competition_id=str(event.series[0]) if event.series else None,
        own_team_id=str(event.group.id),
        is_home=event.is_home,
        opponent=event.opponent or "",
        starts_at=_utc(event.start),
        status=event.status or ("completed" if event.score else "scheduled"),
        score=event.score,
    )


def _utc(local: datetime) -> datetime:
    """Belgian local time as UTC: summer time from the last Sunday of March, 02:00, to that of October, 03:00."""
    begins = datetime.combine(_last_sunday(local.year, 3), datetime.min.time()) + timedelta(hours=2)
    ends = datetime.combine(_last_sunday(local.year, 10), datetime.min.time()) + timedelta(hours=3)
    return (local - timedelta(hours=2 if begins <= local < ends else 1)).replace(tzinfo=UTC)


def _last_sunday(year: int, month: int) -> date:
    last = date(year, month, 31)
    return last - timedelta(days=(last.weekday() + 1) % 7)
