"""A month's calls over HTTP: the answer to a request for a sync says what is left, and never refuses it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.support.api_server import ApiServer, token
from tests.support.signs_of_life import beat
from tests.support.sync_process import wait_until
from tests.support.sync_world import SyncWorld
from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.entity_counts import EntityCounts
from twizzit_pipeline.scheduling import usage
from twizzit_pipeline.scheduling.fulfilment import Fulfilment
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database


def asked(admin: httpx.Client, credential_id: int, *, limit: int | None) -> dict[str, Any]:
    admin.put(f"/sync/config/{credential_id}", json={"monthlyCallLimit": limit})
    answer = admin.post(f"/sync/teams/{credential_id}?wait=0&queue=true")
    assert answer.status_code == 202
    found: dict[str, Any] = answer.json()
    return found


def test_an_answer_to_a_sync_says_what_is_left_of_the_month(
    settings: Settings, database: Database, simulator: SimulatorServer
) -> None:
    world = SyncWorld(settings, database, simulator)
    credential_id = world.add_credential()
    with database.engine.begin() as connection:
        usage.record(connection, credential_id, 70)
    beat(database.engine)
    usual = usage.FIRST_GUESS
    where = "what comes of it will be in the sync history"
    already = f"Such a sync waits for its turn already, so no other one was added; {where}"
    with ApiServer(settings, database) as api, api.client(token("admin")) as admin:
        free = asked(admin, credential_id, limit=None)
        assert (set(free), free["syncId"]) == ({"success", "message", "requestId", "syncId", "status"}, None)
        assert free["message"] == f"Sync waits for its turn; {where}"
        enough = asked(admin, credential_id, limit=70 + usual)
        assert enough["budget"] == {
            "monthlyCallLimit": 70 + usual,
            "callsLeft": usual,
            "callsOfASync": usual,
            "enough": True,
        }
        assert (enough["message"], enough["alreadyQueued"]) == (already, True)
        short = asked(admin, credential_id, limit=71)
        assert (short["budget"]["callsLeft"], short["budget"]["enough"]) == (1, False)
        left = "1 of 71 calls to Twizzit are left this month, fewer than a sync usually takes (20)"
        assert short["message"] == f"{already}; {left}"
        spent = asked(admin, credential_id, limit=1)
        assert spent["budget"]["callsLeft"] == 0


def carry_out(world: SyncWorld, credential_id: int) -> None:
    """What a run does with the first request, as far as the API can see it."""
    wait_until(lambda: bool(world.rows(tables.sync_requests)))
    fulfilment = Fulfilment(world.rows(tables.sync_requests)[0]["id"], "a-run")
    with world.database.engine.begin() as connection:
        fulfilment.start(connection)
        row = history.start(connection, credential_id=credential_id, entity="teams", run_id="a-run", season="2026-2027")
        history.finish(connection, row, EntityCounts(scanned=3, details={"calls": 9}))
        fulfilment.end(connection, None, None)
        usage.record(connection, credential_id, 9)


def test_a_sync_that_is_over_says_what_it_left(
    settings: Settings, database: Database, simulator: SimulatorServer
) -> None:
    world = SyncWorld(settings, database, simulator)
    credential_id = world.add_credential()
    beat(database.engine)
    with ApiServer(settings, database) as api, api.client(token("admin")) as admin, ThreadPoolExecutor(1) as run:
        admin.put(f"/sync/config/{credential_id}", json={"monthlyCallLimit": 100})
        done = run.submit(carry_out, world, credential_id)
        answer = admin.post(f"/sync/teams/{credential_id}")
        done.result()
    assert answer.status_code == 200
    assert answer.json()["budget"] == {"monthlyCallLimit": 100, "callsLeft": 91, "callsOfASync": 9, "enough": True}
