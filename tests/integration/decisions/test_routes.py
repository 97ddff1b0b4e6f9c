"""Decisions over HTTP: the list by credential and page, each resolution, and what a coach does not reach."""

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import insert

from tests.support.api_server import ApiServer, token
from tests.support.decided_world import DecidedWorld, in_conflict, in_doubt
from tests.support.twin_teams import TwinTeams
from twizzit_pipeline.scheduling import config
from twizzit_pipeline.storage import tables


@pytest.fixture
def api(club: DecidedWorld) -> Iterator[ApiServer]:
    with ApiServer(club.world.settings, club.world.database) as server:
        yield server


@pytest.fixture
def coach(api: ApiServer) -> Iterator[httpx.Client]:
    with api.client(token("coach")) as client:
        yield client


def test_a_conflict_is_listed_and_resolved(club: DecidedWorld, coach: httpx.Client) -> None:
    base = club.player["first_name"]
    found = club.conflict()

    answer = coach.get(f"/conflicts?credentialId={club.credential_id}")
    assert (answer.status_code, answer.headers["x-total-count"]) == (200, "1")
    (shown,) = answer.json()["conflicts"]
    assert (shown["id"], shown["kind"], shown["entity"], shown["column"]) == (
        found.id,
        "field",
        "players",
        "first_name",
    )
    assert (shown["base"], shown["local"], shown["remote"], shown["now"]) == (base, "Lokaal", "Remo", "Lokaal")
    assert shown["foundAt"].endswith("Z")

    done = coach.put(f"/conflicts/{found.id}/resolve", json={"resolution": "value", "value": "René"})
    assert done.status_code == 200, done.text
    assert done.json()["changed"] == {"first_name": {"before": "Lokaal", "after": "René"}}
    assert (done.json()["conflict"]["status"], done.json()["conflict"]["resolution"]) == ("resolved", "value")
    assert club.player["first_name"] == "René"
    rows = coach.get(f"/sync/history/{club.credential_id}").json()["history"]
    assert (rows[0]["id"], rows[0]["syncDirection"]) == (done.json()["syncId"], "decision")

    assert coach.get("/conflicts").json() == {"conflicts": []}
    assert [one["id"] for one in coach.get("/conflicts?over=true").json()["conflicts"]] == [found.id]
    again = coach.put(f"/conflicts/{found.id}/resolve", json={"resolution": "twizzit"})
    assert (again.status_code, again.json()["error"]) == (409, "Conflict not resolved")


@pytest.mark.begins(after=in_conflict)
def test_wrong_bodies_are_refused_in_the_fields_they_are_about(club: DecidedWorld, coach: httpx.Client) -> None:
    found = club.waits()
    for body, field in (
        ({"resolution": "value"}, "value"),
        ({"resolution": "value", "value": "x" * 51}, "value"),
        ({"resolution": "value", "value": None}, "value"),
        ({"resolution": "link"}, "localId"),
    ):
        answer = coach.put(f"/conflicts/{found.id}/resolve", json=body)
        assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, field)
    link = coach.put(f"/conflicts/{found.id}/resolve", json={"resolution": "create"})
    assert (link.status_code, "about a field" in link.json()["message"]) == (409, True)
    assert [one.status for one in club.open()] == ["open"]


@pytest.mark.begins(after=in_doubt)
def test_a_doubtful_link_is_linked_over_http(club: DecidedWorld, coach: httpx.Client) -> None:
    found, fitting = club.in_doubt()
    (shown,) = coach.get("/conflicts").json()["conflicts"]
    assert [one["localId"] for one in shown["candidates"]] == fitting
    assert shown["sameName"] == fitting

    done = coach.put(f"/conflicts/{found.id}/resolve", json={"resolution": "link", "localId": fitting[1]})

    assert (done.status_code, done.json()["conflict"]["value"]) == (200, fitting[1])
    assert club.local_id == fitting[1]


def test_a_team_that_is_mapped_is_linked_to_another_row_over_http(club: DecidedWorld, coach: httpx.Client) -> None:
    remote_id = club.world.roster()[0]
    twins = TwinTeams(club.world, club.credential_id, remote_id, club.world.team(remote_id))
    other, was = twins.alike(), twins.was["id"]
    club.sync()
    (shown,) = coach.get("/conflicts").json()["conflicts"]
    assert (shown["entity"], shown["localId"], shown["nameTaken"]) == ("teams", was, False)
    assert [(one["localId"], one["mayBeLinked"]) for one in shown["candidates"]] == [(other, True)]

    done = coach.put(f"/conflicts/{shown['id']}/resolve", json={"resolution": "link", "localId": other})

    assert done.status_code == 200, done.text
    assert done.json()["left"] == {"localId": was, "isInactive": True, "twizzitId": None}
    assert done.json()["followed"] == {"players": len(twins.people), "games": 0}
    assert (twins.local_id, twins.in_team(was)) == (other, set())
    again = coach.put(f"/conflicts/{shown['id']}/resolve", json={"resolution": "create"})
    assert (again.status_code, again.json()["error"]) == (409, "Conflict not resolved")


@pytest.mark.begins(after=in_doubt)
def test_an_answer_about_what_is_not_there_any_more_is_refused_where_it_says_so(
    club: DecidedWorld, coach: httpx.Client
) -> None:
    found, fitting = club.in_doubt()
    (shown,) = coach.get("/conflicts").json()["conflicts"]
    path = f"/conflicts/{found.id}/resolve"
    wrong = coach.put(path, json={"resolution": "create", "mark": "x" * 65})
    assert (wrong.status_code, wrong.json()["details"][0]["field"]) == (400, "mark")
    (alike,) = club.world.rows(tables.players, id=fitting[0])
    values = {name: alike[name] for name in ("club_id", "team_id", "first_name", "last_name", "gender")}
    with club.world.database.engine.begin() as connection:
        third = connection.execute(insert(tables.players).values(**values).returning(tables.players.c.id)).scalar_one()
    club.sync()
    before = club.world.rows(tables.players)

    for body in ({"resolution": "create"}, {"resolution": "link", "localId": fitting[0]}):
        answer = coach.put(path, json={**body, "mark": shown["mark"]})
        assert (answer.status_code, answer.json()["error"]) == (409, "Conflict changed meanwhile")
        assert "look at the conflict again" in answer.json()["message"]
    assert club.world.rows(tables.players) == before

    (now,) = coach.get("/conflicts").json()["conflicts"]
    assert [one["localId"] for one in now["candidates"]] == [*fitting, third]
    done = coach.put(path, json={"resolution": "link", "localId": third, "mark": now["mark"]})
    assert (done.status_code, club.local_id) == (200, third)


@pytest.mark.begins(after=in_conflict)
def test_the_mark_of_a_field_is_of_both_sides(club: DecidedWorld, coach: httpx.Client) -> None:
    found = club.waits()
    (shown,) = coach.get("/conflicts").json()["conflicts"]
    club.edit(first_name="Anders")
    answer = coach.put(f"/conflicts/{found.id}/resolve", json={"resolution": "twizzit", "mark": shown["mark"]})
    assert (answer.status_code, answer.json()["error"]) == (409, "Conflict changed meanwhile")
    assert club.player["first_name"] == "Anders"


@pytest.mark.begins(after=in_conflict)
def test_a_coach_reaches_the_conflicts_of_their_clubs_alone(club: DecidedWorld, api: ApiServer) -> None:
    found = club.waits()
    with api.client(token("coach", credentials=[club.credential_id + 1])) as elsewhere:
        assert elsewhere.get("/conflicts").json() == {"conflicts": []}
        assert elsewhere.get(f"/conflicts?credentialId={club.credential_id}").status_code == 403
        for conflict_id in (found.id, found.id + 1):
            answer = elsewhere.put(f"/conflicts/{conflict_id}/resolve", json={"resolution": "twizzit"})
            assert answer.status_code == 403
    with api.client(token("coach", credentials=[club.credential_id])) as here:
        assert len(here.get("/conflicts").json()["conflicts"]) == 1
        assert here.put(f"/conflicts/{found.id}/resolve", json={"resolution": "shotspot"}).status_code == 200


@pytest.mark.begins(after=in_conflict)
def test_a_sync_at_work_is_said_to_stand_in_the_way(club: DecidedWorld, coach: httpx.Client) -> None:
    found = club.waits()
    with club.world.session(club.credential_id) as session, session.recording("teams"):
        answer = coach.put(f"/conflicts/{found.id}/resolve", json={"resolution": "twizzit"})
    assert (answer.status_code, answer.json()["error"]) == (409, "Sync already in progress")


def test_policies_are_set_by_field_and_taken_back(club: DecidedWorld, api: ApiServer) -> None:
    path = f"/sync/config/{club.credential_id}"
    with api.client(token("admin")) as admin:
        assert (found := admin.get(path).json())["conflictPolicy"] == "twizzit"
        assert found["conflictExceptions"] == {}
        body = {"conflictPolicy": "ask", "conflictExceptions": {"players.jersey_number": "shotspot", "name": "newest"}}
        assert admin.put(path, json=body).json()["conflictPolicy"] == "ask"
        changed = admin.put(path, json={"conflictExceptions": {"name": None}}).json()
        assert changed["conflictExceptions"] == {"players.jersey_number": "shotspot"}
        wrong = admin.put(path, json={"conflictExceptions": {"players.is_active": "ask"}})
        assert (wrong.status_code, wrong.json()["details"][0]["field"]) == (400, "conflictExceptions")
        assert "players.first_name" in wrong.json()["details"][0]["message"]
    stored = config.read(club.world.database.engine, club.credential_id)
    assert (stored.conflict_policy, stored.conflict_exceptions) == ("ask", {"players.jersey_number": "shotspot"})
    audited = club.world.rows(tables.audit_log)[-1]
    assert audited["details"]["to"] == {"conflict_exceptions": {"players.jersey_number": "shotspot"}}
