"""Requests for a sync with Dagster's own daemon, and the processes that it starts."""

from collections.abc import Callable

from sqlalchemy import text

from tests.end_to_end.conftest import AtWork
from twizzit_pipeline.credentials import store
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.sync import heartbeat, requests
from twizzit_pipeline.twizzit.simulator import SimulatorServer

COACH = Actor("token", "12", "coach")
PATIENCE_SECONDS = 90
RUNS = text(
    "SELECT run_id, pipeline_name FROM dagster.runs JOIN dagster.run_tags USING (run_id)"
    " WHERE key = 'dagster/partition/credential' AND value = :partition"
)


PLACE = 3  # a club that no other test of the same database has


def test_requests_are_served_in_turn_by_the_daemon(
    dagster_at_work: AtWork, simulate: Callable[..., SimulatorServer]
) -> None:
    engine = dagster_at_work.database.engine
    simulator = simulate(clubs=PLACE + 1)
    credential_id = dagster_at_work.add_credential(simulator, PLACE)
    dagster_at_work.until(lambda: heartbeat.last(engine), "the orchestrator's first beat")

    asked = requests.ask(engine, credential_id, sync_type="all", actor=COACH)
    queued = requests.ask(engine, credential_id, sync_type="players", actor=COACH, queue=True)
    first, second = (requests.wait(engine, request.id, PATIENCE_SECONDS) for request in (asked, queued))

    assert (first.status, second.status) == ("partial_success", "partial_success"), dagster_at_work.log.read_text()
    assert first.completed_at is not None
    assert second.started_at is not None
    assert second.started_at >= first.completed_at, "one sync of a credential at a time"
    truth = simulator.world.truth(simulator.world.organizations[PLACE])
    with engine.connect() as connection:
        counted = text("SELECT count(*) FROM twizzit_player_mappings WHERE credential_id = :credential_id")
        mapped = connection.scalar(counted, {"credential_id": credential_id})
        runs = connection.execute(RUNS, {"partition": store.get(engine, credential_id).partition_key}).all()
    assert mapped == len(truth.players)
    assert {(row.run_id, row.pipeline_name) for row in runs} == {
        (first.run_id, "sync_all"),
        (second.run_id, "sync_players"),
    }
