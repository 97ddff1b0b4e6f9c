"""The simulated world: the same for the same seed, as awkward as promised, and its truth is what the endpoints show."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from datetime import date

import pytest

from tests.support.simulator_reader import Row, all_pages, all_rows, scope, session
from twizzit_pipeline.simulator import Organization, SimulatorOptions, SimulatorServer, World
from twizzit_pipeline.simulator.generate import make_world

_DAY = date(2026, 11, 23)
_PRINT_EVERYTHING = """
from datetime import date
from twizzit_pipeline.simulator import SimulatorOptions
from twizzit_pipeline.simulator.contact_rows import contact_row
from twizzit_pipeline.simulator.events import season_events
from twizzit_pipeline.simulator.generate import make_world
world = make_world(SimulatorOptions(today=date(2026, 11, 23), federation=True, seed={seed}))
for organization in world.organizations:
    print(organization.account.password, organization)
    print([contact_row(contact, world.options) for contact in organization.contacts.values()])
    print(list(season_events(world, organization, world.running_season)))
"""


def _everything(seed: int, hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONIOENCODING": "utf-8"}
    script = _PRINT_EVERYTHING.format(seed=seed)
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True)
    return hashlib.sha256(done.stdout).hexdigest()


def test_the_same_seed_gives_the_same_bytes_in_every_process() -> None:
    assert _everything(7, "1") == _everything(7, "2") != _everything(8, "1")


def _read_v2(
    server: SimulatorServer, place: int, season_id: int
) -> tuple[dict[str, Row], dict[str, Row], dict[str, set[str]]]:
    """Teams, contacts and who plays where, by nothing but the wire."""
    with session(server, place) as client:
        groups = all_rows(client, "/groups", scope(server, place, season_id=season_id, group_type=1))
        contacts = all_rows(client, "/contacts", scope(server, place))
        functions = client.get("/contact-functions", params=scope(server, place)).json()
        player = next(row["id"] for row in functions if row["name"]["EN"] == "Player")
        links: list[Row] = []
        for start in range(0, len(groups), 10):
            ids = [row["id"] for row in groups[start : start + 10]]
            links += client.get("/group-contacts", params=scope(server, place, group_ids__=ids)).json()
    plays: dict[str, set[str]] = {}
    for link in links:
        if link["contactFunctionId"] == player:
            plays.setdefault(str(link["contactId"]), set()).add(str(link["groupId"]))
    return {str(row["id"]): row for row in groups}, {str(row["id"]): row for row in contacts}, plays


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("season_place", [0, 1])
def test_truth_is_what_v2_shows(simulator: SimulatorServer, place: int, season_place: int) -> None:
    season = list(simulator.world.seasons.values())[season_place]
    truth = simulator.world.truth(simulator.world.organizations[place].id, season.label)
    groups, contacts, plays = _read_v2(simulator, place, season.id)
    assert set(truth.teams) | set(truth.rejected["teams"]) == set(groups)
    assert truth.teams == {id_: " ".join(groups[id_]["name"].split()) for id_ in truth.teams}
    plays = {id_: teams & set(truth.teams) for id_, teams in plays.items()}
    assert set(truth.players) | set(truth.rejected["players"]) == set(plays)
    for id_, player in truth.players.items():
        row = contacts[id_]
        assert player.team_ids == plays[id_]
        assert (player.first_name, player.last_name) == (
            " ".join(row["first-name"].split()),
            " ".join(row["last-name"].split()),
        )
        if row["gender"] in ("M", "F", "X", None):
            assert player.gender == {"M": "male", "F": "female"}.get(row["gender"])
        if type(row["number"]) is int and row["number"] >= 0:
            assert player.jersey_number == row["number"]


def test_truth_is_what_v1_shows(simulator: SimulatorServer) -> None:
    organization = simulator.world.organizations[0]
    truth = simulator.world.truth(organization, dialect="v1")
    with session(simulator, endpoint=simulator.v1_endpoint) as client:
        teams = {row["id"]: row["name"] for row in all_pages(client, "/teams", "teams")}
        players = {id_: all_pages(client, f"/teams/{id_}/players", "players") for id_ in teams}
    assert {id_ for id_ in teams if id_ not in truth.rejected["teams"]} == set(truth.teams)
    shown = {row["id"] for id_ in truth.teams for row in players[id_]}
    assert shown == set(truth.players) | set(truth.rejected["players"])
    assert {player.gender for player in truth.players.values()} == {None}
    with_gender = simulator.world.truth(organization)
    assert truth.players == {id_: player._replace(gender=None) for id_, player in with_gender.players.items()}


def test_a_handful_is_rejected_in_every_club(simulator: SimulatorServer) -> None:
    for organization in simulator.world.organizations:
        rejected = simulator.world.truth(organization).rejected
        assert list(rejected["teams"].values()) == ["name: missing"]
        assert Counter(rejected["players"].values()) == {
            "first_name: missing": 2,
            "last_name: missing": 1,
            "last_name: too long": 1,
        }
        nameless = [contact for contact in organization.contacts.values() if contact.name is None]
        assert [str(contact.id) in rejected["players"] for contact in nameless] == [True]


def _genders_and_numbers(organization: Organization, world: World) -> tuple[set[object], list[object]]:
    ids = world.truth(organization).players
    contacts = [organization.contacts[int(id_)] for id_ in ids]
    return {contact.gender for contact in contacts}, [contact.number for contact in contacts]


def test_odd_genders_and_numbers_reject_no_player(simulator: SimulatorServer) -> None:
    spellings = {None, "X", "male", "female", "man", "vrouw", "1", "2", 1, 2}
    seen: set[object] = set()
    for organization in simulator.world.organizations:
        genders, numbers = _genders_and_numbers(organization, simulator.world)
        seen |= genders
        assert {None, "X", "M", "F"} <= genders
        assert {"A7", -1, "", None, "8", " 9 "} <= set(numbers)
        wanted = Counter(player.jersey_number for player in simulator.world.truth(organization).players.values())
        assert wanted[None] == 4
        assert max(number for value, number in wanted.items() if value is not None) > 1
    assert len(seen & spellings) >= 7


def test_people_stand_where_people_stand(simulator: SimulatorServer) -> None:
    organization, season = simulator.world.organizations[0], simulator.world.running_season
    truth = simulator.world.truth(organization)
    teams = [organization.rosters[group.id] for group in organization.teams(season)]
    players = [{link.contact_id for link in roster if link.function == "player"} for roster in teams]
    helpers = [{link.contact_id for link in roster if link.function in ("coach", "delegate")} for roster in teams]
    all_players = set().union(*players)
    assert sum(len(player.team_ids) == 2 for player in truth.players.values()) == 4
    assert any(helping & playing for helping, playing in zip(helpers, players, strict=True))
    assert any(helping & (all_players - playing) for helping, playing in zip(helpers, players, strict=True))
    alone = set().union(*helpers) - all_players
    assert len(alone) == 8
    assert not {str(id_) for id_ in alone} & set(truth.players)
    assert sum(contact_id not in all_players for contact_id in organization.contacts) >= 40


def test_names_are_hard(simulator: SimulatorServer) -> None:
    names = [
        f"{player.first_name} {player.last_name}"
        for organization in simulator.world.organizations
        for player in simulator.world.truth(organization).players.values()
    ]
    assert "José Van den Broeck" in names
    for mark in ("'", "-", "é", "ë", "De ", "Van "):
        assert any(mark in name for name in names)
    assert len(set(names)) > len(names) - 10


def test_seasons_share_people_and_no_groups() -> None:
    world = make_world(SimulatorOptions(today=_DAY, next_season="filled"))
    organization = world.organizations[0]
    before, now, later = (world.truth(organization, season.label) for season in world.seasons_of(organization))
    assert not set(before.teams) & set(now.teams)
    assert not set(now.teams) & set(later.teams)
    assert 0 < len(later.players) < len(now.players)
    assert len(set(before.players) & set(now.players)) > len(now.players) / 2
    assert set(before.players) - set(now.players)
    assert set(now.players) - set(before.players)
    names = {id_: name for truth in (before, now) for id_, name in truth.teams.items()}
    moved = [
        id_
        for id_ in set(before.players) & set(now.players)
        if not {names[t] for t in before.players[id_].team_ids} & {names[t] for t in now.players[id_].team_ids}
    ]
    assert moved
    empty = make_world(SimulatorOptions(today=_DAY, next_season="empty"))
    assert empty.truth(organization.id, "2027-2028").players == {}
    assert len(empty.truth(organization.id, "2027-2028").teams) == 8


def test_a_new_club_has_no_past() -> None:
    world = make_world(SimulatorOptions(today=_DAY))
    assert [season.label for season in world.seasons_of(world.organizations[2])] == ["2026-2027"]
    assert world.truth(world.organizations[2], "2025-2026").teams == {}


@pytest.mark.parametrize(("teams", "players"), [(0, 0), (1, 0), (1, 1), (2, 3), (50, 12)])
def test_every_size_can_be_made(teams: int, players: int) -> None:
    world = make_world(SimulatorOptions(today=_DAY, clubs=1, teams=teams, players_per_team=players, other_contacts=0))
    truth = world.truth(world.organizations[0])
    assert len(truth.teams) == teams
    assert len(truth.players) == teams * players


def test_a_federation_of_160_000() -> None:
    options = SimulatorOptions(federation=True, federation_contacts=160_000, federation_clubs=100, teams=20, today=_DAY)
    with SimulatorServer(options) as server, session(server, -1) as client:
        last = client.get("/contacts", params=scope(server, -1, limit=100, offset=159_950)).json()
        assert len(last) == 50
        truth = server.world.truth(server.world.organizations[-1])
        assert len(truth.teams) == 2000
        assert len(set(truth.clubs.values())) == 100
        assert len(truth.players) == 24_000
