"""A sync of less than everything: one remote team alone, or nothing made anew. Pure functions.

What is left out is not absent: a narrowed sync leaves every other row of the snapshot as it is, and a narrowed plan
says nothing about the others.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass, replace

from twizzit_pipeline.plan import DOUBTFUL_LINK, Failed, Plan, Warned
from twizzit_pipeline.plan.chosen import Chosen
from twizzit_pipeline.plan.states import EntityState, PlayerState, State, TeamState

NOT_CREATED = "not_created"
PLAN_ID = "plan_id"  # in the details of the history: the stored plan that was applied
# Reasons that depend on all other people, so that a narrower look may not see them.
_DECIDED_AMONG_ALL = frozenset({DOUBTFUL_LINK})
# No player is made where their team was not.
_FOLLOWS_FROM_NOT_CREATED = "team_not_mapped"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a sync is limited to.

    Attributes:
        group_id: the one remote team that it is about; None for all.
        create_missing: False makes no team and no player anew: who would be is a warning, `not_created`.
        chosen: the stored plan that it applies; None for a sync of what there is.
    """

    group_id: str | None = None
    create_missing: bool = True
    chosen: Chosen | None = None

    @property
    def narrows(self) -> bool:
        """Whether it leaves anything out."""
        return not self.reads_all or self.chosen is not None

    @property
    def reads_all(self) -> bool:
        """Whether it looks at everything, so that who is missing may be gone; what a stored plan leaves out is seen."""
        return self.group_id is None and self.create_missing

    @property
    def details(self) -> dict[str, object]:
        """What the history says of it; nothing for a sync of everything."""
        group = {} if self.group_id is None else {"group_id": self.group_id}
        stored = None if self.chosen is None else self.chosen.plan_id
        plan = {} if stored is None else {PLAN_ID: stored}
        return {**group, **({} if self.create_missing else {"create_missing": False}), **plan}

    def concerns(self, twizzit_team_id: str | None) -> bool:
        """Whether that remote team is one of those that the sync is about."""
        return self.group_id is None or twizzit_team_id == self.group_id


EVERYTHING = Narrowing()


def spoken_of(state: EntityState, narrowing: Narrowing) -> set[str]:
    """The remote ids that a plan so narrowed says anything of."""
    if isinstance(state, TeamState | PlayerState):
        return _concerned(state, narrowing)
    return {row.id for row in state.remote}


def narrowed(plan: Callable[[State], Plan], state: State, narrowing: Narrowing) -> Plan:
    """The part of the plan for `state` that `narrowing` lets through.

    It is planned twice: once for all, to know who is doubtful or new; then for those that remain alone, so that no plan
    counts on a name or a shirt number that a player left out would have given up. Of a player in the one team that is
    asked for, the other teams count as ever. Nothing else than teams and players is ever narrowed.
    """
    if narrowing.reads_all or not isinstance(state, TeamState | PlayerState):
        return plan(state)
    concerned = _concerned(state, narrowing)
    whole: Plan = plan(state)
    among_all: list[Failed] = [
        item for item in whole.failed if item.twizzit_id in concerned and item.reason in _DECIDED_AMONG_ALL
    ]
    left_out: set[str] = set() if narrowing.create_missing else _not_made(whole) & concerned
    kept = concerned - left_out - {item.twizzit_id for item in among_all}
    made: Plan = plan(_only(state, kept))
    failed: list[Failed] = [*among_all, *made.failed]
    warned = [*made.warned, *(Warned(remote_id, NOT_CREATED) for remote_id in _in_order(whole, left_out))]
    return replace(made, failed=failed, warned=warned)


def _concerned(state: TeamState | PlayerState, narrowing: Narrowing) -> set[str]:
    if isinstance(state, TeamState):
        return {team.id for team in state.remote if narrowing.concerns(team.id)}
    return {player.id for player in state.remote if narrowing.concerns(player.team_id)}


def _not_made(whole: Plan) -> set[str]:
    """Whom nothing is made for: those that the whole plan makes anew, and those whose team was not made."""
    made = {change.twizzit_id for change in whole.changes if change.action == "create" and change.table == whole.entity}
    teamless = {item.twizzit_id for item in whole.failed if item.reason == _FOLLOWS_FROM_NOT_CREATED}
    return {remote_id for remote_id in made if remote_id is not None} | teamless


def _only(state: State, kept: Set[str]) -> State:
    return replace(state, remote=[row for row in state.remote if row.id in kept])


def _in_order(whole: Plan, left_out: Set[str]) -> list[str]:
    """The remote ids of what is left out, in the order of the whole plan."""
    planned = [
        *(change.twizzit_id for change in whole.changes if change.table == whole.entity),
        *(item.twizzit_id for item in whole.failed),
    ]
    return [remote_id for remote_id in dict.fromkeys(planned) if remote_id is not None and remote_id in left_out]
