"""What a right sync of the calendar must end with, said independently of the pipeline, for tests to compare with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from twizzit_pipeline.simulator.events import MATCH, season_events
from twizzit_pipeline.simulator.records import Event, Organization, Season
from twizzit_pipeline.simulator.world import World

_NO_OPPONENT = {"byes", "winners_to_come"}


@dataclass(frozen=True, slots=True)
class TrueMatch:
    """A match. `own_team_id` is the remote id of the club's team; `starts_at` is UTC; scores as (home, away).

    `other_team_id`: the remote id of the opponent where that is a team of the club as well. `hour_known`: False where
    the day alone is known, and `starts_at` is its midnight in Belgium.
    """

    competition_id: str | None
    own_team_id: str
    is_home: bool
    opponent: str
    starts_at: datetime
    status: str
    score: tuple[int, int] | None
    other_team_id: str | None = None
    hour_known: bool = True


@dataclass(frozen=True, slots=True)
class CalendarTruth:
    """The competitions (remote id → name) and the matches (remote id → what is known) of one season.

    Attributes:
        rejected: matches whose name has no opponent.
        set_aside: remote id of a match that is not meant to come → why.
        unread_scores, unknown_statuses: matches that come without what cannot be read.
    """

    competitions: Mapping[str, str]
    matches: Mapping[str, TrueMatch]
    rejected: frozenset[str] = frozenset()
    set_aside: Mapping[str, str] = field(default_factory=dict)
    unread_scores: frozenset[str] = frozenset()
    unknown_statuses: frozenset[str] = frozenset()


def calendar_truth(
    world: World,
    organization: int | str | Organization,
    season_label: str | None = None,
    *,
    friendlies: bool = True,
    now: datetime | None = None,
) -> CalendarTruth:
    """The calendar of one organization and season; of the running season without a label.

    Args:
        friendlies: False for v1, whose matches are all of a competition.
        now: with zone, when it is asked; the present moment where it is None. A running score is no result.
    """
    with world.lock:
        owner = world.organization(organization)
        season: Season = world.season(season_label) if season_label else world.running_season
        if season.id not in owner.season_ids:
            return CalendarTruth({}, {})
        events = [event for event in season_events(world, owner, season) if event.kind == MATCH]
        listed = [event for event in events if event.series or friendlies]
        named_by_groups = bool(world.options.quirks & {"both_sides_in_groups", "opponent_first"})
        nameless = () if named_by_groups else listed
        rejected = {str(event.id) for event in nameless if "tournament_names" in event.awkward}
        set_aside = {str(event.id): "opponent_unknown" for event in listed if event.awkward & _NO_OPPONENT}
        moment = now or datetime.now(UTC)
        v1 = not friendlies
        matches = {str(event.id): _match(event, moment, v1=v1) for event in listed}
        unread = {str(event.id) for event in listed if "odd_scores" in event.awkward and event.score is not None}
        return CalendarTruth(
            {str(event.series[0]): event.series[1] for event in events if event.series},
            {id_: match for id_, match in matches.items() if id_ not in rejected and id_ not in set_aside},
            frozenset(rejected),
            set_aside,
            frozenset(unread),
            frozenset(str(event.id) for event in listed if "unknown_status" in event.awkward and not event.status),
        )


def _match(event: Event, now: datetime, *, v1: bool) -> TrueMatch:
    score, status = event.score, event.status or ("completed" if event.score else "scheduled")
    over = _utc(event.end) + (timedelta(hours=3) if v1 else timedelta())
    if "running_match" in event.awkward and event.status is None and now < over:
        score, status = None, "scheduled"
    if "odd_scores" in event.awkward and score is not None:
        # v1 says by a word of its own that the match was played
        score, status = None, status if v1 else "scheduled"
    return TrueMatch(
        competition_id=str(event.series[0]) if event.series else None,
        own_team_id=str(event.group.id),
        is_home=event.is_home,
        opponent=event.opponent or "",
        starts_at=_utc(event.start),
        status=status,
        score=score,
        other_team_id=str(event.other_group.id) if event.other_group else None,
        hour_known=event.start.time() != time(),
    )


def _utc(local: datetime) -> datetime:
    """Belgian local time as UTC: summer time from the last Sunday of March, 02:00, to that of October, 03:00."""
    begins = datetime.combine(_last_sunday(local.year, 3), datetime.min.time()) + timedelta(hours=2)
    ends = datetime.combine(_last_sunday(local.year, 10), datetime.min.time()) + timedelta(hours=3)
    return (local - timedelta(hours=2 if begins <= local < ends else 1)).replace(tzinfo=UTC)


def _last_sunday(year: int, month: int) -> date:
    last = date(year, month, 31)
    return last - timedelta(days=(last.weekday() + 1) % 7)
