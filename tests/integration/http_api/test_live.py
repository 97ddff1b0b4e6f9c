"""What Twizzit lists now, over HTTP: its shapes, what it costs in calls, and what comes of a Twizzit that is broken."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.support.api_server import ApiServer, token
from tests.support.moved_login import move_login
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.accounts.kept_login import KEPT_SECONDS
from twizzit_pipeline.accounts.live import LiveTwizzit
from twizzit_pipeline.errors import UnknownCredential
from twizzit_pipeline.http_api import service
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer, v2
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database


@pytest.fixture
def world(settings: Settings, database: Database, simulator: SimulatorServer) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulator)


@pytest.fixture
def coach(world: SyncWorld) -> Iterator[httpx.Client]:
    with ApiServer(world.settings, world.database) as api, api.client(token("coach")) as client:
        yield client


def test_the_organization_is_the_one_that_the_account_reads(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    club = world.club()
    assert coach.get(f"/organization/{credential_id}").json() == {
        "organizationId": str(club.id),
        "organizationName": club.name,
    }


def test_the_old_api_has_organizations_without_an_id(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential(dialect="v1")
    answer = coach.get(f"/organization/{credential_id}")
    assert answer.json() == {"organizationId": None, "organizationName": world.club().name}
    (season,) = coach.get(f"/seasons/{credential_id}?organizationId=null").json()["seasons"]
    assert (season["id"], season["name"]) == (world.season, world.season)
    assert coach.get(f"/groups/{credential_id}?seasonId={world.season}").json()["total"] > 5


def test_seasons_come_with_their_dates_the_newest_first(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    answer = coach.get(f"/seasons/{credential_id}?organizationId={world.club().id}").json()
    assert answer["total"] == len(answer["seasons"]) == 2
    newest, older = answer["seasons"]
    assert set(newest) == {"id", "name", "startDate", "endDate"}
    assert newest["name"] == world.season
    assert newest["startDate"] > older["startDate"]


def test_groups_are_the_teams_of_the_running_season_unless_another_is_asked_for(
    coach: httpx.Client, world: SyncWorld
) -> None:
    credential_id = world.add_credential()
    truth = world.simulator.world.truth(world.club(), world.season)
    answer = coach.get(f"/groups/{credential_id}").json()
    assert (answer["total"], answer["hasMore"]) == (len(answer["groups"]), False)
    assert {group["id"] for group in answer["groups"]} == set(truth.teams) | set(truth.rejected["teams"])
    newest, older = coach.get(f"/seasons/{credential_id}").json()["seasons"]
    by_id = coach.get(f"/groups/{credential_id}", params={"seasonId": older["id"]}).json()["groups"]
    by_name = coach.get(f"/groups/{credential_id}", params={"seasonId": older["name"]}).json()["groups"]
    assert by_id == by_name != answer["groups"]
    assert coach.get(f"/groups/{credential_id}", params={"seasonId": newest["id"]}).json() == answer
    boards = coach.get(f"/groups/{credential_id}?groupType=2").json()["groups"]
    assert len(boards) == 2
    assert not {group["id"] for group in boards} & {group["id"] for group in answer["groups"]}


def test_without_dates_the_running_season_is_the_one_that_a_sync_would_be_of(
    settings: Settings,
    database: Database,
    simulate: Callable[..., SimulatorServer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Though the account lists the next one already, and the one before."""

    def row(season: Any, _options: object) -> dict[str, object]:
        return {"id": season.id, "name": season.label, "start-date": "", "end-date": None}

    monkeypatch.setattr(v2, "season_row", row)
    world = SyncWorld(quick(settings), database, simulate(clubs=1, teams=3, players_per_team=2, next_season="empty"))
    credential_id = world.add_credential()
    live = LiveTwizzit(world.settings, database)
    try:
        listed = [season.label for season in live.seasons(credential_id)]
        assert len(listed) == 3
        assert listed == sorted(listed, reverse=True)
        (running,) = {world.season}.intersection(listed)
        assert live.groups(credential_id) == live.groups(credential_id, season_id=running)
    finally:
        live.close()


def test_a_preview_shows_who_plays_in_a_group(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    group_id, player_ids = world.roster()
    truth = world.simulator.world.truth(world.club(), world.season)
    for spelled in (group_id, str(group_id)):
        answer = coach.post(f"/sync/preview/players/{credential_id}", json={"groupId": spelled}).json()
        assert answer["total"] == len(answer["players"])
        found = {player["id"]: player for player in answer["players"]}
        assert set(found) >= {str(one) for one in player_ids}
        one = truth.players[str(player_ids[0])]
        assert (found[str(player_ids[0])]["firstName"], found[str(player_ids[0])]["lastName"]) == (
            one.first_name,
            one.last_name,
        )
    unknown = coach.post(f"/sync/preview/players/{credential_id}", json={"groupId": "987654321"})
    assert (unknown.status_code, unknown.json()) == (200, {"total": 0, "players": []})
    assert not world.rows(tables.twizzit_players)


def test_the_organization_of_another_credential_is_ignored_as_shotspot_does(
    coach: httpx.Client, world: SyncWorld
) -> None:
    """Its front end keeps the one of the first credential and sends it along for all others."""
    first, second = world.add_credential(), world.add_credential(place=1)
    other = coach.get(f"/organization/{first}").json()["organizationId"]
    for what in ("groups", "seasons"):
        own = coach.get(f"/{what}/{second}").json()
        for sent in (other, "1", "null", "undefined"):
            answer = coach.get(f"/{what}/{second}?organizationId={sent}")
            assert (answer.status_code, answer.json()) == (200, own)


def test_another_season_is_unknown(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    answer = coach.get(f"/groups/{credential_id}?seasonId=1999-2000")
    assert (answer.status_code, answer.json()["error"]) == (404, "Season not found")
    assert coach.get(f"/groups/{credential_id}?organizationId=&seasonId=&groupType=").status_code == 200


def test_the_same_question_costs_calls_once(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    coach.get(f"/groups/{credential_id}")
    first = world.simulator.calls.total
    coach.get(f"/organization/{credential_id}")
    assert world.simulator.calls.total == first  # known already
    with ThreadPoolExecutor(16) as people:
        answers = list(people.map(lambda _: coach.get(f"/groups/{credential_id}").status_code, range(64)))
    assert set(answers) <= {200, 429}
    assert answers.count(200) >= 50
    assert world.simulator.calls.total == first


def test_people_who_ask_at_the_same_moment_share_one_answer(coach: httpx.Client, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    world.simulator.faults.arm("slow", path="/seasons", seconds=0.5)
    with ThreadPoolExecutor(8) as people:
        answers = list(people.map(lambda _: coach.get(f"/seasons/{credential_id}").json(), range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert world.simulator.calls.total == 3  # login, organizations, seasons


def test_answers_are_asked_for_anew_after_five_minutes(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    now = 0.0
    live = LiveTwizzit(world.settings, world.database, clock=lambda: now)
    try:
        live.organization(credential_id)
        spent = world.simulator.calls.total
        now = KEPT_SECONDS - 1
        live.organization(credential_id)
        assert world.simulator.calls.total == spent
        now = KEPT_SECONDS
        live.organization(credential_id)
        assert world.simulator.calls.total == 2 * spent
    finally:
        live.close()


def test_a_changed_or_deleted_credential_keeps_no_answers(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    live = LiveTwizzit(world.settings, world.database)
    try:
        assert live.organization(credential_id).name == world.club().name
        other = world.club(1).account
        move_login(world.database, credential_id, api_username=other.username, updated_at=None)
        with pytest.raises(Exception, match="401"):
            live.organization(credential_id)  # their password is another one
        with world.database.engine.begin() as connection:
            connection.execute(tables.credentials.delete())
        with pytest.raises(UnknownCredential):
            live.organization(credential_id)
    finally:
        live.close()


BROKEN: list[tuple[Any, str, int, str]] = [
    ("forbidden", "/groups", 424, "Access denied"),
    ("html", "/groups", 424, "Connection failed"),
    ("cut", "/groups", 424, "Connection failed"),
    ("error_500", "/groups", 424, "Connection failed"),
    ("quota", "/groups", 424, "Quota spent"),
    ("not_found", "/groups", 424, "Not a Twizzit"),
]


@pytest.mark.parametrize(("fault", "path", "status", "error"), BROKEN)
def test_a_twizzit_that_cannot_be_read_is_reported_and_not_kept(
    coach: httpx.Client, world: SyncWorld, fault: Any, path: str, status: int, error: str
) -> None:
    credential_id = world.add_credential()
    world.simulator.faults.arm(fault, path=path, times=None)
    answer = coach.get(f"/groups/{credential_id}")
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert "Traceback" not in answer.text
    world.simulator.faults.clear()
    assert coach.get(f"/groups/{credential_id}").status_code == 200


def test_a_slow_twizzit_keeps_no_caller_from_reading_the_database(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    world.simulator.faults.arm("slow", path="/organizations", seconds=4.0, times=None)
    patient = quick(world.settings, request_timeout=15.0)
    with (
        ApiServer(patient, world.database) as api,
        api.client(token("coach")) as coach,
        ThreadPoolExecutor(24) as people,
    ):
        slow = [people.submit(coach.get, f"/organization/{credential_id}") for _ in range(20)]
        quick_ones = [people.submit(coach.get, f"/sync/history/{credential_id}") for _ in range(4)]
        assert [one.result().status_code for one in quick_ones] == [200] * 4
        assert not any(one.done() for one in slow)
        assert {one.result().status_code for one in slow} == {200}


def test_no_caller_waits_longer_for_twizzit_than_a_proxy_does(
    coach: httpx.Client, world: SyncWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ShotSpot's proxy waits for 60 s, and shows a page of its own then."""
    assert service.ANSWER_SECONDS < 60
    monkeypatch.setattr(service, "ANSWER_SECONDS", 0.3)
    credential_id = world.add_credential()
    world.simulator.faults.arm("slow", path="/organizations", seconds=8.0, times=None)
    for method, path in (("GET", "/organization"), ("POST", "/verify")):
        began = time.monotonic()
        answer = coach.request(method, f"{path}/{credential_id}")
        assert time.monotonic() - began < 6
        assert (answer.status_code, answer.json()["error"]) == (424, "Connection failed")
