"""Departures that are held back, as an administrator meets them: on the command line, over HTTP, in the status."""

import json
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner, Result

from tests.conftest import ENCRYPTION_KEY
from tests.support.api_server import ApiServer, token
from tests.support.monitored import add_credential
from twizzit_pipeline.cli.app import whole
from twizzit_pipeline.queries import overview
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

Twizzit = Callable[..., Result]


@pytest.fixture
def credential_id(database: Database) -> int:
    """A club of which two players and a team are held back, and a player has left."""
    club = add_credential(database, "KC Noord")
    with database.engine.begin() as connection:
        local = connection.execute(insert(tables.clubs).values(name="KC Noord").returning(tables.clubs.c.id)).scalar()
        of_player = insert(tables.players).returning(tables.players.c.id)
        for place, status in enumerate(("held", "held", "applied")):
            player = {"club_id": local, "first_name": "Ann", "last_name": f"No {place}"}
            local_id = connection.execute(of_player.values(player)).scalar()
            row = {"entity": "players", "twizzit_id": f"10{place}", "local_id": local_id, "status": status}
            connection.execute(
                insert(tables.departures).values(credential_id=club, season="2026-2027", kind="no_team", **row)
            )
        row = {"entity": "teams", "twizzit_id": "7", "local_id": 99, "status": "held", "kind": "unproved"}
        connection.execute(insert(tables.departures).values(credential_id=club, season="2026-2027", **row))
    return club


@pytest.fixture
def twizzit(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Twizzit:
    assert settings.database_url is not None
    monkeypatch.setenv("TWIZZIT_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("TWIZZIT_ENCRYPTION_KEY", ENCRYPTION_KEY)
    monkeypatch.chdir(str(tmp_path))
    return lambda *arguments: CliRunner().invoke(whole(), [*map(str, arguments)])


@pytest.fixture
def api(settings: Settings, database: Database) -> Iterator[ApiServer]:
    with ApiServer(settings, database) as server:
        yield server


def statuses(database: Database) -> dict[str, str]:
    with database.engine.connect() as connection:
        wanted = tables.departures.select().order_by(tables.departures.c.id)
        return {row.twizzit_id: row.status for row in connection.execute(wanted)}


def test_they_are_listed_approved_and_refused_on_the_command_line(
    database: Database, credential_id: int, twizzit: Twizzit
) -> None:
    listed = twizzit("departures", "list", credential_id)
    assert listed.exit_code == 0
    assert "3 departures wait for a decision" in listed.stdout
    assert "Ann" in listed.stdout, "a list of people that is asked for has their names"
    found = json.loads(twizzit("departures", "list", "KC N", "--json").stdout)
    assert [one["twizzit_id"] for one in found] == ["7", "100", "101", "102"]
    assert [one["name"] for one in found] == [None, "Ann No 0", "Ann No 1", "Ann No 2"]

    assert twizzit("departures", "approve", credential_id).exit_code == 2, "it must be said which ones"
    assert twizzit("departures", "approve", credential_id, "--all", "--player", "100").exit_code == 2
    unknown = twizzit("departures", "approve", credential_id, "--player", "100", "--player", "102")
    assert unknown.exit_code == 1
    assert set(statuses(database).values()) == {"held", "applied"}, "all or nothing"

    approved = twizzit("departures", "approve", credential_id, "--player", "100")
    assert f"1 departure approved: they leave with the next sync, twizzit sync {credential_id}" in approved.stdout
    assert "2 departures refused" in twizzit("departures", "refuse", credential_id, "--all").stdout
    assert statuses(database) == {"100": "approved", "101": "refused", "102": "applied", "7": "refused"}


def test_they_wait_for_a_person_in_the_status(database: Database, credential_id: int, twizzit: Twizzit) -> None:
    (one,) = overview.read(database.engine, season_start="07-01").credentials
    assert (one.held, one.needs_attention) == (3, True)
    assert one.why.endswith("3 departures are held back")
    shown = twizzit("status", "--check")
    assert shown.exit_code == 1
    assert f"twizzit departures list {credential_id}" in shown.stdout
    assert json.loads(twizzit("status", "--json").stdout)["credentials"][0]["departures_held"] == 3
    twizzit("departures", "refuse", credential_id, "--all")
    assert not overview.read(database.engine, season_start="07-01").credentials[0].needs_attention


def test_the_same_over_http_and_a_coach_only_looks(database: Database, credential_id: int, api: ApiServer) -> None:
    with api.client(token("coach")) as coach, api.client(token("admin")) as admin:
        listed = coach.get(f"/departures/{credential_id}").json()["departures"]
        assert [(one["entity"], one["twizzitId"], one["status"]) for one in listed[:2]] == [
            ("teams", "7", "held"),
            ("players", "100", "held"),
        ]
        assert coach.post(f"/departures/{credential_id}/approve", json={"all": True}).status_code == 403
        assert admin.post(f"/departures/{credential_id}/approve", json={}).status_code == 400
        assert admin.post("/departures/999/approve", json={"all": True}).status_code == 404
        answer = admin.post(f"/departures/{credential_id}/approve", json={"players": [100], "teams": ["7"]})
        assert answer.json() == {"decision": "approve", "decided": 2, "already": 0}
        gone = admin.post(f"/departures/{credential_id}/refuse", json={"players": ["102"]})
        assert (gone.status_code, gone.json()["error"]) == (409, "Nothing to decide")
        assert admin.post(f"/departures/{credential_id}/refuse", json={"all": True}).json()["decided"] == 1
    with api.client(token("coach", credentials=[credential_id + 1])) as other:
        assert other.get(f"/departures/{credential_id}").status_code == 403
    assert statuses(database) == {"100": "approved", "101": "refused", "102": "applied", "7": "approved"}
