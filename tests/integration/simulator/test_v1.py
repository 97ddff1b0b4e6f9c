"""The v1 dialect of the simulator, over HTTP: envelopes, and `hasMore` as the only word on whether there is more."""

from collections.abc import Callable

import httpx
import pytest

from tests.support.simulator_reader import all_pages, session
from twizzit_pipeline.simulator import SimulatorServer


def test_teams_of_the_running_season_alone(simulator: SimulatorServer) -> None:
    organization, season = simulator.world.organizations[0], simulator.world.running_season
    with session(simulator, endpoint=simulator.v1_endpoint) as client:
        answer = client.get("/teams").json()
    teams = organization.teams(season)
    assert answer == {
        "teams": [{"id": str(team.id), "name": team.name} for team in teams],
        "total": len(teams),
        "page": 1,
        "hasMore": False,
    }


def test_players_without_coaches_and_without_gender(simulator: SimulatorServer) -> None:
    organization = simulator.world.organizations[0]
    team = organization.teams(simulator.world.running_season)[0]
    with session(simulator, endpoint=simulator.v1_endpoint) as client:
        answer = client.get(f"/teams/{team.id}/players").json()
    wanted = {str(link.contact_id) for link in organization.rosters[team.id] if link.function == "player"}
    assert {row["id"] for row in answer["players"]} == wanted
    assert answer["total"] == len(answer["players"]) < len(organization.rosters[team.id])
    assert all(set(row) == {"id", "firstName", "lastName", "jerseyNumber"} for row in answer["players"])


def test_the_account_decides_the_organization(simulator: SimulatorServer) -> None:
    foreign = simulator.world.organizations[0].teams(simulator.world.running_season)[0]
    earlier = next(iter(simulator.world.organizations[1].groups))
    with session(simulator, 1, endpoint=simulator.v1_endpoint) as client:
        own = {row["id"] for row in client.get("/teams").json()["teams"]}
        assert str(foreign.id) not in own
        for team_id in (foreign.id, earlier, 1, "x"):
            assert client.get(f"/teams/{team_id}/players").status_code == 404


def test_pages(simulate: Callable[..., SimulatorServer]) -> None:
    server = simulate(clubs=1, teams=129, players_per_team=1)
    with session(server, endpoint=server.v1_endpoint) as client:
        first = client.get("/teams", params={"limit": 500}).json()
        last = client.get("/teams", params={"limit": 100, "page": 2}).json()
        assert (len(first["teams"]), first["hasMore"], first["total"]) == (100, True, 130)
        assert (len(last["teams"]), last["hasMore"], last["page"]) == (30, False, 2)
        assert client.get("/teams", params={"page": 3, "limit": 100}).json()["teams"] == []
        exact = client.get("/teams", params={"limit": 65, "page": 2}).json()
        assert (len(exact["teams"]), exact["hasMore"]) == (65, False)
        assert client.get("/teams", params={"page": 0}).status_code == 400


def test_a_short_page_need_not_be_the_last(simulate: Callable[..., SimulatorServer]) -> None:
    server = simulate(v1_rows_per_page=3)
    with session(server, endpoint=server.v1_endpoint) as client:
        first = client.get("/teams", params={"limit": 100}).json()
        assert (len(first["teams"]), first["hasMore"]) == (3, True)
        assert len(all_pages(client, "/teams", "teams")) == first["total"] == 9


def test_competitions_and_their_matches(simulator: SimulatorServer) -> None:
    with session(simulator, endpoint=simulator.v1_endpoint) as client:
        competitions = all_pages(client, "/competitions", "competitions")
        matches = all_pages(client, f"/competitions/{competitions[0]['id']}/matches", "matches")
        assert client.get("/competitions/1/matches").status_code == 404
    assert len(competitions) == 8
    assert {row["season"] for row in competitions} == {simulator.world.running_season.label}
    assert [row["status"] for row in matches].count("cancelled") == 1
    today = str(simulator.world.today)
    for row in matches:
        assert (row["homeTeamId"] is None) != (row["awayTeamId"] is None)
        assert (row["status"] == "completed") == (row["homeScore"] is not None)
        assert row["status"] == "cancelled" or (row["startsAt"][:10] < today) == (row["status"] == "completed")


@pytest.mark.parametrize("path", ["/teams", "/teams/1/players", "/competitions", "/competitions/1/matches"])
def test_no_session_no_rows(simulator: SimulatorServer, path: str) -> None:
    with httpx.Client(base_url=simulator.v1_endpoint, verify=False) as client:
        assert client.get(path).status_code == 401
