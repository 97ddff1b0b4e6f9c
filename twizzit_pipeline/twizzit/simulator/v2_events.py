"""The calendar's endpoints of v2: event types, whose ids differ per account, and the events of a stretch of days."""

from collections.abc import Iterator
from datetime import date

from starlette.exceptions import HTTPException

from twizzit_pipeline.twizzit.simulator.clubs import Words, words
from twizzit_pipeline.twizzit.simulator.events import MATCH, TRAINING, Event, season_events
from twizzit_pipeline.twizzit.simulator.paging import Query
from twizzit_pipeline.twizzit.simulator.world import Organization, World

_TYPES: tuple[tuple[str, Words], ...] = (
    (TRAINING, words("Training", "Training", "Entraînement")),
    (MATCH, words("Match", "Wedstrijd", "Match")),
    ("meeting", words("Meeting", "Vergadering", "Réunion")),
)

_OFF = {"cancelled": "afgelast", "to_reschedule": "uitgesteld"}


def _type_id(organization: Organization, kind: str) -> int:
    """Which id is the match differs per account: the order turns with the organization."""
    kinds = [name for name, _ in _TYPES]
    return organization.id * 10 + (kinds.index(kind) + organization.id) % len(kinds) + 1


def event_types(scope: list[Organization]) -> list[dict[str, object]]:
    """The rows of ``/event-types``."""
    rows = [
        {"id": _type_id(organization, kind), "name": name, "active": True}
        for organization in scope
        for kind, name in _TYPES
    ]
    return sorted(rows, key=lambda row: str(row["id"]))


def event_sub_types(scope: list[Organization]) -> list[dict[str, object]]:
    """The rows of ``/event-sub-types``: one, a friendly."""
    name = words("Friendly", "Vriendschappelijk", "Amical")
    return [{"id": organization.id * 10 + 9, "name": name, "active": True} for organization in scope]


def events(world: World, scope: list[Organization], query: Query) -> Iterator[dict[str, object]]:
    """The rows of ``/events``: their own type is not among their keys, so one asks per type."""
    start, end = _day(query, "start-date"), _day(query, "end-date")
    types = query.ids("event-types[]")
    include_groups = query.one("includes[]") == "event-groups"
    for organization in scope:
        found = (
            event
            for season in world.seasons_of(organization)
            if season.start <= end and season.end >= start
            for event in season_events(world, organization, season)
            if start <= event.start.date() <= end and (types is None or _type_id(organization, event.kind) in types)
        )
        for event in sorted(found, key=lambda event: (event.start, event.id)):
            yield _event_row(event, include_groups)


def _event_row(event: Event, include_groups: bool) -> dict[str, object]:
    group = {
        "groupId": event.group.id,
        "groupName": event.group.name,
        "groupShortName": event.group.short_name,
        "isHomeTeam": event.is_home,
    }
    name, description = _told(event)
    return {
        "id": event.id,
        "name": name,
        "start": str(event.start),
        "end": str(event.end),
        "meeting-time": None,
        "description": description,
        "address": None,
        "score": f"{event.score[0]}-{event.score[1]}" if event.score else None,
        "score-details": None,
        "series": {"id": event.series[0], "name": event.series[1]} if event.series else None,
        "event-groups": [group] if include_groups else None,
    }


def _told(event: Event) -> tuple[str | None, str]:
    """Name and description. That a match is off stands in the one or in the other, as its club is used to."""
    if event.home_name is None:
        return None, ""
    name = f"{event.home_name} - {event.away_name}"
    word = _OFF.get(event.status or "")
    if word is None:
        return name, ""
    return (f"{name} ({word})", "") if event.group.id % 2 else (name, f"{word.capitalize()} wegens het weer")


def _day(query: Query, name: str) -> date:
    try:
        return date.fromisoformat(query.one(name) or "")
    except ValueError:
        raise HTTPException(400, f"{name} is required as YYYY-MM-DD") from None
