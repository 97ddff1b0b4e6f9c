"""How answers look on the wire where an account has odd habits: entities in names, lists as objects, empty answers.

What belongs here: what is done to rows that are ready to be sent, whatever they list. The world holds nothing of it, so
the truth stays what it is without these quirks.
"""

from collections.abc import Callable, Collection
from html import escape

from starlette.responses import JSONResponse, Response

from twizzit_pipeline.simulator.quirks import Quirk
from twizzit_pipeline.simulator.records import Season

_NAMES = frozenset(
    (
        "name", "first-name", "last-name", "first_name", "last_name", "firstName", "lastName", "firstname", "lastname",
        "short-name", "organization_name", "groupName", "groupShortName", "group-name", "group-short-name",
        "description", "EN", "NL", "FR", "homeTeamName", "awayTeamName", "season",
    )
)  # fmt: skip
_ACCENTS = str.maketrans({"é": "&eacute;", "è": "&egrave;", "É": "&Eacute;", "ë": "&euml;", "ç": "&ccedil;"})
_SEASONS = ("Seizoen {0} – {1}", "{0}/{2:02}", "Saison\u00a0{0}-{1}", "{0} - {1}")


def season_label(season: Season, quirks: Collection[Quirk]) -> str:
    """How the account writes a season: as its two years, or each in another way."""
    if "season_labels" not in quirks:
        return season.label
    year = season.start.year
    return _SEASONS[year % len(_SEASONS)].format(year, year + 1, (year + 1) % 100)


def listed(rows: list[object], quirks: Collection[Quirk], headers: dict[str, str], *, answered: bool) -> Response:
    """The answer that lists these rows, in v2.

    Args:
        answered: whether the session has got rows of this path before.
    """
    if not rows and answered and "empty_404" in quirks:
        return JSONResponse({"error": "Not found"}, status_code=404, headers=headers)
    if not rows and "empty_204" in quirks:
        return Response(status_code=204, headers=headers)
    return JSONResponse(dressed(rows, quirks), headers=headers)


def dressed(answer: object, quirks: Collection[Quirk]) -> object:
    """The answer as the account writes it; itself where it has none of these habits."""
    if "entities_in_names" in quirks:
        answer = _each(answer, _escaped)
    if "digit_keys" in quirks:
        answer = _each(answer, lambda _, value: _with_a_gap(value) if isinstance(value, list) else value)
    return answer


def _each(value: object, change: Callable[[str, object], object], key: str = "") -> object:
    """The value with `change` done to all that is in it, given the key that it stands under."""
    if isinstance(value, dict):
        return {name: _each(one, change, name) for name, one in value.items()}
    if isinstance(value, list):
        value = [_each(one, change, key) for one in value]
    return change(key, value)


def _escaped(key: str, value: object) -> object:
    """A name as a web form stored it: escaped once, and the longer ones twice."""
    if not isinstance(value, str) or key not in _NAMES:
        return value
    once = escape(value).replace("&#x27;", "&#039;").translate(_ACCENTS)
    return escape(once) if len(value) % 3 == 0 else once


def _with_a_gap(items: list[object]) -> dict[str, object]:
    """What PHP makes of a list from which an item was taken out."""
    return {str(place if place == 0 else place + 1): item for place, item in enumerate(items)}
