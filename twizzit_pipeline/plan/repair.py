"""A repair: what it brings to Twizzit's values beyond what any sync would write. Pure functions.

A sync writes what Twizzit changed, so that an edit made in ShotSpot survives. A repair writes every mapped row of the
season as Twizzit has it; its plan is compared with the one of an ordinary sync, so that people can read afterwards what
was written for that reason alone.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from twizzit_pipeline.plan import Change, Plan, Warned
from twizzit_pipeline.plan.states import State

REPAIRED_ON_REQUEST = "repaired_on_request"


def repairing(plan: Callable[[State], Plan]) -> Callable[[State], Plan]:
    """`plan` itself; of a state whose season `repairs`, each change names the columns that only the repair writes."""

    def marked(state: State) -> Plan:
        return plan(state) if not state.season.repairs else _marked(plan(state), ordinary(plan, state))

    return marked


def ordinary(plan: Callable[[State], Plan], state: State) -> Plan:
    """What a sync would do that is no repair."""
    return plan(replace(state, season=replace(state.season, repairs=False)))


def repaired_columns(changes: Sequence[Change]) -> dict[str, int]:
    """Column → how many rows it is repaired in, the most frequent first."""
    return dict(Counter(column for change in changes for column in change.repaired).most_common())


def _marked(repair: Plan, without: Plan) -> Plan:
    """What happened to matches is what Twizzit says happened: what a repair writes is no news."""
    otherwise = {change.row_id: change.values for change in without.changes if change.table == without.table}
    changes = [
        replace(change, repaired=_repaired(change, otherwise.get(change.row_id, change.before)))
        if change.table == repair.table and change.action in ("link", "adopt", "update")
        else change
        for change in repair.changes
    ]
    warned = [Warned(str(change.twizzit_id), REPAIRED_ON_REQUEST) for change in changes if change.repaired]
    return replace(repair, changes=changes, warned=[*repair.warned, *warned], news=without.news)


def _repaired(change: Change, otherwise: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(column for column, value in change.changed.items() if value != otherwise.get(column))
