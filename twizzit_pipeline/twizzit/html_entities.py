"""HTML entities in texts: some accounts store names as a web form escaped them, once or several times.

What belongs here: turning them back into letters. Only what is certainly an entity is touched: a name ends in ``;``
("Kids&sections" is a name), a number may go without.
"""

import html
import re
from html.entities import html5

_ENTITY = re.compile(r"&(?:#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)")
_TIMES = 3  # &amp;amp;#039; was escaped three times; more has not been seen


def unescaped(value: str) -> str:
    """The text without entities: ``D&#039;Hondt`` is D'Hondt, and so is ``D&amp;#039;Hondt``."""
    for _ in range(_TIMES):
        if "&" not in value:
            return value
        value = _ENTITY.sub(_letter, value)
    return value


def _letter(found: re.Match[str]) -> str:
    entity = found[0]
    return html.unescape(entity) if entity[1] == "#" else html5.get(entity[1:], entity)
