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

v1 (page and hasMore). `hasMore` decides. Pages cannot overlap, so `total`, where it is given, must be the same on every
page and no more than the different rows seen.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from twizzit_pipeline.errors import IncompleteScan, NotATwizzit
from twizzit_pipeline.twizzit.wire import Row, identifier, rows_of, rows_of_envelope

READINGS = 3

Key = Callable[[Row], Hashable]


@dataclass(frozen=True, slots=True)
class _Reading:
    """One pass over a list. `ended`: its end was reached; `clean`: nothing moved meanwhile."""

    rows: list[Row]
    ended: bool
    clean: bool


def read_offset_pages(
    fetch: Callable[[int, int], object],
    *,
    path: str,
    limits: Sequence[int],
    key: Key,
    caps: Sequence[int] = (),
    unpaged: bool = False,
) -> list[Row]:
    """All rows of a v2 list, each once, in the order of the list.

    Args:
        fetch: answers a page, given `limit` and `offset`.
        limits: rows to ask for on a page; the next one is tried where a limit is answered 400.
        key: what makes two rows the same.
        caps: lengths at which this list may be cut although more was asked for: such a first page is not taken for the
            last. Where they are empty, a page shorter than its limit is the last (wire page).
        unpaged: whether this list may be one that is not paged: then the same rows again at another offset mean that
            they are all.

    Raises:
        IncompleteScan: the rows moved between the pages in each of `READINGS` readings.
        NotATwizzit: an answer is no list of objects.
    """
    before: list[Hashable] | None = None
    for _ in range(READINGS):
        reading = _read_by_offset(fetch, path, limits, key, caps, unpaged)
        keys = [key(row) for row in reading.rows]
        if reading.ended and (reading.clean or keys == before):
            return each_once(reading.rows, key)
        before = keys if reading.ended else None
    raise _incomplete(path)


def _read_by_offset(
    fetch: Callable[[int, int], object],
    path: str,
    limits: Sequence[int],
    key: Key,
    caps: Sequence[int],
    unpaged: bool,
) -> _Reading:
    limit, answer = _first_page(fetch, path, limits)
    first = page_of(answer, limit, key)
    size = limit if len(first) == limit else next((cap for cap in caps if cap == len(first)), None)
    if size is None or size < 2:  # shorter: the last page; longer: a list that is not paged
        return _Reading(first, ended=True, clean=True)
    rows, page, clean = list(first), first, True
    while len(page) >= size:
        page = page_of(rows_of(fetch(limit, len(rows) - 1), path=path), limit, key)
        if [key(row) for row in page] == [key(row) for row in first]:
            return _Reading(first, ended=unpaged, clean=unpaged)  # the offset is ignored
        if not page:
            return _Reading(rows, ended=True, clean=False)
        if key(page[0]) != key(rows[-1]):
            return _Reading(rows, ended=False, clean=False)
        seen = {key(row) for row in rows}
        clean = clean and not any(key(row) in seen for row in page[1:])
        rows += page[1:]
    return _Reading(rows, ended=True, clean=clean)


def _first_page(fetch: Callable[[int, int], object], path: str, limits: Sequence[int]) -> tuple[int, list[Row]]:
    for limit in limits[:-1]:
        try:
            return limit, rows_of(fetch(limit, 0), path=path)
        except NotATwizzit as error:
            if error.status != 400:
                raise
    return limits[-1], rows_of(fetch(limits[-1], 0), path=path)


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
        f"{path}: the rows moved between the pages in each of {READINGS} readings; try again when nobody edits it",
        endpoint=path,
    )
