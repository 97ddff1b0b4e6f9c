"""Who stands in which team, where an account of v2 answers in odd ways; functions are in `test_member_functions`."""

import httpx
import pytest

from tests.support.odd_account import FUNCTIONS, SEASON, A, B, account, link, pairs
from twizzit_pipeline import errors
from twizzit_pipeline.transform.players import players_frame
from twizzit_pipeline.twizzit.people import Player
from twizzit_pipeline.twizzit.records import Season, SetAside, Team


def test_every_membership_is_a_player_or_set_aside_or_unclear() -> None:
    members = [
        link(10, 1),
        link(10, 1, 2),  # plays, and coaches
        link(10, 2, 2),
        link(10, 3, 99),  # a function that is not listed
        link(10, 4, None),
        link(10, 4, 3),  # a player, whom the row before calls a member
        link(11, 1),
    ]
    functions = [*FUNCTIONS, {"id": 3, "name": "Gastspeler"}]
    with account(group_contacts=members, contact_functions=functions) as (client, _):
        rosters = client.source.rosters([A, B], SEASON)
    assert pairs(rosters.players) == [("10", "1"), ("10", "4"), ("11", "1")]
    assert set(rosters.set_aside) == {
        SetAside("1", "not_a_player", "Trainer", "10"),
        SetAside("2", "not_a_player", "Trainer", "10"),
        SetAside("4", "listed_twice", None, "10"),
    }
    assert rosters.unclear == (SetAside("3", "function_unknown", "99", "10"),)


def of_season(row: dict[str, object], **season: object) -> dict[str, object]:
    return row | season


def test_a_membership_of_another_season_is_set_aside_and_one_without_a_season_stays() -> None:
    members = [
        of_season(link(10, 1), **{"season-id": 7}),
        of_season(link(10, 1), **{"season-id": 6}),  # the same person, last year
        of_season(link(10, 2), seasonId="6"),
        of_season(link(10, 3), season={"id": 6, "name": "2025-2026"}),
        of_season(link(10, 4), season={"id": 99, "name": "2026-2027"}),
        of_season(link(10, 5), season="2025-2026"),
        of_season(link(10, 6), season="2026-2027"),
        of_season(link(10, 7), season_id=None),
        link(10, 8),
    ]
    with account(group_contacts=members) as (client, service):
        rosters = client.source.rosters([A], SEASON)
    assert pairs(rosters.players) == [("10", id_) for id_ in ("1", "4", "6", "7", "8")]
    assert {(row.id, row.reason, row.word) for row in rosters.set_aside} == {
        ("1", "other_season", "id 6"),
        ("2", "other_season", "id 6"),
        ("3", "other_season", "2025-2026"),
        ("5", "other_season", "2025-2026"),
    }
    (query,) = service.asked("/group-contacts")
    assert query.get_list("season-ids[]") == ["7"]


def test_the_label_decides_where_the_season_has_no_id() -> None:
    members = [
        of_season(link(10, 1), season={"id": 7, "name": "2026-2027"}),
        of_season(link(10, 2), season="2025-2026"),
    ]
    with account(group_contacts=[*members, of_season(link(10, 3), seasonId=6)]) as (client, service):
        rosters = client.source.rosters([A], Season(None, "2026-2027", None, None))
    assert pairs(rosters.players) == [("10", "1"), ("10", "3")]  # an id cannot be compared with a label
    assert [(row.id, row.reason) for row in rosters.set_aside] == [("2", "other_season")]
    assert service.asked("/group-contacts")[0].get_list("season-ids[]") == []


def test_rows_of_groups_that_were_not_asked_for_are_set_aside_once_however_often_they_come() -> None:
    members = [link(id_, 1) for id_ in range(10, 32)] + [link(99, 2), link(99, 2, 2)]
    teams = [Team(str(id_), "x") for id_ in range(10, 32)]
    with account(group_contacts=members) as (client, service):
        rosters = client.source.rosters(teams, SEASON)
    assert len(service.asked("/group-contacts")) == 3
    assert len(rosters.players) == 22
    assert rosters.set_aside == (SetAside("2", "other_group", None, "99"),) * 2


def test_an_answer_about_other_groups_only_is_an_error_of_those_teams() -> None:
    def members(query: httpx.QueryParams) -> object:
        return [link(99, 1)] if "10" in query.get_list("group-ids[]") else [link(20, 2)]

    teams = [Team(str(id_), "x") for id_ in range(10, 21)]
    with account(group_contacts=members) as (client, _):
        rosters = client.source.rosters(teams, SEASON)
    assert rosters.failed.keys() == {str(id_) for id_ in range(10, 20)}
    assert pairs(rosters.players) == [("20", "2")]


def test_a_team_without_members_is_empty_and_not_failed() -> None:
    with account() as (client, _):
        rosters = client.source.rosters([A], SEASON)
    assert (rosters.players, rosters.failed) == ((), {})


def whole(*ids: int) -> list[dict[str, object]]:
    return [{"id": id_, "name": f"N{id_}", "number": id_, "gender": "F"} for id_ in ids]


def test_whole_contacts_that_do_not_name_their_group_are_asked_for_group_by_group() -> None:
    by_group = {"10": [1, 2], "11": [2, 3]}

    def members(query: httpx.QueryParams) -> object:
        return whole(*(id_ for group in query.get_list("group-ids[]") for id_ in by_group[group]))

    with account(group_contacts=members) as (client, service):
        rosters = client.source.rosters([A, B], SEASON)
        assert service.asked("/contacts") == []
    assert pairs(rosters.players) == [("10", "1"), ("10", "2"), ("11", "2"), ("11", "3")]
    assert rosters.players[0] == Player(team_id="10", id="1", full_name="N1", gender="F", jersey_number=1)


def test_the_same_whole_contacts_for_every_group_are_no_rosters() -> None:
    with account(group_contacts=whole(1, 2, 3)) as (client, _), pytest.raises(errors.NotATwizzit, match="same members"):
        client.source.rosters([A, B], SEASON)


def test_rows_of_another_kind_are_no_members() -> None:
    with account(group_contacts=[{"x": 1}]) as (client, _), pytest.raises(errors.NotATwizzit, match="/group-contacts"):
        client.source.rosters([A], SEASON)


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
                client.source.rosters(teams, SEASON)
        else:
            rosters = client.source.rosters(teams, SEASON)
            assert rosters.failed.keys() == {str(id_) for id_ in range(20, 30)}


RELATIONS = [
    {"id": 510, "group-id": 10, "name": "A", "season": {"id": 7}},
    {"id": 511, "group": {"id": 11, "name": "B"}, "season": {"id": 7}},
]


def related(query: httpx.QueryParams) -> object:
    return RELATIONS if query["group-type"] == "1" else []


@pytest.mark.parametrize("keys", ["relation", "lasting"])
@pytest.mark.parametrize("accepts", ["relation", "lasting", "lasting, else 400", "both"])
def test_memberships_of_a_group_and_of_its_relation_to_the_season_are_that_teams(keys: str, accepts: str) -> None:
    def members(query: httpx.QueryParams) -> object:
        asked = set(query.get_list("group-ids[]"))
        if accepts == "lasting, else 400" and not asked <= {"10", "11"}:
            return 400
        kinds = ["relation", "lasting"] if accepts == "both" else [accepts.partition(",")[0]]
        found = []
        for relation, lasting, contact in ((510, 10, 1), (511, 11, 2), (511, 11, 3)):
            if any(str({"relation": relation, "lasting": lasting}[kind]) in asked for kind in kinds):
                row = link(relation if keys == "relation" else lasting, contact)
                found += [row, row | {"contactId": contact + 100, "season-id": 6}]
        return found

    with account(groups=related, group_contacts=members) as (client, service):
        teams = client.source.teams(SEASON).teams
        assert [(team.id, team.name, team.other_ids) for team in teams] == [
            ("510", "A", ("10",)),
            ("511", "B", ("11",)),
        ]
        rosters = client.source.rosters(teams, SEASON)
        assert len(service.asked("/groups")) == 2
    assert rosters.failed == {}
    assert pairs(rosters.players) == [("510", "1"), ("511", "2"), ("511", "3")]
    assert {(row.id, row.reason, row.team_id) for row in rosters.set_aside} == {
        ("101", "other_season", "510"),
        ("102", "other_season", "511"),
        ("103", "other_season", "511"),
    }
    assert len(service.asked("/group-contacts")) <= (6 if "400" in accepts else 3)  # five limits are tried


def test_the_other_ids_of_groups_are_asked_for_where_only_the_players_are_read() -> None:
    def members(query: httpx.QueryParams) -> object:
        return [link(10, 1)] if "510" in query.get_list("group-ids[]") else []

    with account(groups=related, group_contacts=members) as (client, _):
        rosters = client.source.rosters([Team("510", "A")], SEASON)
    assert pairs(rosters.players) == [("510", "1")]


def test_a_team_without_members_stays_empty_where_the_groups_may_not_be_read() -> None:
    with account(groups=403) as (client, _):
        rosters = client.source.rosters([A], SEASON)
    assert (rosters.players, rosters.failed) == ((), {})


def test_an_account_that_answers_nothing_for_a_season_is_asked_without_it() -> None:
    def members(query: httpx.QueryParams) -> object:
        return [] if "season-ids[]" in query else [link(10, 1), link(10, 2) | {"seasonId": 6}]

    with account(group_contacts=members) as (client, _):
        rosters = client.source.rosters([A], SEASON)
    assert pairs(rosters.players) == [("10", "1")]
    assert [row.reason for row in rosters.set_aside] == ["other_season"]


@pytest.mark.parametrize("odd", [None, {}, {"error": "x"}])
def test_a_row_that_is_no_membership_keeps_none_out(odd: object) -> None:
    """It is a row without an id, which the contract rejects and counts; an answer of nothing else is another format."""
    with account(group_contacts=[link(10, 1), odd, link(11, 2)]) as (client, service):
        rosters = client.source.rosters([A, B], SEASON)
        assert len(service.asked("/group-contacts")) == 1
    assert [(one.team_id, one.id) for one in rosters.players if one.id is not None] == [("10", "1"), ("11", "2")]
    assert [(one.team_id, one.first_name) for one in rosters.players if one.id is None] == [("10", None)]
    with account(group_contacts=[{"error": "x"}]) as (client, _), pytest.raises(errors.NotATwizzit):
        client.source.rosters([A], SEASON)


@pytest.mark.parametrize(
    ("said", "stays"),
    [
        ({"season": ["2025-2026", "2026-2027"]}, True),
        ({"season": "2025-2026, 2026-2027"}, True),
        ({"seasons": [{"id": 6}, {"id": 7}]}, True),
        ({"season-ids": {"0": 6, "2": "7"}}, True),
        ({"season": {"name": "26/27"}}, True),
        ({"season": "2026"}, True),
        ({"season": {"name": "2026"}}, True),
        ({"seasons": []}, True),
        ({"season": ["2024-2025", "2025-2026"]}, False),
        ({"seasons": [{"id": 6}]}, False),
        ({"seasonIds": [5, 6]}, False),
        ({"season": {"name": "25/26"}}, False),
        ({"season": "2025"}, False),
    ],
)
def test_a_membership_of_several_seasons_is_of_each(said: dict[str, object], stays: bool) -> None:
    with account(group_contacts=[link(10, 1), {**link(10, 2), **said}]) as (client, _):
        rosters = client.source.rosters([A], SEASON)
    assert pairs(rosters.players) == [("10", "1"), *([("10", "2")] if stays else [])]
    assert [one.reason for one in rosters.set_aside] == ([] if stays else ["other_season"])


@pytest.mark.parametrize(
    "row",
    [
        {"first-name": "", "last-name": " ", "name": "Piet Janssens"},
        {"first-name": "&nbsp;", "last-name": "\u200b", "name": "Piet Janssens"},
        {"first-name": "-", "last-name": ".", "name": "Piet Janssens"},
        {"first-name": "Piet", "last-name": "Janssens", "name": "P. J."},
    ],
)
def test_names_that_are_blank_are_none(row: dict[str, object]) -> None:
    with account(group_contacts=[link(10, 1)], contacts=[{"id": 1, **row}]) as (client, _):
        frame = players_frame(client.source.rosters([A], SEASON).players)
    assert frame[["first_name", "last_name"]].to_numpy().tolist() == [["Piet", "Janssens"]]


def test_a_membership_may_hold_its_contact_as_an_object() -> None:
    named = {"id": 2, "first-name": "F2", "last-name": "L2"}
    members = [{"groupId": 10, "contact": {"id": 1}, "contactFunctionId": 1}, {**link(10, 2), "contactId": named}]
    with account(group_contacts=members) as (client, _):
        players = client.source.rosters([A], SEASON).players
    assert [(one.id, one.first_name, one.last_name) for one in players] == [("1", "F1", "L1"), ("2", "F2", "L2")]


def test_members_without_an_id_are_each_one_of_their_own() -> None:
    members = [{"group-id": 10, "contact-id": None, "first-name": name, "last-name": "Maes"} for name in ("An", "Bo")]
    with account(group_contacts=[link(10, 1), *members]) as (client, _):
        rosters = client.source.rosters([A], SEASON)
    assert "listed_twice" not in {one.label for one in rosters.set_aside}
    assert len(rosters.players) + len(rosters.unclear) == 3


def test_a_person_whose_name_cannot_be_read_costs_their_teams_alone() -> None:
    named = {**link(11, 2), "contactId": {"id": 2, "first-name": "F2", "last-name": "L2"}}
    with account(group_contacts=[link(10, 1), named], contacts=500) as (client, _):
        rosters = client.source.rosters([A, B], SEASON)
    assert rosters.failed.keys() == {"10"}
    assert pairs(rosters.players) == [("11", "2")]


def test_no_team_is_no_roster() -> None:
    with account() as (client, _):
        rosters = client.source.rosters([], SEASON)
    assert (rosters.players, rosters.failed) == ((), {})


def test_the_whole_contacts_of_one_team_are_its_roster() -> None:
    with account(group_contacts=whole(1, 2)) as (client, _):
        assert pairs(client.source.rosters([A], SEASON).players) == [("10", "1"), ("10", "2")]
