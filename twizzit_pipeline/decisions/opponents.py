"""Who an opponent is, whose name several clubs or teams of ShotSpot have: a person chooses one, or has one made.

The matches that waited for it come into ShotSpot at once, by the plan of a sync. What was decided is kept, and read by
every later plan; what the games of a season remember of their opponents comes before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import func

from twizzit_pipeline.decisions.opening import Deciding, Refusal
from twizzit_pipeline.decisions.parts import of_matches
from twizzit_pipeline.decisions.scanned import Scanned
from twizzit_pipeline.entities import OPPONENT_TABLES
from twizzit_pipeline.errors import ConflictRefused
from twizzit_pipeline.plan import Plan, Question
from twizzit_pipeline.plan.opponent_choices import OpponentChoice
from twizzit_pipeline.plan.opponent_questions import OPPONENT, OPPONENT_DOUBTFUL
from twizzit_pipeline.plan.states import MatchState
from twizzit_pipeline.runs.sentences import sentence
from twizzit_pipeline.sync.apply import Made, apply

_AGAIN = "sync, which looks again, then decide"


@dataclass(frozen=True, slots=True)
class ChosenOpponent:
    """The row that the opponent is from now on, and how many games (`followed`) came into ShotSpot with it."""

    local_id: int | None
    followed: Mapping[str, int]


def choose_opponent(deciding: Deciding, local_id: int | None, scanned: Scanned) -> ChosenOpponent | Refusal:
    """Lets the opponent of the question be the row `local_id`; one that is made where that is None.

    Raises:
        ConflictRefused: it cannot be that row, or none can be made now.
    """
    row = deciding.row
    state: MatchState = scanned.state(deciding, "matches")
    before = scanned.plan("matches", state)
    if row.id in before.settled:
        found = {"status": "settled", "resolution": before.settled[row.id], "resolved_at": func.now()}
        return Refusal("No match waits for it any more: nothing is left to decide", found)
    table = OPPONENT_TABLES[row.column_name]
    if local_id is not None and local_id not in (row.candidates or ()):
        raise ConflictRefused(
            f"ShotSpot's {row.column_name.removesuffix('_id')} {local_id} is none of those that it may be: choose one "
            "of these (twizzit conflicts)"
        )
    after = scanned.plan("matches", _with_choice(state, deciding, local_id))
    if row.id not in after.settled:
        raise ConflictRefused(f"By now ShotSpot has other {table} of that name than those that were shown: {_AGAIN}")
    settled = _waiting(before) - _waiting(after)
    part = of_matches(after, settled)
    made = apply(
        deciding.connection,
        replace(part, questions=_new_questions(before, after)),
        credential_id=deciding.credential.id,
        history_id=deciding.history_id,
    )
    chosen = _made_for(part, table, made) if local_id is None else local_id
    deciding.resolve("create" if local_id is None else "link", chosen)
    return ChosenOpponent(chosen, {str(part.table): sum(change.table == part.table for change in part.changes)})


def _with_choice(state: MatchState, deciding: Deciding, local_id: int | None) -> MatchState:
    row, decisions = deciding.row, state.decisions
    choice = OpponentChoice(row.candidates or (), local_id, is_made=local_id is None)
    chosen = {**decisions.opponents, (row.column_name, row.twizzit_id): choice}
    return replace(state, decisions=replace(decisions, opponents=chosen))


def _waiting(plan: Plan) -> set[str]:
    """The matches that wait since it is not clear who an opponent is."""
    return {item.twizzit_id for item in plan.failed if item.reason == OPPONENT_DOUBTFUL}


def _new_questions(before: Plan, after: Plan) -> list[Question]:
    """What is not clear of the opponents now, and was not looked at before: which team of the club it is."""
    asked = {(one.column, one.twizzit_id) for one in before.questions}
    return [one for one in after.questions if one.kind == OPPONENT and (one.column, one.twizzit_id) not in asked]


def _made_for(part: Plan, table: str, made: Made) -> int:
    """The row that was made for the opponent.

    Raises:
        ConflictRefused: none was, since no match that waits can be a game now.
    """
    row_id = next((one.row_id for one in part.changes if one.table == table and one.action == "create"), None)
    if row_id is not None:
        return made[table, row_id]
    why = "; ".join(dict.fromkeys(sentence("matches", item.reason) for item in part.failed))
    raise ConflictRefused(f"None can be made for it now: {why or 'no match that waits can be a game of its own'}")
