"""A request is taken back: only while it waits, and of a cancellation and a run that meet one wins."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from tests.support.carried_out import COACH, Ask, begin, end, waiting
from twizzit_pipeline.errors import RequestCancelled, RequestNotWaiting, RequestShared, UnknownRequest
from twizzit_pipeline.scheduling import claims, requests
from twizzit_pipeline.scheduling.cancelling import cancel
from twizzit_pipeline.scheduling.fulfilment import Fulfilment, fail_unstarted
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor

ADMIN, TERMINAL = Actor("token", "1", "admin"), Actor("os", "operator")


@pytest.mark.parametrize("request_id", [0, -1, 99, 2**63])
def test_an_unknown_one_is_said_to_be_unknown(engine: Engine, request_id: int) -> None:
    with pytest.raises(UnknownRequest):
        cancel(engine, request_id, actor=ADMIN)


def test_a_waiting_one_ends_and_says_by_whom(engine: Engine, ask: Ask) -> None:
    asked = ask()
    over = cancel(engine, asked.id, actor=COACH)
    assert (over.status, over.over, over.error) == ("cancelled", True, "Cancelled by user 12 (coach) before it began")
    assert requests.get(engine, asked.id) == over
    assert waiting(engine) == []
    row = audit.recent(engine)[0]
    assert (row.actor, row.action, row.target, row.target_id) == (COACH, "cancel", "sync", str(asked.id))
    assert row.details == {"credential_id": asked.credential_id, "requested_by": ["token:12"]}
    assert cancel(engine, asked.id, actor=TERMINAL) == over, "once more changes nothing"
    assert audit.recent(engine)[0] == row
    assert ask().id != asked.id, "nothing is in the way of the next"


def test_one_that_has_begun_or_is_over_is_not_cancelled(engine: Engine, ask: Ask) -> None:
    asked = ask()
    lease, _ = begin(engine, asked, "0123456789abcdef")
    with pytest.raises(RequestNotWaiting, match="has begun: wait for its end, or terminate its run 01234567 in"):
        cancel(engine, asked.id, actor=ADMIN)
    end(engine, asked, lease, "success", run_id="0123456789abcdef")
    with pytest.raises(RequestNotWaiting, match=r"is over \(success\)"):
        cancel(engine, asked.id, actor=ADMIN)
    assert requests.get(engine, asked.id).status == "success"


def test_what_others_asked_for_too_stays_unless_an_administrator_takes_it(engine: Engine, ask: Ask) -> None:
    asked = ask()
    ask(actor=Actor("token", "13", "coach"), queue=True)
    with pytest.raises(RequestShared, match="an administrator can cancel it"):
        cancel(engine, asked.id, actor=COACH, own=True)
    assert waiting(engine) == [asked.id]
    assert cancel(engine, asked.id, actor=ADMIN).status == "cancelled"


def test_a_cancelled_one_is_never_taken_nor_changed_by_a_run(engine: Engine, ask: Ask) -> None:
    asked = ask()
    over = cancel(engine, asked.id, actor=COACH)
    assert claims.take(engine, [asked.id], []).requests == frozenset()
    run = Fulfilment(asked.id, "run-1")
    with engine.begin() as connection:
        run.end(connection, None, None)
        run.refuse(connection, "no")
        run.give_back(connection)
        assert not run.move_to_season(connection, "2030-2031")
    assert not fail_unstarted(engine, asked.id, attempt=1)
    with pytest.raises(RequestCancelled, match=f"^Request {asked.id} was cancelled"), engine.begin() as connection:
        run.start(connection)
    assert requests.get(engine, asked.id) == over


def test_of_a_run_that_begins_and_a_cancellation_one_wins(engine: Engine, ask: Ask) -> None:
    def starts(request_id: int, gate: threading.Barrier) -> bool:
        gate.wait()
        try:
            with engine.begin() as connection:
                Fulfilment(request_id, f"run-{request_id}").start(connection)
        except RequestCancelled:
            return False
        return True

    def cancels(request_id: int, gate: threading.Barrier) -> bool:
        gate.wait()
        try:
            return cancel(engine, request_id, actor=ADMIN).status == "cancelled"
        except RequestNotWaiting:
            return False

    with ThreadPoolExecutor(2) as pool:
        for season in range(40):
            asked, gate = ask(season=f"Season {season}", queue=True), threading.Barrier(2)
            run, person = pool.submit(starts, asked.id, gate), pool.submit(cancels, asked.id, gate)
            assert run.result() != person.result()
