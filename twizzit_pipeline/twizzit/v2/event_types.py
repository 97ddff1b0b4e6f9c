"""Which types of events of an account are matches.

What belongs here: ``/event-types``, and what the configuration says of them. What a name means is `words.event_types`'.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from twizzit_pipeline.errors import AccessDenied, MatchTypeNotFound, NotATwizzit
from twizzit_pipeline.twizzit.v2.lists import Scope
from twizzit_pipeline.twizzit.v2.own_rows import own_id, own_names
from twizzit_pipeline.twizzit.wire import Row, plain_keys, texts
from twizzit_pipeline.words.event_types import event_type_of
from twizzit_pipeline.words.meanings import EventTypeMeaning, Meanings, said

_PATH = "/event-types"
_NAMES_SHOWN = 12
_NAME_LENGTH = 60
_INACTIVE = (0, "0", "false", "no")


@dataclass(frozen=True, slots=True)
class EventTypes:
    """The types of an account's events.

    Attributes:
        matches: ids of the types that are matches.
        other: the id of a type that is none; where the account lists no other, an id that no type has.
        read, not_read: names of the types, cleaned, of those that are matches and of the others.
    """

    matches: tuple[str, ...]
    other: str
    read: tuple[str, ...] = ()
    not_read: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Type:
    id: str
    names: tuple[str, ...]
    active: bool

    @property
    def shown(self) -> str:
        """The name for people: cleaned, Dutch where there are several languages."""
        return next((cleaned for name in self.names[1:] + self.names[:1] if (cleaned := _cleaned(name))), self.id)


def read_event_types(scope: Scope, meanings: Meanings) -> EventTypes:
    """The account's types of events, by one call.

    What the configuration says of a type, by its id or a name, decides before its names. A type that it names by its id
    is asked for even where it is not listed.

    Raises:
        MatchTypeNotFound: no type is a match.
    """
    by_id = [word for word, meaning in meanings.event_types.items() if meaning == "match" and word.isdecimal()]
    types = _listed(scope, may_be_refused=bool(by_id))
    ids = [*dict.fromkeys([*by_id, *(one.id for one in types if _is_match(one, meanings))])]
    if not ids:
        raise MatchTypeNotFound(_message(types))
    others = [one for one in types if one.id not in ids]
    read = dict.fromkeys(one.shown for one in types if one.id in ids)
    not_read = dict.fromkeys(one.shown for one in others if one.active)
    return EventTypes(tuple(ids), _other([one.id for one in others], ids), tuple(read), tuple(not_read))


def _listed(scope: Scope, *, may_be_refused: bool) -> list[_Type]:
    try:
        rows = [plain_keys(row) for row in scope.few(_PATH)]
    except (AccessDenied, NotATwizzit) as error:
        if not may_be_refused or error.endpoint != _PATH or error.status not in (400, 403, 404):
            raise
        return []  # the configuration names the type by its id: that is enough
    return [
        _Type(id_, tuple(own_names(texts(row.get("name")))), _active(row))
        for row in rows
        if (id_ := own_id(row.get("id")))
    ]


def _active(row: Row) -> bool:
    value = row.get("active")
    plain = value.strip().casefold() if isinstance(value, str) else value
    return plain not in _INACTIVE  # by comparing: it may be a list


def _is_match(one: _Type, meanings: Meanings) -> bool:
    meaning: EventTypeMeaning | None = said(meanings.event_types, one.id, one.names)
    if meaning is not None:
        return meaning == "match"
    return one.active and event_type_of(one.names) == "match"


def _other(others: Sequence[str], matches: Sequence[str]) -> str:
    """Another type to prove the filter by. Any number that no type has proves as much: nothing may come of it."""
    if others:
        return others[0]
    return str(max((int(id_) for id_ in matches if id_.isdecimal()), default=0) + 1)


def _message(types: Sequence[_Type]) -> str:
    named = list(dict.fromkeys(one.shown for one in types if one.active))[:_NAMES_SHOWN]
    if not named:
        return (
            "The account lists no event types, so nothing says which events are matches: ask Twizzit for the right to "
            "read them, say the id of the type that is one, with twizzit config set ID --event-type NUMBER=match, or "
            "leave competitions and matches out, with twizzit config set ID --no-competitions"
        )
    listed = f"it has {', '.join(named)}"
    return (
        f"None of the account's event types is called a match ({listed}): say which is one, with twizzit config set ID "
        '--event-type "NAME=match"'
    )


def _cleaned(name: str) -> str:
    return " ".join("".join(letter for letter in name if letter.isprintable() or letter.isspace()).split())[
        :_NAME_LENGTH
    ]
