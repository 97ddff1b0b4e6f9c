"""Reading the JSON of an answer, within bounds.

What belongs here: what JSON itself leaves open and a server may play with: the number of values, and numbers that are
none.
"""

import json
import math

# A page of 250 rows has some 20,000 values, a whole federation's list in one answer some 500,000. Python keeps up to 70
# bytes for a value of two, so that a limit to bytes alone would not do.
MOST_VALUES = 3_000_000


class TooManyValues(ValueError):
    """A body has more than `MOST_VALUES` values."""


def read_json(body: bytes) -> object:
    """The JSON value of a body. ``NaN``, ``Infinity`` and numbers beyond a float's range are null: they are no JSON.

    Raises:
        TooManyValues: before anything is read.
        ValueError, RecursionError: the body is no JSON, or nested too deeply.
    """
    if sum(body.count(mark) for mark in (b",", b"[", b"{")) > MOST_VALUES:
        raise TooManyValues
    return json.loads(body, parse_constant=lambda _name: None, parse_float=_finite)


def _finite(written: str) -> float | None:
    number = float(written)
    return number if math.isfinite(number) else None
