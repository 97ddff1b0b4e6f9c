"""What a rule of a contract is, and the rules that say themselves what they ask of a text.

What belongs here: what the rules of all entities have in common. How a rule judges a frame is in `contracts.judging`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

Kind = Literal["reject", "warn", "set_aside"]

# C0 and C1 control characters and lone surrogates: PostgreSQL refuses NUL and surrogates, people cannot see the rest.
UNPRINTABLE = r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]"


@dataclass(frozen=True, slots=True)
class Present:
    """The text is neither null nor empty."""


@dataclass(frozen=True, slots=True)
class AtMost:
    """The text has at most `length` characters, counted as PostgreSQL's varchar counts them."""

    length: int


@dataclass(frozen=True, slots=True)
class Printable:
    """The text is free of control characters and of halves of characters."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """The text is one of `allowed`, or null."""

    allowed: tuple[str, ...]


OfText = Present | AtMost | Printable | OneOf


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a contract.

    Attributes:
        name: stable and snake_case; it is stored with rejected rows and names an asset check.
        column: the column that a broken rule is reported under.
        description: what holds for a row that keeps the rule.
        kind: whether a row that breaks it is rejected, comes and is counted, or is set aside.
        broken: what is wrong with a row that breaks it, for people, as the end of a sentence.
        form: it is about the form of the answer: a field that the dialect promises and did not find. Where every row
            breaks such a rule, Twizzit has changed its format. An odd name or a number out of bounds says nothing
            about the form.
        asks_nulls: it judges nulls of its column too; otherwise they keep it.
        of_row: it judges whole rows, and not the values of its column alone.
        of_text: what it asks of a text; None where a method of the model judges.
    """

    name: str
    column: str
    description: str
    kind: Kind = "reject"
    broken: str = ""
    form: bool = False
    asks_nulls: bool = False
    of_row: bool = False
    of_text: OfText | None = None


def present(column: str, name: str, what: str, *, form: bool = False, kind: Kind = "reject") -> Rule:
    """Rule: the text is there. `what`: its subject, as a sentence begins; `form`: see `Rule`."""
    said = f"{_low(what)} is missing"
    return Rule(name, column, f"{what} is there", kind, said, form=form, asks_nulls=True, of_text=Present())


def at_most(length: int, column: str, name: str, what: str) -> Rule:
    """Rule: the text has at most `length` characters."""
    said = f"{_low(what)} is longer than {length} characters"
    return Rule(name, column, f"{what} has at most {length} characters", broken=said, of_text=AtMost(length))


def printable(column: str, name: str, what: str) -> Rule:
    """Rule: the text holds nothing that cannot be stored, or not be seen."""
    said = f"{_low(what)} holds control characters"
    return Rule(name, column, f"{what} holds no control characters", broken=said, of_text=Printable())


def one_of(allowed: Collection[str], column: str, name: str, what: str) -> Rule:
    """Rule: the text is one of `allowed`, or null."""
    listed = ", ".join(allowed)
    said = f"{_low(what)} is none of {listed}"
    described = f"{what} is one of {listed}, where it is given"
    return Rule(name, column, described, broken=said, of_text=OneOf(tuple(allowed)))


def _low(what: str) -> str:
    """The subject within a sentence: "the id"."""
    return what[:1].lower() + what[1:]
