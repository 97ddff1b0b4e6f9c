"""The split of a frame into rows that keep their contract and rows that do not.

What belongs here: how a pandera model is run and what its findings mean. Which rules there are is said in the entity's
module. Nothing here, neither a message nor a rejected row, holds anything of a row but its remote id.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.engines.pandas_engine import Engine

from twizzit_pipeline.contracts.rules import UNPRINTABLE, column_of
from twizzit_pipeline.errors import FormatChanged

# A few bad rows are a club's bad rows; this many, in more than half of the frame, are another format.
_FEWEST_THAT_STOP = 5
# What `twizzit_rejected_rows.twizzit_id` can hold: an id that is longer, or holds what cannot be stored, is rejected
# and named by what is left of it.
_ID_LENGTH = 100

_Values = pd.Series | pd.DataFrame

_WHAT_TO_DO = "nothing was written; compare what Twizzit shows with what it showed before, and report it"


@dataclass(frozen=True, slots=True)
class Checked:
    """A frame after its contract.

    Attributes:
        valid: the rows that keep every rule, with the frame's columns and dtypes, in its order, index from 0.
        rejected: `twizzit_id`, `column_name`, `rule` (all str): one row for each rule that a remote id broke, however
            many rows of that id broke it.
        warnings: `twizzit_id`, `rule` (both str): what is worth counting about valid rows, once for each id.
    """

    valid: pd.DataFrame
    rejected: pd.DataFrame
    warnings: pd.DataFrame


@dataclass(frozen=True, slots=True)
class _Finding:
    """Rows (index labels) that break one rule."""

    column: str
    rule: str
    rows: pd.Index


def split(
    model: type[pa.DataFrameModel],
    frame: pd.DataFrame,
    id_column: str,
    *,
    hints: type[pa.DataFrameModel] | None = None,
) -> Checked:
    """Rows that keep `model`'s rules apart from those that break one; rows that break one of `hints` are only counted.

    Rows that are equal in every column count as one. An empty frame with the right columns passes.

    Args:
        model: its checks each judge rows; what it says of columns, dtypes and nulls is a rule about the whole frame.
        frame: what `transform` made; it is not changed.
        id_column: the column whose text names a row in `Checked.rejected` and `Checked.warnings`.
        hints: a model with the same columns or fewer.

    Raises:
        FormatChanged: a column is missing or of another dtype, an id is absent, or more than half of the rows and at
            least 5 are rejected.
    """
    frame = frame.reset_index(drop=True)
    _stop_if_strange(model, frame)
    distinct = frame.drop_duplicates()
    broken = _findings(model, distinct)
    rejected_rows = _union(broken)
    _stop_if_most_are_rejected(model, broken, rejected=len(rejected_rows), rows=len(distinct))
    warned = [] if hints is None else _findings(hints, frame)
    return Checked(
        valid=distinct.drop(index=rejected_rows).reset_index(drop=True),
        rejected=_report(broken, frame[id_column], ["twizzit_id", "column_name", "rule"]),
        warnings=_report(warned, frame[id_column].drop(index=rejected_rows), ["twizzit_id", "rule"]),
    )


def _stop_if_strange(model: type[pa.DataFrameModel], frame: pd.DataFrame) -> None:
    """FormatChanged if a column is missing or of another dtype, or an id is absent.

    The columns are asked one by one: pandera's `validate` would print the values of each that is as it should be.
    """
    schema = model.to_schema()
    told = [_strangeness(str(name), column, frame) for name, column in schema.columns.items()]
    strange = [what for what in told if what is not None]
    if not strange:
        ids = [str(name) for name, column in schema.columns.items() if not column.nullable]
        empty = {name: int((frame[name] == "").sum()) for name in ids}
        strange = [f"{name} is empty in {count} rows" for name, count in empty.items() if count]
    if strange:
        raise FormatChanged(f"The format of Twizzit's {schema.name} has changed: {'; '.join(strange)}: {_WHAT_TO_DO}")


def _strangeness(name: str, column: pa.Column, frame: pd.DataFrame) -> str | None:
    """What is wrong with a column of the frame, without a word of its rows."""
    if name not in frame:
        return f"the column {name} is missing"
    if not column.nullable and frame[name].hasnans:
        return f"{name} is absent in {int(frame[name].isna().sum())} rows"
    if not np.all(np.asarray(column.dtype.check(Engine.dtype(frame[name].dtype), frame[name]))):
        return f"{name} holds something else than {column.dtype}"
    return None


def _findings(model: type[pa.DataFrameModel], frame: pd.DataFrame) -> list[_Finding]:
    """The rows of a frame, whose form is right, that break each rule of `model`.

    Its checks are asked one by one: pandera's `validate` would describe every value that fails, and to say which rows
    they are in would take it four times as long.
    """
    schema = model.to_schema()
    found, unasked = [], []
    for check, column, values in _asked(schema, frame):
        try:
            rows = _broken(check, values)
        except Exception:  # whatever a rule stumbles over, it has judged no row, so none may pass for having kept it
            unasked.append(str(check.name))
        else:
            if not rows.empty:
                found.append(_Finding(column_of(check, column), str(check.name), rows))
    if unasked:
        raise FormatChanged(f"Rules of Twizzit's {schema.name} could not be asked: {', '.join(unasked)}")
    return found


def _asked(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> Iterator[tuple[pa.Check, str | None, _Values]]:
    """Each rule with its column, if it has one, and what it judges: nulls only where it asks about them."""
    for name, column in schema.columns.items():
        values = frame[str(name)]
        present = values.dropna() if values.hasnans else values
        for check in column.checks:
            yield check, str(name), present if check.ignore_na else values
    for check in schema.checks:
        yield check, None, frame


def _broken(check: pa.Check, values: _Values) -> pd.Index:
    """The labels of the rows that a check says no to.

    Calling the check itself would go on to gather the values that fail, which nobody here may see anyway.
    """
    backend: Any = check.get_backend(values)(check)
    said = backend.apply(values)
    if not isinstance(said, pd.Series):
        raise TypeError("a rule judges rows")
    return said.index[~said.to_numpy(dtype=bool)]


def _union(findings: list[_Finding]) -> pd.Index:
    rows: set[object] = set()
    for finding in findings:
        rows.update(finding.rows)
    return pd.Index(sorted(rows), dtype="int64")  # type: ignore[type-var]


def _stop_if_most_are_rejected(
    model: type[pa.DataFrameModel], findings: list[_Finding], *, rejected: int, rows: int
) -> None:
    if rejected < _FEWEST_THAT_STOP or rejected * 2 <= rows:
        return
    counts = Counter({finding.rule: len(finding.rows) for finding in findings})
    rules = ", ".join(f"{rule} {count}" for rule, count in counts.most_common())
    raise FormatChanged(
        f"The format of Twizzit's {model.to_schema().name} has changed: {rejected} of {rows} rows break a rule "
        f"({rules}): {_WHAT_TO_DO}"
    )


def _report(findings: list[_Finding], ids: "pd.Series[str]", columns: list[str]) -> pd.DataFrame:
    """One row for each id and rule; rows whose id is not in `ids` are left out."""
    if not findings:
        return pd.DataFrame(columns=columns, dtype="str")
    rows = [
        (re.sub(UNPRINTABLE, "", name)[:_ID_LENGTH], finding.column, finding.rule)
        for finding in findings
        for name in ids.reindex(finding.rows).dropna()
    ]
    everything = pd.DataFrame(rows, columns=["twizzit_id", "column_name", "rule"], dtype="str")
    return everything[columns].drop_duplicates(ignore_index=True)
