"""How v2 is asked whether ids are there still: how many a call, beside which known ones, and what proves nothing."""

from collections.abc import Collection, Sequence

import httpx
import pytest

from tests.support.odd_account import account
from twizzit_pipeline.twizzit.records import Presence

KNOWN = [str(id_) for id_ in range(90, 100)]


def asked(
    ids: Sequence[str], known: Sequence[str], *, there: Collection[str] | None = None
) -> tuple[dict[str, Presence], list[set[str]]]:
    """What an account says that has `there` (the known ones, by default), and the ids of each call."""
    has = set(known) if there is None else {*there}

    def contacts(query: httpx.QueryParams) -> object:
        return [{"id": int(id_), "name": "x"} for id_ in query.get_list("contact-ids[]") if id_ in has]

    with account(contacts=contacts) as (client, service):
        said = client.source.still_listed("people", ids, known)
        return said, [set(query.get_list("contact-ids[]")) for query in service.asked("/contacts")]


def test_no_call_asks_for_more_than_ten_and_each_missing_one_is_asked_for_twice() -> None:
    ids = [str(id_) for id_ in range(1, 13)]
    said, calls = asked(ids, KNOWN)
    assert said == dict.fromkeys(ids, "absent")
    assert max(map(len, calls)) <= 10
    assert all(sum(one in call for call in calls) == 2 for one in ids)
    assert all(len(call & set(KNOWN)) >= 3 for call in calls)


def test_what_is_listed_is_there_and_asked_for_once() -> None:
    said, calls = asked(["1", "2"], KNOWN, there=[*KNOWN, "2"])
    assert said == {"1": "absent", "2": "present"}
    assert [sum(one in call for call in calls) for one in ("1", "2")] == [2, 1]


@pytest.mark.parametrize("known", [["90"], ["90", "91"]])
def test_of_few_known_ones_each_missing_one_is_asked_for_by_itself_between_two_that_are_known(
    known: list[str],
) -> None:
    said, calls = asked(["1", "2"], known)
    assert said == {"1": "absent", "2": "absent"}
    assert calls[1:3] == [{"1", *known}, {"2", *known}]
    assert calls[3:] == [{"90"}, {"1"}, {"90"}, {"90"}, {"2"}, {"90"}]


def test_without_a_known_one_nothing_is_asked_and_nothing_is_proved() -> None:
    assert asked(["1"], []) == ({"1": "unproved"}, [])
    assert asked(["1"], ["1"]) == ({"1": "unproved"}, []), "one that is in question proves nothing of itself"


def test_an_answer_without_a_known_one_proves_nothing() -> None:
    said, _ = asked(["1"], KNOWN, there=KNOWN[1:])
    assert said == {"1": "unproved"}
