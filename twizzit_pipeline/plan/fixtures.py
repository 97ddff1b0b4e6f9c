"""Which of a scan's matches can be games, which cannot be, and which are games of others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from twizzit_pipeline.plan import Aside, Failed, Warned, id_order
from twizzit_pipeline.plan.games import Fixture
from twizzit_pipeline.plan.opponent_choices import OpponentDoubt
from twizzit_pipeline.plan.opponent_questions import WaitingMatch
from twizzit_pipeline.plan.rows import RemoteMatch
from twizzit_pipeline.plan.sides import SAME_CLUB, Place, Side, Sides, Unknown
from twizzit_pipeline.plan.states import MatchState

NO_OWN_TEAM = "no_own_team"
COMPETITION_NOT_MAPPED = "competition_not_mapped"


@dataclass(frozen=True, slots=True)
class Fixtures:
    """Each match of the scan is in one of the first three; `waiting` are those of `failed` whom a person decides."""

    games: list[Fixture]
    failed: list[Failed]
    set_aside: list[Aside]
    waiting: list[WaitingMatch]


def read_fixtures(state: MatchState, sides: Sides) -> Fixtures:
    """What each match of the scan is. One whose opponent is in doubt waits only where nothing else keeps it out."""
    fixtures, failed, set_aside, others, waiting = [], [], [], list[RemoteMatch](), list[WaitingMatch]()
    own = {mapped.team_id for mapped in state.own.values()}
    for remote in sorted(state.remote, key=lambda match: id_order(match.id)):
        home, away = sides.of(remote)
        unknown = next((side for side in (home, away) if isinstance(side, Unknown)), None)
        doubts = [side for side in (home, away) if isinstance(side, OpponentDoubt)]
        if _within_a_club(state, home, away):
            set_aside.append(Aside(remote.id, SAME_CLUB))
        elif unknown is not None:
            failed.append(Failed(remote.id, unknown.reason))
        elif not any(isinstance(side, Place) and side.team_id in own for side in (home, away)):
            others.append(remote)
        elif doubts:
            waiting.append(WaitingMatch(remote, doubts[0]))
            failed.append(waiting[-1].failed)
        else:
            assert isinstance(home, Place)
            assert isinstance(away, Place)
            fixtures.append(_fixture(state, remote, home, away))
    for remote in others:
        # Where the account's own teams are named at all, a match that names none of them is of others.
        if (fixtures or waiting) and sides.is_of_others(remote):
            set_aside.append(Aside(remote.id, NO_OWN_TEAM))
        else:
            failed.append(Failed(remote.id, NO_OWN_TEAM))
    return Fixtures(fixtures, failed, set_aside, waiting)


def _fixture(state: MatchState, remote: RemoteMatch, home: Place, away: Place) -> Fixture:
    """A match whose competition is not in ShotSpot is a game without one, and is remembered so: it gets it later."""
    competition_id = state.competitions.get(remote.competition_id or "")
    return Fixture(
        remote if competition_id is not None else replace(remote, competition_id=None), home, away, competition_id
    )


def without_competition(state: MatchState, fixtures: Sequence[Fixture]) -> list[Warned]:
    """A warning of each game that begins without the competition that Twizzit names."""
    said = {remote.id for remote in state.remote if remote.competition_id is not None}
    return [
        Warned(one.remote.id, COMPETITION_NOT_MAPPED)
        for one in fixtures
        if one.competition_id is None and one.remote.id in said
    ]


def _within_a_club(state: MatchState, home: Side, away: Side) -> bool:
    """Whether no game of ShotSpot can be this match: two teams of one club where its database takes none, or one team.

    It is set aside, since no person could settle it.
    """
    if SAME_CLUB in (getattr(home, "reason", None), getattr(away, "reason", None)):
        return True
    if not (isinstance(home, Place) and isinstance(away, Place)) or home.club_id != away.club_id:
        return False
    return not state.derbies_allowed or home.team_id == away.team_id
