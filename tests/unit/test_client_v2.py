"""Accounts of v2 that answer in odd ways which the simulator does not play."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from math import ceil
from random import Random

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from twizzit_pipeline import errors
from twizzit_pipeline.twizzit.client import ClientOptions, TwizzitClient
from twizzit_pipeline.twizzit.records import Player, Season, Team

Answer = object | Callable[[httpx.QueryParams], object]
SEASON = Season("7", "2026-2027", None, None)
FUNCTIONS = [{"id": 1, "name": {"EN": "Player", "NL": "Speler"}}, {"id": 2, "name": {"NL": "Trainer"}}]


def contacts(query: httpx.QueryParams) -> object:
    """Everybody who is asked for, by ids."""
    return [
        {"id": int(id_), "first-name": f"F{id_}", "last-name": f"L{id_}", "date-of-birth": "2015-01-01"}
        for id_ in query.get_list("contact-ids[]")
    ]


USUAL: dict[str, Answer] = {
    "/organizations": [{"id": 41, "name": "KC Éénhoorn"}],
    "/seasons": [],
    "/group-types": [{"id": 1, "name": {"EN": "Team"}}, {"id": 5, "name": {"EN": "Committee"}}],
    "/groups": lambda query: [{"id": 10, "name": "A"}] if query["group-type"] == "1" else [],
    "/group-contacts": [],
    "/contact-functions": FUNCTIONS,
    "/contacts": contacts,
}


class Service:
    """Answers by path; an int is a status."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers = USUAL | dict(answers)
        self.queries: list[tuple[str, httpx.QueryParams]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v2/api")
        if path == "/authenticate":
            return httpx.Response(200, json={"token": "t"})
        query = request.url.params
        self.queries.append((path, query))
        assert ("organization-ids[]" in query) == (path != "/organizations")
        assert all(len(query.get_list(name)) <= 10 for name in ("contact-ids[]", "group-ids[]"))
        assert b"[" not in request.url.raw_path
        answer = self.answers[path]
        answer = answer(query) if callable(answer) else answer
        return httpx.Response(answer) if isinstance(answer, int) else httpx.Response(200, json=answer)

    def asked(self, path: str) -> list[httpx.QueryParams]:
        return [query for asked, query in self.queries if asked == path]


@contextmanager
def account(name: str = "KC Eenhoorn", **answers: Answer) -> Iterator[tuple[TwizzitClient, Service]]:
    service = Service({"/" + path.replace("_", "-"): answer for path, answer in answers.items()})
    with TwizzitClient(
        endpoint="https://club.example",
        username="u",
        password=SecretStr("p"),
        organization_name=name,
        options=ClientOptions(requests_per_second=10_000),
        transport=httpx.MockTransport(service),
        sleep=lambda _: None,
    ) as client:
        yield client, service


def link(group: object, contact: object, function: object = 1) -> dict[str, object]:
    return {"groupId": group, "contactId": contact, "contactFunctionId": function}


def pairs(players: tuple[Player, ...]) -> list[tuple[str, str | None]]:
    return sorted((player.team_id, player.id) for player in players)


A, B = Team("10", "A"), Team("11", "B")

ORGANIZATIONS = [{"id": 1, "name": "KC Nergens"}, {"id": 2, "name": "Kc  ÉÉNHOORN "}]


def test_the_name_is_compared_without_accents_case_and_spaces() -> None:
    with account(organizations=ORGANIZATIONS) as (client, _):
        assert client.organization().id == "2"


@pytest.mark.parametrize(
    ("listed", "hint"),
    [([], "no organization"), (ORGANIZATIONS[:1] * 1 + [{"id": 3, "name": "X"}], "2 organizations and none")],
)
def test_no_organization_of_that_name_is_said(listed: object, hint: str) -> None:
    with account(organizations=listed) as (client, _), pytest.raises(errors.OrganizationNotFound, match=hint):
        client.seasons()


def test_two_organizations_of_the_same_name_are_not_chosen_between() -> None:
    twice = [{"id": 1, "name": "KC Eenhoorn"}, {"id": 2, "name": "kc eenhoorn"}]
    with account(organizations=twice) as (client, _), pytest.raises(errors.OrganizationNotFound, match="2 of them"):
        client.organization()


def test_seasons_are_labelled_for_partition_keys_and_tolerate_missing_dates() -> None:
    rows = [
        {"id": 1, "name": "2025|2026, U19 ", "start-date": "2025-07-01", "end-date": "2026-06-30T00:00:00"},
        {"id": 2, "name": {"NL": "Zomer"}, "start-date": "", "end-date": None},
        {"id": 3, "start_date": "2026-07-01", "endDate": "2027-06-30"},
        {"id": 4, "name": None, "start-date": "soon"},
    ]
    with account(seasons=rows) as (client, _):
        assert client.seasons() == (
            Season("1", "2025-2026- U19", date(2025, 7, 1), date(2026, 6, 30)),
            Season("2", "Zomer", None, None),
            Season("3", "2026-2027", date(2026, 7, 1), date(2027, 6, 30)),
        )


@pytest.mark.parametrize("types", [403, 404, [], [{"id": 9, "name": {"FR": "Équipe"}}], [{"id": 9, "name": "Ploegen"}]])
def test_the_type_of_teams_is_named_by_the_account_or_assumed(types: object) -> None:
    with account(group_types=types, groups=[]) as (client, service):
        assert client.teams(SEASON) == ()
    assert service.asked("/groups")[0]["group-type"] == ("9" if isinstance(types, list) and types else "1")
    assert service.asked("/groups")[0]["season-id"] == "7"


def test_a_filter_by_type_is_put_to_the_proof_even_where_types_are_not_listed() -> None:
    with (
        account(group_types=403, groups=[{"id": 10, "name": "A"}, {"id": 19, "name": "Bestuur"}]) as (client, service),
        pytest.raises(errors.NotATwizzit, match="told from committees"),
    ):
        client.teams(SEASON)
    assert [query["group-type"] for query in service.asked("/groups")] == ["1", "2"]


def test_where_the_type_is_ignored_teams_are_the_groups_in_which_somebody_plays() -> None:
    members = [link(10, 1), link(19, 2, 2), link(19, 3, 2)]
    groups = [{"id": 10, "name": "A"}, {"id": 19, "name": "Bestuur"}]
    with account(groups=groups, group_contacts=members) as (client, service):
        teams = client.teams(SEASON)
        assert [team.id for team in teams] == ["10"]
        assert pairs(client.rosters(teams, SEASON).players) == [("10", "1")]
    assert len(service.asked("/group-contacts")) == 1


def test_rows_of_other_seasons_are_dropped_by_their_own_word() -> None:
    rows = [
        {"id": 1, "season": {"id": 7, "name": "2026-2027"}},
        {"id": 2, "season": {"id": 6, "name": "2025-2026"}},
        {"id": 3, "season": 7},
        {"id": 4, "season": "6"},
        {"id": 5, "season": None},
    ]
    with account(groups=lambda query: rows if query["group-type"] == "1" else []) as (client, _):
        assert [team.id for team in client.teams(SEASON)] == ["1", "3", "5"]


@pytest.mark.parametrize(
    ("club", "expected"),
    [
        (None, (None, None)),
        ({"id": 41, "name": "kc eenhoorn"}, (None, None)),
        ({"id": 77, "name": "AKC Elders"}, ("77", "AKC Elders")),
        ({"id": 2}, ("2", "KC Twee")),
        (2, ("2", "KC Twee")),
        ("2", ("2", "KC Twee")),
        (41, (None, None)),
        (999, (None, None)),
        ({"id": 999}, (None, None)),
    ],
)
def test_a_club_is_another_one_only_where_the_row_names_it(
    club: object, expected: tuple[str | None, str | None]
) -> None:
    organizations = [{"id": 41, "name": "KC Éénhoorn"}, {"id": 2, "name": "KC Twee"}]
    groups = [{"id": 10, "name": "A", "short-name": "a1", "club": club, "category": {"id": 3, "name": {"NL": "U15"}}}]
    with account(organizations=organizations, groups=lambda q: groups if q["group-type"] == "1" else []) as (client, _):
        (team,) = client.teams(SEASON)
    assert (team.club_id, team.club_name) == expected
    assert (team.short_name, team.category) == ("a1", "U15")


def test_only_players_play_and_each_person_once_a_team() -> None:
    members = [
        link(10, 1),
        link(10, 1, 2),
        link(10, 1),
        link(10, 2, 2),
        link(10, 3, 99),
        link(10, 4, None),
        link(11, 1),
    ]
    with account(group_contacts=members) as (client, _):
        assert pairs(client.rosters([A, B], SEASON).players) == [("10", "1"), ("11", "1")]


def test_where_nobody_has_a_function_everybody_plays_and_functions_are_not_asked_for() -> None:
    with account(group_contacts=[link(10, 1, None), link(10, 2, None)]) as (client, service):
        assert pairs(client.rosters([A], SEASON).players) == [("10", "1"), ("10", "2")]
        assert service.asked("/contact-functions") == []


@pytest.mark.parametrize(
    ("name", "plays"),
    [
        ("Speler", True),
        ({"EN": None, "NL": "", "FR": "JOUEUSE"}, True),
        ("Joueur / Joueuse", True),
        ("Speler (M)", True),
        ("Speelster", True),
        ("Ouder van speler", False),
        ("Speler-trainer", False),
        ("Spelersbegeleider", False),
        ("Player agent", False),
        (None, False),
    ],
)
def test_the_names_of_functions_say_who_plays(name: object, plays: bool) -> None:
    functions = [{"id": 1, "name": name}, {"id": 2, "name": "Player"}]
    with account(group_contacts=[link(10, 1, 1), link(10, 2, 2)], contact_functions=functions) as (client, _):
        found = pairs(client.rosters([A], SEASON).players)
    assert found == ([("10", "1"), ("10", "2")] if plays else [("10", "2")])


def test_a_type_may_say_who_plays_too() -> None:
    functions = [{"id": 1, "name": "Kern A", "type": "player"}]
    with account(group_contacts=[link(10, 1, 1)], contact_functions=functions) as (client, _):
        assert pairs(client.rosters([A], SEASON).players) == [("10", "1")]


@pytest.mark.parametrize(("functions", "kind"), [([FUNCTIONS[1]], errors.NotATwizzit), (403, errors.AccessDenied)])
def test_where_players_cannot_be_told_from_coaches_nobody_is_guessed(functions: object, kind: type[Exception]) -> None:
    with (
        account(group_contacts=[link(10, 1)], contact_functions=functions) as (client, _),
        pytest.raises(kind, match="/contact-functions"),
    ):
        client.rosters([A], SEASON)


def test_an_answer_about_other_groups_only_is_an_error_of_those_teams() -> None:
    def members(query: httpx.QueryParams) -> object:
        return [link(99, 1)] if "10" in query.get_list("group-ids[]") else [link(20, 2)]

    teams = [Team(str(id_), "x") for id_ in range(10, 21)]
    with account(group_contacts=members) as (client, _):
        rosters = client.rosters(teams, SEASON)
    assert rosters.failed.keys() == {str(id_) for id_ in range(10, 20)}
    assert pairs(rosters.players) == [("20", "2")]


def test_a_team_without_members_is_empty_and_not_failed() -> None:
    with account() as (client, _):
        rosters = client.rosters([A], SEASON)
    assert (rosters.players, rosters.failed) == ((), {})


def whole(*ids: int) -> list[dict[str, object]]:
    return [{"id": id_, "name": f"N{id_}", "number": id_, "gender": "F"} for id_ in ids]


def test_whole_contacts_that_do_not_name_their_group_are_asked_for_group_by_group() -> None:
    by_group = {"10": [1, 2], "11": [2, 3]}

    def members(query: httpx.QueryParams) -> object:
        return whole(*(id_ for group in query.get_list("group-ids[]") for id_ in by_group[group]))

    with account(group_contacts=members) as (client, service):
        rosters = client.rosters([A, B], SEASON)
        assert service.asked("/contacts") == []
    assert pairs(rosters.players) == [("10", "1"), ("10", "2"), ("11", "2"), ("11", "3")]
    assert rosters.players[0] == Player("10", "1", None, None, "N1", "F", 1)


def test_the_same_whole_contacts_for_every_group_are_no_rosters() -> None:
    with account(group_contacts=whole(1, 2, 3)) as (client, _), pytest.raises(errors.NotATwizzit, match="same members"):
        client.rosters([A, B], SEASON)


def test_rows_of_another_kind_are_no_members() -> None:
    with account(group_contacts=[{"x": 1}]) as (client, _), pytest.raises(errors.NotATwizzit, match="/group-contacts"):
        client.rosters([A], SEASON)


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
        (player,) = client.rosters([A], SEASON).players
    assert player == Player("10", "1", first, last, full, "V", "8")


def test_somebody_who_is_no_contact_comes_without_a_name() -> None:
    with account(group_contacts=[link(10, 1)], contacts=[]) as (client, _):
        assert client.rosters([A], SEASON).players == (Player("10", "1", None, None),)


def test_contacts_that_ignore_their_offset_are_asked_for_by_ids() -> None:
    def answer(query: httpx.QueryParams) -> object:
        return contacts(query) if "contact-ids[]" in query else [{"id": 9000 + place} for place in range(100)]

    members = [link(10, id_) for id_ in range(1, 201)]
    with account(group_contacts=members, contacts=answer) as (client, _):
        players = client.rosters([A], SEASON).players
    assert len(players) == 200
    assert all(player.first_name == f"F{player.id}" for player in players)


def test_contacts_that_ignore_ids_and_offset_cannot_be_read_and_that_is_an_error() -> None:
    members = [link(10, id_) for id_ in range(1, 201)]
    everybody = [{"id": 9000 + place} for place in range(100)]
    with (
        account(group_contacts=members, contacts=everybody) as (client, _),
        pytest.raises(errors.IncompleteScan, match="/contacts"),
    ):
        client.rosters([A], SEASON)


def test_an_account_of_more_than_fifty_functions_is_read_past_the_silent_cut() -> None:
    functions = [{"id": id_, "name": "Trainer"} for id_ in range(2, 80)] + [{"id": 1, "name": "Speler"}]

    def answer(query: httpx.QueryParams) -> object:
        limit, offset = int(query.get("limit", 50)), int(query.get("offset", 0))
        return functions[offset : offset + limit]

    with account(group_contacts=[link(10, 1)], contact_functions=answer) as (client, _):
        assert pairs(client.rosters([A], SEASON).players) == [("10", "1")]


@pytest.mark.parametrize("path", ["organizations", "seasons", "groups", "group_contacts", "contact_functions"])
@pytest.mark.parametrize("answer", [{}, {"error": "x"}, "x", 7.5, [1]])
def test_an_answer_of_another_shape_is_never_an_empty_list(path: str, answer: object) -> None:
    usual = {"group_contacts": [link(10, 1)]}
    with (
        account(**usual | {path: answer}) as (client, _),
        pytest.raises(errors.NotATwizzit, match=path.replace("_", "-")),
    ):
        client.seasons()
        client.rosters(client.teams(SEASON), SEASON)


@settings(max_examples=80, deadline=None)
@example(needed=248, others=33, gone=27, seed=2)
@example(needed=1, others=49, gone=11, seed=0)
@given(needed=st.integers(1, 250), others=st.integers(0, 1500), gone=st.integers(0, 30), seed=st.integers(0, 99))
def test_people_anywhere_in_the_list_are_found_for_at_most_twice_the_cheaper_way(
    needed: int, others: int, gone: int, seed: int
) -> None:
    listed = list(range(1, needed + others + 1))
    Random(seed).shuffle(listed)
    wanted = [*range(1, needed + 1), *range(10_000, 10_000 + gone)]

    def answer(query: httpx.QueryParams) -> object:
        if "contact-ids[]" in query:
            ids = [id_ for id_ in map(int, query.get_list("contact-ids[]")) if id_ < 10_000]
        else:
            ids = listed[int(query["offset"]) :][: int(query["limit"])]
        return [{"id": id_, "first-name": f"F{id_}"} for id_ in ids]

    # Given in parts, as no more than 250 rows come at once.
    links = [link(10 + place // 200, id_) for place, id_ in enumerate(wanted)]
    with account(group_contacts=links, contacts=answer) as (client, service):
        players = client.rosters([A, B], SEASON).players
    assert {player.id: player.first_name for player in players} == {
        str(id_): f"F{id_}" if id_ < 10_000 else None for id_ in wanted
    }
    # A list of fifty looks as if it were cut, until the next page is seen to be empty.
    by_ids, by_pages = ceil(len(wanted) / 10), 2 if len(listed) == 50 else len(listed) // 100 + 1
    assert len(service.asked("/contacts")) <= 2 * min(by_ids, by_pages)


@pytest.mark.parametrize(
    ("failure", "ends"), [(httpx.ConnectError("refused"), True), (httpx.ReadTimeout("slow"), False)]
)
def test_no_connection_ends_everything_and_a_lost_answer_only_its_teams(failure: Exception, ends: bool) -> None:
    def members(query: httpx.QueryParams) -> object:
        if "20" in query.get_list("group-ids[]"):
            raise failure
        return [link(query.get_list("group-ids[]")[0], 1)]

    teams = [Team(str(id_), "x") for id_ in range(10, 31)]
    with account(group_contacts=members) as (client, _):
        if ends:
            with pytest.raises(errors.ConnectionFailed):
                client.rosters(teams, SEASON)
        else:
            rosters = client.rosters(teams, SEASON)
            assert rosters.failed.keys() == {str(id_) for id_ in range(20, 30)}


@pytest.mark.parametrize("broken", [0, 100, 200, 300])
def test_people_on_a_page_that_cannot_be_read_are_asked_for_by_ids(broken: int) -> None:
    def answer(query: httpx.QueryParams) -> object:
        if "contact-ids[]" in query:
            return contacts(query)
        offset = int(query["offset"])
        return (
            500 if offset == broken else [{"id": id_, "first-name": f"F{id_}"} for id_ in range(1, 381)][offset:][:100]
        )

    links = [link(10 + id_ // 200, id_) for id_ in range(1, 381)]
    with account(group_contacts=links, contacts=answer) as (client, _):
        rosters = client.rosters([A, B], SEASON)
    assert {player.id: player.first_name for player in rosters.players} == {str(i): f"F{i}" for i in range(1, 381)}
