"""What an account of v2 lists, answered in odd ways: its organization, its seasons and its teams."""

from datetime import date

import httpx
import pytest

from tests.support.odd_account import SEASON, Answer, account, link, pairs
from twizzit_pipeline import errors
from twizzit_pipeline.twizzit.records import Organization, Season, SetAside
from twizzit_pipeline.twizzit.v2.organizations import choose
from twizzit_pipeline.words.meanings import GroupTypeMeaning, Meanings

ORGANIZATIONS = [{"id": 1, "name": "KC Nergens"}, {"id": 2, "name": "Kc  ÉÉNHOORN "}]


def test_the_name_is_compared_without_accents_case_and_spaces() -> None:
    with account(organizations=ORGANIZATIONS) as (client, _):
        assert client.source.organization().id == "2"


@pytest.mark.parametrize(
    ("listed", "hint"),
    [
        ([], "no organization"),
        ([*ORGANIZATIONS[:1], {"id": 3, "name": "X"}], "2 organizations and none of them has the"),
    ],
)
def test_no_organization_of_that_name_is_said(listed: object, hint: str) -> None:
    with account(organizations=listed) as (client, _), pytest.raises(errors.OrganizationNotFound, match=hint):
        client.source.seasons()


def test_two_organizations_of_the_same_name_are_not_chosen_between() -> None:
    twice = [{"id": 1, "name": "KC Eenhoorn"}, {"id": 2, "name": "kc eenhoorn"}]
    with (
        account(organizations=twice) as (client, _),
        pytest.raises(errors.OrganizationNotFound, match="2 of them have the"),
    ):
        client.source.organization()


def test_seasons_are_labelled_for_partition_keys_and_tolerate_missing_dates() -> None:
    rows = [
        {"id": 1, "name": "2025|2026, U19 ", "start-date": "2025-07-01", "end-date": "2026-06-30T00:00:00"},
        {"id": 2, "name": {"NL": "Zomer"}, "start-date": "", "end-date": None},
        {"id": 3, "start_date": "2026-07-01", "endDate": "2027-06-30"},
        {"id": 4, "name": None, "start-date": "soon"},
    ]
    with account(seasons=rows) as (client, _):
        assert client.source.seasons() == (
            Season("1", "2025-2026- U19", date(2025, 7, 1), date(2026, 6, 30)),
            Season("2", "Zomer", None, None),
            Season("3", "2026-2027", date(2026, 7, 1), date(2027, 6, 30)),
        )


@pytest.mark.parametrize("types", [403, 404, [], [{"id": 9, "name": {"FR": "Équipe"}}], [{"id": 9, "name": "Ploegen"}]])
def test_the_type_of_teams_is_named_by_the_account_or_assumed(types: object) -> None:
    with account(group_types=types, groups=[]) as (client, service):
        assert client.source.teams(SEASON).teams == ()
    assert service.asked("/groups")[0]["group-type"] == ("9" if isinstance(types, list) and types else "1")
    assert service.asked("/groups")[0]["season-id"] == "7"


def test_a_filter_by_type_is_put_to_the_proof_even_where_types_are_not_listed() -> None:
    with (
        account(group_types=403, groups=[{"id": 10, "name": "A"}, {"id": 19, "name": "Bestuur"}]) as (client, service),
        pytest.raises(errors.NotATwizzit, match="committees look the same"),
    ):
        client.source.teams(SEASON)
    assert [query["group-type"] for query in service.asked("/groups")] == ["1", "2"]


def test_where_the_type_is_ignored_teams_are_the_groups_with_players() -> None:
    members = [link(10, 1), link(19, 2, 2), link(19, 3, 2)]
    groups = [{"id": 10, "name": "A"}, {"id": 19, "name": "Bestuur"}]
    with account(groups=groups, group_contacts=members) as (client, service):
        teams = client.source.teams(SEASON)
        assert [team.id for team in teams.teams] == ["10"]
        assert teams.set_aside == (SetAside("19", "not_a_team"),)
        assert pairs(client.source.rosters(teams.teams, SEASON).players) == [("10", "1")]
    assert len(service.asked("/group-contacts")) == 1


def test_rows_of_other_seasons_are_set_aside_by_their_own_word() -> None:
    rows = [
        {"id": 1, "season": {"id": 7, "name": "2026-2027"}},
        {"id": 2, "season": {"id": 6, "name": "2025-2026"}},
        {"id": 3, "season": 7},
        {"id": 4, "season": "6"},
        {"id": 5, "season": None},
        {"id": 6, "seasonId": 6},
    ]
    with account(groups=lambda query: rows if query["group-type"] == "1" else []) as (client, _):
        teams = client.source.teams(SEASON)
    assert [team.id for team in teams.teams] == ["1", "3", "5"]
    assert teams.set_aside == (
        SetAside("2", "other_season", "2025-2026"),
        SetAside("4", "other_season", "id 6"),
        SetAside("6", "other_season", "id 6"),
    )


TYPES = [
    {"id": 3, "name": {"EN": "Youth teams", "NL": "Jeugdploegen"}},
    {"id": 4, "name": {"NL": "Ploegverantwoordelijken"}},
    {"id": 5, "name": {"FR": "Équipe première"}},
    {"id": 6, "name": "Selecties"},
]


def of_type(query: httpx.QueryParams) -> object:
    return [
        {"id": id_, "name": f"G{id_}"} for id_ in {"3": [10, 11], "5": [11, 12], "6": [13]}.get(query["group-type"], [])
    ]


def test_all_types_that_are_teams_are_read_and_a_group_of_two_comes_once() -> None:
    with account(group_types=TYPES, groups=of_type) as (client, service):
        assert [team.id for team in client.source.teams(SEASON).teams] == ["10", "11", "12"]
    assert [query["group-type"] for query in service.asked("/groups")] == ["3", "4", "5"]  # 4 is the proof


@pytest.mark.parametrize(
    ("said", "teams"),
    [
        ({"selecties": "team"}, ["10", "11", "12", "13"]),
        ({"6": "team", "jeugdploegen": "other"}, ["11", "12", "13"]),
        ({"3": "other", "5": "other", "6": "team"}, ["13"]),
    ],
)
def test_the_configuration_says_which_types_are_teams(said: dict[str, GroupTypeMeaning], teams: list[str]) -> None:
    with account(meanings=Meanings(group_types=said), group_types=TYPES, groups=of_type) as (client, _):
        assert [team.id for team in client.source.teams(SEASON).teams] == teams


def test_where_every_type_is_of_teams_no_proof_is_needed() -> None:
    with account(group_types=[TYPES[0], TYPES[2]], groups=of_type) as (client, service):
        assert [team.id for team in client.source.teams(SEASON).teams] == ["10", "11", "12"]
    assert [query["group-type"] for query in service.asked("/groups")] == ["3", "5"]


def test_a_type_of_teams_is_known_whatever_invisible_stands_in_its_name() -> None:
    types = [{"id": 1, "name": {"NL": "Be\u00adstuur"}}, {"id": 7, "name": {"NL": "Plo\u00adegen\u200b"}}]
    groups = {"7": [{"id": 10, "name": "A"}]}
    with account(group_types=types, groups=lambda query: groups.get(query["group-type"], [])) as (client, _):
        assert [team.id for team in client.source.teams(SEASON).teams] == ["10"]


def test_where_the_usual_type_says_that_it_is_none_the_types_are_listed() -> None:
    types = [{"id": 1, "name": "Werkgroep"}, {"id": 2, "name": "Selectie"}]
    with account(group_types=types) as (client, _), pytest.raises(errors.NotATwizzit, match="Werkgroep; Selectie"):
        client.source.teams(SEASON)


@pytest.mark.parametrize(
    ("club", "expected"),
    [
        (None, (None, None)),
        ({"id": 41, "name": "kc eenhoorn"}, (None, None)),
        ({"id": 41, "name": "KC Één\u200bhoorn\u00ad"}, (None, None)),
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
        (team,) = client.source.teams(SEASON).teams
    assert (team.club_id, team.club_name) == expected
    assert (team.short_name, team.category) == ("a1", "U15")


@pytest.mark.parametrize("path", ["organizations", "seasons", "groups", "group_contacts", "contact_functions"])
@pytest.mark.parametrize("answer", [None, {"error": "x"}, {"0": {}, "error": "x"}, "x", 7.5, [1]])
def test_an_answer_of_another_shape_is_never_an_empty_list(path: str, answer: Answer) -> None:
    usual: dict[str, Answer] = {"group_contacts": [link(10, 1)]}
    with (
        account(**usual | {path: answer}) as (client, _),
        pytest.raises(errors.NotATwizzit, match=path.replace("_", "-")),
    ):
        client.source.seasons()
        client.source.rosters(client.source.teams(SEASON).teams, SEASON)


def test_lists_may_come_as_objects_with_a_gap_and_empty_ones_without_keys() -> None:
    groups = {"0": {"id": 10, "name": "A"}, "2": {"id": 11, "name": "B"}}
    with account(
        organizations={"3": {"id": 41, "name": "KC Eenhoorn"}},
        seasons={},
        groups=lambda query: groups if query["group-type"] == "1" else {},
        group_contacts={"1": link(10, 1), "4": link(11, 2)},
    ) as (client, _):
        assert client.source.seasons() == ()
        teams = client.source.teams(SEASON).teams
        assert [team.id for team in teams] == ["10", "11"]
        assert pairs(client.source.rosters(teams, SEASON).players) == [("10", "1"), ("11", "2")]


@pytest.mark.parametrize("nothing", [204, 404])
def test_an_empty_list_may_be_a_204_or_a_404_where_the_path_has_answered_before(nothing: int) -> None:
    groups = [{"id": 10, "name": "A"}]
    with account(groups=lambda query: groups if query["group-type"] == "1" else nothing) as (client, service):
        assert [team.id for team in client.source.teams(SEASON).teams] == ["10"]
        service.answers["/groups"] = nothing
        assert client.source.teams(SEASON).teams == ()


def test_a_404_of_a_path_that_never_answered_is_an_error_and_so_is_a_web_page() -> None:
    with account(groups=404) as (client, service):
        with pytest.raises(errors.NotATwizzit, match="/groups answered 404 with an empty body"):
            client.source.teams(SEASON)
        service.answers["/groups"] = []
        assert client.source.teams(SEASON).teams == ()
        service.answers["/groups"] = lambda _: httpx.Response(404, html="<html>Even geduld</html>")
        with pytest.raises(errors.NotATwizzit, match="/groups answered 404 with a web page"):
            client.source.teams(SEASON)


@pytest.mark.parametrize(
    ("path", "answer", "seen"),
    [
        (
            "organizations",
            {"error": "Jan", "code": 3, "Jan Peeters": 1},
            "200 with an object with the keys error, code, …",
        ),
        ("organizations", "x", "200 with a text, where a list is due: the endpoint is probably not"),
        ("groups", {"error": "Jan"}, "200 with an object with the key error, where a list is due: the login works"),
        ("groups", None, "200 with null, where a list is due"),
        ("groups", ["Jan"], "200 with a list with a text in it"),
        (
            "groups",
            lambda _: httpx.Response(400, json={"error": "Jan"}),
            "400 with an object with the key error: Twizzit",
        ),
        ("groups", 410, "410 with an empty body: the login works"),
        ("groups", 304, "304 with an empty body: the login works"),
        ("organizations", 404, "404 with an empty body: the endpoint is probably not"),
    ],
)
def test_an_error_says_what_was_seen_and_advises_what_fits(path: str, answer: Answer, seen: str) -> None:
    with account(**{path: answer}) as (client, _), pytest.raises(errors.NotATwizzit) as raised:
        client.source.teams(SEASON)
    assert f"/{path} answered {seen}" in str(raised.value)
    assert "Jan" not in str(raised.value)
    assert ("endpoint is probably not" in str(raised.value)) == (path == "organizations")


@pytest.mark.parametrize("cap", [10, 20, 50, 100])
@pytest.mark.parametrize("above", ["smallest", "refuse", "cut"])
@pytest.mark.parametrize("count", [1, 9, 10, 20, 49, 50, 100, 117, 260])
def test_lists_of_a_server_with_a_low_cap_are_read_whole(cap: int, above: str, count: int) -> None:
    rows = [{"id": id_, "name": f"Ploeg {id_}"} for id_ in range(1, count + 1)]

    def capped(query: httpx.QueryParams) -> object:
        limit, offset = int(query.get("limit", 10)), int(query.get("offset", 0))
        if limit > cap and above == "refuse":
            return httpx.Response(400, json={"error": "limit"})
        size = limit if limit <= cap else 10 if above == "smallest" else cap
        return rows[offset : offset + size]

    with account(
        groups=lambda query: capped(query) if query["group-type"] == "1" else [], contact_functions=capped
    ) as (client, service):
        assert [team.id for team in client.source.teams(SEASON).teams] == [str(row["id"]) for row in rows]
        first = len(service.asked("/groups"))
        assert [team.id for team in client.source.teams(SEASON).teams] == [str(row["id"]) for row in rows]
        again = service.asked("/groups")[first:]
    assert len(again) <= first
    if above == "refuse":
        assert all(int(query["limit"]) <= cap for query in again), "a refused limit is learnt once a run"


@pytest.mark.parametrize(
    ("count", "calls"), [(0, 1), (7, 1), (49, 1), (50, 2), (51, 1), (100, 2), (249, 1), (250, 2), (251, 2)]
)
def test_a_list_costs_one_call_more_at_most_where_its_length_is_round(count: int, calls: int) -> None:
    rows = [{"id": id_, "name": f"Ploeg {id_}"} for id_ in range(1, count + 1)]

    def paged(query: httpx.QueryParams) -> object:
        if query["group-type"] != "1":
            return []
        offset, limit = int(query["offset"]), int(query["limit"])
        return rows[offset : offset + min(250, limit)]

    with account(groups=paged) as (client, service):
        assert len(client.source.groups(SEASON, "1")) == count
    assert len(service.asked("/groups")) == calls


MATCHES = [{"id": 4, "name": {"EN": "Match"}}]
FORBIDDEN: Answer = httpx.Response(403, json={"error": "no access"})
NO_MATCH = "competitions and matches: None of the account's event types is called a match"


@pytest.mark.parametrize(
    ("answers", "refusals"),
    [
        ({}, []),
        ({"event_types": [{"id": 3, "name": "Training"}]}, [NO_MATCH]),
        ({"event_types": FORBIDDEN}, ["competitions and matches: /event-types answered 403"]),
        ({"event_types": 404}, ["competitions and matches: /event-types answered 404"]),
        ({"contact_functions": FORBIDDEN}, ["players: /contact-functions answered 403"]),
        ({"group_contacts": FORBIDDEN}, ["players: /group-contacts answered 403"]),
        ({"contact_functions": [{"id": 2, "name": "Trainer"}]}, []),  # plain members play
        ({"group_types": [{"id": 5, "name": "Bestuur"}]}, ["teams: none of its 1 group types is called a team"]),
        ({"group_types": 404}, []),
        ({"groups": []}, ["teams: the account lists no group"]),
        (
            {"event_types": [], "contact_functions": [], "group_types": [{"id": 5, "name": "Bestuur"}]},
            ["teams: ", "competitions and matches: The account lists no event types"],
        ),
    ],
)
def test_verifying_says_what_a_sync_would_refuse(answers: dict[str, Answer], refusals: list[str]) -> None:
    usual: dict[str, Answer] = {"event_types": MATCHES, "groups": [{"id": 10, "name": "A"}]}
    with account(**usual | answers) as (client, _):
        found = client.verify().refusals
        assert client.calls <= 8
    assert len(found) == len(refusals)
    assert all(line.startswith(begin) for line, begin in zip(found, refusals, strict=True))


def test_verifying_leaves_the_calendar_alone_where_it_is_not_to_be_synced() -> None:
    with account(groups=[{"id": 10, "name": "A"}]) as (client, service):
        assert client.verify(calendar=False).refusals == ()
        assert not service.asked("/event-types")
    training = [{"id": 9, "name": {"NL": "Training"}}]
    with account(groups=[{"id": 10, "name": "A"}], event_types=training) as (client, service):
        [refusal] = client.verify().refusals
        assert refusal.startswith(NO_MATCH)


@pytest.mark.parametrize("path", ["groups", "organizations"])
def test_verifying_fails_where_the_account_may_not_read_its_groups(path: str) -> None:
    with account(**{path: FORBIDDEN}) as (client, _), pytest.raises(errors.AccessDenied, match=f"/{path}"):
        client.verify()


def test_the_organization_whose_name_came_as_it_is_comes_before_one_whose_name_was_cleaned() -> None:
    cleaned, plain, other = (Organization(id_, name) for id_, name in (("1", "KC X"), ("2", "kc x"), ("3", "KC Y")))
    assert choose([cleaned, plain, other], "KC X", ill_named={cleaned}) == plain
    assert choose([cleaned, other], "KC X", ill_named={cleaned}) == cleaned
    for several in ([cleaned, plain, other], [other, Organization("4", "KC Z")]):
        with pytest.raises(errors.OrganizationNotFound):
            choose(several, "KC X")
    with pytest.raises(errors.OrganizationNotFound):
        choose([], "KC X")
    assert choose([other], "KC X") == other, "the account's only one"
