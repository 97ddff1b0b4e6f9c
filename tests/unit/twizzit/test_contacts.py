"""Who the members of teams are, where an account of v2 answers in odd ways: their names, and the calls these cost."""

from math import ceil
from random import Random

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.odd_account import SEASON, A, B, account, contacts, link
from twizzit_pipeline import errors
from twizzit_pipeline.twizzit.people import Person, Player, in_team


@pytest.mark.parametrize(
    ("row", "first", "last", "full"),
    [
        ({"first-name": "Jo", "last-name": "De Vos", "name": "x"}, "Jo", "De Vos", None),
        ({"first_name": "Jo", "last_name": "De Vos"}, "Jo", "De Vos", None),
        ({"firstName": "Jo", "lastName": "De Vos"}, "Jo", "De Vos", None),
        ({"firstname": "Jo", "lastname": "De Vos"}, "Jo", "De Vos", None),
        ({"first-name": "Jo", "last-name": None, "name": "Jo De Vos"}, "Jo", None, None),
        ({"name": "De Vos Jo"}, None, None, "De Vos Jo"),
        ({"first-name": None, "last-name": None, "name": "De Vos Jo"}, None, None, "De Vos Jo"),
        ({}, None, None, None),
    ],
)
def test_names_come_in_every_spelling(
    row: dict[str, object], first: str | None, last: str | None, full: str | None
) -> None:
    people = [{"id": "1", "gender": "V", "number": "8", "email-1": {"email": "x"}} | row]
    with account(group_contacts=[link(10, 1)], contacts=people) as (client, _):
        (player,) = client.source.rosters([A], SEASON).players
    expected = Person(first_name=first, last_name=last, full_name=full, gender="V", jersey_number="8")
    assert player == in_team(expected, "10", "1")


def test_a_member_who_is_no_contact_comes_without_a_name() -> None:
    with account(group_contacts=[link(10, 1)], contacts=[]) as (client, _):
        assert client.source.rosters([A], SEASON).players == (Player(team_id="10", id="1"),)


def test_contacts_that_ignore_their_offset_are_asked_for_by_ids() -> None:
    def answer(query: httpx.QueryParams) -> object:
        return contacts(query) if "contact-ids[]" in query else [{"id": 9000 + place} for place in range(100)]

    members = [link(10, id_) for id_ in range(1, 201)]
    with account(group_contacts=members, contacts=answer) as (client, _):
        players = client.source.rosters([A], SEASON).players
    assert len(players) == 200
    assert all(player.first_name == f"F{player.id}" for player in players)


def test_contacts_that_ignore_ids_and_offset_cannot_be_read_and_that_is_an_error() -> None:
    members = [link(10, id_) for id_ in range(1, 201)]
    everyone = [{"id": 9000 + place} for place in range(100)]
    with (
        account(group_contacts=members, contacts=everyone) as (client, _),
        pytest.raises(errors.IncompleteScan, match="/contacts"),
    ):
        client.source.rosters([A], SEASON)


@settings(max_examples=examples(30), deadline=None)
@example(needed=248, others=33, gone=27, seed=2)
@example(needed=1, others=49, gone=11, seed=0)
@given(needed=st.integers(1, 250), others=st.integers(0, 1500), gone=st.integers(0, 30), seed=st.integers(0, 99))
def test_people_anywhere_in_the_list_are_found_for_at_most_twice_the_cheaper_way(
    needed: int, others: int, gone: int, seed: int
) -> None:
    listed = list(range(1, needed + others + 1))
    Random(seed).shuffle(listed)
    wanted = [*range(1, needed + 1), *range(10_000, 10_000 + gone)]
    people = {id_: {"id": id_, "first-name": f"F{id_}"} for id_ in listed}

    def answer(query: httpx.QueryParams) -> object:
        if "contact-ids[]" in query:
            ids = [id_ for id_ in map(int, query.get_list("contact-ids[]")) if id_ < 10_000]
        else:
            ids = listed[int(query["offset"]) :][: int(query["limit"])]
        return [people[id_] for id_ in ids]

    # Given in parts, as no more than 250 rows come at once.
    links = [link(10 + place // 200, id_) for place, id_ in enumerate(wanted)]
    with account(group_contacts=links, contacts=answer) as (client, service):
        players = client.source.rosters([A, B], SEASON).players
    assert {player.id: player.first_name for player in players} == {
        str(id_): f"F{id_}" if id_ < 10_000 else None for id_ in wanted
    }
    # A first page of a round length looks as if it were cut, until the next one is seen to be empty.
    looks_cut = 0 < len(listed) < 100 and (len(listed) % 10 == 0 or len(listed) % 25 == 0)
    by_ids, by_pages = ceil(len(wanted) / 10), 2 if looks_cut else len(listed) // 100 + 1
    assert len(service.asked("/contacts")) <= 2 * min(by_ids, by_pages)


@pytest.mark.parametrize("broken", [0, 100, 200, 300])
def test_people_on_a_page_that_cannot_be_read_are_asked_for_by_ids(broken: int) -> None:
    def answer(query: httpx.QueryParams) -> object:
        if "contact-ids[]" in query:
            return contacts(query)
        offset = int(query["offset"])
        return (
            500 if offset == broken else [{"id": id_, "first-name": f"F{id_}"} for id_ in range(1, 381)[offset:][:100]]
        )

    links = [link(10 + id_ // 200, id_) for id_ in range(1, 381)]
    with account(group_contacts=links, contacts=answer) as (client, _):
        rosters = client.source.rosters([A, B], SEASON)
    assert {player.id: player.first_name for player in rosters.players} == {str(i): f"F{i}" for i in range(1, 381)}


@pytest.mark.parametrize("cap", [10, 20, 50])
@pytest.mark.parametrize("above", ["smallest", "refuse", "cut"])
def test_people_are_found_in_a_list_with_a_low_cap(cap: int, above: str) -> None:
    def answer(query: httpx.QueryParams) -> object:
        ids = [int(id_) for id_ in query.get_list("contact-ids[]")] or list(range(1, 241))
        limit = int(query["limit"])
        if limit > cap and above == "refuse":
            return 400
        size = limit if limit <= cap else 10 if above == "smallest" else cap
        return [{"id": id_, "first-name": f"F{id_}"} for id_ in ids[int(query["offset"]) :][:size]]

    links = [link(10 + id_ // 200, id_) for id_ in range(1, 221)]
    with account(group_contacts=links, contacts=answer) as (client, service):
        players = client.source.rosters([A, B], SEASON).players
    assert {player.id: player.first_name for player in players} == {str(id_): f"F{id_}" for id_ in range(1, 221)}
    assert len(service.asked("/contacts")) <= 22 + 6, "as many as by ids, and a few to learn the cap"
