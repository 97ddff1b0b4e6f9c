"""Lists of v2: bare arrays within the scope of one organization.

What belongs here: how a list of v2 is asked for, whatever it lists.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from twizzit_pipeline.errors import NotATwizzit
from twizzit_pipeline.twizzit.paging import Key, by_id, each_once, read_offset_pages
from twizzit_pipeline.twizzit.session import Query, Session
from twizzit_pipeline.twizzit.wire import Row, rows_of

IDS_A_CALL = 10  # a filter list honours so many values and drops the rest in silence (wire page)
DEFAULT_PAGE = 50  # rows of an answer to a call without a limit, and nothing says that it was cut (wire page: assumed)


@dataclass(frozen=True, slots=True)
class Scope:
    """What one organization's lists are read through; None where they belong to the account itself."""

    session: Session
    organization_id: str | None
    refused: set[tuple[str, int]] = field(default_factory=set)  # limits answered 400, by path

    def ask(self, path: str, query: Query = ()) -> object:
        """One call, its answer as it is."""
        scope: Query = () if self.organization_id is None else [("organization-ids[]", self.organization_id)]
        return self.session.get(path, [*scope, *query])

    def page(self, path: str, query: Query = (), *, limit: int, offset: int = 0) -> list[Row]:
        """One page, whatever its length."""
        return rows_of(self.ask(path, [*query, ("limit", limit), ("offset", offset)]), path=path)

    def every(
        self,
        path: str,
        query: Query = (),
        *,
        limits: Sequence[int],
        key: Key = by_id,
        caps: Sequence[int] = (),
        unpaged: bool = False,
    ) -> list[Row]:
        """All rows of a paged list; see `read_offset_pages` for what it proves and raises."""

        def fetch(limit: int, offset: int) -> object:
            try:
                return self.ask(path, [*query, ("limit", limit), ("offset", offset)])
            except NotATwizzit as error:
                if error.status == 400:
                    self.refused.add((path, limit))
                raise

        accepted = [limit for limit in limits[:-1] if (path, limit) not in self.refused]
        return read_offset_pages(fetch, path=path, limits=[*accepted, limits[-1]], key=key, caps=caps, unpaged=unpaged)

    def few(self, path: str, query: Query = ()) -> list[Row]:
        """All rows of a list that is usually short: by one call, and by pages only where it may have been cut."""
        rows = rows_of(self.ask(path, query), path=path)
        once = each_once(rows, by_id)
        if DEFAULT_PAGE not in (len(rows), len(once)):
            return once
        return self.every(path, query, limits=(100, DEFAULT_PAGE), caps=(DEFAULT_PAGE,), unpaged=True)


def tens(ids: Sequence[str]) -> list[Sequence[str]]:
    """The ids in as many parts as calls are needed for them."""
    return [ids[start : start + IDS_A_CALL] for start in range(0, len(ids), IDS_A_CALL)]
