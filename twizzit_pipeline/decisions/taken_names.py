"""A team that is new in Twizzit and has the name of one that is mapped: it is that team from now on.

The mapping goes over to the new id, as where a team is made anew in Twizzit. Only where the earlier one is not listed
any more: two that are listed cannot be one row.
"""

from dataclasses import replace

from twizzit_pipeline.decisions.moving import end_departure, mapping_of
from twizzit_pipeline.decisions.opening import Deciding
from twizzit_pipeline.decisions.scanned import Scanned
from twizzit_pipeline.errors import ConflictRefused
from twizzit_pipeline.plan import Change
from twizzit_pipeline.plan.partners import mapped_then
from twizzit_pipeline.plan.states import TeamState
from twizzit_pipeline.runs.sentences import sentence
from twizzit_pipeline.sync.apply import apply

_AGAIN = "choose another answer, or sync, which looks again"


def take_over(deciding: Deciding, local_id: int, scanned: Scanned) -> Change:
    """Lets the mapping of `local_id` go over to the conflict's team; the conflict is resolved.

    Raises:
        ConflictRefused: that row of ShotSpot cannot be the one.
    """
    row = deciding.row
    state: TeamState = scanned.state(deciding, "teams")
    theirs, then = mapping_of(deciding, local_id), mapped_then(row.base).get(str(local_id))
    if local_id not in (row.candidates or ()):
        raise ConflictRefused(f"ShotSpot's team {local_id} is not the one that has this name (twizzit conflicts)")
    if theirs is None or theirs.credential_id != row.credential_id or then not in (None, theirs.remote):
        raise ConflictRefused(f"ShotSpot's team {local_id} is mapped to something else by now: {_AGAIN}")
    if theirs.remote in {team.id for team in state.remote}:
        raise ConflictRefused(
            f"ShotSpot's team {local_id} is the one of Twizzit {theirs.remote}, which is listed as well: rename one of "
            "the two in Twizzit, or choose create, which makes a team with a number after the name"
        )
    deciding.resolve("link", local_id)
    end_departure(deciding, theirs.remote)
    alone = [team for team in state.remote if team.id == row.twizzit_id]
    plan = scanned.plan("teams", replace(state, remote=alone, takes={row.twizzit_id: local_id}))
    for failed in plan.failed:
        raise ConflictRefused(f"It cannot be brought into ShotSpot now: {sentence(row.entity, failed.reason)}")
    change = next((one for one in plan.changes if one.twizzit_id == row.twizzit_id), None)
    if change is None or change.row_id != local_id:
        raise ConflictRefused(f"ShotSpot's team {local_id} is of another club or season by now, or renamed: {_AGAIN}")
    kept = replace(plan, questions=[one for one in plan.questions if one.kind == "field"])
    apply(deciding.connection, kept, credential_id=deciding.credential.id, history_id=deciding.history_id)
    return change
