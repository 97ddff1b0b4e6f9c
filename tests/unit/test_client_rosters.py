"""Who plays in which team, where an account of v2 answers in odd ways: the members of groups, and their functions."""

import httpx
import pytest

from tests.unit.odd_account import FUNCTIONS, SEASON, A, B, account, link, pairs
from twizzit_pipeline import errors
from twizzit_pipeline.twizzit.records import Player, Team


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


def test_an_account_of_more_than_fifty_functions_is_read_past_the_silent_cut() -> None:
    functions = [{"id": id_, "name": "Trainer"} for id_ in range(2, 80)] + [{"id": 1, "name": "Speler"}]

    def answer(query: httpx.QueryParams) -> object:
        limit, offset = int(query.get("limit", 50)), int(query.get("offset", 0))
        return functions[offset : offset + limit]

    with account(group_contacts=[link(10, 1)], contact_functions=answer) as (client, _):
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
