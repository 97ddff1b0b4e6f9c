"""Rows that describe the account itself, as a server that means ill or is broken lists them."""

import json
from collections.abc import Callable
from datetime import date

import httpx
import pytest

from tests.support.odd_account import Answer, account
from twizzit_pipeline import errors
from twizzit_pipeline.runs import seasons as sync_seasons
from twizzit_pipeline.twizzit.records import Organization, Season
from twizzit_pipeline.twizzit.v2.dialect import V2
from twizzit_pipeline.twizzit.v2.event_types import read_event_types
from twizzit_pipeline.twizzit.v2.lists import Scope
from twizzit_pipeline.words.meanings import NOTHING_SAID

GOOD = {"id": 41, "name": "KC Éénhoorn"}
OWN = Organization("41", "KC Éénhoorn")

BAD_BESIDE = [
    {"name": "KC Éénhoorn"},
    {"id": None, "name": "KC Éénhoorn"},
    {"id": "4\x002", "name": "KC Éénhoorn"},
    {"id": "4\u202e2", "name": "Iets"},
    {"id": "9" * 101, "name": "KC Éénhoorn"},
    {"id": {"a": 1}, "name": "KC Éénhoorn"},
    {"id": 42, "name": "KC Één\x00hoorn"},
    {"id": 42, "name": "\u202eKC Éénhoorn"},
    {"id": 42, "name": "KC Éénhoorn\u200b"},
    {"id": 42, "name": "\x1b[2JKC Éénhoorn"},
    {"id": 42, "name": "KC \ud800Éénhoorn"},
    {"id": 42, "name": "KC Éénhoorn" * 100},
    {"id": 42, "name": "\x00"},
    {"id": 42},
    {"id": 42, "name": ["a"]},
    {},
    "a text",
]


@pytest.mark.parametrize("bad", BAD_BESIDE)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_bad_organization_beside_a_good_one_decides_nothing(bad: object, is_first: bool) -> None:
    with account(organizations=[bad, GOOD] if is_first else [GOOD, bad]) as (client, _):
        assert client.source.organization() == OWN
        assert all(one.name.isprintable() and len(one.name) <= 255 for one in client.source.organizations())
        assert all(one.id is not None and one.id.isprintable() for one in client.source.organizations())


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("KC\x00 Linde", "KC Linde"),
        ("\u202eKC\u2066 Linde\u200f", "KC Linde"),
        ("\x1b]0;x\x07KC Linde", "]0;xKC Linde"),
        (" KC\tLinde\n", "KC Linde"),
        ("KC Linde\ud83d", "KC Linde"),
        ("KC E\u0301e\u0301nhoorn", "KC Éénhoorn"),
        ("x" * 256, ""),
        ("x" * 255, "x" * 255),
    ],
)
def test_the_only_organization_is_read_by_a_clean_name(said: str, kept: str) -> None:
    with account(organizations=[{"id": 41, "name": said}]) as (client, _):
        assert client.source.organization() == Organization("41", kept)


@pytest.mark.parametrize("rows", [[{"name": "A"}], [{"id": "\x00", "name": "A"}, {"name": "B"}]])
def test_organizations_without_any_usable_id_are_no_twizzit(rows: object) -> None:
    with account(organizations=rows) as (client, _), pytest.raises(errors.NotATwizzit, match="without an id"):
        client.source.organization()


def seasons_of(*rows: object) -> tuple[Season, ...]:
    with account(seasons=list(rows)) as (client, _):
        return client.source.seasons()


SEASON = {"id": 7, "name": "2026-2027", "start-date": "2026-07-01", "end-date": "2027-06-30"}
READ = Season("7", "2026-2027", date(2026, 7, 1), date(2027, 6, 30))


@pytest.mark.parametrize(
    ("start", "end", "kept"),
    [
        ("2026-07-01", "9999-12-31", (date(2026, 7, 1), None)),
        ("0001-01-01", "2027-06-30", (None, date(2027, 6, 30))),
        ("1999-12-31", "2101-01-01", (None, None)),
        ("2000-01-01", "2100-12-31", (date(2000, 1, 1), date(2100, 12, 31))),
        ("2027-06-30", "2026-07-01", (None, None)),
        (10**11, -1, (None, None)),
        ("9" * 5000, "2026-02-30", (None, None)),
    ],
)
def test_a_date_beyond_reason_counts_as_not_given(start: object, end: object, kept: object) -> None:
    found = seasons_of(SEASON | {"start-date": start, "end-date": end})
    assert [(one.label, (one.start_date, one.end_date)) for one in found] == [("2026-2027", kept)]
    listed = sync_seasons.listed(found, day=date(2026, 11, 28), season_start="07-01")
    assert [season.label for season in listed] == ["2026-2027"]


@pytest.mark.parametrize(
    "bad",
    [
        SEASON | {"id": "8\x00"},
        SEASON | {"id": "8\u202e"},
        SEASON | {"id": "8" * 101},
        {"id": 8, "name": "\x00\u202e"},
        {"id": 8, "name": "x" * 300},
        {"id": 8},
        "a text",
    ],
)
def test_a_bad_season_beside_a_good_one_is_left_out(bad: object) -> None:
    assert seasons_of(bad, SEASON) == (READ,)


def test_marks_in_the_name_of_a_season_reach_no_label() -> None:
    assert seasons_of(SEASON | {"name": "\u202e2026-\x002027\x1b"}) == (READ,)


def many(path: str) -> Callable[[httpx.QueryParams], object]:
    """Twenty thousand rows, in pages where pages are asked for."""

    def answer(query: httpx.QueryParams) -> object:
        start = int(query.get("offset", 0))
        count = int(query.get("limit", 20_000))
        return [{"id": number, "name": f"{path} {number}"} for number in range(start, min(start + count, 20_000))]

    return answer


def in_pages(path: str) -> Callable[[httpx.QueryParams], object]:
    """A server that never ends: a full page at every offset."""

    def answer(query: httpx.QueryParams) -> object:
        start = int(query.get("offset", 0))
        return [{"id": number, "name": f"{path} {number}"} for number in range(start, start + 100)]

    return answer


@pytest.mark.parametrize("make", [many, in_pages])
@pytest.mark.parametrize("path", ["organizations", "seasons", "contact-functions", "event-types"])
def test_twenty_thousand_rows_are_no_list_of_a_twizzit(
    path: str, make: Callable[[str], Callable[[httpx.QueryParams], object]]
) -> None:
    answers: dict[str, Answer] = {path.replace("-", "_"): make(path), "event_types": make(path)}
    with account(**answers) as (client, service):
        wire = client._source
        assert isinstance(wire, V2)
        asks: dict[str, Callable[[], object]] = {
            "organizations": wire.organizations,
            "seasons": wire.seasons,
            "contact-functions": lambda: wire._function_list().check(),
            "event-types": wire._event_types,
        }
        with pytest.raises(errors.NotATwizzit, match=f"^/{path} lists "):
            asks[path]()
        assert len(service.asked(f"/{path}")) <= 22


def test_a_type_of_events_is_shown_clean_and_its_id_can_be_asked_for() -> None:
    types = [
        {"id": 1, "name": {"EN": "Match\x00\u202e", "NL": "Wedstrijd\x1b[2J"}},
        {"id": "2\x00", "name": "Wedstrijd"},
        {"id": "9" * 5000, "name": "Wedstrijd"},
        {"id": 3, "name": "\x00"},
        {"id": 4, "name": "x" * 5000},
    ]
    with account(event_types=types) as (client, _):
        scope = Scope(client._session, client.source.organization().id)
        found = read_event_types(scope, NOTHING_SAID)
    assert found.matches == ("1",)
    assert found.read == ("Wedstrijd[2J",)
    assert found.not_read == ("3", "4")


def test_marks_in_the_name_of_a_function_hide_no_player() -> None:
    functions = json.loads('[{"id": 1, "name": "Spe\\u0000ler\\u202e"}, {"id": "\\u0000", "name": "Speler"}]')
    with account(contact_functions=functions) as (client, _):
        assert isinstance(client._source, V2)
        listed = client._source._function_list()._list()
    assert listed == {"1": (["Speler"], [])}
