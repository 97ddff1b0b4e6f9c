"""What is to be asked about the opponents of a season's matches, and which of those questions are none any more. Pure.

The matches wait meanwhile: a game of the wrong club would be worse than none. One question is about all matches against
that opponent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twizzit_pipeline.plan import Failed, Question, QuestionKind, SettledBy
from twizzit_pipeline.plan.decisions import OpenQuestion
from twizzit_pipeline.plan.opponent_choices import OpponentDoubt, OpponentKey
from twizzit_pipeline.plan.partners import Partners
from twizzit_pipeline.plan.rows import RemoteMatch
from twizzit_pipeline.plan.states import MatchState
from twizzit_pipeline.transform.names import normalised_name

OPPONENT: QuestionKind = "opponent"
OPPONENT_DOUBTFUL = "opponent_doubtful"


@dataclass(frozen=True, slots=True)
class WaitingMatch:
    """A match of an own team that waits, and what of its opponent is not clear."""

    remote: RemoteMatch
    doubt: OpponentDoubt

    @property
    def failed(self) -> Failed:
        """The match as a failed item of the plan, with the rows that fit."""
        return Failed(self.remote.id, OPPONENT_DOUBTFUL, self.doubt.local_ids)


def opponent_questions(state: MatchState, waiting: Sequence[WaitingMatch]) -> Partners:
    """The questions about the matches that wait."""
    known = {(one.column, one.twizzit_id): one for one in state.decisions.open if one.kind == OPPONENT}
    found: dict[OpponentKey, tuple[OpponentDoubt, RemoteMatch]] = {}
    for match in waiting:
        found.setdefault((match.doubt.column, match.doubt.key), (match.doubt, match.remote))
    questions = [
        _question(state, doubt, remote)
        for key, (doubt, remote) in found.items()
        if key not in known or known[key].candidates != doubt.local_ids
    ]
    settled = {
        one.id: _why(state, one)
        for key, one in known.items()
        if key not in found and said_of(one.remote)["season"] == state.season.label
    }
    return Partners(questions, settled)


def said_of(remote: object) -> Mapping[str, Any]:
    """What a question about an opponent says of it: `name`, and `season` and `match` of the match that waited first."""
    return {"name": None, "season": None, "match": None, **(remote if isinstance(remote, Mapping) else {})}


def _question(state: MatchState, doubt: OpponentDoubt, remote: RemoteMatch) -> Question:
    sides = (remote.home_team_id, remote.home_name), (remote.away_team_id, remote.away_name)
    match = " - ".join(_side(state, team_id, name) for team_id, name in sides)
    said = {"name": doubt.name, "season": state.season.label, "match": match}
    return Question(OPPONENT, doubt.key, doubt.column, remote=said, candidates=doubt.local_ids)


def _side(state: MatchState, team_id: str | None, name: str) -> str:
    own = state.own.get(team_id or "")
    return name or (own.name if own is not None and own.name else "–")


def _why(state: MatchState, one: OpenQuestion) -> SettledBy:
    """Of an opponent that no match of the season names any more there is nothing to be certain about."""
    name = normalised_name(str(said_of(one.remote)["name"]))
    names = (side for match in state.remote for side in (match.home_name, match.away_name))
    return "certain" if any(normalised_name(side).startswith(name) for side in names) else "row_gone"
