"""How an event of the calendar looks in v2, in all the ways in which accounts write one."""

from collections.abc import Mapping

from twizzit_pipeline.simulator.quirks import Quirk
from twizzit_pipeline.simulator.records import Event
from twizzit_pipeline.simulator.world import World

_OFF = {"cancelled": "afgelast", "to_reschedule": "uitgesteld"}
_KEBAB = {"groupId": "group-id", "groupName": "group-name", "groupShortName": "group-short-name"}
_FLAGS = {True: ("true", "1", "yes", None), False: ("false", "0", "no", None)}
OPPONENT_GROUPS = 900_000_000  # ids from here on are of groups of other organizations


def event_row(world: World, event: Event, *, include_groups: bool) -> dict[str, object]:
    """A row of ``/events``."""
    quirks = world.options.quirks
    name, description = _texts(event, quirks)
    row: dict[str, object] = {
        "id": event.id,
        "name": name,
        "start": str(event.start.date() if _is_day_alone(event) else event.start),
        "end": str(event.end),
        "meeting-time": None,
        "description": description,
        "address": None,
        "score": _score(event, quirks),
        "score-details": None,
        "series": {"id": event.series[0], "name": event.series[1]} if event.series else None,
        "event-groups": _groups(event, quirks) if include_groups else None,
    }
    return row | ({"status": "Nog te homologeren"} if "unknown_status" in event.awkward else {})


def _is_day_alone(event: Event) -> bool:
    return "midnight_kick_offs" in event.awkward and event.group.id % 2 == 0 and event.start.time().hour == 0


def _texts(event: Event, quirks: frozenset[Quirk]) -> tuple[str | None, str]:
    """Name and description. That a match is off stands in the one or in the other, as its club is used to."""
    if event.home_name is None:
        return None, ""
    if "tournament_names" in event.awkward:
        return f"Tornooi {event.opponent}", ""
    name = f"{event.home_name} - {event.away_name}"
    if "hand_written_names" in quirks and event.group.club is None:
        name = _by_hand(event)
    word = _OFF.get(event.status or "")
    if word is None:
        return name, ""
    return (f"{name} ({word})", "") if event.group.id % 2 else (name, f"{word.capitalize()} wegens het weer")


def _by_hand(event: Event) -> str:
    home, away = event.home_name, event.away_name
    ways = (
        f"{home} vs {away}",
        f"{home} / {away}",
        f"{away} @ {home}",
        f"{home}-{away}",
        f"Competitie: {home} - {away}",
        f"{home} tegen {away}",
        f"{home} – {away}",
    )
    return ways[event.id // 4 % len(ways)]


def _score(event: Event, quirks: frozenset[Quirk]) -> object:
    if event.score is None:
        return None
    home, away = event.score
    if "odd_scores" in event.awkward:
        return "gewonnen" if event.group.id % 2 else {"sets": [home, away]}
    if "score_objects" in quirks:
        ways: tuple[object, ...] = (
            {"home": home, "away": away},
            {"homeScore": str(home), "awayScore": str(away)},
            [home, away],
            {"score": {"home": str(home), "away": away}},
            f"{home} - {away}",
        )
        return ways[event.id // 2 % len(ways)]
    return f"{home}-{away}"


def _groups(event: Event, quirks: frozenset[Quirk]) -> object:
    own = _group(event.group.id, event.group.name, event.group.short_name, is_home=event.is_home)
    groups = [own]
    if event.other_group is not None:
        other = event.other_group
        groups.append(_group(other.id, other.name, other.short_name, is_home=not event.is_home))
    elif event.opponent is not None and quirks & {"both_sides_in_groups", "opponent_first"}:
        id_ = OPPONENT_GROUPS + sum(map(ord, event.opponent))
        groups.append(_group(id_, event.opponent, None, is_home=not event.is_home))
    if "opponent_first" in quirks:
        groups.reverse()
    if "string_home_flag" in quirks:
        groups = [_with_word(event, group) for group in groups]
    if "kebab_event_groups" not in quirks:
        return groups
    renamed = [{_KEBAB.get(key, "is-home-team"): value for key, value in group.items()} for group in groups]
    return {str(place * 2): group for place, group in enumerate(renamed, start=1)}


def _group(id_: int, name: str | None, short_name: str | None, *, is_home: bool) -> dict[str, object]:
    return {"groupId": id_, "groupName": name, "groupShortName": short_name, "isHomeTeam": is_home}


def _with_word(event: Event, group: Mapping[str, object]) -> dict[str, object]:
    """The flag as a word; absent in a club's own account now and then, where the name says as much."""
    words = _FLAGS[bool(group["isHomeTeam"])]
    name_says_it = event.group.club is None and "tournament_names" not in event.awkward
    word = words[event.id // 2 % (len(words) if name_says_it else len(words) - 1)]
    rest = {key: value for key, value in group.items() if key != "isHomeTeam"}
    return rest if word is None else {**rest, "isHomeTeam": word}
