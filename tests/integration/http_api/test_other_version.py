"""Another version migrates the database while the API runs: it goes on reading, and saves nothing."""

from collections.abc import Callable

import httpx
import pytest

from tests.support.api_server import ApiServer, token
from tests.support.page_visitor import link_to, sign_in, visitor
from tests.support.signs_of_life import beat
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

NEWER = "The database is at migration 9999, which is newer than this version: install a newer one"


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    beat(database.engine)
    return SyncWorld(quick(settings), database, simulate(clubs=1, teams=2, players_per_team=2))


def migrated_by_another(world: SyncWorld) -> None:
    with world.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE twizzit_alembic_version SET version_num = '9999'")


def test_what_would_write_is_refused_with_what_to_do_and_reading_goes_on(api: ApiServer, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    migrated_by_another(world)
    with api.client(token("admin")) as admin:
        answers: list[httpx.Response] = [
            admin.post(f"/sync/teams/{credential_id}?queue=true&wait=0"),
            admin.put(f"/sync/config/{credential_id}", json={"syncIntervalMinutes": 90}),
            admin.delete(f"/credentials/{credential_id}"),
        ]
        assert [answer.status_code for answer in answers] == [424, 424, 424]
        for answer in answers:
            assert answer.json()["message"].startswith(NEWER)
        assert admin.get(f"/sync/config/{credential_id}").status_code == 200
    assert world.rows(tables.sync_requests) == []
    assert len(world.rows(tables.credentials)) == 1


def test_a_stranger_learns_nothing_of_it(api: ApiServer, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    migrated_by_another(world)
    with api.client(None) as stranger:
        assert stranger.post(f"/sync/teams/{credential_id}").status_code == 401


def test_a_page_saves_nothing_and_says_why(api: ApiServer, world: SyncWorld) -> None:
    credential_id = world.add_credential()
    with visitor(api) as browser:
        sign_in(browser, link_to(world.database, credential_id))
        browser.get(f"/twizzit/clubs/{credential_id}/settings")
        before = world.rows(tables.sync_config)
        migrated_by_another(world)
        assert browser.post(f"/twizzit/clubs/{credential_id}/settings", every="7", unit="minutes").status_code == 503
        assert "not of the same version" in browser.text
    assert world.rows(tables.sync_config) == before
