"""The contact functions of an account of v2: what the id in a membership says of its bearer.

What belongs here: the list and its lookup. What a function's name means is decided in `words.functions`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from twizzit_pipeline.twizzit.v2.lists import Scope
from twizzit_pipeline.twizzit.v2.own_rows import LONGEST_NAME, own_id, own_names
from twizzit_pipeline.twizzit.wire import is_list, items, plain_keys, reference, text, texts
from twizzit_pipeline.words.functions import FunctionSays, deciding_name, function_meaning
from twizzit_pipeline.words.meanings import Meanings

_PATH = "/contact-functions"
_KEYS = ("contactfunctionid", "contactfunction", "contactfunctions", "contactfunctionids", "function", "functionid")
_LONGEST_WORD = 60
# Of several functions in one row: as of several rows, see `rosters`.
_ORDER: tuple[FunctionSays, ...] = ("player", "member", "unknown", "other")


@dataclass(frozen=True, slots=True)
class Function:
    """A function as a membership names it: its id, and its names where they stand beside it."""

    id: str | None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What a membership's function says, and the word that said so: a name of the function, else its id."""

    says: FunctionSays
    word: str | None = None


class Functions:
    """The functions of one organization; they are asked for once, when the first is looked up."""

    def __init__(self, scope: Scope, meanings: Meanings) -> None:
        self._scope = scope
        self._meanings = meanings
        self._listed: dict[str, tuple[list[str], list[str]]] | None = None

    def judge(self, functions: Sequence[Function]) -> Judged:
        """What these functions of one membership say; without any, nothing more than that it is a member's."""
        judged = [self._judge_one(function) for function in functions]
        return min(judged, key=lambda one: _ORDER.index(one.says), default=Judged("member"))

    def check(self) -> None:
        """Ask for the functions, for a look around. None need be a player's: plain members play as well."""
        self._list()

    def _judge_one(self, function: Function) -> Judged:
        """By its names in the list, also where it is not active any more (who has it kept it), else by those that
        stand beside its id.
        """
        names, types = self._list().get(function.id or "", (list(function.names), []))
        says = function_meaning(self._meanings.functions, function.id, names, types)
        return Judged(says, shown(deciding_name(names, says) or function.id))

    def _list(self) -> dict[str, tuple[list[str], list[str]]]:
        if self._listed is None:
            rows = [plain_keys(row) for row in self._scope.few(_PATH)]
            self._listed = {
                found: (own_names(texts(row.get("name"))), own_names(texts(row.get("type"))))
                for row in rows
                if (found := own_id(row.get("id")))
            }
        return self._listed


def functions_of(row: dict[str, object]) -> tuple[Function, ...]:
    """The functions that a membership with plain keys names: an id, an object, a name, or a list of these."""
    value = next((row[key] for key in _KEYS if row.get(key) is not None), None)
    beside = text(row.get("contactfunctionname"))
    found = [_function(one, beside) for one in (items(value) if is_list(value) else [value])]
    return tuple(one for one in found if one.id is not None or one.names)


def shown(word: str | None) -> str | None:
    """A word for people to read: without what cannot be seen, and not too long."""
    printable = "".join(letter if letter.isprintable() else " " for letter in word or "")
    return " ".join(printable.split())[:_LONGEST_WORD].strip() or None


def _function(value: object, beside: str | None) -> Function:
    id_ = reference(value)
    names = texts(value) if not isinstance(value, str) or not value.strip().isdigit() else []
    # No list has cut these, and "lid van lid van …" is read one "of" within the other.
    cut = (name[:LONGEST_NAME] for name in [*names, *([beside] if beside else [])])
    return Function(id_, tuple(name for name in cut if name.strip()))
