"""What the client does about every fault that the simulator can play, and that it gives nothing away meanwhile."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

import pytest

from tests.integration.twizzit.test_truth import OPTIONS, assert_truth, client_of, season_of
from twizzit_pipeline import errors
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.simulator.faults import FaultKind
from twizzit_pipeline.simulator.world import Dialect
from twizzit_pipeline.twizzit.client import ClientOptions, TwizzitClient
from twizzit_pipeline.twizzit.records import Rosters, Team

QUICK = replace(OPTIONS, retry_attempts=3, retry_seconds=30.0)
SLOW_SECONDS = 2.5
TEAMS = 14


@pytest.fixture(scope="module")
def running() -> Iterator[SimulatorServer]:
    with SimulatorServer(SimulatorOptions(clubs=1, teams=TEAMS, players_per_team=6)) as server:
        yield server


@pytest.fixture
def server(running: SimulatorServer) -> SimulatorServer:
    """One for all these tests, in order again; a test that changes its world starts its own."""
    running.faults.clear()
    running.accounts.end_all_sessions()
    running.calls.reset()
    return running


def read(
    server: SimulatorServer, dialect: str = "v2", options: ClientOptions = OPTIONS
) -> tuple[tuple[Team, ...], Rosters, TwizzitClient]:
    """Teams and rosters of the running season; waiting takes no time where nothing but waiting is at stake."""
    with client_of(
        server, server.world.organizations[0], dialect=dialect, options=options, sleep=lambda _: None
    ) as client:
        season = season_of(client, server)
        teams = client.source.teams(season).teams
        return teams, client.source.rosters(teams, season), client


def for_fault(kind: FaultKind, options: ClientOptions, *, timeout: float) -> ClientOptions:
    """Any answer may take half a second where the machine is busy: only what meets a slow one gives up early."""
    return replace(options, request_timeout=timeout) if kind == "slow" else options


TRANSIENT: list[FaultKind] = [
    "rate_limit_seconds",
    "rate_limit_date",
    "rate_limit_bare",
    "error_500",
    "error_503",
    "slow",
    "cut",
    "truncated_json",
    "html",
]


@pytest.mark.parametrize("dialect", ["v1", "v2"])
@pytest.mark.parametrize("kind", TRANSIENT)
def test_what_passes_costs_one_more_call_each_time_and_nothing_else(
    server: SimulatorServer, kind: FaultKind, dialect: Dialect
) -> None:
    _, _, undisturbed = read(server, dialect)
    server.calls.reset()
    paths = (
        ["/authenticate", "/teams", "/teams/*/players"]
        if dialect == "v1"
        else ["/authenticate", "/groups", "/contacts"]
    )
    prefix = "/v1" if dialect == "v1" else "/v2/api"
    for path in paths:
        server.faults.arm(kind, path=prefix + path, seconds=SLOW_SECONDS)
    teams, rosters, client = read(server, dialect, for_fault(kind, OPTIONS, timeout=1.5))
    assert server.faults.armed() == ()
    assert client.calls == server.calls.total == undisturbed.calls + 3
    assert rosters.failed == {}
    assert_truth(server, server.world.organizations[0], teams, rosters.players, dialect)


FINAL: dict[FaultKind, type[errors.TwizzitPipelineError]] = {
    "rate_limit_bare": errors.RateLimited,
    "error_500": errors.ServiceUnavailable,
    "error_503": errors.ServiceUnavailable,
    "slow": errors.ConnectionFailed,
    "cut": errors.ConnectionFailed,
    "truncated_json": errors.MalformedAnswer,
    "html": errors.MalformedAnswer,
    "quota": errors.QuotaSpent,
    "forbidden": errors.AccessDenied,
    "not_found": errors.NotATwizzit,
    "unauthorized": errors.LoginRefused,
}


PATHS = ["/authenticate", "/organizations", "/group-contacts"]


@pytest.mark.parametrize(
    ("kind", "path"),
    # A fault that ends a session never meets a login.
    [(kind, path) for kind in FINAL for path in PATHS if (kind, path) != ("unauthorized", "/authenticate")],
)
def test_what_does_not_pass_is_an_error_that_says_where_and_gives_nothing_away(
    server: SimulatorServer, kind: FaultKind, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.faults.arm(kind, path=path, times=None, seconds=SLOW_SECONDS)
    with pytest.raises(FINAL[kind]) as raised:
        read(server, options=for_fault(kind, QUICK, timeout=0.5))
    error = raised.value
    assert "\n" not in str(error)
    assert isinstance(error, errors.TwizzitAnswerError)
    assert error.endpoint == path
    assert path in str(error)
    assert isinstance(error, errors.TransientError) == (not isinstance(error, errors.PermanentError))
    if isinstance(error, errors.PermanentError) and kind != "unauthorized" and path != "/group-contacts":
        assert server.calls.of(path) == 1
    assert_nothing_shown(server, f"{error!s} {error!r} {caplog.text}")


def assert_nothing_shown(server: SimulatorServer, text: str) -> None:
    """No password, no token and no person's name."""
    organization = server.world.organizations[0]
    secrets = [organization.account.password, *server.accounts._sessions]
    names = {contact.last_name for contact in organization.contacts.values() if contact.last_name}
    assert not [secret for secret in secrets if secret in text]
    assert not [name for name in names if name.strip() and name in text]


def test_a_whole_reading_logs_and_shows_no_personal_data(
    server: SimulatorServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    _, _, client = read(server)
    assert "HTTP Request" in caplog.text
    assert_nothing_shown(server, f"{client!r} {vars(client)} {vars(client._session)} {caplog.text}")


@pytest.mark.parametrize("kind", ["error_500", "truncated_json", "html", "cut", "not_found"])
def test_teams_whose_players_cannot_be_read_fail_and_the_others_do_not(
    server: SimulatorServer, kind: FaultKind
) -> None:
    tries = 1 if kind == "not_found" else 5
    server.faults.arm(kind, path="/group-contacts", times=tries)
    teams, rosters, _ = read(server)
    assert len(rosters.failed) == 10
    assert rosters.failed.keys() <= {team.id for team in teams}
    assert {type(error) for error in rosters.failed.values()} == {FINAL[kind]}
    organization = server.world.organizations[0]
    truth = server.world.truth(organization, server.world.running_season.label)
    expected = {
        (id_, team_id)
        for id_, player in truth.players.items()
        for team_id in player.team_ids
        if team_id not in rosters.failed
    }
    assert expected <= {(player.id, player.team_id) for player in rosters.players}
    assert not {player.team_id for player in rosters.players} & rosters.failed.keys()


def test_a_team_that_is_gone_in_v1_fails_alone() -> None:
    with (
        SimulatorServer(SimulatorOptions(clubs=1, teams=4)) as server,
        client_of(server, server.world.organizations[0], dialect="v1") as client,
    ):
        teams = client.source.teams(None).teams
        server.changes.remove_team(int(teams[3].id or ""))
        rosters = client.source.rosters(teams, None)
    assert list(rosters.failed) == [teams[3].id]
    assert "/teams/" in str(rosters.failed[teams[3].id or ""])


def test_people_that_cannot_be_asked_for_fail_their_teams_alone() -> None:
    """The list of contacts cannot be read, so they are asked for by ids, and one of these calls fails for good."""
    with SimulatorServer(SimulatorOptions(clubs=1, teams=6, players_per_team=5)) as server:
        server.faults.arm("error_500", path="/contacts", times=10)
        teams, rosters, _ = read(server)
        assert 0 < len(rosters.failed) < len(teams)
        assert {type(error) for error in rosters.failed.values()} == {errors.ServiceUnavailable}
        assert all(
            player.first_name or player.last_name for player in rosters.players if player.team_id == teams[-1].id
        )


@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_rows_twice_change_nothing(server: SimulatorServer, dialect: Dialect) -> None:
    server.faults.arm("rows_twice", times=None)
    teams, rosters, _ = read(server, dialect)
    assert rosters.failed == {}
    assert_truth(server, server.world.organizations[0], teams, rosters.players, dialect)


@pytest.mark.parametrize("shift", [1, -1, 3])
def test_rows_that_shift_between_pages_make_a_second_reading(shift: int) -> None:
    options = SimulatorOptions(clubs=1, teams=12, players_per_team=12, group_contacts_paged=True, v1_rows_per_page=5)
    with SimulatorServer(options) as server:
        for dialect in ("v1", "v2"):
            server.faults.arm("rows_shifting", times=2, shift=shift)
            teams, rosters, _ = read(server, dialect)
            assert rosters.failed == {}
            assert_truth(server, server.world.organizations[0], teams, rosters.players, dialect)


def test_rows_that_always_shift_are_an_incomplete_scan_and_never_a_shorter_list() -> None:
    with SimulatorServer(SimulatorOptions(clubs=1, teams=260, players_per_team=1)) as server:
        server.faults.arm("rows_shifting", path="/groups", times=None)
        with pytest.raises(errors.IncompleteScan, match="/groups"):
            read(server)
    with SimulatorServer(SimulatorOptions(clubs=1, teams=12, v1_rows_per_page=5)) as server:
        server.faults.arm("rows_shifting", path="/teams", times=None)
        with pytest.raises(errors.IncompleteScan, match="/teams"):
            read(server, "v1")


def test_more_groups_than_a_page_holds_are_all_read() -> None:
    with SimulatorServer(SimulatorOptions(clubs=1, teams=520, players_per_team=1, other_contacts=0)) as server:
        teams, rosters, _ = read(server)
        assert_truth(server, server.world.organizations[0], teams, rosters.players, "v2")


def test_sessions_that_end_early_are_begun_anew(server: SimulatorServer) -> None:
    for path in ("/groups", "/group-contacts", "/contacts"):
        server.faults.arm("unauthorized", path=path)
    teams, rosters, _ = read(server)
    assert server.calls.of("/authenticate") == 4
    assert_truth(server, server.world.organizations[0], teams, rosters.players, "v2")


@pytest.mark.parametrize("answer", ["valid-till", "expires_in"])
def test_tokens_that_live_a_second_are_renewed_on_the_way(answer: Literal["valid-till", "expires_in"]) -> None:
    options = SimulatorOptions(clubs=1, teams=60, players_per_team=1, token_seconds=1.0, login_answer=answer)
    with SimulatorServer(options) as server:
        for _ in range(2):
            server.faults.arm("slow", path="/group-contacts", seconds=0.8)
        teams, rosters, _ = read(server, options=replace(OPTIONS, concurrent_requests=1))
        assert server.calls.of("/authenticate") >= 2
        assert_truth(server, server.world.organizations[0], teams, rosters.players, "v2")


def test_a_login_without_a_token_is_an_error() -> None:
    with (
        SimulatorServer(SimulatorOptions(clubs=1, login_answer="missing")) as server,
        pytest.raises(errors.MalformedAnswer),
    ):
        read(server)


def test_a_quota_that_ends_on_the_way_ends_everything_at_once() -> None:
    with SimulatorServer(SimulatorOptions(clubs=1, teams=TEAMS, quota=9)) as server:
        with pytest.raises(errors.QuotaSpent):
            read(server)
        assert server.calls.total <= 9 + OPTIONS.concurrent_requests


def test_the_ceiling_of_calls_ends_everything(server: SimulatorServer) -> None:
    with pytest.raises(errors.CallBudgetSpent, match="8 calls"):
        read(server, options=replace(OPTIONS, call_ceiling=8))
    assert server.calls.total == 8


def test_a_server_that_is_not_there_says_so() -> None:
    server = SimulatorServer(SimulatorOptions(clubs=1, teams=1))
    server.stop()
    with pytest.raises(errors.ConnectionFailed, match=r"127\.0\.0\.1 cannot be reached") as raised:
        read(server, options=QUICK)
    assert not raised.value.reached


def test_a_final_error_wakes_the_calls_that_wait_before_another_try(server: SimulatorServer) -> None:
    """Three of four calls are to wait for a minute, the fourth meets a spent quota: none waits a minute."""
    server.faults.arm("rate_limit_seconds", path="/v1/teams/*/players", times=3, seconds=60)
    server.faults.arm("quota", path="/v1/teams/*/players", times=None)
    started = time.monotonic()
    with client_of(server, server.world.organizations[0], dialect="v1") as client:
        teams = client.source.teams(None).teams
        with pytest.raises(errors.QuotaSpent):
            client.source.rosters(teams, None)
        server.faults.clear()
        assert client.source.rosters(teams, None).failed == {}
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("endpoint", "hint"),
    [
        (lambda server: server.url + "/v99", "must end in"),
        (lambda server: server.url + "/nowhere/v1", "endpoint is probably not the one"),
        (lambda server: server.url + "/nowhere/v2/api", "endpoint is probably not the one"),
    ],
)
def test_a_wrong_endpoint_says_so(
    server: SimulatorServer, endpoint: Callable[[SimulatorServer], str], hint: str
) -> None:
    organization = server.world.organizations[0]
    with (
        pytest.raises(errors.PermanentError, match=hint),
        client_of(server, organization, endpoint=endpoint(server)) as client,
    ):
        client.verify()


def test_private_endpoints_are_refused_at_connecting_unless_allowed(server: SimulatorServer) -> None:
    with pytest.raises(errors.EndpointRefused, match="TWIZZIT_ALLOW_PRIVATE_ENDPOINTS=1"):
        read(server, options=replace(OPTIONS, allow_private_endpoints=False))
    assert server.calls.total == 0


def test_calls_keep_within_their_rate(server: SimulatorServer) -> None:
    started = time.monotonic()
    _, _, client = read(server, options=replace(OPTIONS, requests_per_second=10.0))
    assert client.calls > 10
    assert time.monotonic() - started >= (client.calls - 1) // 10
