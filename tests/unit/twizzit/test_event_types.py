"""Which events are matches: types, filters that are ignored, and what is set aside."""

import httpx
import pytest

from tests.support.odd_account import account
from tests.support.odd_events import SEASON, TYPES, event, listed
from twizzit_pipeline import errors
from twizzit_pipeline.twizzit.records import Calendar, Side
from twizzit_pipeline.twizzit.v2.event_types import _other
from twizzit_pipeline.words.meanings import Meanings


def test_trainings_meetings_and_other_seasons_are_no_matches_where_filters_are_ignored() -> None:
    rows = (
        event(id=1),
        event(id=2, name=None, series=None),
        event(id=3, name="Vergadering bestuur", series=None),
        event(id=4, start="2026-06-30 15:00:00"),
        event(id=5, start="2027-07-01 15:00:00"),
    )
    with account(event_types=TYPES, events=list(rows)) as (client, _):
        assert [match.id for match in client.calendar(SEASON).matches] == ["1"]


def test_the_type_may_be_named_by_the_configuration() -> None:
    types = [{"id": 8, "name": {"EN": "Fixture"}, "active": True}]
    with account(event_types=types, events=listed(event())) as (client, service):
        with pytest.raises(errors.MatchTypeNotFound, match="--event-type"):
            client.calendar(SEASON)
        assert service.asked("/events") == []
    for named in ("fixture", "8"):
        meanings = Meanings(event_types={named: "match"})
        with account(meanings=meanings, event_types=types, events=listed(event())) as (client, service):
            assert len(client.calendar(SEASON).matches) == 1
            assert {query["event-types[]"] for query in service.asked("/events")} == {"8"}


def asides(calendar: Calendar) -> dict[str, set[str | None]]:
    found: dict[str, set[str | None]] = {}
    for one in calendar.set_aside:
        found.setdefault(one.label, set()).add(one.id)
    return found


TRAINING = {"name": None, "series": None}
MEETING = {"name": "Vergadering bestuur", "series": None}


def test_every_event_is_a_match_or_set_aside_and_a_named_one_without_opponent_is_a_match() -> None:
    rows = (
        event(id=1),
        event(id=2, **TRAINING),
        event(id=3, **MEETING),
        event(id=4, start="2026-06-30 15:00:00"),
        event(id=6, start="2026-12-31 15:00:00"),  # the day that both windows share
    )

    def by_type(query: httpx.QueryParams) -> object:
        return list(rows) if "4" in query.get_list("event-types[]") else []

    with account(event_types=TYPES, events=by_type) as (client, service):
        calendar = client.calendar(SEASON)
        assert [match.id for match in calendar.matches] == ["1", "3", "6"]
        assert calendar.matches[1].away == Side(None, None)  # its contract says what is missing
        assert asides(calendar) == {"training": {"2"}, "other_season": {"4"}}
        assert len(calendar.matches) + len(calendar.set_aside) == len(rows)
        proof = service.asked("/events")[-1]
        assert (proof.get_list("event-types[]"), proof["start-date"], proof["end-date"]) == (
            ["3"],
            "2026-11-21",
            "2026-11-22",
        )
        assert len(service.asked("/events")) == 3


def test_where_the_filter_is_ignored_a_named_event_without_opponent_is_no_match() -> None:
    with account(event_types=TYPES, events=listed(event(id=1), event(id=2, **TRAINING), event(id=3, **MEETING))) as (
        client,
        service,
    ):
        calendar = client.calendar(SEASON)
        assert [match.id for match in calendar.matches] == ["1"]
        assert asides(calendar) == {"training": {"2"}, "not_a_match": {"3"}}
        assert len(service.asked("/events")) == 3


def test_the_filter_is_not_put_to_the_proof_without_need_and_a_refusal_proves_it() -> None:
    with account(event_types=TYPES, events=listed(event())) as (client, service):
        client.calendar(SEASON)
        assert len(service.asked("/events")) == 2

    def refusing(query: httpx.QueryParams) -> object:
        return [event(id=3, **MEETING)] if query.get_list("event-types[]") == ["4"] else 400

    with account(event_types=TYPES, events=refusing) as (client, _):
        assert [match.id for match in client.calendar(SEASON).matches] == ["3"]


def test_all_types_of_matches_are_read_by_one_call_a_window_and_an_event_of_two_types_counts_once() -> None:
    names = ["Competitiewedstrijd", "Bekerwedstrijd", "Oefenmatch", "Wedstrijdbespreking", "Iets &amp; anders"]
    types = [{"id": 30 + at, "name": {"NL": name}, "active": 1} for at, name in enumerate(names)]
    rows = {"30": [event(id=1), event(id=2)], "31": [event(id=2), event(id=3)], "32": [event(id=4)]}

    def by_type(query: httpx.QueryParams) -> object:
        return [row for type_id in query.get_list("event-types[]") for row in rows[type_id]]

    with account(event_types=types, events=by_type) as (client, service):
        calendar = client.calendar(SEASON)
        assert [match.id for match in calendar.matches] == ["1", "2", "3", "4"]
        assert [query.get_list("event-types[]") for query in service.asked("/events")] == [["30", "31", "32"]] * 2
        assert calendar.types_read == ("Competitiewedstrijd", "Bekerwedstrijd", "Oefenmatch")
        assert calendar.types_not_read == ("Wedstrijdbespreking", "Iets & anders")


@pytest.mark.parametrize("active", [[], {}, [1], {"id": 3}, None, "ja", 1])
def test_a_type_is_active_unless_it_says_that_it_is_not(active: object) -> None:
    types = [{"id": 3, "name": {"NL": "Wedstrijd"}, "active": active}, {"id": 4, "name": "Match", "active": " No "}]
    with account(event_types=types, events=listed(event())) as (client, service):
        assert len(client.calendar(SEASON).matches) == 1
        assert service.asked("/events")[0].get_list("event-types[]") == ["3"]


def test_more_types_than_a_filter_takes_are_read_ten_at_a_time() -> None:
    types = [{"id": number, "name": {"NL": f"Wedstrijd {number}"}, "active": True} for number in range(1, 13)]
    with account(event_types=types, events=listed(event())) as (client, service):
        assert len(client.calendar(SEASON).matches) == 1
        assert [len(query.get_list("event-types[]")) for query in service.asked("/events")] == [10, 10, 2, 2]


def test_what_the_configuration_says_of_a_type_decides_before_its_name() -> None:
    types = [{"id": 3, "name": {"NL": "Wedstrijd"}}, {"id": 4, "name": {"NL": "Interclub-activiteit"}}]
    said = Meanings(event_types={"wedstrijd": "other", "4": "match"})
    with account(event_types=types, events=listed(event()), meanings=said) as (client, service):
        assert len(client.calendar(SEASON).matches) == 1
        assert service.asked("/events")[0].get_list("event-types[]") == ["4"]


def test_an_account_without_a_type_of_matches_gets_an_error_with_its_types_and_what_to_do() -> None:
    types = [{"id": number, "name": {"NL": f"Soort\t {number}"}} for number in range(1, 20)]
    with account(event_types=types) as (client, _), pytest.raises(errors.MatchTypeNotFound) as caught:
        client.calendar(SEASON)
    assert "it has Soort 1, Soort 2," in str(caught.value)
    assert "Soort 12)" in str(caught.value)
    assert 'twizzit config set ID --event-type "NAME=match"' in str(caught.value)


def test_an_event_without_a_day_does_not_stand_in_the_way_of_the_proof_that_types_are_ignored() -> None:
    rows = [event(id=1, name="Vergadering", series=None, start=None), event(id=2, name="Eetfestijn", series=None)]
    with account(event_types=TYPES, events=rows) as (client, _):
        calendar = client.calendar(SEASON)
    assert {one.id: one.reason for one in calendar.set_aside} == {"1": "not_a_match", "2": "not_a_match"}


@pytest.mark.parametrize("nothing", [[], {}, httpx.Response(204)])
def test_an_account_without_event_types_gets_an_error_that_says_what_to_do(nothing: object) -> None:
    """A name cannot be said of a type that is not listed; its id can."""
    with (
        account(event_types=nothing, events=listed(event())) as (client, _),
        pytest.raises(errors.MatchTypeNotFound, match="lists no event types") as raised,
    ):
        client.calendar(SEASON)
    assert "--event-type NUMBER=match" in str(raised.value)
    assert "--no-competitions" in str(raised.value)
    said = Meanings(event_types={"4": "match"})
    with account(event_types=nothing, events=listed(event()), meanings=said) as (client, _):
        assert [match.id for match in client.calendar(SEASON).matches] == ["1"]


@pytest.mark.parametrize(("status", "is_enough"), [(400, True), (403, True), (404, True), (410, False)])
def test_types_that_may_not_be_read_are_not_needed_where_the_configuration_names_one_by_its_id(
    status: int, is_enough: bool
) -> None:
    meanings = Meanings(event_types={"4": "match"})
    answer = httpx.Response(status, json={"error": "no permission"})
    with account(meanings=meanings, event_types=answer, events=listed(event())) as (client, _):
        if is_enough:
            assert len(client.calendar(SEASON).matches) == 1
        else:
            with pytest.raises(errors.NotATwizzit):
                client.calendar(SEASON)


@pytest.mark.parametrize(
    ("others", "matches", "other"),
    [(["5", "6"], ["3"], "5"), ([], ["3", "7", "x"], "8"), ([], ["x"], "1")],
)
def test_the_filter_is_put_to_the_proof_by_a_type_that_is_no_match(
    others: list[str], matches: list[str], other: str
) -> None:
    assert _other(others, matches) == other
