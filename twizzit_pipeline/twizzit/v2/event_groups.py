"""The groups of an event: which of them are the account's own teams, and on which side they stand.

What belongs here: reading ``event-groups`` in all its shapes. Which side is which, where the groups do not say, is
said by the event's name (`event_names`).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from twizzit_pipeline.twizzit.wire import Row, identifier, is_list, items, plain_keys, text
from twizzit_pipeline.words.letters import visible

_YES = {"1", "true", "yes", "y", "ja", "oui", "home", "thuis"}
_NO = {"0", "false", "no", "n", "nee", "neen", "non", "away", "uit"}

Ids = Mapping[str, str]
"""Every id that one of a season's groups is known by → the id of its team."""


@dataclass(frozen=True, slots=True)
class EventGroup:
    """One entry of ``event-groups``. `is_home` is None where it does not say."""

    id: str | None
    name: str
    short_name: str
    is_home: bool | None


@dataclass(frozen=True, slots=True)
class EventGroups:
    """The groups of one event in their order. `own`: those of the account's teams; `order`: whether one of them, or
    none, is listed first.
    """

    own: tuple[EventGroup, ...] = ()
    others: tuple[EventGroup, ...] = ()
    own_first: bool = True


def event_groups(row: Row) -> tuple[EventGroup, ...]:
    """The groups that an event's row lists, each once: as a list, an object with digit keys, or one with ``home`` and
    ``away``; of objects, or of ids alone.
    """
    value = row.get("eventgroups")
    listed = items(value) if is_list(value) else [value]
    if isinstance(value, Mapping) and {"home", "away"} & value.keys():
        listed = [_on_side(value[side], side) for side in ("home", "away") if side in value]
    listed_groups = (one if isinstance(one, Mapping) else {"groupid": one} for one in listed if identifier(one) or one)
    groups = [_group(plain_keys(one)) for one in listed_groups]
    by_id: dict[str, EventGroup] = {}
    for place, group in enumerate(groups):
        known = group.id or f"nameless {place}"
        by_id[known] = group if known not in by_id else _both(by_id[known], group)
    return tuple(by_id.values())


def split_groups(groups: Iterable[EventGroup], ids: Ids | None) -> EventGroups:
    """Own teams apart from opponents; `ids` is None where the account's groups are not known: all are its own then."""
    listed = [(group, group.id if ids is None or group.id is None else ids.get(group.id)) for group in groups]
    own = tuple(group if team == group.id else replace(group, id=team) for group, team in listed if team is not None)
    others = tuple(group for group, team in listed if team is None)
    return EventGroups(own, others, own_first=not listed or listed[0][1] is not None)


def own_ids(
    events: Iterable[tuple[EventGroup, ...]],
    scanned: Collection[str] | None,
    ask: Callable[[], Collection[Collection[str]] | None],
) -> Ids | None:
    """Which ids are the account's own, for all events of a season; None where it is not known and not needed.

    Args:
        scanned: the ids of the season's teams as they were scanned; None where none were.
        ask: the season's groups, each as all of its ids; None where they cannot be read. Called once at most, and only
            where an event lists a group that is not among those scanned, or two groups where none were scanned.
    """
    known = {id_: id_ for id_ in scanned or ()}
    listed = list(events)
    ids = {group.id for groups in listed for group in groups if group.id is not None}
    if ids <= known.keys():
        return known
    if not known and all(len({group.id for group in groups}) < 2 for groups in listed):
        return None
    found = ask()
    if found is None:
        return known or None
    for group in found:
        team = next((id_ for id_ in group if id_ in known), next(iter(group), None))
        if team is not None:
            known.update(dict.fromkeys(group, team))
    return known


def _group(row: Row) -> EventGroup:
    inner = row.get("group")
    nested = plain_keys(inner) if isinstance(inner, Mapping) else {}
    return EventGroup(
        id=next(
            (
                id_
                for value in (row.get("groupid"), nested.get("id"), inner, row.get("id"))
                if (id_ := identifier(value))
            ),
            None,
        ),
        name=_first_text(row.get("groupname"), nested.get("name"), row.get("name")),
        short_name=_first_text(row.get("groupshortname"), nested.get("shortname"), row.get("shortname")),
        is_home=_flag(row.get("ishometeam", row.get("ishome", row.get("home", row.get("side"))))),
    )


def _on_side(value: object, side: str) -> Row:
    """One group of ``{"home": …, "away": …}``."""
    return {**(plain_keys(value) if isinstance(value, Mapping) else {"groupid": value}), "ishome": side}


def _both(one: EventGroup, other: EventGroup) -> EventGroup:
    """A group that an event lists twice; with two flags that contradict one another nothing is known of its side."""
    flags = {one.is_home, other.is_home} - {None}
    return replace(one, is_home=flags.pop() if len(flags) == 1 else None)


def _first_text(*values: object) -> str:
    return next((visible(found) for value in values if (found := text(value))), "")


def _flag(value: object) -> bool | None:
    """Yes or no as a boolean, a number or a word; None for anything else, absent included."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().casefold() if isinstance(value, str | int) else ""
    return True if word in _YES else False if word in _NO else None
