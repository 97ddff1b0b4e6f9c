"""What a call asks for: its filters as the live service reads them, and its page."""

from collections.abc import Iterable
from itertools import islice
from typing import Literal, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request

Row = TypeVar("Row")

FILTER_VALUES = 10
SILENT_LIMIT = 50
LOW_CAP, SMALLEST_PAGE = 50, 10
SHIFT = "simulator.shift"


class Query:
    """The parameters of one call; those that this service is set to ignore look absent."""

    def __init__(self, request: Request, ignored: frozenset[str] = frozenset()) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in request.query_params.multi_items():
            if name not in ignored:
                self._values.setdefault(name, []).append(value)
        self.shift: int = request.scope.get(SHIFT, 0)

    def one(self, name: str) -> str | None:
        """The first value, None where there is none."""
        return self._values.get(name, [None])[0]

    def number(self, name: str, default: int | None = None, *, least: int = 0) -> int | None:
        """A number; 400 for anything else."""
        value = self.one(name)
        if value is None:
            return default
        if not value.isdecimal() or int(value) < least:
            raise HTTPException(400, f"{name} is not valid")
        return int(value)

    def all_ids(self, name: str) -> list[int]:
        """Every id of a repeated parameter; 400 for anything that is no id."""
        values = self._values.get(name, [])
        if not all(value.isdecimal() for value in values):
            raise HTTPException(400, f"{name} is not valid")
        return [int(value) for value in values]

    def ids(self, name: str) -> list[int] | None:
        """The ids of a filter list: the first ten, the rest dropped in silence. None where there is no such filter."""
        return self.all_ids(name)[:FILTER_VALUES] if name in self._values else None


def largest(asked: int, cap: int, above: Literal["cut", "refuse"]) -> int:
    """The rows of a page when so many are asked for; 400 for too many where the service refuses instead of cutting."""
    if asked > cap and above == "refuse":
        raise HTTPException(400, f"limit may be at most {cap}")
    return min(asked, cap)


def page(
    rows: Iterable[Row], query: Query, *, cap: int, above: Literal["cut", "refuse"], low: bool = False
) -> list[Row]:
    """The rows from `offset`, `limit` of them; 50 where the call gives no limit, and nothing says that there are more.

    `low`: the cap is 50 at most, and a `limit` above it gives the smallest page, unless it is refused.
    """
    limit = query.number("limit", SILENT_LIMIT, least=1) or SILENT_LIMIT
    if low:
        cap = min(cap, LOW_CAP)
        limit = SMALLEST_PAGE if limit > cap and above == "cut" else limit
    limit = largest(limit, cap, above)
    offset = query.number("offset", 0) or 0
    if offset:
        offset = max(0, offset + query.shift)
    return list(islice(rows, offset, offset + limit))
