"""Lists of v2: bare arrays within the scope of one organization.

What belongs here: how a list of v2 is asked for, whatever it lists.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from twizzit_pipeline.errors import NotATwizzit
from twizzit_pipeline.twizzit.memory import KeptList
from twizzit_pipeline.twizzit.paging import NO_LIMIT, Fetch, Key, by_id, each_once, page_within, read_offset_pages
from twizzit_pipeline.twizzit.session import Query, Session
from twizzit_pipeline.twizzit.wire import Row, rows_of

IDS_A_CALL = 10  # a filter list honours so many values and drops the rest in silence (wire page)
MOST_OWN_ROWS = 2000  # of a list that describes the account itself; a federation has some hundred organizations
LIMITS = (250, 100, 50, 20, 10)  # what is asked for, the next one where a list refuses or cuts the one before


@dataclass(frozen=True, slots=True)
class Scope:
    """What one organization's lists are read through; None where they belong to the account itself."""

    session: Session
    organization_id: str | None

    def ask(self, path: str, query: Query = (), *, kept: KeptList | None = None) -> object:
        """One call, its answer as it is; `kept` as in `Session.get`."""
        scope: Query = () if self.organization_id is None else [("organization-ids[]", self.organization_id)]
        return self.session.get(path, [*scope, *query], kept=kept)

    def page(self, path: str, query: Query = (), *, limit: int, offset: int = 0) -> list[Row]:
        """One page of any length, of which nothing is kept; of fewer rows where so many are refused."""
        fetch = self._fetch(path, query, None)
        return page_within(fetch, path, at_most(limit), offset, by_id, self.session.page_limits)[1]

    def every(
        self,
        path: str,
        query: Query = (),
        *,
        limit: int,
        key: Key = by_id,
        unpaged: bool = False,
        looked_through: bool = False,
        lists: list[KeptList] | None = None,
    ) -> list[Row]:
        """All rows of a paged list, `limit` at a time; see `read_offset_pages` for what it proves and raises.

        Args:
            looked_through: whether the caller keeps a few of them alone.
            lists: gets what is kept of this one, which the caller releases; None where it stays to the run's end.
        """
        kept, is_kept = self.session.kept_list(), False
        fetch = self._fetch(path, query, kept)
        learnt = self.session.page_limits
        try:
            rows = read_offset_pages(fetch, path=path, limits=at_most(limit), key=key, learnt=learnt, unpaged=unpaged)
            is_kept = not looked_through
            if lists is not None:
                lists.append(kept)
            return rows
        finally:
            if not is_kept:
                kept.release()

    def few(self, path: str, *, most: int = MOST_OWN_ROWS) -> list[Row]:
        """All rows of a list that is usually short: by one call, and by pages only where it may have been cut.

        Nothing says that an answer to a call without a limit was cut; its round length does (wire page).

        Raises:
            NotATwizzit: there are more than `most` rows, or the answer is no list.
        """
        rows = rows_of(self.ask(path, kept=self.session.kept_list()), path=path)
        _refuse_more(path, len(rows), most)
        once = each_once(rows, by_id)
        limits = self.session.page_limits
        if not any(limits.may_be_cut(path, NO_LIMIT, length) for length in {len(rows), len(once)}):
            return once
        page = self._fetch(path, (), self.session.kept_list())

        def fetch(limit: int, offset: int) -> object:
            _refuse_more(path, offset, most)
            return page(limit, offset)

        return read_offset_pages(
            fetch,
            path=path,
            limits=at_most(100),
            key=by_id,
            learnt=limits,
            unpaged=True,
            opening=once if len(once) == len(rows) else None,
        )

    def _fetch(self, path: str, query: Query, kept: KeptList | None) -> Fetch:
        def fetch(limit: int, offset: int) -> object:
            if kept is not None and offset == 0:  # a reading begins: the one before it, if any, was not whole
                kept.release()
            return self.ask(path, [*query, ("limit", limit), ("offset", offset)], kept=kept)

        return fetch


def _refuse_more(path: str, rows: int, most: int) -> None:
    if rows > most:
        raise NotATwizzit(
            f"{path} lists {rows} rows or more, where no Twizzit has more than {most}: ask Twizzit",
            endpoint=path,
            status=200,
        )


def at_most(limit: int) -> list[int]:
    """The limits to try, from `limit` on."""
    return [limit, *(one for one in LIMITS if one < limit)]


def tens(ids: Sequence[str]) -> list[Sequence[str]]:
    """The ids in as many parts as calls are needed for them."""
    return [ids[start : start + IDS_A_CALL] for start in range(0, len(ids), IDS_A_CALL)]
