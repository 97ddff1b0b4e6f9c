"""How much of Twizzit's lists one run keeps: pages without end, of many rows, of long texts or of many values."""

import tracemalloc
from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from tests.support.odd_account import SEASON, A, B, account, contacts, link
from twizzit_pipeline import errors
from twizzit_pipeline.twizzit.client import ClientOptions, TwizzitClient
from twizzit_pipeline.twizzit.session import ends_everything

MEGABYTES = 16
REFUSED = r"^{}: what Twizzit lists would take more than the 16 MB that one run may: .* raise TWIZZIT_RUN_MEGABYTES"
ROWS: dict[str, Callable[[int], dict[str, Any]]] = {
    "an id": lambda id_: {"id": id_},
    "a long text": lambda id_: {"id": id_, "name": "x" * 50_000},
    "many values": lambda id_: {"id": id_, "of": [{}] * 2000},
}
# As many rows as the megabytes hold by what one row takes: 2,000 bytes, and each value and character besides.
MOST_PAGES = {"an id": 16_000_000 // (249 * 2000) + 1, "a long text": 2, "many values": 1}


def page_of(query: httpx.QueryParams, kind: str) -> list[dict[str, Any]]:
    """A full page, wherever it begins."""
    first = int(query["offset"])
    return [ROWS[kind](id_) for id_ in range(first, first + int(query["limit"]))]


def _v1(answer: Callable[[httpx.Request], httpx.Response]) -> TwizzitClient:
    return TwizzitClient(
        endpoint="https://club.example/v1",
        username="u",
        password=SecretStr("p"),
        organization_name="KC Test",
        options=ClientOptions(requests_per_second=10_000, run_megabytes=MEGABYTES),
        transport=httpx.MockTransport(answer),
    )


@pytest.mark.parametrize("kind", ROWS)
def test_a_list_without_an_end_is_given_up(kind: str) -> None:
    with account(groups=lambda query: page_of(query, kind), run_megabytes=MEGABYTES) as (client, service):
        with pytest.raises(errors.RunTooLarge, match=REFUSED.format("/groups")) as error:
            client.source.teams(SEASON)
        assert 1 <= len(service.asked("/groups")) <= MOST_PAGES[kind]
        assert ends_everything(error.value)


def test_rosters_without_an_end_end_all_that_are_read_at_once() -> None:
    def answer(query: httpx.QueryParams) -> object:
        group, first = query.get_list("group-ids[]")[0], int(query["offset"])
        return [link(group, id_) for id_ in range(first, first + int(query["limit"]))]

    with (
        account(group_contacts=answer, run_megabytes=MEGABYTES) as (client, service),
        pytest.raises(errors.RunTooLarge, match=REFUSED.format("/group-contacts")),
    ):
        client.source.rosters([A, B], SEASON)
    assert len(service.asked("/group-contacts")) <= MOST_PAGES["an id"]


def test_lists_count_together() -> None:
    """A calendar is read by stretches of days, rosters by ten teams: each part may be small."""
    with account(groups=[{"id": 1, "name": "x" * 9_000_000}], run_megabytes=MEGABYTES) as (client, _):
        client.source.groups(SEASON, "1")
        with pytest.raises(errors.RunTooLarge):
            client.source.groups(SEASON, "2")


def test_a_list_that_is_read_again_counts_once() -> None:
    """Its rows move while the first two readings are at their second page: neither of them is kept."""
    readings = []

    def answer(query: httpx.QueryParams) -> object:
        offset, limit = int(query["offset"]), int(query["limit"])
        if offset == 0:
            readings.append(limit)
        first = 1 + (offset > 2500 and len(readings) < 3)
        return [{"id": id_} for id_ in range(first, 3001)][offset : offset + limit]

    with account(groups=answer, run_megabytes=MEGABYTES) as (client, _):
        for season in ("1", "2"):
            readings.clear()
            assert len(client.source.groups(SEASON, season)) == 3000
            assert len(readings) == 3


def test_a_list_that_could_not_be_read_counts_for_nothing() -> None:
    """A step is tried again with the same client."""
    moving = [True]

    def answer(query: httpx.QueryParams) -> object:
        offset = int(query["offset"])
        first = 1 + (offset > 2500 and moving[0])
        return [{"id": id_} for id_ in range(first, 3001)][offset : offset + int(query["limit"])]

    with account(groups=answer, run_megabytes=MEGABYTES) as (client, _):
        for _ in range(3):
            with pytest.raises(errors.IncompleteScan):
                client.source.groups(SEASON, "1")
        moving.clear()
        moving.append(False)
        assert len(client.source.groups(SEASON, "1")) == 3000


def test_all_people_of_a_federation_are_looked_through_and_count_for_nothing_afterwards() -> None:
    """An account that ignores ids lists all of them, for each question."""

    def answer(query: httpx.QueryParams) -> object:
        offset = int(query.get("offset", "0"))
        return [{"id": id_, "first-name": "A"} for id_ in range(1, 5001)][offset : offset + int(query["limit"])]

    with account(contacts=answer, run_megabytes=MEGABYTES) as (client, service):
        for first in (4000, 4100, 4200):
            assert len(client.source.names([str(first), str(first + 1)])) == 2
        assert len(service.asked("/contacts")) > 3 * 5000 / 250, "all pages, each time"


@pytest.mark.parametrize("names_its_group", [True, False])
def test_rosters_that_are_read_anew_for_departures_count_for_nothing_afterwards(names_its_group: bool) -> None:
    """Each reading takes ten of the sixteen megabytes; where a row does not name its group, each is asked for alone."""

    def answer(query: httpx.QueryParams) -> object:
        offset, groups = int(query["offset"]), query.get_list("group-ids[]")
        rows = [link(group, id_) for id_ in range(1, 2501) for group in groups]
        if not names_its_group:
            rows = [{"id": row["contactId"], "first-name": groups[0], "functions": [1]} for row in rows]
        return rows[offset : offset + int(query["limit"])]

    with account(group_contacts=answer, run_megabytes=MEGABYTES) as (client, _):
        for _ in range(3):
            playing = client.source.playing(["10", "11"], SEASON)
            assert [len(found) for found in playing.values()] == [2500, 2500]


def test_days_that_are_read_anew_for_departures_count_for_nothing_afterwards() -> None:
    def answer(query: httpx.QueryParams) -> object:
        offset = int(query["offset"])
        return [{"id": id_} for id_ in range(1, 3001)][offset : offset + int(query["limit"])]

    types, day = [{"id": 3, "name": {"EN": "Match"}}], date(2026, 10, 3)
    with account(events=answer, event_types=types, run_megabytes=MEGABYTES) as (client, _):
        for _ in range(4):
            said = client.source.matches_still_listed(SEASON, {"3000": day, "3001": day}, {"1": day})
            assert said == {"3000": "present", "3001": "absent"}


def test_a_list_of_v1_that_is_read_again_counts_once() -> None:
    readings = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json={"token": "t"})
        page = int(request.url.params["page"])
        if page == 1:
            readings.append(page)
        first = 100 * page - (page > 40 and len(readings) < 3)
        rows = [{"id": id_} for id_ in range(first, first + 100)]
        return httpx.Response(
            200, json={"teams": rows, "hasMore": page < 50, "total": 5000 + page % 2 * (len(readings) < 3)}
        )

    with _v1(answer) as client:
        assert len(client.source.teams(None).teams) == 5000
    assert len(readings) == 3


@pytest.mark.parametrize("path", ["teams", "competitions"])
def test_pages_of_v1_without_an_end_are_given_up(path: str) -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json={"token": "t"})
        asked.append(request.url.params["page"])
        first = 100 * int(request.url.params["page"])
        return httpx.Response(200, json={path: [{"id": id_} for id_ in range(first, first + 100)], "hasMore": True})

    with (
        _v1(answer) as client,
        pytest.raises(errors.RunTooLarge, match=REFUSED.format(f"/{path}")),
    ):
        if path == "teams":
            client.source.teams(None)
        else:
            client.source.calendar(SEASON, None)
    assert len(asked) <= 16_000_000 // (100 * 2000) + 1


def test_of_pages_of_people_only_those_who_are_sought_are_kept() -> None:
    """Hundreds of pages are read at once, and each may list a whole federation: they count for nothing."""

    def answer(query: httpx.QueryParams) -> object:
        if "contact-ids[]" in query:
            return contacts(query)
        offset = int(query["offset"])
        return [{"id": 10_000 + offset + place} for place in range(100 if offset < 3200 else 5_000)]

    sought = [str(id_) for id_ in range(1, 3001)]
    with account(contacts=answer, run_megabytes=MEGABYTES) as (client, service):
        tracemalloc.start()
        try:
            found = client.source.names(sought)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert sum("contact-ids[]" not in query for query in service.asked("/contacts")) == 62
    assert peak < 45_000_000, peak
    assert {id_: first for id_, (first, _) in found.items()}.items() <= {id_: f"F{id_}" for id_ in sought}.items()
