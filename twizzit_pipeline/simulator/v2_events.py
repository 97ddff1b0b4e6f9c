"""The calendar's endpoints of v2: event types, whose ids differ per account, and the events of a stretch of days."""

from collections.abc import Iterator
from datetime import date

from starlette.exceptions import HTTPException

from twizzit_pipeline.simulator.clubs import Words, words
from twizzit_pipeline.simulator.events import MATCH, TRAINING, season_events
from twizzit_pipeline.simulator.paging import Query
from twizzit_pipeline.simulator.records import Event, Organization
from twizzit_pipeline.simulator.v2_event_rows import event_row
from twizzit_pipeline.simulator.world import World

LEAGUE, CUP, FRIENDLY = "league", "cup", "friendly"

_TYPES: tuple[tuple[str, Words], ...] = (
    (TRAINING, words("Training", "Training", "Entraînement")),
    (MATCH, words("Match", "Wedstrijd", "Match")),
    ("meeting", words("Meeting", "Vergadering", "Réunion")),
)
# Where each kind of match has a type of its own; one that is about matches is none.
_SEVERAL_TYPES: tuple[tuple[str, Words], ...] = (
    (TRAINING, words("Training", "Training", "Entraînement")),
    (LEAGUE, words("League match", "Competitiewedstrijd", "Match de championnat")),
    (CUP, words("Cup match", "Bekerwedstrijd", "Match de coupe")),
    (FRIENDLY, words("Friendly game", "Oefenwedstrijd", "Match amical")),
    ("briefing", words("Match briefing", "Wedstrijdbespreking", "Réunion de match")),
    ("meeting", words("Meeting", "Vergadering", "Réunion")),
)


def _types(world: World) -> tuple[tuple[str, Words], ...]:
    return _SEVERAL_TYPES if "several_match_types" in world.options.quirks else _TYPES


def _kind(world: World, event: Event) -> str:
    """The kind of type that an event is listed for."""
    if event.kind != MATCH or "several_match_types" not in world.options.quirks:
        return event.kind
    if event.series is None:
        return FRIENDLY
    return CUP if event.id % 5 == 0 else LEAGUE


def _type_id(world: World, organization: Organization, kind: str) -> int:
    """Which id is the match differs per account: the order turns with the organization."""
    kinds = [name for name, _ in _types(world)]
    return organization.id * 10 + (kinds.index(kind) + organization.id) % len(kinds) + 1


def event_types(world: World, scope: list[Organization]) -> list[dict[str, object]]:
    """The rows of ``/event-types``."""
    rows = [
        {"id": _type_id(world, organization, kind), "name": name, "active": True}
        for organization in scope
        for kind, name in _types(world)
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
            if start <= event.start.date() <= end
            and (types is None or _type_id(world, organization, _kind(world, event)) in types)
        )
        for event in sorted(found, key=lambda event: (event.start, event.id)):
            yield event_row(world, event, include_groups=include_groups)


def _day(query: Query, name: str) -> date:
    try:
        return date.fromisoformat(query.one(name) or "")
    except ValueError:
        raise HTTPException(400, f"{name} is required as YYYY-MM-DD") from None
