"""A coach whom an administrator limited to a club sees nothing of another: every route of the API is walked."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select

from tests.conftest import settings_with
from tests.support.api_server import PREFIX, ApiServer, token
from tests.support.calendar_world import EVERYTHING
from tests.support.signs_of_life import beat
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.credentials import coaches, store
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import open_database

LATER = datetime.now(UTC) + timedelta(days=7)
LIMITED, FREE = 12, 13
MINE, FOREIGN = 2, 1
SMALL: dict[str, Any] = {"clubs": 2, "teams": 2, "players_per_team": 3, "other_contacts": 2}
# Routes that a coach has, and that show nothing of any club.
OF_NO_CLUB: set[tuple[str, str]] = {("GET", "/health")}


@pytest.fixture(scope="module")
def world(
    new_database: Callable[[], AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SyncWorld]:
    """Two clubs, both synced, each with a sync and a decision that wait."""
    with new_database() as url, SimulatorServer(SimulatorOptions(**SMALL)) as simulator:
        settings = quick(settings_with(url, tmp_path_factory.mktemp("api")), api_live_per_minute=10_000)
        settings = settings.model_copy(update={"api_verifications_per_minute": 10_000})
        with open_database(settings) as database:
            made = SyncWorld(settings, database, simulator)
            for place in (0, 1):
                made.sync(made.add_credential(place), steps=EVERYTHING)
            with database.engine.begin() as connection:
                of = {"entity": "players", "twizzit_id": "1", "kind": "field", "column_name": "gender"}
                connection.execute(insert(tables.conflicts), [{"credential_id": one, **of} for one in (FOREIGN, MINE)])
                plan = {"season": made.season, "reason": "asked", "counts": {"changes": 0}, "expires_at": LATER}
                connection.execute(insert(tables.plans), [{"credential_id": one, **plan} for one in (FOREIGN, MINE)])
            beat(database.engine)
            coaches.limit(database.engine, str(LIMITED), [MINE])
            yield made


@pytest.fixture(scope="module")
def api(world: SyncWorld) -> Iterator[ApiServer]:
    with ApiServer(world.settings, world.database) as server:
        with server.client(token("admin", user_id=1)) as admin:
            for credential_id in (FOREIGN, MINE):
                assert admin.post(f"/sync/teams/{credential_id}?queue=true&wait=0").status_code == 202
        yield server


@pytest.fixture
def limited(api: ApiServer) -> Iterator[httpx.Client]:
    with api.client(token("coach", user_id=LIMITED)) as client:
        yield client


def routes(api: ApiServer) -> list[tuple[str, str, dict[str, Any]]]:
    """Verb, path and description of every documented route."""
    paths = api.app.openapi()["paths"]
    return [
        (verb.upper(), path.removeprefix(PREFIX), described)
        for path, verbs in paths.items()
        for verb, described in verbs.items()
    ]


def of_club(world: SyncWorld, credential_id: int) -> dict[str, Any]:
    """Ids of a club by the name of a parameter."""
    with world.database.engine.connect() as connection:

        def first(column: Any, owner: Any) -> Any:
            return connection.scalars(select(column).where(owner == credential_id).order_by(column)).first()

        team = first(tables.team_mappings.c.local_team_id, tables.team_mappings.c.credential_id)
        name = connection.scalar(select(tables.teams.c.name).where(tables.teams.c.id == team))
        people = select(tables.players.c.first_name, tables.players.c.last_name).where(tables.players.c.team_id == team)
        person = connection.execute(people.order_by(tables.players.c.id)).first()
        assert person is not None
        return {
            "credentialId": credential_id,
            "syncId": first(tables.sync_history.c.id, tables.sync_history.c.credential_id),
            "requestId": first(tables.sync_requests.c.id, tables.sync_requests.c.credential_id),
            "teamId": team,
            "competitionId": first(
                tables.competition_mappings.c.local_competition_id, tables.competition_mappings.c.credential_id
            ),
            "planId": first(tables.plans.c.id, tables.plans.c.credential_id),
            "conflictId": first(tables.conflicts.c.id, tables.conflicts.c.credential_id),
            "userId": FREE,
            "team": f"{world.club(credential_id - 1).name} {name}",
            "player": " ".join(person),
        }


def words_of(world: SyncWorld, credential_id: int) -> set[str]:
    """What only the other club's rows say: names of its teams, players and organization."""
    club = world.club(credential_id - 1)
    with world.database.engine.connect() as connection:
        mapped = tables.player_mappings
        remote = connection.scalars(select(mapped.c.twizzit_player_id).where(mapped.c.credential_id == credential_id))
        return {club.name, *(f'"{one}"' for one in remote)}


def ask(client: httpx.Client, verb: str, path: str, query: dict[str, Any]) -> httpx.Response:
    body = {"groupId": "1"} if "preview" in path else {"resolution": "shotspot"} if "resolve" in path else None
    return client.request(verb, path, params=query, json=body)


def filled(path: str, ids: dict[str, Any]) -> str:
    for name, value in ids.items():
        path = path.replace(f"{{{name}}}", str(value))
    assert "{" not in path, "this walk must know every parameter of a path"
    return path


def test_no_route_shows_or_does_anything_of_a_foreign_club(
    api: ApiServer, world: SyncWorld, limited: httpx.Client
) -> None:
    """Whatever the route takes is the foreign club's: in the path, and each parameter of its query by itself."""
    foreign, secrets = of_club(world, FOREIGN), words_of(world, FOREIGN)
    before = [world.rows(table) for table in (tables.sync_requests, tables.credentials, tables.sync_config)]
    walked = []
    for verb, path, described in routes(api):
        names = [one["name"] for one in described.get("parameters", []) if one["in"] == "query"]
        queries = [{}, *({name: foreign[name]} for name in names if name in foreign)]
        for query in queries:
            answer = ask(limited, verb, filled(path, foreign), query)
            if (verb, path) in OF_NO_CLUB:
                continue
            walked.append(path)
            about_it = "{" in path or bool(query)
            lists = path in ("/organizations", "/sync/requests") or path.startswith("/mappings/")
            if about_it and not (lists and "credentialId" not in query):
                assert answer.status_code in (403, 404), (verb, path, query, answer.text)
            else:
                assert answer.status_code in (200, 400, 403), (verb, path, query, answer.text)
            found = json.dumps(answer.json(), ensure_ascii=False)
            if isinstance(name := query.get("team", query.get("player")), str):  # said again where it is not found
                found = found.replace(name, "")
            assert not any(secret in found for secret in secrets), (verb, path, query)
            assert f'"credentialId": {FOREIGN},' not in found, (verb, path, query)
    assert len(set(walked)) > 20
    assert before == [world.rows(table) for table in (tables.sync_requests, tables.credentials, tables.sync_config)]


def test_their_own_club_is_there_in_full(api: ApiServer, world: SyncWorld, limited: httpx.Client) -> None:
    mine = of_club(world, MINE)
    with api.client(token("coach", user_id=FREE)) as free:
        for path in (
            "/sync/history/{credentialId}",
            "/sync/history/{credentialId}/{syncId}",
            "/sync/config/{credentialId}",
            "/sync/requests/{requestId}",
            "/sync/requests?credentialId={credentialId}",
            "/mappings/teams?credentialId={credentialId}",
            "/mappings/players?teamId={teamId}",
            "/mappings/matches?competitionId={competitionId}",
            "/registered?teamId={teamId}",
            "/conflicts?credentialId={credentialId}",
            "/organization/{credentialId}",
        ):
            answer = limited.get(filled(path, mine))
            assert (answer.status_code, answer.json()) == (200, free.get(filled(path, mine)).json()), path
        assert [one["id"] for one in limited.get("/organizations").json()["organizations"]] == [MINE]
        assert [one["id"] for one in free.get("/organizations").json()["organizations"]] == [FOREIGN, MINE]
        for what in ("teams", "players", "competitions", "matches"):
            theirs, all_rows = (client.get(f"/mappings/{what}").json()["mappings"] for client in (limited, free))
            assert {row["credentialId"] for row in theirs} == {MINE}
            assert theirs == [row for row in all_rows if row["credentialId"] == MINE]
            assert {row["credentialId"] for row in all_rows} == {FOREIGN, MINE}


def test_what_the_token_says_and_what_the_administrator_says_both_hold(api: ApiServer) -> None:
    for claimed, wanted in (([FOREIGN], []), ([MINE], [MINE]), ([FOREIGN, MINE], [MINE]), ([], [])):
        with api.client(token("coach", user_id=LIMITED, credentials=claimed)) as client:
            assert [one["id"] for one in client.get("/organizations").json()["organizations"]] == wanted
            assert client.get(f"/sync/history/{FOREIGN}").status_code == 403


def test_administrators_are_not_limited_even_by_name(api: ApiServer) -> None:
    with api.client(token("admin", user_id=LIMITED)) as client:
        assert len(client.get("/organizations").json()["organizations"]) == 2


def test_an_administrator_limits_and_frees_at_once(api: ApiServer, world: SyncWorld) -> None:
    with api.client(token("admin", user_id=1)) as admin, api.client(token("coach", user_id=20)) as coach:
        assert admin.get("/coaches/20").json() == {"userId": "20", "limited": False, "limitedAt": None, "clubs": []}
        assert coach.get(f"/sync/history/{FOREIGN}").status_code == 200
        done = admin.put("/coaches/20", json={"credentials": [MINE]})
        assert done.status_code == 200
        club = {"credentialId": MINE, "organizationName": world.club(1).name}
        assert (done.json()["limited"], done.json()["clubs"]) == (True, [club])
        assert coach.get(f"/sync/history/{FOREIGN}").status_code == 403
        assert [one["userId"] for one in admin.get("/coaches").json()["coaches"]] == ["12", "20"]
        unknown = admin.put("/coaches/20", json={"credentials": [MINE, 999]})
        assert (unknown.status_code, unknown.json()["error"]) == (404, "Credential not found")
        assert admin.put("/coaches/20", json={"credentials": []}).json()["clubs"] == []
        assert coach.get("/organizations").json() == {"organizations": []}
        assert admin.delete("/coaches/20").json()["limited"] is False
        assert coach.get(f"/sync/history/{FOREIGN}").status_code == 200
        said = admin.get("/audit?limit=3").json()["audit"]
        assert [(row["action"], row["target"], row["targetId"], row["actorId"]) for row in said] == [
            ("free", "coach", "20", "1"),
            *[("limit", "coach", "20", "1")] * 2,
        ]
        for wrong in ("%00", "%20", "x" * 101):
            assert admin.get(f"/coaches/{wrong}").status_code == 400
    for role in ("coach", "user", "monitor"):
        with api.client(token(role, user_id=20)) as client:
            assert client.put("/coaches/20", json={"credentials": [MINE]}).status_code == 403


def test_a_coach_whose_club_is_deleted_sees_none(api: ApiServer, world: SyncWorld) -> None:
    extra = world.add_credential(0, organization_name="A club of a day")
    coaches.limit(world.database.engine, "21", [extra])
    with api.client(token("coach", user_id=21)) as coach:
        assert len(coach.get("/organizations").json()["organizations"]) == 1
        store.delete(world.database.engine, extra)
        assert coach.get("/organizations").json() == {"organizations": []}
        assert coach.get("/mappings/teams").json() == {"mappings": []}
        assert coach.get(f"/sync/history/{MINE}").status_code == 403
