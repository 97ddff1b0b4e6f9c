"""How a rule of a contract is asked in a pandera model, and read back from one.

What belongs here: the pieces that every entity's model is made of. The models themselves are in the entity's module,
the rules in `contracts.rules`, and what happens to rows that break one is in `checked`.

A rule is a pandera check, with the rule's name and description, that carries the rule.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, assert_never

import pandas as pd
import pandera.pandas as pa

from twizzit_pipeline.contracts.rules.rule import UNPRINTABLE, AtMost, OfText, OneOf, Present, Printable, Rule

_RULE = "rule"
_Keeps = Callable[[type, "pd.Series[str]"], "pd.Series[bool]"]


def by_name(rules: Iterable[Rule]) -> Mapping[str, Rule]:
    """The rules of an entity, for its models."""
    return {rule.name: rule for rule in rules}


def judges(rule: Rule) -> Callable[..., Any]:
    """Decorator of a model's method that judges the rule's column, or whole rows; nulls as the rule says."""
    said = {_RULE: rule}
    if rule.of_row:
        return pa.dataframe_check(name=rule.name, description=rule.description, statistics=said)
    return pa.check(
        rule.column, name=rule.name, description=rule.description, ignore_na=not rule.asks_nulls, statistics=said
    )


def asks(rule: Rule) -> Any:
    """The check of a model for a rule that says itself what it asks of a text."""
    assert rule.of_text is not None, f"{rule.name}: a method judges it"
    return judges(rule)(_judge_of(rule.of_text))


def listed_once(frame: pd.DataFrame, id_column: str) -> "pd.Series[bool]":
    """Which rows equal none before them, in every column: all of them where no id comes twice."""
    return ~frame.duplicated() if frame[id_column].duplicated().any() else _all(len(frame))


def rule_of(check: pa.Check) -> Rule:
    """The rule that a check of a model asks."""
    rule: Rule = (check.statistics or {})[_RULE]
    return rule


def rules_of(model: type[pa.DataFrameModel]) -> tuple[Rule, ...]:
    """Every rule of a model, in the order of its columns, those about whole rows last."""
    schema = model.to_schema()
    checks: list[Any] = [check for column in schema.columns.values() for check in column.checks]
    return tuple(rule_of(check) for check in (*checks, *schema.checks))


def _judge_of(asked: OfText) -> _Keeps:
    match asked:
        case Present():
            return _present
        case AtMost(length):
            return _at_most(length)
        case Printable():
            return _printable
        case OneOf(allowed):
            return _one_of(allowed)
        case _:
            assert_never(asked)


def _present(cls: type, values: "pd.Series[str]") -> "pd.Series[bool]":
    if not values.array.isna().any() and all(values.to_numpy(dtype=object)):
        return _all(len(values))
    return values.notna() & (values != "")


def _at_most(length: int) -> _Keeps:
    def keeps(cls: type, values: "pd.Series[str]") -> "pd.Series[bool]":
        if max(map(len, values.to_numpy(dtype=object)), default=0) <= length:
            return _all(len(values))
        return values.str.len() <= length

    return keeps


def _printable(cls: type, values: "pd.Series[str]") -> "pd.Series[bool]":
    # All of them are looked through at once: hardly ever is there one.
    if re.search(UNPRINTABLE, "".join(values.to_numpy(dtype=object))) is None:
        return _all(len(values))
    return ~values.str.contains(UNPRINTABLE, regex=True)


def _one_of(allowed: tuple[str, ...]) -> _Keeps:
    def keeps(cls: type, values: "pd.Series[str]") -> "pd.Series[bool]":
        return values.isin(list(allowed))

    return keeps


@lru_cache(16)  # the columns of a frame are of one length
def _all(count: int) -> "pd.Series[bool]":
    """So many rows keep the rule, as nearly always all do; of all at once that is found out in a third of the time."""
    return pd.Series(data=True, index=range(count))
