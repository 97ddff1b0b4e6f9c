"""The split of a frame into rows that keep their contract, rows that break it and rows that are set aside.

What belongs here: how a pandera model is run and what its findings mean. Which rules there are is said in the entity's
module. Nothing here, neither a message nor a rejected row, holds anything of a row but its remote id.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.engines.pandas_engine import Engine

from twizzit_pipeline.contracts.counts import RowCounts
from twizzit_pipeline.contracts.judging import listed_once, rule_of
from twizzit_pipeline.contracts.rules.rule import UNPRINTABLE, Rule
from twizzit_pipeline.errors import FormatChanged

# A few rows without a field are a club's rows; all of this many or more are another format.
_FEWEST_THAT_STOP = 5
# What rows that are equal in every column are counted under, but for the first of them.
LISTED_TWICE = "listed_twice"
# What `twizzit_rejected_rows.twizzit_id` can hold: an id that is longer, or holds what cannot be stored, is rejected
# and named by what is left of it.
_ID_LENGTH = 100

_Values = pd.Series | pd.DataFrame

_OBJECTS = np.dtype(object)

_WHAT_TO_DO = "nothing was written; compare what Twizzit shows with what it showed before, and report it"


class Found(NamedTuple):
    """What was found of a row.

    Attributes:
        twizzit_id: its remote id, as far as that can be stored; None where it has none.
        column_name: the column that the rule is about; empty where it is about none.
        rule: name of the rule, or `LISTED_TWICE`.
    """

    twizzit_id: str | None
    column_name: str
    rule: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A frame after its contract.

    Attributes:
        valid: the rows that keep every rule, with the frame's columns and dtypes, in its order, index from 0.
        rejected: one for each rule that a remote id broke, however many rows of that id broke it; of rows without an
            id, one for each row.
        warnings: what is worth counting about valid rows, once for each id.
        set_aside: one for each row that is not meant to come.
        rows: how many rows came in, and what became of them.
    """

    valid: pd.DataFrame
    rejected: tuple[Found, ...]
    warnings: tuple[Found, ...]
    set_aside: tuple[Found, ...]
    rows: RowCounts

    @property
    def rejected_ids(self) -> set[str]:
        """The remote ids of rows that broke a rule, as far as they have one."""
        return {one.twizzit_id for one in self.rejected if one.twizzit_id is not None}

    def warned(self, rule: str) -> frozenset[str]:
        """The remote ids of valid rows of which a hint was counted."""
        return frozenset(one.twizzit_id for one in self.warnings if one.rule == rule and one.twizzit_id is not None)

    def with_rejected(self, rule: Rule, ids: Sequence[str | None]) -> "Checked":
        """The same with rows that a dialect could not read, by the remote ids that it has of them."""
        broken = [Found(remote_id, rule.column, rule.name) for remote_id in ids]
        return replace(self, rejected=(*self.rejected, *_once(broken)), rows=self.rows.with_rejected(len(ids)))


@dataclass(frozen=True, slots=True)
class _Finding:
    """Rows that break one rule. `form`: whether it is about the form of the answer."""

    column: str
    rule: str
    rows: list[int]
    form: bool


def split(
    model: type[pa.DataFrameModel],
    frame: pd.DataFrame,
    id_column: str,
    *,
    hints: type[pa.DataFrameModel] | None = None,
    asides: type[pa.DataFrameModel] | None = None,
) -> Checked:
    """Rows that keep `model`'s rules apart from those that break one, and from those that are not meant to come.

    Rows that break a rule of `asides` are set aside, whatever else is wrong with them; rows that break one of `hints`
    are only counted. Rows that are equal in every column count as one, and the others as `LISTED_TWICE`. An empty frame
    with the right columns passes.

    Args:
        model: its checks each judge rows; what it says of columns and dtypes is a rule about the whole frame.
        frame: what `transform` made; it is not changed.
        id_column: the column whose text names a row in the reports.
        hints, asides: models with the same columns or fewer.

    Raises:
        FormatChanged: a column is missing or of another dtype, or all of at least 5 rows break a rule about the form
            (see `Rule`).
    """
    frame = frame.reset_index(drop=True)
    _stop_if_strange(model, frame)
    ids = frame[id_column].tolist()
    repeated = _broken_by(listed_once(frame, id_column))
    distinct = _without(frame, repeated)
    aside = [] if asides is None else _findings(asides, distinct)
    wanted = _without(distinct, _union(aside))
    broken = _findings(model, wanted)
    _stop_if_no_row_has_the_form(model, broken, len(wanted))
    rejected_rows = _union(broken)
    valid = _without(wanted, rejected_rows)
    warned = [] if hints is None else _findings(hints, _without(frame, _union(aside)))
    set_aside = _set_aside(aside, repeated, ids)
    return Checked(
        valid=valid if valid is frame else valid.reset_index(drop=True),
        rejected=_found(broken, ids),
        warnings=_found(warned, ids, rejected_rows),
        set_aside=set_aside,
        rows=RowCounts(len(frame), len(valid), len(rejected_rows), len(set_aside)),
    )


def _without(frame: pd.DataFrame, rows: Collection[int]) -> pd.DataFrame:
    """The frame without these rows; most often there are none, and it is not copied."""
    return frame[~frame.index.isin([*rows])] if rows else frame  # a third of what `drop` takes


def _set_aside(aside: list["_Finding"], repeated: list[int], ids: list[object]) -> tuple[Found, ...]:
    """One for each row that is set aside, by the first rule that says so; then those that came before."""
    reason = {row: finding for finding in reversed(aside) for row in finding.rows}
    by_rule = [Found(_shown(ids[row]), reason[row].column, reason[row].rule) for row in sorted(reason)]
    return (*by_rule, *(Found(_shown(ids[row]), "", LISTED_TWICE) for row in repeated))


def _stop_if_strange(model: type[pa.DataFrameModel], frame: pd.DataFrame) -> None:
    """FormatChanged if a column is missing or of another dtype.

    The columns are asked one by one: pandera's `validate` would print the values of each that is as it should be.
    """
    schema, dtypes = model.to_schema(), dict(zip(frame.columns, frame.dtypes, strict=True))
    found = [_strangeness(name, column, frame, dtypes.get(name)) for name, column in schema.columns.items()]
    strange = [what for what in found if what is not None]
    if strange:
        raise FormatChanged(f"The format of Twizzit's {schema.name} has changed: {'; '.join(strange)}: {_WHAT_TO_DO}")


def _strangeness(name: str, column: pa.Column, frame: pd.DataFrame, dtype: Any) -> str | None:
    """What is wrong with a column of the frame, without a word of its rows; `dtype`: None where there is no column."""
    if dtype is None:
        return f"the column {name} is missing"
    # Of objects it is each value that says whether they are texts; of anything else it is the dtype.
    if not (_is_of(column.dtype, frame[name]) if dtype == _OBJECTS else _has_dtype(column.dtype, dtype)):
        return f"{name} holds something else than {column.dtype}"
    return None


def _is_of(wanted: Any, values: pd.Series) -> bool:
    return bool(np.all(np.asarray(wanted.check(Engine.dtype(values.dtype), values))))


@cache
def _has_dtype(wanted: Any, dtype: Any) -> bool:
    return bool(wanted.check(Engine.dtype(dtype)))


def _findings(model: type[pa.DataFrameModel], frame: pd.DataFrame) -> list[_Finding]:
    """The rows of a frame, whose form is right, that break each rule of `model`.

    Its checks are asked one by one: pandera's `validate` would describe every value that fails, and to say which rows
    they are in would take it four times as long.
    """
    schema = model.to_schema()
    found, unasked = [], []
    for check, values in _asked(schema, frame):
        try:
            rows = _broken(check, values)
        except Exception:  # whatever a rule stumbles over, it has judged no row, so none may pass for having kept it
            unasked.append(str(check.name))
        else:
            if rows:
                rule = rule_of(check)
                found.append(_Finding(rule.column, rule.name, rows, rule.form))
    if unasked:
        raise FormatChanged(f"Rules of Twizzit's {schema.name} could not be evaluated: {', '.join(unasked)}")
    return found


def _asked(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> Iterator[tuple[pa.Check, _Values]]:
    """Each check of a rule and what it judges: nulls only where it asks about them, and a column
    without a value not at all.
    """
    for name, column in schema.columns.items():
        if not column.checks:
            continue
        values = frame[str(name)]
        null = values.array.isna()
        present = values[~null] if null.any() else values
        for check in column.checks:
            judged = present if check.ignore_na else values
            if len(judged):
                yield check, judged
    for check in schema.checks:
        yield check, frame


def _broken(check: pa.Check, values: _Values) -> list[int]:
    """The labels of the rows that a check says no to.

    Calling the check itself would go on to gather the values that fail, which must not be shown anyway.
    """
    backend: Any = check.get_backend(values)(check)
    return _broken_by(backend.apply(values))


def _broken_by(said: object) -> list[int]:
    """The labels of the rows of which a rule said no."""
    if not isinstance(said, pd.Series):
        raise TypeError("a rule judges rows")
    kept = said.to_numpy(dtype=bool)
    return [] if kept.all() else said.index[~kept].tolist()


def _union(findings: list[_Finding]) -> set[int]:
    return {row for finding in findings for row in finding.rows}


def _stop_if_no_row_has_the_form(model: type[pa.DataFrameModel], findings: list[_Finding], rows: int) -> None:
    """FormatChanged where every row lacks what the dialect promises: then not one of them can be read.

    A single row that can be read comes, however many others are odd: bad rows never keep good ones out.
    """
    formless = [finding for finding in findings if finding.form]
    if rows < _FEWEST_THAT_STOP or len(_union(formless)) < rows:
        return
    counts = Counter({finding.rule: len(finding.rows) for finding in formless})
    rules = ", ".join(f"{rule} {count}" for rule, count in counts.most_common())
    raise FormatChanged(
        f"The format of Twizzit's {model.to_schema().name} has changed: all of {rows} rows break a rule about the form "
        f"({rules}): {_WHAT_TO_DO}"
    )


def _found(findings: list[_Finding], ids: list[object], without: Collection[int] = ()) -> tuple[Found, ...]:
    """Those of `without` are left out."""
    return _once(
        Found(_shown(ids[row]), finding.column, finding.rule)
        for finding in findings
        for row in finding.rows
        if row not in without
    )


def _once(found: Iterable[Found]) -> tuple[Found, ...]:
    """One for each id and rule, and one for each row without an id: those are kept apart by their place."""
    return (*{(one, place if one.twizzit_id is None else None): one for place, one in enumerate(found)}.values(),)


def _shown(remote_id: object) -> str | None:
    """What can be stored of a remote id; None for none."""
    return (re.sub(UNPRINTABLE, "", remote_id)[:_ID_LENGTH] or None) if isinstance(remote_id, str) else None
