"""A web page, with 200, in place of what was asked for: of a few teams, and of everything."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.integration.twizzit.test_faults import read
from tests.integration.twizzit.test_truth import OPTIONS, client_of
from twizzit_pipeline import errors
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.twizzit.circuit_breaker import CALLS_TO_OPEN

TEAMS = 24
ROSTERS = "/v1/teams/*/players"


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    with SimulatorServer(SimulatorOptions(clubs=1, teams=TEAMS, players_per_team=2, other_contacts=0)) as found:
        yield found


def of_rosters(server: SimulatorServer) -> int:
    return server.calls.of("/teams/{id}/players")


def test_a_web_page_for_every_roster_ends_the_reading_early(server: SimulatorServer) -> None:
    server.faults.arm("html", path=ROSTERS, times=None)
    with pytest.raises(errors.MalformedAnswer) as raised:
        read(server, "v1", replace(OPTIONS, concurrent_requests=1))
    in_vain = CALLS_TO_OPEN * OPTIONS.retry_attempts
    assert in_vain < of_rosters(server) <= in_vain + TEAMS - CALLS_TO_OPEN, "each of the others once at most"
    said = r"/teams/\{id\}/players answered 200 with a web page, for \d+ calls in a row, so no more were made: .*"
    assert re.fullmatch(said, str(raised.value))
    assert raised.value.circuit_open


def test_several_calls_at_once_end_as_early(server: SimulatorServer) -> None:
    server.faults.arm("html", path=ROSTERS, times=None)
    with pytest.raises(errors.MalformedAnswer, match="no more were made"):
        read(server, "v1")
    tried_again = CALLS_TO_OPEN + OPTIONS.concurrent_requests
    assert of_rosters(server) <= tried_again * OPTIONS.retry_attempts + TEAMS - tried_again


@pytest.mark.parametrize("at_once", [1, 4, 6])
def test_as_many_teams_as_that_fail_by_themselves(server: SimulatorServer, at_once: int) -> None:
    with client_of(server, server.world.organizations[0], dialect="v1") as client:
        listed = [team.id or "" for team in client.source.teams(None).teams]
    bad = listed[3 : 3 + CALLS_TO_OPEN]
    for team_id in bad:
        server.faults.arm("html", path=f"/v1/teams/{team_id}/players", times=None)
    _, rosters, _ = read(server, "v1", replace(OPTIONS, concurrent_requests=at_once))
    assert sorted(rosters.failed) == sorted(bad)
    assert len({player.team_id for player in rosters.players}) == len(listed) - len(bad)
