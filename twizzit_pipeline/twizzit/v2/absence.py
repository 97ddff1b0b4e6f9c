"""Whether an account of v2 still lists what a scan did not: ids are asked for, ten a call.

What belongs here: what an answer proves. A filter honours ten values and drops the rest in silence; some accounts drop
it altogether, and answer with the whole organization, of which one page is a part. So an id counts as absent only where

* two answers lack it that hold all the ids that are known to exist and were asked for along with it;
* to the second question, these are two more than those in doubt: whichever half of such an answer is missing, one of
  them is in it;
* where fewer than three are known, so that a half may lack the one in doubt alone, it is also asked for by itself, and
  a known one by itself before and after: what is left of an answer of one row is the same of each of them;
* and, where an answer holds rows that were not asked for, so that the filter was dropped, the whole list lacks it: read
  to its end by overlapping pages, twice, by smaller ones the second time, and with the known ids in it both times,
  three of them at least.

Everything else proves nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from twizzit_pipeline import logs
from twizzit_pipeline.errors import IncompleteScan, TwizzitPipelineError
from twizzit_pipeline.twizzit.paging import by_id, read_offset_pages
from twizzit_pipeline.twizzit.records import Asked, Presence
from twizzit_pipeline.twizzit.v2.lists import IDS_A_CALL, Scope, at_most
from twizzit_pipeline.twizzit.wire import Row, identifier, plain_keys

_log = logs.logger(__name__)

_COMPANIONS, _MORE_COMPANIONS = 3, 5  # known ids of the first question, and of the second one
_FEWEST = 3  # known ids with which one question says enough
_MOST_LISTED = 5000  # rows of a list that is read as a whole, for want of a filter
_READINGS = 2


@dataclass(frozen=True, slots=True)
class _List:
    path: str
    key: str
    limit: int


_LISTS: Mapping[Asked, _List] = {
    "people": _List("/contacts", "contact-ids[]", 100),
    "teams": _List("/groups", "group-ids[]", 250),
}


class _FilterDropped(Exception):
    """An answer holds rows that were not asked for."""


def still_listed(scope: Scope, what: Asked, ids: Collection[str], known: Collection[str]) -> dict[str, Presence]:
    """What the account says of each of these ids; two calls for every seven of those that it does not list.

    Three more for each of them where fewer than three ids are known.

    Raises:
        TwizzitPipelineError: an error that ends everything.
    """
    of, wanted = _LISTS[what], sorted(dict.fromkeys(ids), key=_by_number)
    found: dict[str, Presence] = dict.fromkeys(wanted, "unproved")
    companions = sorted({one for one in known if one not in found}, key=_by_number)
    if not companions:
        return found
    try:
        for batch in _parts(wanted, IDS_A_CALL - _COMPANIONS):
            found |= _asked(scope, of, batch, companions)
    except _FilterDropped:
        found = _of_whole_list(scope, of, wanted, companions)
    return found


def _parts(ids: Sequence[str], size: int) -> list[Sequence[str]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def _asked(scope: Scope, of: _List, ids: Sequence[str], known: Sequence[str]) -> dict[str, Presence]:
    """By one question, and by others for those whom it does not list."""
    listed = _answer(scope, of, ids, _spread(known, _COMPANIONS))
    if listed is None:
        return dict.fromkeys(ids, "unproved")
    said: dict[str, Presence] = dict.fromkeys(ids, "present")
    companions = _spread(known, _MORE_COMPANIONS)
    missing = [one for one in ids if one not in listed]
    for part in _parts(missing, max(1, len(companions) - 2)):
        again = _answer(scope, of, part, companions)
        said |= {one: "unproved" if again is None else "present" if one in again else "absent" for one in part}
    if len(companions) < _FEWEST:
        absent = [one for one in missing if said[one] == "absent"]
        said |= {one: _alone(scope, of, one, min(companions, key=_by_number)) for one in absent}
    return said


def _alone(scope: Scope, of: _List, wanted: str, known: str) -> Presence:
    """What is said of one id that is asked for by itself, between two questions for one that is known to exist."""
    answers = [_answer(scope, of, [one], ()) for one in (known, wanted, known)]
    if None in answers or answers[0] != {known} or answers[2] != {known}:
        return "unproved"
    return "present" if answers[1] else "absent"


def _spread(known: Sequence[str], count: int) -> set[str]:
    """So many of them, from the first to the last."""
    if len(known) <= count:
        return set(known)
    return {known[place * (len(known) - 1) // (count - 1)] for place in range(count)}


def _answer(scope: Scope, of: _List, ids: Sequence[str], companions: Collection[str]) -> set[str] | None:
    """The ids that an answer lists; None where it proves nothing.

    Raises:
        _FilterDropped: it lists others than were asked for.
    """
    asked = sorted({*ids, *companions}, key=_by_number)
    query = [(of.key, one) for one in asked]
    rows = _settled(scope, of, partial(scope.page, of.path, query, limit=of.limit))
    if rows is None:
        return None
    listed = {identifier(plain_keys(row).get("id")) or "" for row in rows}
    if not listed <= set(asked):
        raise _FilterDropped
    return listed if set(companions) <= listed else None


def _of_whole_list(scope: Scope, of: _List, ids: Sequence[str], known: Sequence[str]) -> dict[str, Presence]:
    """What the whole list says, where the account ignores which ids are asked for; of so few known ids, nothing."""
    if len(known) < _FEWEST:
        return dict.fromkeys(ids, "unproved")
    seen: set[str] = set()
    limit = of.limit
    for _ in range(_READINGS):
        rows = _settled(scope, of, partial(_whole, scope, of, limit))
        limit = max(2, min(limit, len(rows or ()) // 2))  # half an answer would be another half
        listed = {identifier(plain_keys(row).get("id")) or "" for row in rows or ()}
        seen |= listed
        if rows is None or not set(known) <= listed:
            return {one: "present" if one in seen else "unproved" for one in ids}
    return {one: "present" if one in seen else "absent" for one in ids}


def _whole(scope: Scope, of: _List, most: int) -> list[Row]:
    def fetch(limit: int, offset: int) -> object:
        if offset > _MOST_LISTED:
            raise IncompleteScan(
                f"{of.path} ignores which ids are asked for, and lists more than {_MOST_LISTED} rows", endpoint=of.path
            )
        return scope.ask(of.path, [("limit", limit), ("offset", offset)])

    learnt = scope.session.page_limits
    return read_offset_pages(fetch, path=of.path, limits=at_most(most), key=by_id, learnt=learnt)


def _settled(scope: Scope, of: _List, ask: "partial[list[Row]]") -> list[Row] | None:
    """What was asked for; None where that failed, unless everything else would fail as well: that is raised."""
    (answer,) = scope.session.gather([ask])
    if isinstance(answer, TwizzitPipelineError):
        _log.warning("absence not proved", route=of.path, error=type(answer).__name__)
        return None
    return answer


def _by_number(one: str) -> tuple[int, int, str]:
    return (0, int(one), one) if one.isdecimal() else (1, 0, one)
