"""A plan that a request is to apply: it is not discarded, and what comes before the request does not replace it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import Engine

from tests.support.carried_out import COACH, Ask, begin, end
from twizzit_pipeline.errors import PlanBeingApplied, PlanRefused, UnknownPlan
from twizzit_pipeline.runs import decided_plans, plans
from twizzit_pipeline.runs.plans import NewPlan
from twizzit_pipeline.scheduling.cancelling import cancel
from twizzit_pipeline.scheduling.discarding import discard
from twizzit_pipeline.scheduling.wishes import RequestOptions

_ATTEMPTS = 12


@pytest.fixture
def make(engine: Engine, club: int) -> Callable[..., int]:
    def make(reason: plans.Reason = "asked", digest: str = "d") -> int:
        plan = NewPlan(club, "2026-2027", reason, 12, {"changes": 3}, {"entities": []}, digest, None, "run-0")
        with engine.begin() as connection:
            return plans.store(connection, plan).id

    return make


def applying(plan_id: int) -> RequestOptions:
    return RequestOptions(plan_id=plan_id, sync_types=("teams",))


def test_one_that_is_asked_to_be_applied_stays(engine: Engine, ask: Ask, make: Callable[[], int]) -> None:
    plan_id = make()
    asked = ask(options=applying(plan_id))
    said = rf"^Plan {plan_id} is being applied already \(request {asked.id}\).*twizzit requests cancel {asked.id}$"
    with pytest.raises(PlanBeingApplied, match=said):
        discard(engine, plan_id, actor=COACH)
    waits = plans.get(engine, plan_id)
    assert (waits.status, waits.decided_by) == ("waiting", f"{COACH.kind}:{COACH.id}")
    lease, _ = begin(engine, asked)
    with pytest.raises(PlanBeingApplied, match=said):
        discard(engine, plan_id, actor=COACH)
    end(engine, asked, lease, "failed")
    assert discard(engine, plan_id, actor=COACH).status == "discarded"


def test_one_whose_request_was_cancelled_is_discarded_and_then_not_asked_for(
    engine: Engine, ask: Ask, make: Callable[[], int]
) -> None:
    plan_id, other = make(), 2**40
    cancel(engine, ask(options=applying(plan_id)).id, actor=COACH)
    assert discard(engine, plan_id, actor=COACH).status == "discarded"
    with pytest.raises(PlanRefused, match="was discarded"):
        ask(options=applying(plan_id))
    with pytest.raises(UnknownPlan):
        ask(options=applying(other))
    assert ask(), "nothing else is in the way"


def test_a_newer_plan_and_a_sync_leave_one_that_is_asked_to_be_applied(
    engine: Engine, club: int, ask: Ask, make: Callable[..., int]
) -> None:
    first, held = make(), make(reason="review", digest="held")
    assert plans.get(engine, first).status == "replaced"
    asked = ask(options=applying(held))
    with engine.begin() as connection:
        decided_plans.withdraw(connection, club)
    assert plans.get(engine, held).status == "waiting"
    newer = make()
    assert [plans.get(engine, one).status for one in (held, newer)] == ["waiting", "waiting"]
    with engine.begin() as connection:
        decided_plans.require_waiting(connection, held, club)
    cancel(engine, asked.id, actor=COACH)
    newest = make()
    assert [plans.get(engine, one).status for one in (held, newer, newest)] == ["replaced", "replaced", "waiting"]


def test_of_a_newer_plan_and_one_who_asks_for_the_older_one_no_request_is_left_without_its_plan(
    engine: Engine, ask: Ask, make: Callable[..., int]
) -> None:
    for _ in range(_ATTEMPTS):
        plan_id = make()
        with ThreadPoolExecutor(2) as pool:
            asked, made = pool.submit(partial(ask, options=applying(plan_id))), pool.submit(make)
        if (refused := asked.exception()) is None:
            assert plans.get(engine, plan_id).status == "waiting"
            cancel(engine, asked.result().id, actor=COACH)
        else:
            assert isinstance(refused, PlanRefused)
            assert plans.get(engine, plan_id).status == "replaced"
        assert plans.get(engine, made.result()).status == "waiting"


def test_of_two_who_meet_one_is_refused(engine: Engine, ask: Ask, make: Callable[[], int]) -> None:
    for _ in range(_ATTEMPTS):
        plan_id = make()
        with ThreadPoolExecutor(2) as pool:
            deeds: list[Callable[[], object]] = [
                partial(ask, options=applying(plan_id)),
                partial(discard, engine, plan_id, actor=COACH),
            ]
            asked, discarded = [one.exception() for one in [pool.submit(deed) for deed in deeds]]
        assert (asked is None) != (discarded is None)
        assert isinstance(asked or discarded, PlanRefused)
        assert plans.get(engine, plan_id).status == ("waiting" if asked is None else "discarded")
        if asked is None:
            cancel(engine, ask(options=applying(plan_id), queue=True).id, actor=COACH)
