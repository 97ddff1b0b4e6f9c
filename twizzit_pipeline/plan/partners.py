"""Those who are mapped, or get a row of their own, although another local row may be the right one. Pure.

A player of ShotSpot's without a mapping has the name of a person whose mapping names another player; or a person who is
new in Twizzit has the name of a player that is mapped to another id. They play meanwhile, and a person is asked which
row is the right one. Only the deciding season asks, and no pair twice.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from twizzit_pipeline.plan import DOUBTFUL_LINK, Failed, Question, SettledBy
from twizzit_pipeline.plan.decisions import Decisions, OpenQuestion
from twizzit_pipeline.plan.newcomers import Newcomers
from twizzit_pipeline.plan.pending_players import PendingChange
from twizzit_pipeline.plan.person_names import local_name, remote_name, same_gender
from twizzit_pipeline.plan.rows import LocalPlayer, PlayerState

_Place = tuple[int | None, str]  # club, name


@dataclass(frozen=True, slots=True)
class Partner:
    """The row that a remote one is mapped to, and those that it may be instead.

    Attributes:
        local_id: negative where it is to be made.
        mapped: candidate → the remote id that it is mapped to, of those that were mapped when it was asked first.
    """

    local_id: int
    candidates: tuple[int, ...]
    mapped: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Partners:
    """What is to be asked, where that is new, and the questions that are none any more: id → why."""

    questions: Sequence[Question] = ()
    settled: Mapping[int, SettledBy] = field(default_factory=dict)


def asked(decisions: Decisions, looked_at: Set[str], found: Mapping[str, Partner]) -> Partners:
    """The questions about `found`.

    Args:
        looked_at: the remote ids that the plan has judged; of the others everything stays as it is.
    """
    known = {one.twizzit_id: one for one in decisions.open if one.is_of_mapped}
    questions = [
        Question("doubtful_link", remote_id, local_id=one.local_id, base=dict(one.mapped), candidates=one.candidates)
        for remote_id, one in found.items()
        if remote_id not in known or _said(known[remote_id]) != one
    ]
    certain = looked_at - found.keys()
    settled: dict[int, SettledBy] = {
        one.id: "certain" if one.stands else "row_gone"
        for one in known.values()
        if not one.stands or one.twizzit_id in certain
    }
    return Partners(questions, settled)


def _said(question: OpenQuestion) -> Partner:
    return Partner(question.local_id or 0, question.candidates, mapped_then(question.base))


def mapped_then(base: object) -> dict[str, str]:
    """Local id, as a text → remote id: what a question's base says of its candidates."""
    return {str(local_id): str(remote_id) for local_id, remote_id in base.items()} if isinstance(base, Mapping) else {}


def player_partners(
    state: PlayerState, pending: Sequence[PendingChange], failed: Iterable[Failed], anew: Newcomers
) -> Partners:
    """What is to be asked about the people of a plan.

    Args:
        failed: those of the people who are not applied.
        anew: who gets the mapping of an earlier id.
    """
    if not state.season.decides:
        return Partners()
    spoken_for = {one.row_id for one in pending if one.mapping is None or one.person.remote.id in anew.were}
    spoken_for |= {local_id for item in failed if item.reason == DOUBTFUL_LINK for local_id in item.local_ids}
    looking = _Looking(state, spoken_for)
    found = {
        one.person.remote.id: partner
        for one in pending
        if one.person.remote.id not in anew.were and (partner := looking.at(one)) is not None
    }
    return asked(state.decisions, {row.id for row in state.remote}, found)


class _Looking:
    """Looks for the players that people may be; `spoken_for`: those whom this plan links, or is in doubt about."""

    def __init__(self, state: PlayerState, spoken_for: Collection[int]) -> None:
        self._decisions, self._mapped_to = state.decisions, state.mapped_to
        self._unlisted = {mapping.local_id for mapping in state.unlisted}
        self._open = {one.twizzit_id: one for one in state.decisions.open if one.is_of_mapped}
        self._local = {player.id: player for player in state.local} if self._open else {}
        free = [player for player in state.local if player.id not in spoken_for]
        self._unmapped = _by_place(one for one in free if not one.mapped and one.is_active is not False)
        self._mapped = _by_place(one for one in free if one.id in state.mapped_to)

    def at(self, one: PendingChange) -> Partner | None:
        """The row of this person and what it may be instead; None where that is certain."""
        remote = one.person.remote
        question = self._open.get(remote.id)
        if not (self._unmapped or self._mapped or question):
            return None
        places = {(team.club_id, remote_name(remote)): None for _, team in one.person.teams}
        candidates = [player for place in places for player in self._unmapped.get(place, ())]
        if one.mapping is None and one.action in ("create", "link"):
            namesakes = [player for place in places for player in self._mapped.get(place, ())]
            # Two rows for two people, one of whom is linked to the row that is free: that is certain enough.
            candidates += [each for each in namesakes if one.action == "create" or each.id in self._unlisted]
        then = {} if question is None else mapped_then(question.base)
        candidates += self._asked_before(question, then, places)
        fitting = sorted({each.id for each in candidates if self._may_be(one, each)})
        mapped = {
            str(each): self._mapped_to.get(each) or then[str(each)]
            for each in fitting
            if each in self._mapped_to or str(each) in then
        }
        return Partner(one.row_id, tuple(fitting), mapped) if fitting else None

    def _asked_before(
        self, question: OpenQuestion | None, then: Mapping[str, str], places: Collection[_Place]
    ) -> list[LocalPlayer]:
        """Those who were mapped when they were asked about: by the same mapping, or by none any more."""
        ids = () if question is None else question.candidates
        rows = [self._local[each] for each in ids if each in self._local and str(each) in then]
        return [
            each
            for each in rows
            if (each.club_id, local_name(each)) in places
            and (self._mapped_to.get(each.id) == then[str(each.id)] if each.mapped else True)
        ]

    def _may_be(self, one: PendingChange, player: LocalPlayer) -> bool:
        remote = one.person.remote
        is_other = player.id != one.row_id and (remote.id, player.id) not in self._decisions.pairs
        return is_other and same_gender(player, remote)


def _by_place(players: Iterable[LocalPlayer]) -> dict[_Place, list[LocalPlayer]]:
    found: dict[_Place, list[LocalPlayer]] = defaultdict(list)
    for player in players:
        found[player.club_id, local_name(player)].append(player)
    return found
