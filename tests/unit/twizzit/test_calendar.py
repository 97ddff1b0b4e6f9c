"""The calendar as a client reads it: what is a match, whose sides they are, and what is proved of its completeness."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import ceil

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.odd_account import account
from tests.support.odd_events import OWN, SEASON, TYPES, event, listed, only_match
from twizzit_pipeline import errors
from twizzit_pipeline.sync.entities.calendar import with_own_names
from twizzit_pipeline.twizzit.records import Match, Side
from twizzit_pipeline.twizzit.v2.events import windows


def test_a_match_and_its_series_are_read() -> None:
    with account(event_types=TYPES, events=listed(event(score="12-9"))) as (client, service):
        calendar = client.calendar(SEASON)
        assert client.calendar(SEASON) is calendar
        asked = service.asked("/events")
    home, away = Side("10", "KC Éénhoorn U15 1"), Side(None, "AKC Zand 2")
    end = "2026-11-21 16:30:00"
    assert calendar.matches == (Match("1", "77", home, away, "2026-11-21 15:00:00", None, "12", "9", end),)
    assert (calendar.types_read, calendar.types_not_read) == (("Wedstrijd",), ("Training",))
    [competition] = calendar.competitions
    assert (competition.id, competition.name) == ("77", "U15 reeks 2")
    assert (competition.start_date, competition.end_date) == (SEASON.start_date, SEASON.end_date)
    assert [query.get_list("event-types[]") for query in asked] == [["4"], ["4"]]
    assert len(service.asked("/event-types")) == 1


def test_away_is_away_and_a_friendly_has_no_competition() -> None:
    found = only_match(name="AKC Zand 2 - KC Éénhoorn U15 1", series=None, event_groups=[{**OWN, "isHomeTeam": False}])
    assert found is not None
    assert (found.home, found.away) == (Side(None, "AKC Zand 2"), Side("10", "KC Éénhoorn U15 1"))
    assert found.competition_id is None


def test_two_own_teams_against_each_other_are_both_known() -> None:
    groups = [{"group-id": 10, "group-name": "U15 1", "is-home-team": True}]
    groups.append({"group-id": 11, "group-name": "U15 2", "is-home-team": False})
    row = event(name="KC Éénhoorn U15 1 - KC Éénhoorn U15 2", event_groups=groups)
    with account(event_types=TYPES, events=listed(row)) as (client, service):
        [found] = client.calendar(SEASON, own_team_ids={"10", "11"}).matches
        assert not service.asked("/groups")
    assert (found.home.team_id, found.away.team_id) == ("10", "11")


@pytest.mark.parametrize(
    ("name", "sides"),
    [
        ("KC Éénhoorn U15 1 - Sint-Jozef - Polder", ("KC Éénhoorn U15 1", "Sint-Jozef - Polder")),
        ("U15 1 – AKC Zand 2", ("U15 1", "AKC Zand 2")),
        ("KC Éénhoorn U15 1 -  AKC Zand 2 (AFGELAST)", ("KC Éénhoorn U15 1", "AKC Zand 2")),
        ("KC Één\u200bhoorn U15 1 - Sint-Jozef - Polder", ("KC Éénhoorn U15 1", "Sint-Jozef - Polder")),
        ("KC Éénhoorn U15 1 \u200e- AKC Zand", ("KC Éénhoorn U15 1", "AKC Zand")),
        ("KC Éénhoorn U15 1-AKC Zand", ("KC Éénhoorn U15 1", "AKC Zand")),
        (f"KC Éénhoorn U15 1{' ' * 300}- AKC Zand", ("KC Éénhoorn U15 1", "AKC Zand")),
        ("Two - Other - Clubs", ("U15 1", None)),  # the series says that it is a match: the contract rejects it
        (None, ("U15 1", None)),
    ],
)
def test_sides_are_cut_where_the_own_team_says(name: str | None, sides: tuple[str | None, str | None]) -> None:
    found = only_match(name=name)
    assert found is not None
    assert (found.home.name, found.away.name) == sides


@pytest.mark.parametrize("signs", [" ", "(", "a (", "-", "!", ":", " x", " v ", " 1-1", ",", "."])
def test_of_a_name_without_end_the_beginning_is_read(signs: str) -> None:
    """Some patterns that find sides and marks take the cube of a name's length: 60,000 signs would take for ever."""
    found = only_match(name=f"KC Éénhoorn U15 1 - {'Z' * 150}{signs * 60_000}b")
    assert found is not None
    names = [name for name in (found.home.name, found.away.name) if name is not None]
    assert any("Z" * 101 in name for name in names)  # too long for its column: the contract rejects the match
    assert max(map(len, names)) <= 255


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, None),
        ({"description": "Afgelast wegens regen"}, "cancelled"),
        ({"description": "Annulé"}, "cancelled"),
        ({"description": "Bij regen wordt de wedstrijd afgelast"}, None),  # not off yet
        ({"description": "UITGESTELD"}, "to_reschedule"),
        ({"name": "KC Éénhoorn U15 1 - AKC Zand 2 [reporté]"}, "to_reschedule"),
        ({"name": "CANCELLED: KC Éénhoorn U15 1 - AKC Zand 2"}, "cancelled"),
        ({"name": "KC Éénhoorn U15 1 - AKC Zand 2 (afge\u00adlast)"}, "cancelled"),
        ({"description": "Uitge\u200bsteld"}, "to_reschedule"),
    ],
)
def test_a_match_that_is_off_is_recognized_by_a_word(changes: dict[str, object], status: str | None) -> None:
    found = only_match(**changes)
    assert found is not None
    assert found.status == status
    assert (found.home.name, found.away.name) == ("KC Éénhoorn U15 1", "AKC Zand 2")


def test_events_that_move_between_pages_are_an_error() -> None:
    rows = [event(id=number) for number in range(600)]
    readings = iter(range(100))

    def shifting(query: httpx.QueryParams) -> object:
        offset = int(query["offset"])
        shift = next(readings) if offset else 0
        return rows[offset + shift :][:250]

    with account(event_types=TYPES, events=shifting) as (client, _), pytest.raises(errors.IncompleteScan):
        client.calendar(SEASON)


@settings(max_examples=examples(15), deadline=None)
@given(st.integers(0, 1500))
def test_calls_keep_their_bound(count: int) -> None:
    start = datetime(2026, 7, 1, 10, tzinfo=UTC)
    rows = [
        event(id=number, start=f"{start + timedelta(hours=number * 5):%Y-%m-%d %H:%M:%S}") for number in range(count)
    ]
    with account(event_types=TYPES, events=listed(*rows)) as (client, service):
        assert len(client.calendar(SEASON).matches) == count
        asked = len(service.asked("/events"))
    # one for each 250 events, plus one a window; the shared day is read twice
    assert asked <= ceil((count + 5) / 250) + len(windows(date(2026, 7, 1), date(2027, 6, 30)))


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 800))
def test_windows_cover_every_day_and_share_their_seams(start: date, days: int) -> None:
    end = start + timedelta(days=days)
    found = windows(start, end)
    assert found[0][0] == start
    assert found[-1][1] == end + timedelta(days=1)
    assert all(before[1] == after[0] for before, after in pairwise(found))
    assert all(first <= last for first, last in found)


BOTH_SIDES = [
    {"groupId": 900, "groupName": "AKC Zand 2", "groupShortName": "Z2", "isHomeTeam": False},
    {"groupId": 10, "groupName": "U15 1", "groupShortName": "U15", "isHomeTeam": True},
]


@pytest.mark.parametrize(
    "groups",
    [
        BOTH_SIDES,
        BOTH_SIDES[::-1],
        {"1": BOTH_SIDES[0], "4": BOTH_SIDES[1]},
        [{**BOTH_SIDES[0], "isHomeTeam": "0"}, {**BOTH_SIDES[1], "isHomeTeam": "true"}],
        [{key: value for key, value in group.items() if key != "isHomeTeam"} for group in BOTH_SIDES],
        [{"group-id": group["groupId"], "group-name": group["groupName"]} for group in BOTH_SIDES],
    ],
)
@pytest.mark.parametrize("scanned", [{"10", "12"}, None])
def test_a_group_of_no_own_team_is_the_opponent_in_every_shape(groups: object, scanned: set[str] | None) -> None:
    with account(event_types=TYPES, events=listed(event(event_groups=groups))) as (client, service):
        [found] = client.calendar(SEASON, own_team_ids=scanned).matches
        assert len(service.asked("/groups")) == 1
    assert (found.home, found.away) == (Side("10", "KC Éénhoorn U15 1"), Side(None, "AKC Zand 2"))


def test_scores_and_ends_are_read_and_an_odd_score_costs_the_score() -> None:
    rows = [
        event(id=1, score={"home": 12, "away": "9"}),
        event(id=2, score="won"),
        event(id=3, homeScore=4, awayScore=5),
        event(id=4, status="in_progress"),
    ]
    with account(event_types=TYPES, events=listed(*rows)) as (client, _):
        found = client.calendar(SEASON).matches
    assert [(match.home_score, match.away_score, match.score_unread) for match in found] == [
        (12, "9", False),
        (None, None, True),
        (4, 5, False),
        (None, None, False),
    ]
    assert found[3].status == "in_progress"


@pytest.mark.parametrize(
    ("series", "named", "nameless"),
    [
        ((5, "5"), {}, ["5"]),  # nothing in Twizzit's answers could ever name it: set aside
        ((5, {"id": 5, "name": "Reeks A"}), {"5": "Reeks A"}, []),
        (({"name": "Reeks A"}, "Reeks B"), {"Reeks A": "Reeks A", "Reeks B": "Reeks B"}, []),
        (({"id": 5, "name": ""}, 6), {"5": ""}, ["6"]),  # a person can name the first: the contract rejects it
    ],
)
def test_a_series_that_is_an_id_alone_is_set_aside_and_its_matches_are_not(
    series: tuple[object, ...], named: dict[str, str], nameless: list[str]
) -> None:
    rows = [event(id=place, series=one) for place, one in enumerate(series, start=1)]
    with account(event_types=TYPES, events=listed(*rows)) as (client, _):
        calendar = client.calendar(SEASON)
    assert {one.id: one.name or "" for one in calendar.competitions} == named
    assert [(one.id, one.reason) for one in calendar.competitions_set_aside] == [(id_, "no_name") for id_ in nameless]
    assert {match.id for match in calendar.matches} == {"1", "2"}


def test_a_row_that_is_empty_is_left_to_the_contract_and_keeps_no_match_out() -> None:
    with account(event_types=TYPES, events=[event(), None]) as (client, _):
        calendar = client.calendar(SEASON)
    assert [match.id for match in calendar.matches] == ["1", None]
    assert calendar.set_aside == ()


ZAND = {"groupId": 900, "groupName": "AKC Zand 2", "isHomeTeam": False}


@pytest.mark.parametrize(
    ("name", "groups", "sides"),
    [
        ("U15 1 - AKC Zand 2", [10], ("10", None)),
        ("U15 1 - AKC Zand 2", "10", ("10", None)),
        ("AKC Zand 2 - U15 1", ["900", "10"], (None, "10")),
        ("", {"home": OWN, "away": ZAND}, ("10", None)),
        ("", {"away": {"id": 10, "name": "U15 1"}, "home": {"id": 900, "name": "AKC Zand 2"}}, (None, "10")),
        ("", [{**OWN, "side": "away", "isHomeTeam": None}, {**ZAND, "isHomeTeam": True}], (None, "10")),
    ],
)
def test_groups_may_be_ids_alone_or_stand_under_their_side(
    name: str, groups: object, sides: tuple[str | None, str | None]
) -> None:
    row = event(name=name, event_groups=groups)
    with account(event_types=TYPES, events=listed(row), groups=[{"id": 10, "name": "U15 1"}]) as (client, _):
        [match] = client.calendar(SEASON, own_team_ids=["10"]).matches
    assert (match.home.team_id, match.away.team_id) == sides
    opponent = match.away if match.home.team_id else match.home
    assert opponent.name == "AKC Zand 2"


def test_own_teams_whose_ids_alone_are_given_have_their_names_from_the_scan_of_teams() -> None:
    row = event(name="", event_groups=[{"groupId": 10, "isHomeTeam": 1}, {"groupId": 11, "isHomeTeam": 0}])
    with account(event_types=TYPES, events=listed(row)) as (client, _):
        calendar = with_own_names(client.calendar(SEASON, own_team_ids=["10", "11"]), {"10": "U15 1", "11": "U15 2"})
    [match] = calendar.matches
    assert (match.home, match.away) == (Side("10", "U15 1"), Side("11", "U15 2"))
