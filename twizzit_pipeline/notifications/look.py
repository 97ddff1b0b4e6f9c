"""What one look finds: the facts of runs that ended, and of what is late, hangs, waits or is used up now; pure.

What ends the fact of a state is in `streaks`. A plan that an automatic sync stopped at makes one notification for the
same content, and the calls of a month one when most of them are used, one when all are.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from twizzit_pipeline.notifications.budgets import BudgetUse
from twizzit_pipeline.notifications.events import BUDGET_80, BUDGET_SPENT, PLAN_WAITS, Fact, Facts
from twizzit_pipeline.notifications.runs import Run
from twizzit_pipeline.notifications.streaks import Streaks
from twizzit_pipeline.queries.hanging import Hanging
from twizzit_pipeline.runs.plans import StoredPlan
from twizzit_pipeline.scheduling.freshness import Late


def facts_of(
    runs: Sequence[Run],
    *,
    still_open: Iterable[Fact],
    late: Sequence[Late],
    organizations: dict[int, str],
    budgets: Iterable[BudgetUse],
    now: datetime,
    catching_up: bool = False,
    hanging: Sequence[Hanging] = (),
    plans: Iterable[StoredPlan] = (),
) -> Facts:
    """The facts to notify of now.

    Args:
        runs: those that are over and were not followed yet, in the order in which they ended.
        still_open: the open facts of their credentials, and the open ones of kind `late` and `hanging` of all.
        late: the credentials that are late now; read after `runs`.
        organizations: names of the organizations that are late, whose sync hangs or whose plan waits, by credential.
        budgets: see `budgets`.
        now: the database's time (UTC, with zone).
        catching_up: the pipeline was not watched until now: lateness makes no notification yet.
        hanging: the syncs that hang now; read after `runs`.
        plans: those of reviews that wait now.
    """
    streaks = Streaks(list(still_open), {one.credential_id for one in late}, now)
    for run in runs:
        streaks.follow(run)
    for one in [] if catching_up else late:
        streaks.note_late(one, organizations.get(one.credential_id, ""))
    streaks.note_hanging(hanging, organizations)
    streaks.found.new.extend(_of_plan(plan, organizations, now) for plan in plans)
    streaks.found.new.extend(fact for budget in budgets if (fact := _of_budget(budget, now)) is not None)
    return streaks.found


def _of_plan(plan: StoredPlan, organizations: dict[int, str], now: datetime) -> Fact:
    body = {
        "organization": organizations.get(plan.credential_id, ""),
        "season": plan.season,
        "plan_id": plan.id,
        "changes": plan.changes,
        "remembered": plan.remembered,
        "expires_at": plan.expires_at.isoformat(),
    }
    return Fact(PLAN_WAITS, plan.credential_id, f"{PLAN_WAITS}:{plan.credential_id}:{plan.digest}", now, body)


def _of_budget(budget: BudgetUse, now: datetime) -> Fact | None:
    kind = BUDGET_SPENT if budget.is_spent else BUDGET_80 if budget.is_nearly_spent else None
    if kind is None:
        return None
    body = {
        "organization": budget.organization,
        "month": f"{budget.month:%Y-%m}",
        "calls": budget.calls,
        "limit": budget.limit,
        "paused_until": None if budget.paused_until is None else budget.paused_until.isoformat(),
        "paused_because": budget.paused_because,
    }
    return Fact(kind, budget.credential_id, f"{kind}:{budget.credential_id}:{budget.month:%Y-%m}", now, body)
