"""The client against the simulator, over real HTTP: it reads exactly what is true, for few calls."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import ceil
from typing import Any

import pytest
from pydantic import SecretStr

from twizzit_pipeline.errors import OrganizationNotFound
from twizzit_pipeline.simulator import Organization, SimulatorOptions, SimulatorServer
from twizzit_pipeline.simulator.quirks import QUIRKS, Quirk
from twizzit_pipeline.simulator.world import Dialect
from twizzit_pipeline.twizzit.client import ClientOptions, TwizzitClient
from twizzit_pipeline.twizzit.people import Player
from twizzit_pipeline.twizzit.records import Rosters, Season, Team

OPTIONS = ClientOptions(allow_private_endpoints=True, requests_per_second=1000)
SMALL: dict[str, Any] = {"clubs": 2, "teams": 3, "players_per_team": 6, "other_contacts": 5}


@contextmanager
def client_of(
    server: SimulatorServer,
    organization: Organization,
    *,
    dialect: str = "v2",
    endpoint: str | None = None,
    options: ClientOptions = OPTIONS,
    sleep: Callable[[float], None] | None = None,
) -> Iterator[TwizzitClient]:
    """A client of the organization's account."""
    account = organization.account
    with TwizzitClient(
        endpoint=endpoint or (server.v1_endpoint if dialect == "v1" else server.v2_endpoint),
        username=account.username,
        password=SecretStr(account.password),
        organization_name=organization.name,
        options=options,
        sleep=sleep,
    ) as client:
        yield client


def season_of(client: TwizzitClient, server: SimulatorServer) -> Season | None:
    """The running season, as the account lists it."""
    return next((one for one in client.source.seasons() if one.label == server.world.running_season.label), None)


def unclear(rejected: Mapping[str, str]) -> set[str]:
    """Those of whom only a person can say whether they are players."""
    return {id_ for id_, reason in rejected.items() if reason.startswith("function")}


def assert_truth(
    server: SimulatorServer,
    organization: Organization,
    teams: tuple[Team, ...],
    players: tuple[Player, ...],
    dialect: Dialect,
) -> None:
    """Teams and players are those of the simulator, the ones that the contracts will reject included."""
    truth = server.world.truth(organization, server.world.running_season.label, dialect=dialect)
    named = {team.id: " ".join((team.name or "").split()) for team in teams}
    assert named == {**truth.teams, **dict.fromkeys(truth.rejected["teams"], "")}
    assert len(named) == len(teams)
    assert {id_: named_club(teams, id_) for id_ in truth.clubs} == truth.clubs

    assert len({(player.team_id, player.id) for player in players}) == len(players)
    by_id = {player.id: player for player in players if player.team_id in truth.teams}
    assert by_id.keys() == truth.players.keys() | truth.rejected["players"].keys() - unclear(truth.rejected["players"])
    for id_, true in truth.players.items():
        player = by_id[id_]
        assert {one.team_id for one in players if one.id == id_ and one.team_id in truth.teams} == true.team_ids
        if player.full_name is None:
            assert " ".join((player.first_name or "").split()) == true.first_name
            assert " ".join((player.last_name or "").split()) == true.last_name
        else:
            assert player.first_name is None and player.last_name is None
            assert set(player.full_name.split()) == {*true.first_name.split(), *true.last_name.split()}
        if true.jersey_number is not None:
            assert int(str(player.jersey_number)) == true.jersey_number


def named_club(teams: tuple[Team, ...], id_: str) -> str | None:
    return next(team.club_name for team in teams if team.id == id_)


YOUTH: frozenset[Quirk] = frozenset({"youth_functions"})
IGNORED = frozenset({"group-type", "season-id", "season-ids[]", "group-ids[]", "contact-ids[]"})
ACCOUNTS: dict[str, SimulatorOptions] = {
    "usual": SimulatorOptions(**SMALL),
    "expires_in": SimulatorOptions(**SMALL, login_answer="expires_in"),
    "prefixed organization keys": SimulatorOptions(**SMALL, organization_keys="prefixed"),
    "empty without scope": SimulatorOptions(**SMALL, missing_scope="empty"),
    "another team type": SimulatorOptions(**SMALL, team_type_id=17),
    "whole contacts": SimulatorOptions(**SMALL, group_contacts="whole"),
    "paged memberships": SimulatorOptions(clubs=1, teams=11, players_per_team=14, group_contacts_paged=True),
    "limits refused": SimulatorOptions(clubs=1, teams=11, group_contacts_paged=True, above_limit="refuse"),
    "names together": SimulatorOptions(**SMALL, names="first_last"),
    "names the other way round": SimulatorOptions(**SMALL, names="last_first"),
    "snake keys": SimulatorOptions(**SMALL, name_keys="snake"),
    "camel keys": SimulatorOptions(**SMALL, name_keys="camel"),
    "lower keys": SimulatorOptions(**SMALL, name_keys="lower"),
    "next season begun": SimulatorOptions(**SMALL, next_season="filled"),
    "several clubs": SimulatorOptions(**SMALL, federation=True, federation_clubs=4, federation_contacts=300),
    "ids ignored": SimulatorOptions(clubs=1, teams=2, players_per_team=4, ignored_filters=frozenset({"contact-ids[]"})),
    "ids ignored, many people": SimulatorOptions(
        clubs=1, teams=2, players_per_team=20, other_contacts=900, ignored_filters=frozenset({"contact-ids[]"})
    ),
    "groups ignored": SimulatorOptions(**SMALL, ignored_filters=frozenset({"group-ids[]"})),
    "groups ignored and paged": SimulatorOptions(
        clubs=1, teams=12, group_contacts_paged=True, ignored_filters=frozenset({"group-ids[]"})
    ),
    "seasons ignored": SimulatorOptions(**SMALL, ignored_filters=frozenset({"season-id"})),
    "types ignored": SimulatorOptions(**SMALL, ignored_filters=frozenset({"group-type"})),
    "everything ignored": SimulatorOptions(**SMALL, ignored_filters=IGNORED),
    **{quirk: SimulatorOptions(clubs=3, teams=5, quirks=frozenset({quirk})) for quirk in QUIRKS},
    "all quirks": SimulatorOptions(clubs=3, teams=9, quirks=frozenset(QUIRKS)),
    "all quirks, whole contacts": SimulatorOptions(**SMALL, quirks=frozenset(QUIRKS), group_contacts="whole"),
    "all quirks, several clubs": SimulatorOptions(
        clubs=2, federation=True, federation_clubs=4, federation_contacts=300, quirks=frozenset(QUIRKS)
    ),
    "all quirks, everything ignored": SimulatorOptions(**SMALL, quirks=frozenset(QUIRKS), ignored_filters=IGNORED),
}


@pytest.mark.parametrize("account", ACCOUNTS)
def test_v2_reads_exactly_what_is_true_whatever_the_account_is_like(account: str) -> None:
    options = ACCOUNTS[account]
    with SimulatorServer(options) as server:
        for organization in server.world.organizations:
            with client_of(server, organization) as client:
                season = season_of(client, server)
                assert season is not None
                teams = client.source.teams(season).teams
                rosters = client.source.rosters(teams, season)
            assert rosters.failed == {}
            assert_truth(server, organization, teams, rosters.players, "v2")
            if not options.ignored_filters:
                assert_memberships(server, organization, rosters)


def assert_memberships(server: SimulatorServer, organization: Organization, rosters: Rosters) -> None:
    """Every membership of the teams that was read is a player, or set aside, or unclear."""
    truth = server.world.truth(organization)
    players = [row for row in rosters.players if row.team_id in truth.teams]
    set_aside = [row for row in rosters.set_aside if row.team_id in truth.teams]
    asked_about = [row for row in rosters.unclear if row.team_id in truth.teams]
    listed = sum(len(organization.rosters[int(id_)]) for id_ in truth.teams)
    assert len(players) + len(set_aside) + len(asked_about) == listed
    assert Counter(row.reason for row in set_aside) == truth.set_aside
    assert {row.id for row in asked_about} == unclear(truth.rejected["players"])
    assert {row.word for row in asked_about} <= {"Zwaluw"}


def test_a_u15_of_youth_players_has_all_its_players() -> None:
    """The right value of the issue."""
    options = SimulatorOptions(clubs=1, teams=8, players_per_team=12, tidy=frozenset({1}), quirks=YOUTH)
    with SimulatorServer(options) as server:
        organization = server.world.organizations[0]
        with client_of(server, organization) as client:
            season = season_of(client, server)
            team = next(team for team in client.source.teams(season).teams if team.name == "U15  1 ")
            rosters = client.source.rosters([team], season)
    of_team = [link for link in organization.rosters[int(team.id or "")] if link.function == "youth player"]
    assert len(of_team) == len(rosters.players) == 12


@pytest.mark.parametrize("options", [SimulatorOptions(**SMALL), SimulatorOptions(clubs=1, v1_rows_per_page=3)])
def test_v1_reads_exactly_what_is_true(options: SimulatorOptions) -> None:
    with SimulatorServer(options) as server:
        for organization in server.world.organizations:
            with client_of(server, organization, dialect="v1") as client:
                assert client.dialect == "v1"
                assert client.source.seasons() == ()
                assert (client.source.organization().id, client.source.organization().name) == (None, organization.name)
                teams = client.source.teams(None).teams
                rosters = client.source.rosters(teams, None)
            assert rosters.failed == {}
            assert_truth(server, organization, teams, rosters.players, "v1")


def test_seasons_have_labels_and_dates_or_are_none_where_forbidden() -> None:
    with SimulatorServer(SimulatorOptions(**SMALL)) as server:
        organization = server.world.organizations[0]
        with client_of(server, organization) as client:
            found = {(one.id, one.label, one.start_date, one.end_date) for one in client.source.seasons()}
        assert found == {(str(s.id), s.label, s.start, s.end) for s in server.world.seasons_of(organization)}


def test_without_an_id_of_the_season_the_rows_own_word_for_it_decides() -> None:
    with SimulatorServer(SimulatorOptions(**SMALL, seasons_forbidden=True)) as server:
        organization, label = server.world.organizations[0], server.world.running_season.label
        with client_of(server, organization) as client:
            assert client.source.seasons() == ()
            teams = client.source.teams(Season(None, label, None, None)).teams
            rosters = client.source.rosters(teams, None)
        assert_truth(server, organization, teams, rosters.players, "v2")


def test_an_account_of_several_organizations_uses_the_one_named_like_the_credential() -> None:
    with SimulatorServer(SimulatorOptions(**SMALL, federation=True)) as server:
        federation = server.world.organizations[-1]
        with client_of(server, federation) as client:
            assert client.source.organization().id == str(federation.id)
            assert len(client.source.organizations()) == 3

        def named(name: str) -> TwizzitClient:
            return TwizzitClient(
                endpoint=server.v2_endpoint,
                username=federation.account.username,
                password=SecretStr(federation.account.password),
                organization_name=name,
                options=OPTIONS,
            )

        with named(f"  {federation.name.upper()} ") as client:
            assert client.source.organization().id == str(federation.id)
        with named("KC Nergens") as client, pytest.raises(OrganizationNotFound, match="3 organizations and none"):
            client.source.teams(None)


def test_verify_looks_around_for_few_calls() -> None:
    with SimulatorServer(SimulatorOptions(**SMALL)) as server:
        organization = server.world.organizations[0]
        with client_of(server, organization) as client:
            seen = client.verify()
            assert (seen.organizations, seen.seasons) == (1, 2)
            assert seen.groups == len(organization.groups)
            assert seen.refusals == ()
            assert client.calls == 8
        with client_of(server, organization) as client:
            client.verify(calendar=False)
            assert client.calls == 7
        with client_of(server, organization, dialect="v1") as client:
            assert client.verify().groups == 4
            assert client.calls == 4


def test_fifty_teams_of_twelve_cost_at_most_twenty_calls_in_v2() -> None:
    """The bound of the issue; with a board, coaches and some other members: 698 contacts."""
    with SimulatorServer(SimulatorOptions(clubs=1, teams=50, players_per_team=12)) as server:
        organization = server.world.organizations[0]
        assert 690 <= len(organization.contacts) <= 700
        with client_of(server, organization) as client:
            season = season_of(client, server)
            teams = client.source.teams(season).teams
            rosters = client.source.rosters(teams, season)
            assert client.calls == server.calls.total <= 20
            assert server.calls.of("/contacts") == 7
        assert_truth(server, organization, teams, rosters.players, "v2")


def test_v1_costs_a_call_a_page_of_teams_and_of_each_teams_players() -> None:
    with SimulatorServer(SimulatorOptions(clubs=1, teams=50, players_per_team=12)) as server:
        organization = server.world.organizations[0]
        with client_of(server, organization, dialect="v1") as client:
            teams = client.source.teams(None).teams
            client.source.rosters(teams, None)
            assert server.calls.paths == {
                "/v1/authenticate": 1,
                "/v1/teams": 1,
                "/v1/teams/{id}/players": len(teams),
            }
            assert client.calls == server.calls.total == 2 + len(teams)


@pytest.mark.parametrize("other", [0, 40, 150, 600, 2500])
@pytest.mark.parametrize(("teams", "size"), [(1, 5), (1, 11), (2, 12), (8, 12), (25, 14)])
def test_asking_for_people_costs_at_most_twice_the_cheaper_way(teams: int, size: int, other: int) -> None:
    with SimulatorServer(SimulatorOptions(clubs=1, teams=teams, players_per_team=size, other_contacts=other)) as server:
        organization = server.world.organizations[0]
        with client_of(server, organization) as client:
            season = season_of(client, server)
            rosters = client.source.rosters(client.source.teams(season).teams, season)
            asked = server.calls.of("/contacts")
    needed = len({player.id for player in rosters.players})
    by_ids, by_pages = ceil(needed / 10), len(organization.contacts) // 100 + 1
    assert asked <= 2 * min(by_ids, by_pages)


def test_contacts_that_do_not_exist_any_more_come_without_names_and_stay_within_the_bound() -> None:
    with SimulatorServer(SimulatorOptions(clubs=1, teams=10, players_per_team=12, other_contacts=10)) as server:
        organization = server.world.organizations[0]
        gone = sorted(organization.contacts)[:90]
        for id_ in gone:
            del organization.contacts[id_]
        with client_of(server, organization) as client:
            season = season_of(client, server)
            rosters = client.source.rosters(client.source.teams(season).teams, season)
            assert server.calls.of("/contacts") <= 2 * (len(organization.contacts) // 100 + 1)
        nameless = {player.id for player in rosters.players if not (player.first_name or player.last_name)}
        assert {str(id_) for id_ in gone} & {player.id for player in rosters.players} <= nameless


@pytest.mark.parametrize("read", [lambda client: client.source.organizations(), lambda client: client.source.seasons()])
def test_organizations_and_seasons_are_asked_once(read: Callable[[TwizzitClient], object]) -> None:
    with SimulatorServer(SimulatorOptions(**SMALL)) as server:
        organization = server.world.organizations[0]
        with client_of(server, organization) as client:
            first = read(client)
            calls = client.calls
            assert read(client) is first
            assert client.calls == calls
