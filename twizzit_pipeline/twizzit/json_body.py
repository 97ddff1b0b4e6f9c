"""Reading the JSON of an answer, within bounds.

What belongs here: what JSON itself leaves open and a server may play with: the number of values, numbers that are none,
and characters that can be neither stored nor sent.
"""

import json
import math
import re

# A page of 250 rows has some 20,000 values, a whole federation's list in one answer some 500,000. Python keeps up to 70
# bytes for a value of two, so that a limit to bytes alone would not do.
MOST_VALUES = 3_000_000

# PostgreSQL stores no NUL and no half of a surrogate pair, and no URL has one; JSON can write both. The replacement can
# be stored and sent, and is as invisible: cleaning a text drops it, and an id of an account's own rows may not have it.
_INVISIBLE = "\x7f"
_UNUSABLE = re.compile("[\\0\ud800-\udfff]")
_WRITTEN_AS_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


class TooManyValues(ValueError):
    """A body has more than `MOST_VALUES` values."""


def read_json(body: bytes) -> object:
    """The JSON value of a body. ``NaN``, ``Infinity`` and numbers beyond a float's range are null: they are no JSON. In
    texts and keys, a NUL or half of a surrogate pair is another control character, DEL.

    Raises:
        TooManyValues: before anything is read.
        ValueError, RecursionError: the body is no JSON, or nested too deeply.
    """
    if values_in(body) > MOST_VALUES:
        raise TooManyValues
    text = body.decode(json.detect_encoding(body), "surrogatepass")
    value: object = json.loads(text, parse_constant=lambda _name: None, parse_float=_finite)
    return _usable(value) if _may_be_unusable(text) else value


def values_in(body: bytes) -> int:
    """How many values the JSON of a body has at most."""
    return sum(body.count(mark) for mark in (b",", b"[", b"{"))


def _may_be_unusable(text: str) -> bool:
    """Whether a text or key of this JSON may have such a character; one search for both kinds takes ten times that."""
    return bool(_WRITTEN_AS_ESCAPE.search(text) or (not text.isascii() and _UNUSABLE.search(text)))


def _usable(value: object) -> object:
    if isinstance(value, str):
        return _UNUSABLE.sub(_INVISIBLE, value)
    if isinstance(value, list):
        return [_usable(one) for one in value]
    if isinstance(value, dict):
        return {_UNUSABLE.sub(_INVISIBLE, key): _usable(one) for key, one in value.items()}
    return value


def _finite(written: str) -> float | None:
    number = float(written)
    return number if math.isfinite(number) else None
