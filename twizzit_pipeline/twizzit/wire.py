"""Reading single values off the wire: ids, texts in three languages, and keys in any spelling.

What belongs here: what both dialects share in reading a row, and the shape that an answer must have. No judgement of
values: an odd one becomes None or stays as it is, and the contracts decide.
"""

from collections.abc import Mapping
from functools import lru_cache

from twizzit_pipeline.errors import NotATwizzit
from twizzit_pipeline.twizzit.html_entities import unescaped
from twizzit_pipeline.twizzit.sight import advice, shape
from twizzit_pipeline.words.meanings import key

Row = Mapping[str, object]

# No column takes more than 255 characters, so what is longer is as much too long when it is cut here. What reads a text
# looks at it several times, and some patterns take the square of its length, while the whole process waits.
LONGEST_TEXT = 1000

_LONGEST_KEY = 100

_LANGUAGES = ("en", "nl", "fr")
_SAID = {"1": True, "true": True, "0": False, "false": False}


def plain_keys(row: Row) -> dict[str, object]:
    """The row with its keys in lower case, without ``-`` and ``_``: accounts spell ``first-name`` in four ways.

    Without those that are longer than any that is read: a key of megabytes would be remembered for ever.
    """
    return {_plain(name): value for name, value in row.items() if len(name) <= _LONGEST_KEY}


@lru_cache(1024)  # every row of an answer has the same few
def _plain(name: str) -> str:
    return name.replace("-", "").replace("_", "").lower()


def is_list(value: object) -> bool:
    """Whether a value stands for a list: an array, or an object with digit keys alone (PHP's list with a gap)."""
    return isinstance(value, list) or (
        isinstance(value, Mapping) and all(isinstance(key, str) and _is_number(key) for key in value)
    )


def items(value: object) -> list[object]:
    """The items of a list that may have come as an object: ``{"0": …, "2": …}`` is PHP's way to write one with a gap.

    In the order of the keys; an empty object is an empty list. Nothing for what is no list (`is_list`), null included.
    """
    if isinstance(value, list):
        return value
    if isinstance(value, Mapping) and is_list(value):
        return [value[key] for key in sorted(value, key=_as_number)]
    return []


def _as_number(key: str) -> tuple[int, str]:
    """What sorts digits as numbers: Python reads no number of 5,000 digits, and those of one length compare as text."""
    digits = key.lstrip("0")
    return len(digits), digits


def _is_number(key: str) -> bool:
    return key.isascii() and key.isdecimal()


def identifier(value: object) -> str | None:
    """An id as text, or None where there is none; cut as a text is."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str) and value.strip():
        return value.strip()[:LONGEST_TEXT]
    return None


def reference(value: object) -> str | None:
    """The id that a field refers to: the value itself, or the ``id`` of the object that it holds."""
    if isinstance(value, Mapping):
        return identifier(plain_keys(value).get("id"))
    return identifier(value)


def text(value: object) -> str | None:
    """A text without HTML entities and what follows its first 1,000 characters, otherwise as it came.

    Of ``{"EN", "NL", "FR"}`` it is the first that is there, of an object with a ``name`` that name.
    """
    if isinstance(value, str):
        return _read(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return next((found for found in texts(value) if found.strip()), None)


def texts(value: object) -> list[str]:
    """All the languages of a name, English first; of a plain text that text alone. Each as `text` has it."""
    if isinstance(value, str):
        return [_read(value)]
    if is_list(value):
        return [_read(one) for one in items(value) if isinstance(one, str)]
    if isinstance(value, Mapping):
        keys = plain_keys(value)
        found = [keys[language] for language in _LANGUAGES if language in keys]
        if not found and "name" in keys:
            return texts(keys["name"])
        return [_read(one) for one in found if isinstance(one, str)]
    return []


def _read(value: str) -> str:
    return unescaped(value)[:LONGEST_TEXT]


def folded(value: str) -> str:
    """A text for comparing, as `words.meanings.key` has it."""
    return key(value)


class Nothing:
    """What an answer without a body stands for (204, or 404 where the same path has answered before): an empty list."""


NOTHING = Nothing()


def rows_of(answer: object, *, path: str) -> list[Row]:
    """The rows of a v2 answer: a list of objects, which may come as an object with digit keys, or `NOTHING`.

    A row that is no object is an empty one, where others are.

    Raises:
        NotATwizzit: anything else, null among it: what is not listed counts as gone, so emptiness must be said. An
            envelope of v1 is named as such.
    """
    if answer is NOTHING:
        return []
    if is_list(answer):
        return _objects(items(answer), path)
    if isinstance(answer, Mapping) and "hasMore" in answer:
        raise NotATwizzit(
            f"{path} answered in the shape of v1: the endpoint should probably end in /v1", endpoint=path, status=200
        )
    raise wrong_shape(path, "a list", answer)


def rows_of_envelope(answer: object, key: str, *, path: str) -> tuple[list[Row], bool, int | None]:
    """The rows of a v1 answer, whether there are more, and their total if it is given; none at all for `NOTHING`.

    Raises:
        NotATwizzit: no object with the list under `key` and ``hasMore``. A bare list is named as v2's.
    """
    if answer is NOTHING:
        return [], False, None
    if isinstance(answer, list):
        raise NotATwizzit(
            f"{path} answered in the shape of v2: the endpoint should probably end in /v2/api",
            endpoint=path,
            status=200,
        )
    expected = f'an object with a list "{key}", and "hasMore" as true or false,'
    if not isinstance(answer, Mapping):
        raise wrong_shape(path, expected, answer)
    rows, more, total = answer.get(key), _yes_or_no(answer.get("hasMore")), answer.get("total")
    if not is_list(rows) or more is None:
        raise wrong_shape(path, expected, answer)
    return _objects(items(rows), path), more, total if isinstance(total, int) and not isinstance(total, bool) else None


def _yes_or_no(value: object) -> bool | None:
    """A boolean, also as PHP may write it: 1, "0", "true"; None for anything else, since an end must be said."""
    if isinstance(value, bool):
        return value
    return _SAID.get(str(value).strip().lower()) if isinstance(value, int | str) else None


def _objects(rows: list[object], path: str) -> list[Row]:
    """The rows; what is no object among objects is an empty row, for its contract to reject: it keeps none out."""
    objects = [row if isinstance(row, Mapping) else {} for row in rows]
    if rows and not any(isinstance(row, Mapping) for row in rows):
        raise wrong_shape(path, "a list of objects", rows)
    return objects


def wrong_shape(path: str, expected: str, answer: object) -> NotATwizzit:
    """The error of an answer that is of another kind than `expected`; it says which."""
    return NotATwizzit(
        f"{path} answered 200 with {shape(answer)}, where {expected} is due: {advice(path)}", endpoint=path, status=200
    )
