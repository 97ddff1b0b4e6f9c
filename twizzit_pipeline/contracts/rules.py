"""What a rule of a contract is, how it is written in a pandera model, and how it is read back from one.

What belongs here: the pieces that every entity's model is made of. The models themselves are in the entity's module,
and what happens to rows that break a rule is in `checked`.

A rule is a pandera check with a name and a description. The model is the only place where it is written down, and
`rules_of` reads the list from there, so what is shown and what is checked cannot drift apart.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import pandas as pd
import pandera.pandas as pa

Kind = Literal["reject", "warn", "set_aside"]

# C0 and C1 control characters and lone surrogates: PostgreSQL refuses NUL and surrogates, people cannot see the rest.
UNPRINTABLE = r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a contract.

    Attributes:
        name: stable and snake_case; it is stored with rejected rows and names an asset check.
        column: the column that a broken rule is reported under.
        description: what holds for a row that keeps the rule.
        kind: whether a row that breaks it is rejected, comes and is counted, or is set aside.
        broken: what is wrong with a row that breaks it, for people, as the end of a sentence.
    """

    name: str
    column: str
    description: str
    kind: Kind
    broken: str = ""


def column_rule(
    column: str, name: str, description: str, broken: str = "", *, ask_nulls: bool = False, form: bool = False
) -> Callable[..., Any]:
    """Decorator of a model's method that judges the values of one column; nulls pass unless `ask_nulls`.

    `broken`: see `Rule`; `form`: see `is_form`.
    """
    said = {"broken": broken, **({"form": True} if form else {})}
    return pa.check(column, name=name, description=description, ignore_na=not ask_nulls, statistics=said)


def row_rule(column: str, name: str, description: str, broken: str = "") -> Callable[..., Any]:
    """Decorator of a model's method that judges whole rows, reported under `column`; `broken`: see `Rule`."""
    return pa.dataframe_check(name=name, description=description, statistics={"column": column, "broken": broken})


def present(column: str, name: str, what: str, *, form: bool = False) -> Any:
    """Rule: the text is neither null nor empty. `form`: see `is_form`."""

    def keeps(cls: type, values: "pd.Series[str]") -> "pd.Series[bool]":
        if not values.array.isna().any() and all(values.to_numpy(dtype=object)):
            return _all(len(values))
        return values.notna() & (values != "")

    return column_rule(column, name, f"{what} is there", f"{_low(what)} is missing", ask_nulls=True, form=form)(keeps)


def at_most(length: int, column: str, name: str, what: str) -> Any:
    """Rule: the text has at most `length` characters, counted as PostgreSQL's varchar counts them."""

    def keeps(cls: type, values: "pd.Series[str]") -> "pd.Series[bool]":
        if max(map(len, values.to_numpy(dtype=object)), default=0) <= length:
            return _all(len(values))
        return values.str.len() <= length

    said = f"{_low(what)} is longer than {length} characters"
    return column_rule(column, name, f"{what} has at most {length} characters", said)(keeps)


def printable(column: str, name: str, what: str) -> Any:
    """Rule: the text is free of control characters and of halves of characters."""

    def keeps(cls: type, values: "pd.Series[str]") -> "pd.Series[bool]":
        # All of them are looked through at once: hardly ever is there one.
        if re.search(UNPRINTABLE, "".join(values.to_numpy(dtype=object))) is None:
            return _all(len(values))
        return ~values.str.contains(UNPRINTABLE, regex=True)

    return column_rule(column, name, f"{what} holds no control characters", f"{_low(what)} holds control characters")(
        keeps
    )


def one_of(allowed: Collection[str], column: str, name: str, what: str) -> Any:
    """Rule: the text is one of `allowed`, or null."""

    def keeps(cls: type, values: "pd.Series[str]") -> "pd.Series[bool]":
        return values.isin(list(allowed))

    listed = ", ".join(allowed)
    said = f"{_low(what)} is none of {listed}"
    return column_rule(column, name, f"{what} is one of {listed}, where it is given", said)(keeps)


def listed_once(frame: pd.DataFrame, id_column: str) -> "pd.Series[bool]":
    """Which rows equal none before them, in every column: all of them where no id comes twice."""
    return ~frame.duplicated() if frame[id_column].duplicated().any() else _all(len(frame))


def is_form(check: pa.Check) -> bool:
    """Whether the rule is about the form of the answer: a field that the dialect promises and did not find.

    Where every row breaks such a rule, Twizzit has changed its format. An odd name or a number out of bounds says
    nothing about the form.
    """
    return bool((check.statistics or {}).get("form"))


def column_of(check: pa.Check, column: str | None) -> str:
    """The column a check is about: its own, or the one that `row_rule` was given."""
    return column if column is not None else str((check.statistics or {})["column"])


def rules_of(model: type[pa.DataFrameModel], kind: Kind) -> tuple[Rule, ...]:
    """Every rule of a model, in the order of its columns, those about whole rows last."""
    schema = model.to_schema()
    checks: list[tuple[str | None, Any]] = [(c.name, check) for c in schema.columns.values() for check in c.checks]
    checks += [(None, check) for check in schema.checks]
    return tuple(
        Rule(str(check.name), column_of(check, column), str(check.description), kind, _broken(check))
        for column, check in checks
    )


@lru_cache(16)  # the columns of a frame are of one length
def _all(count: int) -> "pd.Series[bool]":
    """So many rows keep the rule, as nearly always all do; of all at once that is found out in a third of the time."""
    return pd.Series(data=True, index=range(count))


def _broken(check: Any) -> str:
    return str((check.statistics or {}).get("broken", ""))


def _low(what: str) -> str:
    """The subject within a sentence: "the id"."""
    return what[:1].lower() + what[1:]
