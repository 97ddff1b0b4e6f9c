"""The undo over HTTP: for administrators alone, previewed, done once, and refused with what to do."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.support.api_server import ApiServer, token
from tests.support.sync_world import STEPS, Synced, SyncWorld
from tests.support.undone import state
from twizzit_pipeline.credentials import store
from twizzit_pipeline.runs.lease import Lease, lease_key
from twizzit_pipeline.storage import audit, tables

SMALL: dict[str, Any] = {"clubs": 1, "teams": 1, "players_per_team": 5, "other_contacts": 0}


@pytest.fixture
def api(world: SyncWorld, first: Synced) -> Iterator[ApiServer]:
    with ApiServer(world.settings, world.database) as server:
        yield server


@pytest.fixture
def admin(api: ApiServer) -> Iterator[httpx.Client]:
    with api.client(token("admin", user_id=7)) as client:
        yield client


def test_it_is_shown_done_once_and_undone(admin: httpx.Client, world: SyncWorld, first: Synced) -> None:
    one = first.history["players"].id
    player_id = world.local_id(world.roster(0)[1][0])
    world.change(tables.players, player_id, gender=None, first_name="Roepnaam")
    before = state(world)
    shown: dict[str, Any] = admin.post(f"/sync/undo/{one}?preview=true").json()
    assert state(world) == before
    assert (shown["preview"], shown["undoId"], shown["success"]) == (True, None, True)

    answer = admin.post(f"/sync/undo/{one}")

    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    same = ("counts", "steps", "left", "historyIds", "credentialId", "nextSync")
    assert {name: done[name] for name in same} == {name: shown[name] for name in same}
    assert done["historyIds"] == sorted(row.id for row in first.history.values())
    assert done["counts"]["removed"] == sum(step["action"] == "remove" for step in done["steps"])
    (left,) = [row for row in done["left"] if row["table"] == "players"]
    assert (left["rowId"], left["reason"]) == (player_id, "changed_since")
    assert left["message"] == "changed since, by a person or a later sync"
    assert "first_name" in left["columns"]
    (noted,) = [row for row in audit.recent(world.database.engine) if row.action == "undo"]
    assert (noted.actor.kind, noted.actor.id, noted.target_id) == ("token", "7", str(one))
    history = admin.get(f"/sync/history/1/{done['undoId']}").json()["history"]
    assert (history["syncType"], history["syncDirection"], history["status"]) == ("undo", "undo", "partial_success")

    again = admin.post(f"/sync/undo/{one}")
    assert again.status_code == 409
    assert again.json()["error"] == "Sync cannot be undone"
    assert f"by undo {done['undoId']}" in again.json()["message"]
    assert admin.post(f"/sync/undo/{done['undoId']}").status_code == 200
    assert state(world) == before


def test_everything_since_a_moment_is_undone_together(admin: httpx.Client, world: SyncWorld, first: Synced) -> None:
    before = state(world)
    start = datetime.now(UTC)
    world.simulator.changes.rename_team(world.roster()[0], "Nieuw")
    world.sync(1, steps=STEPS)
    after = state(world)
    asked = {"credentialId": 1, "since": start.astimezone(ZoneInfo("Europe/Brussels")).isoformat()}
    shown: dict[str, Any] = admin.post("/sync/undo?preview=true", json=asked).json()
    assert (state(world), shown["undoId"]) == (after, None)
    done: dict[str, Any] = admin.post("/sync/undo", json=asked).json()
    assert [step["before"].get("name") for step in done["steps"] if step["table"] == "teams"] == ["Nieuw"]
    assert (done["counts"], done["historyIds"]) == (shown["counts"], shown["historyIds"])
    assert min(done["historyIds"]) > max(row.id for row in first.history.values())
    assert state(world) == before
    (noted,) = [row for row in audit.recent(world.database.engine) if row.action == "undo"]
    assert (noted.actor.id, noted.details["history_ids"]) == ("7", done["historyIds"])
    nothing = admin.post("/sync/undo", json={"credentialId": 1, "since": "2100-01-01T00:00:00Z"}).json()
    assert (nothing["historyIds"], nothing["undoId"]) == ([], None)
    assert nothing["message"] == "Nothing to undo: no sync of this club began since then"


def test_a_sync_under_way_is_a_409_with_what_to_do(admin: httpx.Client, world: SyncWorld, first: Synced) -> None:
    engine = world.database.engine
    lease = Lease.take(engine, lease_key(store.get(engine, 1)), credential_id=1, run_id="another")
    try:
        answer = admin.post(f"/sync/undo/{first.history['teams'].id}")
    finally:
        lease.stop()
        with engine.begin() as connection:
            lease.release(connection)
    assert (answer.status_code, answer.json()["error"]) == (409, "Sync already in progress")
    assert "undo when it has ended" in answer.json()["message"]


@pytest.mark.parametrize("sync_id", ["999999", str(2**62)])
def test_an_unknown_sync_is_a_404(admin: httpx.Client, sync_id: str) -> None:
    answer = admin.post(f"/sync/undo/{sync_id}?preview=true")
    assert (answer.status_code, answer.json()["error"]) == (404, "Sync not found")


def test_no_coach_undoes_anything(api: ApiServer, first: Synced) -> None:
    with api.client(token("coach")) as coach:
        assert coach.post(f"/sync/undo/{first.history['teams'].id}?preview=true").status_code == 403
