"""A match's score as the wire gives it, in any of its shapes.

What belongs here: the shapes. Whether two readable values are a score is judged in `transform`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from twizzit_pipeline.twizzit.wire import is_list, items, plain_keys
from twizzit_pipeline.words.letters import visible

# What people write beside a score, which stays one; "rust 6-4" is none yet.
_BESIDE = (
    r"(?i:forfait|forfeit|forf|ff|w\.?o|wo|n\.?v|a\.?e\.?t|a\.?p|pen|ft|uitslag|einduitslag|eindstand|score|eindscore|final"
    r"|resultaat|resultat|résultat|na verl(?:enging(?:en)?)?|(?:na )?golden goal|g\.?g|n\.?s|na strafworpen"
    r"|après prolongations?|but en or|full[ -]?time)\.?"
)
_PLAIN = re.compile(r"\s*(\d+)\s*[-‐‑–—:/]\s*(\d+)\s*")
_NOTHING = re.compile(r"[\s\-–—:/?]*")
_HOME = ("home", "homescore", "hometeam", "homegoals", "scorehome", "thuis", "domicile")
_AWAY = ("away", "awayscore", "awayteam", "awaygoals", "scoreaway", "uit", "exterieur", "visitor")
# What an object may hold its goals, or its whole score, under.
_VALUES = ("score", "goals", "points", "value", "total", "result", "final", "fulltime", "end", "current")
_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Score:
    """Goals of both sides, raw; both None where there are none. `unread`: something is there, in no known shape."""

    home: object = None
    away: object = None
    unread: bool = False


NONE = Score()
_UNREAD = Score(unread=True)


def score_of(value: object, *, depth: int = _DEPTH) -> Score:
    """The score in a field: "12-9", "12 - 9", "12:9", [12, 9], {"home": 12, "away": "9"}, {"homeScore": …}, one within
    another; nothing for null, "", "-" and what holds only those.
    """
    if value is None or depth == 0:
        return NONE if value is None else _UNREAD
    if isinstance(value, str):
        value = visible(value)
        if _NOTHING.fullmatch(value):
            return NONE
        found = _PLAIN.fullmatch(value) or _with_words().fullmatch(value)
        return Score(found[1], found[2]) if found else _UNREAD
    if is_list(value):
        return _of_two(items(value), depth)
    return _of_object(plain_keys(value), depth) if isinstance(value, Mapping) else _UNREAD


@cache
def _with_words() -> re.Pattern[str]:
    """Compiled where a score has something beside it: that takes longer than reading a calendar of plain ones."""
    return re.compile(
        rf"[\s(*]*(?:{_BESIDE}[\s:]+)?(\d+)\s*[-‐‑–—:/]\s*(\d+)\s*[)*]?\s*(?:{_BESIDE}|\(\s*{_BESIDE}\s*\))?\s*(?:\([^()]*\)\s*)?"
    )


def sides_score(home: object, away: object) -> Score:
    """The score of two fields; unread where one of them holds something else than a number, or nothing."""
    values = [_goals(side, _DEPTH) for side in (home, away)]
    if all(found is None for found in values):
        return NONE
    return Score(values[0], values[1]) if all(isinstance(found, int | str) for found in values) else _UNREAD


def _of_two(values: list[object], depth: int) -> Score:
    if not values:
        return NONE
    if len(values) == 1:
        return score_of(values[0], depth=depth - 1)
    return sides_score(*values) if len(values) == 2 else _UNREAD


def _of_object(value: Mapping[str, object], depth: int) -> Score:
    home, away = (next((value[name] for name in names if name in value), None) for names in (_HOME, _AWAY))
    if any(name in value for name in (*_HOME, *_AWAY)):
        return sides_score(home, away)
    inner = next((value[name] for name in _VALUES if value.get(name) is not None), None)
    if inner is not None:
        return score_of(inner, depth=depth - 1)
    return NONE if all(one is None or one == "" for one in value.values()) else _UNREAD


def _goals(value: object, depth: int) -> object:
    """A number, or its digits; None for nothing; a tuple for what is neither."""
    if value is None or depth == 0:
        return value
    if isinstance(value, str):
        value = visible(value).strip()
        return None if _NOTHING.fullmatch(value) else value if value.isdecimal() else ()
    if isinstance(value, bool):
        return ()
    if isinstance(value, int | float):
        return int(value) if value == int(value) and value >= 0 else ()
    if isinstance(value, Mapping):
        keys = plain_keys(value)
        inner = next((keys[name] for name in _VALUES if keys.get(name) is not None), None)
        return _goals(inner, depth - 1) if inner is not None or not any(keys.values()) else ()
    return ()
