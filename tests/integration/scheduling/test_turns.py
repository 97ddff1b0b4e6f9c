"""Whose turn it is among those who asked, and that no turn is taken twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text, update

from tests.support.carried_out import Ask, begin, end
from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import SyncInProgress
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.scheduling import claims, due, requests, turns
from twizzit_pipeline.scheduling.fulfilment import Fulfilment, fail_unstarted
from twizzit_pipeline.storage.tables import sync_requests


def in_line(engine: Engine, *busy: int) -> list[int]:
    """The requests whose turn has come."""
    line = turns.next_in_line(due.look(engine), day=seasons.today(), season_start="07-01", busy=busy)
    return [turn.asked.id for turn in line if turn.asked is not None]


def claim(engine: Engine, *request_ids: int) -> frozenset[int]:
    return claims.take(engine, request_ids, []).requests


def test_turns_are_taken_in_order_and_by_organization(engine: Engine, add: Callable[..., int], ask: Ask) -> None:
    other = add("Korfbal Leie")
    first, second, elsewhere = ask(sync_type="teams"), ask(sync_type="players", queue=True), ask(other)

    assert in_line(engine) == [first.id, elsewhere.id]
    assert in_line(engine, other) == [first.id]
    assert claim(engine, first.id, elsewhere.id) == {first.id, elsewhere.id}
    assert in_line(engine) == [], "a request that is claimed keeps its credential busy"
    lease, _ = begin(engine, first)
    assert in_line(engine) == []
    end(engine, first, lease, "success")
    assert in_line(engine) == [second.id]


def test_two_credentials_of_one_organization_take_turns(engine: Engine, add: Callable[..., int], ask: Ask) -> None:
    one, other = add("KC Duinen"), add("Duinen again")
    for credential_id in (one, other):
        store.remember_organization(engine, credential_id, "10", "KC Duinen")
    first = ask(one)
    ask(other, queue=True)
    assert in_line(engine) == [first.id]
    assert in_line(engine, other) == []


@pytest.mark.parametrize("ago", ["61 seconds", "-366 days"])  # the latter before the clock was put back
def test_a_claim_is_one_orchestrators_for_a_minute(ago: str, engine: Engine, ask: Ask) -> None:
    request = ask()
    with ThreadPoolExecutor(4) as pool:
        claimed = list(pool.map(lambda _: claim(engine, request.id), range(4)))
    assert sorted(map(len, claimed)) == [0, 0, 0, 1]
    with engine.begin() as connection:
        connection.execute(update(sync_requests).values(claimed_at=text(f"now() - interval '{ago}'")))
    assert claim(engine, request.id) == {request.id}


def test_a_run_that_comes_too_early_puts_its_request_back(engine: Engine, ask: Ask) -> None:
    request = ask()
    claim(engine, request.id)
    with engine.begin() as connection:
        Fulfilment(request.id, "run-1").end(connection, SyncInProgress(), "Sync already in progress")
    back = requests.get(engine, request.id)
    assert (back.status, back.attempt, back.run_id, back.error) == ("queued", 2, None, None)
    assert not fail_unstarted(engine, request.id, attempt=1), "the run of the first attempt says nothing any more"
    assert in_line(engine) == [], "not at once: every try costs calls"
