"""Reading a list to its end: one explicit loop for each dialect.

What belongs here: how pages are asked for and what proves that none of their rows is missing. A list that cannot be
proved whole is an error, never a shorter list.

v2 (limit and offset). Pages are no snapshot: a row that comes or goes meanwhile shifts the rest. So pages overlap by
one row, and the first row of a page must be the last of the page before. A row that came, or went, before the seam
moves the seam, and the list is read again. One that came *and* one that went before the seam leave it where it was;
then no row that was there all the time is lost either, as all of them before the seam had been read. What stays unseen
is a row that is moved across the seam (by a rename, in a list ordered by name) in the very moment in which another
goes. A row seen on two pages is the sign of a shift too. Twice in one answer it is an oddity of the list, and counts
once; so it does when two readings in a row saw exactly the same.

How long a page may be is the server's affair. One that is asked for more than its cap answers 400, or cuts the page to
the cap, or gives the smallest page that it has. So a first page that is shorter than its limit is the last only if its
length does not look like a cap (`PageLimits.may_be_cut`); else the list is asked once more, with a smaller limit.

v1 (page and hasMore). `hasMore` decides. Pages cannot overlap, so `total`, where it is given, must be the same on every
page and no more than the different rows seen.
"""

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from twizzit_pipeline.errors import IncompleteScan, NotATwizzit
from twizzit_pipeline.twizzit.wire import Row, identifier, rows_of, rows_of_envelope

READINGS = 3
NO_LIMIT = 1_000_000_000  # of a page that was asked for without a limit

Key = Callable[[Row], Hashable]
Fetch = Callable[[int, int], object]


class PageLimits:
    """What one run has learnt of each list: which limits are too much for it, and how long its pages can be.

    Safe between threads: all readers of one session share it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._too_much: set[tuple[str, int]] = set()
        self._longest: dict[tuple[str, int], int] = {}

    def accepted(self, path: str, limits: Sequence[int]) -> list[int]:
        """Those of the limits that are not known to be too much, or the smallest where all are."""
        with self._lock:
            return [limit for limit in limits if (path, limit) not in self._too_much] or [min(limits)]

    def too_much(self, path: str, limit: int) -> None:
        """This list refuses the limit, or cuts its pages below it."""
        with self._lock:
            self._too_much.add((path, limit))

    def may_be_cut(self, path: str, limit: int, length: int) -> bool:
        """Whether a page of that length may be cut below its limit: a round length, and none was longer so far.

        To be asked of every page, so that the longest is known.
        """
        with self._lock:
            longest = self._longest.get((path, limit), 0)
            self._longest[(path, limit)] = max(longest, length)
        return longest <= length < limit and _looks_like_a_cap(length)


def _looks_like_a_cap(length: int) -> bool:
    return length > 0 and (length % 10 == 0 or length % 25 == 0)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One pass over a list. `ended`: its end was reached; `clean`: nothing moved meanwhile."""

    rows: list[Row]
    ended: bool
    clean: bool


def read_offset_pages(
    fetch: Fetch,
    *,
    path: str,
    limits: Sequence[int],
    key: Key,
    learnt: PageLimits | None = None,
    unpaged: bool = False,
    opening: list[Row] | None = None,
) -> list[Row]:
    """All rows of a v2 list, each once, in the order of the list.

    Args:
        fetch: answers a page, given `limit` and `offset`.
        limits: rows to ask for on a page, the most first; the next one is tried where a limit is answered 400, or with
            a page that may be cut.
        key: what makes two rows the same.
        learnt: what is known of the limits of this path, and is added to.
        unpaged: whether this list may be one that is not paged: then the same rows again at another offset mean that
            they are all, even on a full page.
        opening: the answer to a call without a limit, if there was one; each row once.

    Raises:
        IncompleteScan: the rows moved between the pages in each of `READINGS` readings.
        NotATwizzit: an answer is no list of objects.
    """
    learnt = PageLimits() if learnt is None else learnt
    before: list[Hashable] | None = None
    for _ in range(READINGS):
        reading = _Reader(fetch, path, limits, key, learnt, unpaged).read(opening)
        opening = None
        keys = [key(row) for row in reading.rows]
        if reading.ended and (reading.clean or keys == before):
            return each_once(reading.rows, key)
        before = keys if reading.ended else None
        del reading  # its rows go before the list is read again
    raise _incomplete(path)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one list once."""

    fetch: Fetch
    path: str
    limits: Sequence[int]
    key: Key
    learnt: PageLimits
    unpaged: bool

    def read(self, opening: list[Row] | None) -> _Reading:
        limit, first = (NO_LIMIT, opening) if opening is not None else self._page(self.limits, 0)
        if len(first) > limit:
            return _Reading(first, ended=True, clean=True)  # a list that is not paged
        whole = self.unpaged or len(first) < limit  # if the offset turns out to be ignored
        rows, page, clean = list(first), first, True
        seen = {self.key(row) for row in first}
        while self.learnt.may_be_cut(self.path, limit, len(page)) or len(page) >= limit:
            asked, limit = limit, self._next_limit(limit, len(page))
            try:
                limit, page = self._page([one for one in self.limits if one <= limit], len(rows) - 1)
            except NotATwizzit as error:
                if asked == NO_LIMIT and error.status == 400:  # every limit is refused: a list that is not paged
                    return _Reading(first, ended=True, clean=True)
                raise
            if [self.key(row) for row in page] == [self.key(row) for row in first]:
                return _Reading(first, ended=whole, clean=whole)  # the offset is ignored
            if not page:
                return _Reading(rows, ended=True, clean=False)
            if self.key(page[0]) != self.key(rows[-1]):
                return _Reading(rows, ended=False, clean=False)
            if len(page) > 1 and limit < asked:
                self.learnt.too_much(self.path, asked)
            further = [self.key(row) for row in page[1:]]
            clean = clean and seen.isdisjoint(further)
            seen.update(further)
            rows += page[1:]
        return _Reading(rows, ended=True, clean=clean)

    def _next_limit(self, limit: int, length: int) -> int:
        """The limit to go on with: a smaller one, which still holds such a page, where this page was cut."""
        if length >= limit:
            return limit
        return next((one for one in self.learnt.accepted(self.path, self.limits) if length <= one < limit), limit)

    def _page(self, limits: Sequence[int], offset: int) -> tuple[int, list[Row]]:
        """The page by the largest of the limits that is not refused, and that limit."""
        return page_within(self.fetch, self.path, limits, offset, self.key, self.learnt)


def page_within(
    fetch: Fetch, path: str, limits: Sequence[int], offset: int, key: Key, learnt: PageLimits
) -> tuple[int, list[Row]]:
    """One page by the largest of the limits that this list does not answer 400, and that limit.

    Raises:
        NotATwizzit: all are refused, or the answer is no list of objects.
    """
    accepted = learnt.accepted(path, limits)
    for place, limit in enumerate(accepted):
        try:
            page = page_of(rows_of(fetch(limit, offset), path=path), limit, key)
        except NotATwizzit as error:
            if error.status != 400 or place == len(accepted) - 1:
                raise
            continue
        for refused in accepted[:place]:  # only now is it the limit that was refused, and not the question
            learnt.too_much(path, refused)
        return limit, page
    raise AssertionError("there is always a limit to try")


def read_numbered_pages(
    fetch: Callable[[int, int], object], *, path: str, name: str, limit: int, key: Key
) -> list[Row]:
    """All rows of a v1 list, each once, in the order of the list.

    Args:
        fetch: answers a page, given its number (from 1) and `limit`.
        name: the envelope's key of the rows (``teams``).

    Raises:
        IncompleteScan: in each of `READINGS` readings rows moved between the pages, fewer came than the total says, or
            a page that promised more was followed by nothing new.
        NotATwizzit: an answer is no envelope with that key.
    """
    before: list[Hashable] | None = None
    for _ in range(READINGS):
        reading = _read_by_number(fetch, path, name, limit, key)
        keys = [key(row) for row in reading.rows]
        if reading.ended and (reading.clean or keys == before):
            return each_once(reading.rows, key)
        before = keys if reading.ended else None
        del reading  # its rows go before the list is read again
    raise _incomplete(path)


def _read_by_number(fetch: Callable[[int, int], object], path: str, name: str, limit: int, key: Key) -> _Reading:
    rows: list[Row] = []
    seen: set[Hashable] = set()
    totals: set[int] = set()
    clean, more, number = True, True, 0
    while more:
        number += 1
        page, more, total = rows_of_envelope(fetch(number, limit), name, path=path)
        fresh = {key(row) for row in page} - seen
        if more and not fresh:  # it would go on for ever
            return _Reading(rows, ended=False, clean=False)
        clean = clean and not any(key(row) in seen for row in page)
        seen |= fresh
        rows += page
        totals |= set() if total is None else {total}
    if len(totals) > 1 or any(len(seen) < total for total in totals):
        return _Reading(rows, ended=False, clean=False)
    return _Reading(rows, ended=True, clean=clean)


def page_of(rows: list[Row], limit: int, key: Key) -> list[Row]:
    """The rows that a page stands for: one with more rows than asked for may hold each of them twice.

    Then it is a page like any other. If it has more different rows than asked for, it is a list that is not paged.
    """
    return each_once(rows, key) if len(rows) > limit else rows


def by_id(row: Row) -> Hashable:
    """The usual key: a row's ``id``, or its whole content where it has none."""
    return identifier(row.get("id")) or repr(sorted(row.items(), key=lambda item: item[0]))


def each_once(rows: Sequence[Row], key: Key) -> list[Row]:
    """The rows without those that were there before, by their key."""
    kept: dict[Hashable, Row] = {}
    for row in rows:
        kept.setdefault(key(row), row)
    return list(kept.values())


def _incomplete(path: str) -> IncompleteScan:
    return IncompleteScan(
        f"{path}: the rows moved between the pages in each of {READINGS} readings; try again later",
        endpoint=path,
    )
