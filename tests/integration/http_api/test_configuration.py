"""The configuration over the API: defaults, intervals, limits, what words mean, and who may change them."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.api_server import ApiServer, NewDatabase, api_of_two, token


@pytest.fixture(scope="module")
def api(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with api_of_two(new_database, tmp_path_factory.mktemp("api")) as server:
        yield server


def test_a_configuration_begins_with_the_defaults(coach: httpx.Client) -> None:
    answer = coach.get("/sync/config/2").json()
    assert answer == {
        "credentialId": 2,
        "syncTeams": True,
        "syncPlayers": True,
        "syncCompetitions": True,
        "syncIntervalMinutes": 60,
        "autoSyncEnabled": False,
        "lastSyncAt": answer["lastSyncAt"],
        "nextSyncAt": None,
        "monthlyCallLimit": None,
        "callsThisMonth": answer["callsThisMonth"],
        "isFederation": False,
        "review": False,
        "consecutiveFailures": 0,
        "backingOffUntil": None,
        "pausedUntil": None,
        "pausedBecause": None,
        "matchEventType": None,
        "functions": {},
        "eventTypes": {},
        "groupTypes": {},
        "statuses": {},
        "conflictPolicy": "twizzit",
        "conflictExceptions": {},
        "nextSyncBecause": None,
        "notifyTo": None,  # a coach does not see whose addresses they are
        "syncIntervalHours": 1,
        "syncIntervalDays": pytest.approx(1 / 24),
        "syncIntervalUnit": "hours",
        "config": {key: value for key, value in answer.items() if key != "config"},
    }


def test_who_is_notified_about_one_credential_is_set_by_administrators_alone(api: ApiServer) -> None:
    with api.client(token("admin")) as admin, api.client(token("coach")) as coach:
        wanted = ["board@noord.example", "trainer@noord.example"]
        assert admin.get("/sync/config/2").json()["notifyTo"] == []
        assert admin.put("/sync/config/2", json={"notifyTo": wanted}).json()["config"]["notifyTo"] == wanted
        assert admin.put("/sync/config/2", json={"syncTeams": True}).json()["notifyTo"] == wanted
        for wrong in (
            ["no-address"],
            ["a@b.example", 7],
            "a@b.example",
            ["x@y.example\r\nBcc: z@y.example"],
            wanted * 11,
        ):
            answer = admin.put("/sync/config/2", json={"notifyTo": wrong})
            assert answer.status_code == 400, wrong
            assert answer.json()["details"][0]["field"].startswith("notifyTo")
        assert coach.get("/sync/config/2").json()["notifyTo"] is None
        assert coach.put("/sync/config/2", json={"notifyTo": []}).status_code == 403
        assert admin.put("/sync/config/2", json={"notifyTo": []}).json()["notifyTo"] == []


INTERVALS = [
    ({"syncIntervalMinutes": 5}, 5, "minutes"),
    ({"syncIntervalMinutes": 525_600}, 525_600, "days"),
    ({"syncIntervalHours": 2}, 120, "hours"),
    ({"syncIntervalHours": 1.5}, 90, "minutes"),
    ({"syncIntervalDays": 7}, 10_080, "days"),
    ({"syncIntervalUnit": "days", "syncIntervalDays": 1, "syncIntervalMinutes": 60}, 1440, "days"),
    ({"syncIntervalUnit": "hours", "syncIntervalMinutes": 180}, 180, "hours"),
    ({"syncIntervalMinutes": 45, "syncIntervalHours": 3}, 45, "minutes"),
    ({"syncIntervalUnit": "hours"}, 45, "minutes"),
    ({}, 45, "minutes"),
]


def test_an_interval_is_said_in_any_unit(api: ApiServer) -> None:
    with api.client(token("admin")) as admin:
        for body, minutes, unit in INTERVALS:
            answer = admin.put("/sync/config/1", json=body)
            assert answer.status_code == 200, body
            found = answer.json()
            assert (found["syncIntervalMinutes"], found["syncIntervalUnit"]) == (minutes, unit), body
            assert found["syncIntervalHours"] * 60 == pytest.approx(minutes)
            assert found["syncIntervalDays"] * 1440 == pytest.approx(minutes)
            assert admin.get("/sync/config/1").json() == found


def test_a_limit_is_set_and_taken_away(api: ApiServer) -> None:
    with api.client(token("admin")) as admin:
        assert admin.put("/sync/config/2", json={"monthlyCallLimit": 500.0}).json()["monthlyCallLimit"] == 500
        assert admin.put("/sync/config/2", json={"syncTeams": True}).json()["monthlyCallLimit"] == 500
        for wrong in (0, -1, 1.5, "500", True, 2**31):
            answer = admin.put("/sync/config/2", json={"monthlyCallLimit": wrong})
            assert answer.status_code == 400, wrong
            assert answer.json()["details"][0]["field"] == "monthlyCallLimit"
        assert admin.put("/sync/config/2", json={"monthlyCallLimit": None}).json()["monthlyCallLimit"] is None


def test_the_type_of_matches_is_set_and_taken_away(api: ApiServer) -> None:
    with api.client(token("admin")) as admin:
        assert (
            admin.put("/sync/config/2", json={"matchEventType": " Wedstrijd "}).json()["matchEventType"] == "Wedstrijd"
        )
        assert admin.put("/sync/config/2", json={"matchEventType": 52}).json()["matchEventType"] == "52"
        assert admin.put("/sync/config/2", json={"syncTeams": True}).json()["matchEventType"] == "52"
        assert admin.get("/sync/config/2").json()["eventTypes"] == {"52": "match", "Wedstrijd": "match"}
        assert admin.put("/sync/config/2", json={"matchEventType": None}).json()["matchEventType"] is None
        assert admin.get("/sync/config/2").json()["eventTypes"] == {}


def test_what_the_accounts_words_mean_is_said_and_forgotten(api: ApiServer) -> None:
    with api.client(token("admin")) as admin:
        body = {"functions": {" Gastspeler ": "other", "Kern": "player"}, "groupTypes": {"7": "team"}}
        found = admin.put("/sync/config/2", json={**body, "statuses": {"WO": "completed"}}).json()
        assert found["functions"] == {"Gastspeler": "other", "Kern": "player"}
        assert (found["groupTypes"], found["statuses"]) == ({"7": "team"}, {"WO": "completed"})
        assert admin.put("/sync/config/2", json=found).json() == found  # what was read may be sent back
        found = admin.put("/sync/config/2", json={"functions": {"Kern": None}, "statuses": None}).json()
        assert (found["functions"], found["statuses"]) == ({"Gastspeler": "other"}, {"WO": "completed"})
        gone = {"functions": {"Gastspeler": None}, "groupTypes": {"7": None}, "statuses": {"WO": None}}
        found = admin.put("/sync/config/2", json=gone).json()
        assert (found["functions"], found["groupTypes"], found["statuses"]) == ({}, {}, {})
        many = {f"word {number}": "match" for number in range(60)}
        assert admin.put("/sync/config/2", json={"eventTypes": many}).status_code == 200
        refused = admin.put("/sync/config/2", json={"eventTypes": {f"more {word}": "match" for word in many}})
        assert refused.status_code == 400
        assert refused.json()["details"][0]["field"] == "eventTypes"
        admin.put("/sync/config/2", json={"eventTypes": dict.fromkeys(many)})


def test_a_field_that_is_left_out_stays(api: ApiServer) -> None:
    with api.client(token("admin")) as admin:
        admin.put("/sync/config/1", json={"syncTeams": False, "autoSyncEnabled": True, "somethingElse": 1})
        found = admin.put("/sync/config/1", json={"syncPlayers": False, "syncTeams": None}).json()
    wanted = {"syncTeams": False, "syncPlayers": False, "syncCompetitions": True, "autoSyncEnabled": True}
    assert {key: found[key] for key in wanted} == wanted
