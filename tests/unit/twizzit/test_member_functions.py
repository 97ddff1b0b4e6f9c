"""Which members of a team play, as their functions say, where an account of v2 answers in odd ways."""

import httpx
import pytest

from tests.support.odd_account import FUNCTIONS, SEASON, A, account, link, pairs
from twizzit_pipeline import errors
from twizzit_pipeline.twizzit.records import SetAside
from twizzit_pipeline.words.meanings import Meanings


def test_twelve_youth_players_are_twelve_players() -> None:
    """The right value of the issue: a U15 whose 12 members all are "Jeugdspeler"."""
    members = [link(10, id_, 5) for id_ in range(1, 13)]
    functions = [{"id": 5, "name": {"EN": "", "NL": "Jeugdspeler", "FR": None}}, FUNCTIONS[1]]
    with account(group_contacts=members, contact_functions=functions) as (client, _):
        rosters = client.source.rosters([A], SEASON)
    assert pairs(rosters.players) == sorted(("10", str(id_)) for id_ in range(1, 13))
    assert (rosters.set_aside, rosters.unclear) == ((), ())


def test_an_account_without_any_function_of_a_players_is_judged_by_the_same_rules() -> None:
    functions = [{"id": 1, "name": "Lid"}, FUNCTIONS[1], {"id": 3, "name": "Zwaluw"}]
    members = [link(10, 1), link(10, 2, 2), link(10, 3, 3)]
    with account(group_contacts=members, contact_functions=functions) as (client, _):
        rosters = client.source.rosters([A], SEASON)
    assert pairs(rosters.players) == [("10", "1")]
    assert rosters.set_aside == (SetAside("2", "not_a_player", "Trainer", "10"),)
    assert rosters.unclear == (SetAside("3", "function_unknown", "Zwaluw", "10"),)


def test_the_configuration_says_what_a_function_is_before_its_names() -> None:
    said = Meanings(functions={"zwaluw": "player", "4": "other"})
    functions = [{"id": 3, "name": "Zwaluw"}, {"id": 4, "name": "Gastspeler"}, {"id": 5, "name": "Speler"}]
    members = [link(10, 3, 3), link(10, 4, 4), link(10, 5, 5)]
    with account(meanings=said, group_contacts=members, contact_functions=functions) as (client, _):
        rosters = client.source.rosters([A], SEASON)
    assert pairs(rosters.players) == [("10", "3"), ("10", "5")]
    assert rosters.set_aside == (SetAside("4", "not_a_player", "Gastspeler", "10"),)


def test_a_function_that_is_closed_to_new_members_still_says_what_those_who_have_it_are() -> None:
    functions = [{"id": 1, "name": "Speler", "active": False}, {"id": 2, "name": "Coach", "active": False}]
    with account(group_contacts=[link(10, 1), link(10, 2, 2)], contact_functions=functions) as (client, _):
        rosters = client.source.rosters([A], SEASON)
    assert pairs(rosters.players) == [("10", "1")]
    assert rosters.set_aside == (SetAside("2", "not_a_player", "Coach", "10"),)


@pytest.mark.parametrize("function", [{"id": 77, "name": "Jeugdspeler"}, "Jeugdspeler", {"0": 1, "2": 2}, [2, 1]])
def test_a_function_may_stand_in_the_row_by_name_or_as_one_of_several(function: object) -> None:
    with account(group_contacts=[link(10, 1, function)]) as (client, _):
        assert pairs(client.source.rosters([A], SEASON).players) == [("10", "1")]


def test_the_word_that_is_shown_is_short_and_printable() -> None:
    functions = [{"id": 2, "name": "Trainer\u0000\n  van " + "x" * 200}]
    with account(group_contacts=[link(10, 1, 2)], contact_functions=functions) as (client, _):
        (row,) = client.source.rosters([A], SEASON).set_aside
    assert row.word is not None and row.word.startswith("Trainer van xxx") and len(row.word) == 60


def test_where_no_member_has_a_function_all_play_and_functions_are_not_asked_for() -> None:
    with account(group_contacts=[link(10, 1, None), link(10, 2, None)]) as (client, service):
        assert pairs(client.source.rosters([A], SEASON).players) == [("10", "1"), ("10", "2")]
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
        found = pairs(client.source.rosters([A], SEASON).players)
    assert found == ([("10", "1"), ("10", "2")] if plays else [("10", "2")])


def test_a_type_may_say_who_plays_too() -> None:
    functions = [{"id": 1, "name": "Kern A", "type": "player"}]
    with account(group_contacts=[link(10, 1, 1)], contact_functions=functions) as (client, _):
        assert pairs(client.source.rosters([A], SEASON).players) == [("10", "1")]


def test_an_account_of_more_than_fifty_functions_is_read_past_the_silent_cut() -> None:
    functions = [{"id": id_, "name": "Trainer"} for id_ in range(2, 80)] + [{"id": 1, "name": "Speler"}]

    def answer(query: httpx.QueryParams) -> object:
        limit, offset = int(query.get("limit", 50)), int(query.get("offset", 0))
        return functions[offset : offset + limit]

    with account(group_contacts=[link(10, 1)], contact_functions=answer) as (client, _):
        assert pairs(client.source.rosters([A], SEASON).players) == [("10", "1")]


def test_where_functions_may_not_be_read_no_role_is_guessed() -> None:
    with (
        account(group_contacts=[link(10, 1)], contact_functions=403) as (client, _),
        pytest.raises(errors.AccessDenied, match="/contact-functions"),
    ):
        client.source.rosters([A], SEASON)


@pytest.mark.parametrize("is_object", [False, True])
def test_a_name_of_a_function_without_end_keeps_no_other_member_out(is_object: bool) -> None:
    """What a function is of ("lid van …") is read within what it is: 3,000 times, where nothing cuts it."""
    name = "lid van " * 3000
    member = link(10, 1, {"id": 77, "name": name} if is_object else name)
    with account(group_contacts=[member, link(10, 2)]) as (client, _):
        rosters = client.source.rosters([A], SEASON)
    assert [row.id for row in rosters.unclear] == []
    assert pairs(rosters.players) == [("10", "1"), ("10", "2")]
