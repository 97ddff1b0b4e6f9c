"""What came of a request: how it ends, and how the caller reads it."""

import pytest
from sqlalchemy import Engine, text, update

from tests.support.carried_out import Ask, begin, end, waiting
from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import SyncInProgress, UnknownRequest
from twizzit_pipeline.runs.lease import INTERRUPTED, SILENT, Lease, close_interrupted, lease_key
from twizzit_pipeline.runs.processes import this_process
from twizzit_pipeline.scheduling import requests
from twizzit_pipeline.scheduling.fulfilment import Fulfilment, fail_unstarted, settle
from twizzit_pipeline.scheduling.wishes import RequestOptions
from twizzit_pipeline.storage.tables import leases


@pytest.mark.parametrize("request_id", [0, -1, 99, 2**63, 2**80])
def test_an_unknown_request_is_said_to_be_one(engine: Engine, request_id: int) -> None:
    with pytest.raises(UnknownRequest):
        requests.get(engine, request_id)


def test_a_request_ends_as_its_history_does(engine: Engine, ask: Ask) -> None:
    for place, (statuses, wanted) in enumerate(
        [
            (("success", "success"), ("success", None)),
            (("success", "partial_success"), ("partial_success", None)),
            (("partial_success", "failed"), ("failed", "it broke")),
        ]
    ):
        request = ask()
        lease, history_id = begin(engine, request, f"run-{place}")
        started = requests.get(engine, request.id)
        assert (started.status, started.run_id, started.history_ids) == ("started", f"run-{place}", (history_id,))
        end(engine, request, lease, *statuses, run_id=f"run-{place}")
        over = requests.get(engine, request.id)
        assert (over.status, over.error) == wanted
        assert over.over
        assert len(over.history_ids) == 2
        assert over.started_at is not None
        assert over.completed_at is not None
        assert over.requested_at <= over.started_at <= over.completed_at


def test_one_whose_process_died_is_ended_by_the_next_read(engine: Engine, ask: Ask) -> None:
    request = ask()
    lease, history_id = begin(engine, request)
    lease.stop()
    assert requests.get(engine, request.id).status == "started", "silent, but not yet for a minute"
    with engine.begin() as connection:
        connection.execute(update(leases).values(heartbeat_at=text("now() - interval '61 seconds'")))
    over = requests.get(engine, request.id)
    assert (over.status, over.error, over.history_ids) == ("failed", SILENT, (history_id,))
    assert ask().status == "queued"


@pytest.mark.parametrize("is_gone", [False, True])
def test_one_without_a_history_says_how_its_process_was_found_dead(
    engine: Engine, ask: Ask, club: int, is_gone: bool
) -> None:
    """A preview has none. Its request is read after another reader has closed what the process left."""
    request = ask(options=RequestOptions(preview=True))
    lease = Lease.take(engine, lease_key(store.get(engine, club)), credential_id=club, run_id="run-1")
    lease.stop()
    silent = update(leases).values(heartbeat_at=text("now() - interval '61 seconds'"))
    gone = update(leases).values(holder=f"{this_process().rpartition('|')[0]}|{2**22 + 1}")  # no process has that id
    with engine.begin() as connection:
        Fulfilment(request.id, "run-1").start(connection)
        connection.execute(gone if is_gone else silent)
    assert close_interrupted(engine) == ["run-1"]
    assert requests.get(engine, request.id).error == (INTERRUPTED if is_gone else SILENT)
    assert ask().status == "queued"


def test_a_run_leaves_a_request_alone_that_is_not_its_own(engine: Engine, ask: Ask) -> None:
    request = ask()
    lease, _ = begin(engine, request)
    with engine.begin() as connection:
        other = Fulfilment(request.id, "run-of-a-copy")
        other.start(connection)
        other.end(connection, None, None)
        other.refuse(connection, "no")
        assert not other.move_to_season(connection, "2030-2031")
    assert (found := requests.get(engine, request.id)).status == "started"
    assert found.run_id == "run-1"
    end(engine, request, lease, "success")
    with engine.begin() as connection:
        Fulfilment(request.id, "run-1").end(connection, SyncInProgress(), "Sync already in progress")
    assert requests.get(engine, request.id).status == "success"


def test_a_request_that_never_began_fails_once(engine: Engine, ask: Ask) -> None:
    request = ask()
    assert fail_unstarted(engine, request.id, attempt=1)
    assert not fail_unstarted(engine, request.id, attempt=1, message="again")
    over = requests.get(engine, request.id)
    assert (over.status, over.error, over.started_at) == ("failed", "The run ended before the sync began", None)


def test_requests_go_with_their_credential(engine: Engine, club: int, ask: Ask) -> None:
    request = ask()
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM twizzit_credentials WHERE id = :id"), {"id": club})
    assert waiting(engine) == []
    with pytest.raises(UnknownRequest):
        requests.get(engine, request.id)
    settle(engine)
