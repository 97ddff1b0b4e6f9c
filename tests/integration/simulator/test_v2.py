"""The v2 dialect of the simulator, over HTTP: what `twizzit-wire.md` says of the live service."""

import time
from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
import pytest

from tests.support.simulator_reader import all_rows, log_in, scope, session
from twizzit_pipeline.simulator import SimulatorServer

PATHS = (
    "/seasons", "/groups", "/group-types", "/group-categories", "/group-contacts", "/contact-functions", "/contacts",
    "/memberships", "/membership-types", "/extra-fields", "/event-types", "/event-sub-types", "/events",
)  # fmt: skip


def test_a_login_is_a_form_and_says_when_its_token_ends(simulator: SimulatorServer) -> None:
    account = simulator.world.organizations[0].account
    login = {"username": account.username, "password": account.password}
    with httpx.Client(base_url=simulator.v2_endpoint, verify=False) as client:
        answer = client.post("/authenticate", data=login).json()
        assert answer["valid-till"] - answer["created-on"] == 1800
        assert abs(answer["created-on"] - time.time()) < 5
        assert client.post("/authenticate", json=login).status_code == 400
        assert client.post("/authenticate", data={**login, "password": "wrong"}).status_code == 401
        assert client.post("/authenticate", data={"username": account.username}).status_code == 401
        assert client.get("/authenticate").status_code == 405


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer unknown"}, {"Authorization": "Basic abc"}])
def test_no_session_no_rows(simulator: SimulatorServer, header: dict[str, str]) -> None:
    with httpx.Client(base_url=simulator.v2_endpoint, headers=header, verify=False) as client:
        for path in ("/organizations", *PATHS):
            assert client.get(path, params=scope(simulator)).status_code == 401


def test_the_server_holds_to_the_life_of_a_token(simulate: Callable[..., SimulatorServer]) -> None:
    server = simulate(token_seconds=0.3)
    with session(server) as client:
        assert client.get("/organizations").status_code == 200
        time.sleep(0.35)
        assert client.get("/organizations").status_code == 401
        log_in(client, server.world.organizations[0])
        assert client.get("/organizations").status_code == 200
        server.accounts.end_all_sessions()
        assert client.get("/organizations").status_code == 401


def test_logins_may_answer_otherwise(simulate: Callable[..., SimulatorServer]) -> None:
    for way, keys in (("expires_in", {"token", "expires_in"}), ("missing", {"created-on"})):
        server = simulate(login_answer=way)
        with httpx.Client(base_url=server.v2_endpoint, verify=False) as client:
            answer = log_in(client, server.world.organizations[0])
            assert answer.status_code == 200
            assert set(answer.json()) == keys


def test_every_call_needs_an_organization_that_the_account_may_read(simulator: SimulatorServer) -> None:
    needed: dict[str, Any] = {"group-ids[]": 1, "start-date": "2026-09-01", "end-date": "2026-09-30"}
    with session(simulator) as client:
        for path in PATHS:
            assert client.get(path, params=needed).status_code == 400
            foreign = client.get(path, params={**needed, **scope(simulator, 1)})
            assert (foreign.status_code, foreign.json()) == (403, {"error": "no access for specified organizations"})
            own = client.get(path, params={**needed, **scope(simulator)})
            assert own.status_code == 200
            assert isinstance(own.json(), list)
        both = [simulator.world.organizations[place].id for place in (0, 1)]
        assert client.get("/contacts", params={"organization-ids[]": both}).status_code == 403


def test_a_missing_scope_may_answer_with_nothing(simulate: Callable[..., SimulatorServer]) -> None:
    with session(simulate(missing_scope="empty")) as client:
        answer = client.get("/contacts")
        assert (answer.status_code, answer.json()) == (200, [])


def test_organizations_and_seasons(simulate: Callable[..., SimulatorServer]) -> None:
    server = simulate(organization_keys="prefixed", seasons_forbidden=True)
    organization = server.world.organizations[0]
    with session(server) as client:
        assert client.get("/organizations").json() == [
            {"organization_id": organization.id, "organization_name": organization.name}
        ]
        assert client.get("/seasons", params=scope(server)).status_code == 403


def test_seasons_follow_the_day(simulate: Callable[..., SimulatorServer]) -> None:
    for today, running in (("2026-06-30", "2025-2026"), ("2026-07-01", "2026-2027")):
        server = simulate(today=date.fromisoformat(today))
        with session(server) as client:
            rows = client.get("/seasons", params=scope(server)).json()
            assert len(rows) == 2
            current = client.get("/seasons", params=scope(server, is_current_season="true")).json()
            assert [row["name"] for row in current] == [running]
            assert current[0]["start-date"] == f"{running[:4]}-07-01"
            assert current[0]["end-date"] == f"{running[5:]}-06-30"


def test_pages_are_capped_and_cut_in_silence(simulator: SimulatorServer) -> None:
    with session(simulator) as client:
        contacts = all_rows(client, "/contacts", scope(simulator))
        assert len(contacts) == len(simulator.world.organizations[0].contacts) > 150
        assert len(client.get("/contacts", params=scope(simulator)).json()) == 50
        assert len(client.get("/contacts", params=scope(simulator, limit=1000)).json()) == 100
        assert client.get("/contacts", params=scope(simulator, limit=60, offset=20)).json() == contacts[20:80]
        assert client.get("/contacts", params=scope(simulator, offset=10_000)).json() == []
        assert len(client.get("/memberships", params=scope(simulator, limit=1000)).json()) == 100
        for wrong in ({"limit": 0}, {"limit": "all"}, {"offset": -1}):
            assert client.get("/contacts", params=scope(simulator, **wrong)).status_code == 400


def test_groups_come_250_at_once(simulate: Callable[..., SimulatorServer]) -> None:
    server = simulate(clubs=1, teams=130, players_per_team=1)
    with session(server) as client:
        assert len(client.get("/groups", params=scope(server)).json()) == 50
        assert len(client.get("/groups", params=scope(server, limit=500)).json()) == 250
        assert len(all_rows(client, "/groups", scope(server), 250)) == 2 * (130 + 2) + 1


def test_a_limit_that_is_too_large_may_be_refused(simulate: Callable[..., SimulatorServer]) -> None:
    server = simulate(above_limit="refuse")
    with session(server) as client:
        assert client.get("/contacts", params=scope(server, limit=100)).status_code == 200
        assert client.get("/contacts", params=scope(server, limit=101)).status_code == 400
        assert client.get("/groups", params=scope(server, limit=250)).status_code == 200
        assert client.get("/groups", params=scope(server, limit=251)).status_code == 400


def test_filter_lists_honour_ten_values(simulator: SimulatorServer) -> None:
    organization = simulator.world.organizations[0]
    ids = list(organization.contacts)[:14]
    with session(simulator) as client:
        found = client.get("/contacts", params=scope(simulator, contact_ids__=ids)).json()
        assert [row["id"] for row in found] == ids[:10]
        groups = list(organization.groups)[:12]
        links = client.get("/group-contacts", params=scope(simulator, group_ids__=groups)).json()
        assert {row["groupId"] for row in links} == set(groups[:10])
        assert client.get("/contacts", params=scope(simulator, contact_ids__=[1])).json() == []


def test_groups_of_a_season_and_of_a_kind(simulator: SimulatorServer) -> None:
    season, organization = simulator.world.running_season, simulator.world.organizations[0]
    with session(simulator) as client:
        types = {row["name"]["NL"]: row["id"] for row in client.get("/group-types", params=scope(simulator)).json()}
        assert types == {"Ploeg": 1, "Werkgroep": 2}
        every = all_rows(client, "/groups", scope(simulator))
        teams = all_rows(client, "/groups", scope(simulator, season_id=season.id, group_type=1))
        committees = all_rows(client, "/groups", scope(simulator, season_id=season.id, group_type=2))
    assert {row["season"]["name"] for row in every} == {s.label for s in simulator.world.seasons_of(organization)}
    assert {row["season"]["id"] for row in teams + committees} == {season.id}
    assert {row["name"] for row in committees} == {"Bestuur", "Jeugdcomité"}
    assert {"Senioren 1", "U9 1", "", "U15  1 "} <= {row["name"] for row in teams}
    assert len({row["id"] for row in every}) == len(every) == 8 + 8 + 1 + 4
    assert all(row["club"] is None for row in every)
    assert set(teams[0]) == {
        "id", "name", "short-name", "club", "season", "category", "image", "extra-field-values"
    }  # fmt: skip


def test_filters_may_be_unknown(simulate: Callable[..., SimulatorServer]) -> None:
    server = simulate(ignored_filters=frozenset({"season-id", "group-type", "contact-ids[]", "group-ids[]"}))
    with session(server) as client:
        assert len(client.get("/groups", params=scope(server, season_id=1, group_type=7)).json()) == 21
        assert len(client.get("/contacts", params=scope(server, contact_ids__=[1], limit=100)).json()) == 100
        links = client.get("/group-contacts", params=scope(server, group_ids__=[1])).json()
        assert {row["groupId"] for row in links} == set(server.world.organizations[0].groups)


def test_rosters_contain_no_names(simulator: SimulatorServer) -> None:
    organization = simulator.world.organizations[0]
    groups = [group.id for group in organization.teams(simulator.world.running_season)][:3]
    with session(simulator) as client:
        assert client.get("/group-contacts", params=scope(simulator)).status_code == 400
        links = client.get("/group-contacts", params=scope(simulator, group_ids__=groups, limit=2, offset=5)).json()
    assert len(links) == sum(len(organization.rosters[group]) for group in groups) > 36
    assert all(set(row) == {"groupId", "contactId", "contactFunctionId"} for row in links)


def test_rosters_may_be_paged(simulate: Callable[..., SimulatorServer]) -> None:
    server = simulate(group_contacts_paged=True)
    groups = list(server.world.organizations[0].groups)[:10]
    with session(server) as client:
        assert len(client.get("/group-contacts", params=scope(server, group_ids__=groups)).json()) == 50
        links = all_rows(client, "/group-contacts", scope(server, group_ids__=groups))
    assert len(links) == sum(len(server.world.organizations[0].rosters[group]) for group in groups) > 100


def test_rosters_may_hold_whole_contacts(simulate: Callable[..., SimulatorServer]) -> None:
    server = simulate(group_contacts="whole")
    group = server.world.organizations[0].teams(server.world.running_season)[0]
    with session(server) as client:
        rows = client.get("/group-contacts", params=scope(server, group_ids__=[group.id])).json()
    assert {row["groupId"] for row in rows} == {group.id}
    assert {row["id"] for row in rows} == {link.contact_id for link in server.world.organizations[0].rosters[group.id]}
    assert all("contactFunctionId" in row and "last-name" in row and "contactId" not in row for row in rows)


def test_functions_and_event_types_differ_per_account(simulator: SimulatorServer) -> None:
    players, matches = set(), set()
    for place in range(3):
        with session(simulator, place) as client:
            functions = client.get("/contact-functions", params=scope(simulator, place)).json()
            types = client.get("/event-types", params=scope(simulator, place)).json()
        assert {row["name"]["FR"] for row in functions} >= {"Joueur", "Entraîneur", "Délégué", "Président"}
        players |= {row["id"] for row in functions if row["name"] == {"EN": "Player", "NL": "Speler", "FR": "Joueur"}}
        matches |= {row["id"] % 10 for row in types if row["name"]["NL"] == "Wedstrijd"}
    assert len(players) == 3
    assert len(matches) == 3


def test_a_contact_has_everything_personal(simulator: SimulatorServer) -> None:
    with session(simulator) as client:
        rows = client.get("/contacts", params=scope(simulator, limit=100)).json()
    assert set(rows[0]) == {
        "id", "name", "first-name", "last-name", "date-of-birth", "gender", "nationality", "language", "account-number",
        "registry-number", "number", "email-1", "email-2", "email-3", "mobile-1", "mobile-2", "mobile-3", "phone",
        "address", "has-profile-image", "extra-field-values",
    }  # fmt: skip
    assert rows[0]["name"] == f"{rows[0]['first-name']} {rows[0]['last-name']}"
    assert rows[0]["email-3"] == {"target": "", "email": ""}
    assert set(rows[0]["address"]) == {"street", "number", "box", "postalCode", "city", "country"}
    filled = next(row["extra-field-values"] for row in rows if row["extra-field-values"])
    assert set(filled[0]["extraField"]) == {"id", "name", "type", "location", "extraFieldAttributes"}


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({"names": "first_last"}, {"name"}),
        ({"names": "last_first"}, {"name"}),
        ({"name_keys": "snake"}, {"name", "first_name", "last_name"}),
        ({"name_keys": "camel"}, {"name", "firstName", "lastName"}),
        ({"name_keys": "lower"}, {"name", "firstname", "lastname"}),
    ],
)
def test_names_are_spelled_in_many_ways(
    simulate: Callable[..., SimulatorServer], options: dict[str, str], keys: set[str]
) -> None:
    server = simulate(**options)
    contact = next(iter(server.world.organizations[0].contacts.values()))
    with session(server) as client:
        row = client.get("/contacts", params=scope(server, contact_ids__=[contact.id])).json()[0]
    assert {key for key in row if "name" in key.lower()} == keys
    whole = f"{contact.first_name} {contact.last_name}"
    assert row["name"] == (
        f"{contact.last_name} {contact.first_name}" if options.get("names") == "last_first" else whole
    )


def test_memberships(simulator: SimulatorServer) -> None:
    with session(simulator) as client:
        rows = all_rows(client, "/memberships", scope(simulator))
        types = client.get("/membership-types", params=scope(simulator)).json()
        current = all_rows(client, "/contacts", scope(simulator, current_membership="true"))
    assert {row["contact-id"] for row in rows} == set(simulator.world.organizations[0].contacts)
    assert {row["membership-type-id"] for row in rows} == {row["id"] for row in types}
    assert {row["contact-id"] for row in rows if row["end-date"] == ""} == {row["id"] for row in current}
    assert 0 < len(current) < len(rows)
    assert any(row["club-id"] is None for row in rows)


def test_events_do_not_state_their_type(simulator: SimulatorServer) -> None:
    year = simulator.world.running_season.start.year
    days = {"start-date": f"{year}-09-01", "end-date": f"{year}-10-31"}
    with session(simulator) as client:
        types = {row["name"]["EN"]: row["id"] for row in client.get("/event-types", params=scope(simulator)).json()}
        by_type = {
            name: all_rows(client, "/events", {**scope(simulator), **days, "event-types[]": id_})
            for name, id_ in types.items()
        }
        every = all_rows(client, "/events", {**scope(simulator), **days, "includes[]": "event-groups"})
        assert client.get("/events", params=scope(simulator)).status_code == 400
    assert by_type["Meeting"] == []
    assert len(every) == len(by_type["Training"]) + len(by_type["Match"])
    assert all(row["name"] is None and row["series"] is None for row in by_type["Training"])
    assert all(" - " in row["name"] and row["event-groups"] is None for row in by_type["Match"])
    assert {row["series"] is None for row in by_type["Match"]} == {True, False}
    assert all(days["start-date"] <= row["start"][:10] <= days["end-date"] for row in every)
    own = simulator.world.organizations[0].name
    for row in every:
        [group] = row["event-groups"]
        assert row["name"] is None or row["name"].startswith(own) == group["isHomeTeam"]


def test_a_quota_ends(simulate: Callable[..., SimulatorServer]) -> None:
    server = simulate(quota=3)
    with session(server) as client:
        assert client.get("/organizations").headers["x-ratelimit-remaining"] == "1"
        assert client.get("/organizations").status_code == 200
        spent = client.get("/organizations")
        assert spent.status_code == 429
        assert "monthly" in spent.json()["error"]
        assert "quota" in spent.json()["error"]
        assert log_in(client, server.world.organizations[0]).status_code == 429
        server.accounts.refill_quota()
        assert log_in(client, server.world.organizations[0]).status_code == 200
    with session(server, 1) as other:
        assert other.get("/organizations").status_code == 200


def test_a_federation_reads_many_clubs(simulate: Callable[..., SimulatorServer]) -> None:
    server = simulate(federation=True, federation_clubs=4, federation_contacts=700, teams=2)
    federation = server.world.organizations[-1]
    with session(server, -1) as client:
        readable = [row["id"] for row in client.get("/organizations").json()]
        groups = all_rows(client, "/groups", scope(server, -1, season_id=server.world.running_season.id, group_type=1))
        assert len(all_rows(client, "/contacts", scope(server, -1))) == 700
        together = {"organization-ids[]": readable}
        assert len(all_rows(client, "/contacts", together)) > 700
    assert readable == [federation.id, *(organization.id for organization in server.world.organizations[:2])]
    named = {row["club"]["name"] for row in groups if isinstance(row["club"], dict)}
    assert {row["club"] for row in groups if isinstance(row["club"], int)} == set(readable[1:])
    assert len(named) == 2
    assert set(server.world.truth(federation).clubs.values()) == named | {
        organization.name for organization in server.world.organizations[:2]
    }
