"""The first and the last day and moment: what stands for those that PostgreSQL holds and Python does not."""

from datetime import UTC, date, datetime
from typing import Literal

# Far enough within what Python can hold for days and zones to be added.
FIRST_DAY, LAST_DAY = date(2, 1, 3), date(9998, 12, 29)
FIRST_MOMENT, LAST_MOMENT = datetime(2, 1, 3, 0, 0, 0, 1, UTC), datetime(9998, 12, 29, 0, 0, 0, 1, UTC)

# What PostgreSQL says of them in JSON, as the journal has it.
IN_JSON = {"-infinity": FIRST_MOMENT, "infinity": LAST_MOMENT}

_SIDES: dict[date, Literal["before", "after"]] = {
    FIRST_DAY: "before",
    FIRST_MOMENT: "before",
    LAST_DAY: "after",
    LAST_MOMENT: "after",
}
_TEXTS = {one.isoformat(): side for one, side in _SIDES.items()}


def beyond(when: date | str) -> Literal["before", "after"] | None:
    """On which side of what Python can hold a day or a moment is; None where it is none of those that stand for it.

    Args:
        when: or its text, as JSON has it.
    """
    if isinstance(when, str):
        return _TEXTS.get(when)
    return _SIDES.get(when.replace(tzinfo=UTC) if isinstance(when, datetime) and when.tzinfo is None else when)


def as_postgres(value: object) -> object:
    """A value of JSON as PostgreSQL would say it: ``infinity`` instead of the text of a moment that stands for it."""
    side = beyond(value) if isinstance(value, str) else None
    return value if side is None else {"before": "-infinity", "after": "infinity"}[side]
