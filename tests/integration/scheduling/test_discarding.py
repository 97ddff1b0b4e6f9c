"""A plan that a person discards and that another one asks to apply: the second of the two is refused at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import Engine

from tests.support.carried_out import COACH, Ask, begin, end
from twizzit_pipeline.errors import PlanBeingApplied, PlanRefused, UnknownPlan
from twizzit_pipeline.runs import plans
from twizzit_pipeline.runs.plans import NewPlan
from twizzit_pipeline.scheduling.cancelling import cancel
from twizzit_pipeline.scheduling.discarding import discard
from twizzit_pipeline.scheduling.wishes import RequestOptions

_ATTEMPTS = 12


@pytest.fixture
def make(engine: Engine, club: int) -> Callable[[], int]:
    def make() -> int:
        plan = NewPlan(club, "2026-2027", "asked", 12, {"changes": 3}, {"entities": []}, "d", None, "run-0")
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
    assert plans.get(engine, plan_id).status == "waiting"
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
