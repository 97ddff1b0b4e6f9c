"""Lists are read whole or not at all, whatever happens between the pages."""

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from twizzit_pipeline.errors import IncompleteScan, NotATwizzit
from twizzit_pipeline.twizzit.paging import READINGS, PageLimits, by_id, read_numbered_pages, read_offset_pages
from twizzit_pipeline.twizzit.wire import rows_of, rows_of_envelope

Rows = list[dict[str, object]]


def rows(*ids: int) -> Rows:
    return [{"id": id_} for id_ in ids]


class Offsets:
    """A v2 list that is paged, and changes after the calls that `changes` names."""

    def __init__(
        self, ids: list[int], *, cap: int = 250, changes: dict[int, Callable[[list[int]], None]] | None = None
    ):
        self.ids = list(ids)
        self.cap = cap
        self.changes = changes or {}
        self.asked: list[tuple[int, int]] = []

    def __call__(self, limit: int, offset: int) -> Rows:
        page = rows(*self.ids[offset : offset + min(limit, self.cap)])
        self.asked.append((limit, offset))
        if (change := self.changes.get(len(self.asked))) is not None:
            change(self.ids)
        return page


def read(fetch: Callable[[int, int], object], limit: int = 5, **more: Any) -> list[object]:
    found = read_offset_pages(fetch, path="/groups", limits=(limit,), key=by_id, **more)
    return [row["id"] for row in found]


@pytest.mark.parametrize("count", range(17))
def test_a_still_list_is_read_whole_with_one_row_of_overlap(count: int) -> None:
    fetch = Offsets(list(range(count)))
    assert read(fetch) == list(range(count))
    assert [offset for _, offset in fetch.asked] == [
        4 * page for page in range(max(1, -(-count // 4) if count > 4 else 1))
    ]


def test_each_row_is_looked_at_a_few_times_however_long_the_list() -> None:
    looked_at: list[object] = []

    def key(row: Mapping[str, object]) -> Hashable:
        looked_at.append(row["id"])
        return by_id(row)

    found = read_offset_pages(Offsets(list(range(4_000))), path="/groups", limits=(10,), key=key)
    assert len(found) == 4_000
    # On its page, with the page before, in the whole list; and the ten of the first page anew with each page.
    assert len(looked_at) < 10 * 4_000


def test_a_list_shorter_than_its_limit_costs_one_call() -> None:
    fetch = Offsets(list(range(249)))
    assert len(read(fetch, 250)) == 249
    assert len(fetch.asked) == 1


@pytest.mark.parametrize("change", [lambda ids: ids.pop(0), lambda ids: ids.insert(0, 99)])
def test_a_row_that_comes_or_goes_before_the_seam_makes_a_second_reading(change: Callable[[list[int]], None]) -> None:
    fetch = Offsets(list(range(12)), changes={1: change})
    found = read(fetch)
    assert found == fetch.ids
    assert set(range(1, 12)) <= set(found)


def test_a_row_that_goes_at_the_seam_makes_a_second_reading() -> None:
    fetch = Offsets([0, 1, 2, 3, 4], changes={1: lambda ids: ids.remove(4)})
    assert read(fetch) == [0, 1, 2, 3]
    assert fetch.asked == [(5, 0), (5, 4), (5, 0)]


def test_a_list_that_moves_in_every_reading_is_an_error() -> None:
    moving = Offsets(list(range(12)), changes={call: lambda ids: ids.append(ids.pop(0)) for call in range(1, 50)})
    with pytest.raises(IncompleteScan, match="/groups"):
        read(moving)
    assert len(moving.asked) == 2 * READINGS


@given(
    count=st.integers(0, 30),
    changes=st.dictionaries(
        st.integers(1, 12), st.lists(st.tuples(st.booleans(), st.floats(0, 1)), max_size=3), max_size=6
    ),
)
def test_no_row_that_was_there_all_the_time_is_ever_missing(
    count: int, changes: dict[int, list[tuple[bool, float]]]
) -> None:
    fresh = iter(range(1000, 2000))

    def change(steps: list[tuple[bool, float]]) -> Callable[[list[int]], None]:
        def apply(ids: list[int]) -> None:
            for insert, place in steps:
                at = round(place * len(ids))
                if insert:
                    ids.insert(at, next(fresh))
                elif at < len(ids):
                    del ids[at]

        return apply

    fetch = Offsets(list(range(count)), changes={call: change(steps) for call, steps in changes.items()})
    try:
        found = read(fetch)
    except IncompleteScan:
        return
    assert set(range(count)) & set(fetch.ids) <= set(found)
    assert len(found) == len(set(found))


def test_twice_in_one_answer_counts_once() -> None:
    assert read(lambda *_: rows(1, 1, 2, 2)) == [1, 2]


def test_a_page_with_every_row_twice_is_not_taken_for_the_whole_list() -> None:
    still = Offsets(list(range(12)))

    def doubled(limit: int, offset: int) -> Rows:
        return [row for row in still(limit, offset) for _ in range(2)]

    assert read(doubled) == list(range(12))


def test_a_row_that_the_list_itself_holds_twice_is_believed_when_seen_alike_twice() -> None:
    fetch = Offsets([0, 1, 2, 3, 4, 5, 6, 1, 7])
    assert read(fetch) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert len(fetch.asked) == 6


def test_a_list_that_is_not_paged_gives_more_than_asked_for() -> None:
    calls: list[int] = []

    def everything(_: int, offset: int) -> Rows:
        calls.append(offset)
        return rows(*range(12))

    assert read(everything) == list(range(12))
    assert calls == [0]


# How long a list is where a page that ends it is full, or holds one row more or fewer.
ROUND_COUNTS = sorted(
    {size * pages + more for size in (10, 20, 25, 30, 50, 75, 100, 200, 250) for pages in (1, 2) for more in (-1, 0, 1)}
)


@pytest.mark.parametrize("cap", [10, 20, 25, 30, 50, 75, 100, 200])
@pytest.mark.parametrize("smallest", [10, 20, 25])
@settings(max_examples=examples(25), deadline=None)
@given(count=st.one_of(st.sampled_from(ROUND_COUNTS), st.integers(0, 700)))
def test_a_list_is_read_whole_whatever_its_server_makes_of_a_limit_above_its_cap(
    cap: int, smallest: int, count: int
) -> None:
    listed = rows(*range(count))
    for above in ("cut", "smallest", "refuse"):

        def fetch(limit: int, offset: int, above: str = above) -> Rows:
            if limit > cap and above == "refuse":
                raise NotATwizzit("too much", endpoint="/groups", status=400)
            size = limit if limit <= cap else min(smallest, cap) if above == "smallest" else cap
            return listed[offset : offset + size]

        learnt = PageLimits()
        for _ in range(2):  # what the first list of a run has taught holds for the second
            found = read_offset_pages(fetch, path="/groups", limits=(250, 100, 50, 20, 10), key=by_id, learnt=learnt)
            assert found == listed


def test_a_round_length_is_no_cap_once_a_longer_page_was_seen() -> None:
    learnt = PageLimits()
    for count, calls in ((131, 1), (50, 1), (130, 1), (140, 2), (131, 1)):
        fetch = Offsets(list(range(count)))
        assert len(read_offset_pages(fetch, path="/x", limits=(250, 100), key=by_id, learnt=learnt)) == count
        assert len(fetch.asked) == calls
    assert learnt.may_be_cut("/y", 250, 50), "another list is another list"


def test_a_round_list_that_is_not_paged_is_whole() -> None:
    assert read(lambda *_: rows(*range(20)), 100) == list(range(20))


def test_the_same_rows_at_every_offset_are_the_list_only_where_it_may_be_unpaged() -> None:
    assert read(lambda *_: rows(1, 2, 3, 4, 5), unpaged=True) == [1, 2, 3, 4, 5]
    with pytest.raises(IncompleteScan):
        read(lambda *_: rows(1, 2, 3, 4, 5))


def test_a_limit_answered_400_gives_way_to_the_next() -> None:
    asked: list[int] = []

    def fetch(limit: int, offset: int) -> Rows:
        asked.append(limit)
        if limit > 100:
            raise NotATwizzit("too much", endpoint="/groups", status=400)
        return rows(*range(120))[offset : offset + limit]

    found = read_offset_pages(fetch, path="/groups", limits=(250, 100), key=by_id)
    assert len(found) == 120
    assert asked == [250, 100, 100]
    with pytest.raises(NotATwizzit):
        read_offset_pages(fetch, path="/groups", limits=(250,), key=by_id)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ({"teams": [], "total": 0, "page": 1, "hasMore": False}, r"/v1"),
        ({"error": "Jan Peeters"}, "object with the key error, where a list"),
        ({"Jan Peeters": 1}, "with an object, where a list"),
        (None, "null, where a list"),
        ("[]", "a text, where a list"),
        ([1, 2], "list of objects"),
        ({"0": {"id": 1}, "error": "x"}, "a list"),
        ([None, "x"], "list of objects"),
    ],
)
def test_v2_takes_nothing_but_a_list_of_objects(answer: object, hint: str) -> None:
    with pytest.raises(NotATwizzit, match=hint) as raised:
        read(lambda *_: answer)
    assert "Peeters" not in str(raised.value)


def test_a_row_that_is_no_object_keeps_the_others_not_out() -> None:
    answer = [{"id": 1}, None, {"id": 2}, "x"]
    assert rows_of(answer, path="/groups") == [{"id": 1}, {}, {"id": 2}, {}]
    found = rows_of_envelope({"teams": answer, "hasMore": False}, "teams", path="/teams")
    assert found == ([{"id": 1}, {}, {"id": 2}, {}], False, None)


class Numbers:
    """A v1 list whose pages may be shorter than the limit: `hasMore` alone decides."""

    def __init__(self, *pages: Rows, total: int | None = None, more: list[bool] | None = None):
        self.pages = pages
        self.total = total
        self.more = more or [number < len(pages) for number in range(1, len(pages) + 1)]
        self.asked = 0

    def __call__(self, page: int, _: int) -> object:
        self.asked += 1
        at = min(page, len(self.pages)) - 1
        envelope = {"teams": self.pages[at], "page": page, "hasMore": self.more[at]}
        return envelope if self.total is None else envelope | {"total": self.total}


def read_v1(fetch: Callable[[int, int], object]) -> list[object]:
    found = read_numbered_pages(fetch, path="/teams", name="teams", limit=100, key=by_id)
    return [row["id"] for row in found]


def test_has_more_decides_and_not_the_count_of_rows() -> None:
    assert read_v1(Numbers(rows(1), rows(2, 3), rows(4), total=4)) == [1, 2, 3, 4]
    assert read_v1(Numbers(rows())) == []


def test_an_envelope_may_hold_its_list_as_an_object_with_a_gap() -> None:
    assert read_v1(lambda *_: {"teams": {"0": {"id": 1}, "2": {"id": 3}}, "hasMore": False}) == [1, 3]
    assert read_v1(lambda *_: {"teams": {}, "hasMore": False}) == []


@pytest.mark.parametrize(("yes", "no"), [(1, 0), ("1", "0"), ("true", "false"), (True, " False ")])
def test_whether_there_is_more_may_be_said_as_php_does(yes: object, no: object) -> None:
    pages = {1: {"teams": rows(1, 2), "hasMore": yes}, 2: {"teams": rows(3), "hasMore": no}}
    assert read_v1(lambda page, _: pages[page]) == [1, 2, 3]


def test_fewer_rows_than_the_total_are_an_error() -> None:
    with pytest.raises(IncompleteScan):
        read_v1(Numbers(rows(1, 2), rows(2, 3), total=4))


def test_pages_that_go_on_for_ever_are_an_error() -> None:
    fetch = Numbers(rows(1, 2), more=[True])
    with pytest.raises(IncompleteScan):
        read_v1(fetch)
    assert fetch.asked == 2 * READINGS


def test_rows_twice_on_one_page_count_once_against_the_total() -> None:
    assert read_v1(Numbers(rows(1, 1, 2, 2), total=2)) == [1, 2]


def test_a_row_on_two_pages_without_a_total_is_believed_when_seen_alike_twice() -> None:
    fetch = Numbers(rows(1, 2), rows(2, 3))
    assert read_v1(fetch) == [1, 2, 3]
    assert fetch.asked == 4


def test_a_row_on_two_pages_is_a_sign_of_a_shift_though_another_page_follows() -> None:
    """Row 3 went before the second page, which began one row later: the reading after it finds row 4."""
    answers = iter(
        [
            {"teams": rows(1, 2), "hasMore": True},
            {"teams": rows(2, 5), "hasMore": True},
            {"teams": rows(6), "hasMore": False},
            {"teams": rows(1, 2), "hasMore": True},
            {"teams": rows(4, 5), "hasMore": True},
            {"teams": rows(6), "hasMore": False},
        ]
    )
    assert read_v1(lambda *_: next(answers)) == [1, 2, 4, 5, 6]


def test_a_total_that_changes_between_pages_makes_a_second_reading() -> None:
    answers = iter(
        [
            {"teams": rows(1, 2), "total": 4, "page": 1, "hasMore": True},
            {"teams": rows(4), "total": 3, "page": 2, "hasMore": False},
            {"teams": rows(2, 3), "total": 3, "page": 1, "hasMore": True},
            {"teams": rows(4), "total": 3, "page": 2, "hasMore": False},
        ]
    )
    assert read_v1(lambda *_: next(answers)) == [2, 3, 4]


NO_BOOLEANS: tuple[object, ...] = (None, "", 2, "no", 0.0, [])


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ([], r"/v2/api"),
        ([{"id": 1}], r"/v2/api"),
        ({"players": [], "hasMore": False}, "teams"),
        ({"teams": []}, "hasMore"),
        *(({"teams": [], "hasMore": odd}, '"hasMore" as true or false, is due') for odd in NO_BOOLEANS),
        ({"teams": None, "hasMore": False}, 'where an object with a list "teams"'),
        ({"teams": [3], "hasMore": False}, "list of objects"),
        ("x", "an object"),
    ],
)
def test_v1_takes_nothing_but_its_envelope(answer: object, hint: str) -> None:
    with pytest.raises(NotATwizzit, match=hint):
        read_v1(lambda *_: answer)
