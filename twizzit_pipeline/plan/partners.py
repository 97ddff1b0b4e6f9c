"""Those that are mapped, or get a row of their own, although another local row may be the right one. Pure.

A local row without a mapping is called as a remote one whose mapping names another row; or a remote one that is new is
called as a row that is mapped to another id. They play meanwhile, and a person is asked which row is the right one.
Only the deciding season asks, and no pair twice.

What belongs here: what holds for every entity, and the people. The teams are in `team_partners`.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, Protocol, TypeVar

from twizzit_pipeline.plan import DOUBTFUL_LINK, Action, Failed, Question, SettledBy
from twizzit_pipeline.plan.decisions import Decisions, OpenQuestion
from twizzit_pipeline.plan.newcomers import Newcomers
from twizzit_pipeline.plan.pending_players import PendingChange
from twizzit_pipeline.plan.person_names import local_name, remote_name, same_gender
from twizzit_pipeline.plan.rows import LocalPlayer
from twizzit_pipeline.plan.states import PlayerState


class LocalRow(Protocol):
    """A row of ShotSpot's that a remote one may be."""

    @property
    def id(self) -> int: ...
    @property
    def is_active(self) -> bool | None: ...
    @property
    def mapped(self) -> bool: ...


_Local = TypeVar("_Local", bound=LocalRow)


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
    linked = {one.row_id for one in pending if one.mapping is None or one.person.remote.id in anew.were}
    unlisted = {mapping.local_id for mapping in state.unlisted}
    spoken_for = linked | in_doubt(failed)
    looking = Looking(state.decisions, state.local, _place, spoken_for, state.mapped_to, unlisted)
    found: dict[str, Partner] = {}
    for one in pending:
        remote = one.person.remote
        if remote.id in anew.were:
            continue
        places = {(team.club_id, remote_name(remote)): None for _, team in one.person.teams}
        asked_of = Asked(remote.id, one.row_id, one.action, one.mapping is not None)
        if (partner := looking.at(asked_of, places, partial(same_gender, remote=remote))) is not None:
            found[remote.id] = partner
    return asked(state.decisions, {row.id for row in state.remote}, found)


def _place(player: LocalPlayer) -> tuple[int | None, str]:
    return player.club_id, local_name(player)


def in_doubt(failed: Iterable[Failed]) -> set[int]:
    """The local rows that several remote ones may be, or of which it is asked already."""
    return {local_id for item in failed if item.reason == DOUBTFUL_LINK for local_id in item.local_ids}


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which remote row it is asked, which row is its own (negative: to be made), and how it came to that."""

    remote_id: str
    row_id: int
    action: Action
    is_mapped: bool


class Looking(Generic[_Local]):
    """Looks for the local rows that remote ones may be."""

    def __init__(
        self,
        decisions: Decisions,
        local: Sequence[_Local],
        place: Callable[[_Local], Hashable],
        spoken_for: Collection[int],
        mapped_to: Mapping[int, str],
        unlisted: Collection[int],
    ) -> None:
        """
        Args:
            place: where a row stands, and what it is called there.
            spoken_for: the rows that this plan links, or is in doubt about.
            mapped_to: local row → remote id of a mapping that a person may take from it.
            unlisted: those of them whose remote row the scan does not list.
        """
        self._decisions, self._mapped_to, self._place, self._unlisted = decisions, mapped_to, place, unlisted
        self._open = {one.twizzit_id: one for one in decisions.open if one.is_of_mapped}
        self._local = {row.id: row for row in local} if self._open else {}
        free = [row for row in local if row.id not in spoken_for]
        self._unmapped = self._by_place(row for row in free if not row.mapped and row.is_active is not False)
        self._mapped = self._by_place(row for row in free if row.id in mapped_to)

    def at(self, one: Asked, places: Collection[Hashable], may_be: Callable[[_Local], bool]) -> Partner | None:
        """The row of a remote one and what it may be instead; None where that is certain.

        Args:
            places: where the remote row may stand, and what it is called there.
            may_be: whether nothing else speaks against a row of one of these places.
        """
        question = self._open.get(one.remote_id)
        if not (self._unmapped or self._mapped or question):
            return None
        candidates = [row for place in places for row in self._unmapped.get(place, ())]
        if not one.is_mapped and one.action in ("create", "link"):
            namesakes = [row for place in places for row in self._mapped.get(place, ())]
            # Two rows for two that are listed, one of which is linked to the row that is free: certain enough.
            candidates += [each for each in namesakes if one.action == "create" or each.id in self._unlisted]
        then = {} if question is None else mapped_then(question.base)
        candidates += self._asked_before(question, then, places)
        fitting = sorted({each.id for each in candidates if self._is_other(one, each) and may_be(each)})
        mapped = {
            str(each): self._mapped_to.get(each) or then[str(each)]
            for each in fitting
            if each in self._mapped_to or str(each) in then
        }
        return Partner(one.row_id, tuple(fitting), mapped) if fitting else None

    def _asked_before(
        self, question: OpenQuestion | None, then: Mapping[str, str], places: Collection[Hashable]
    ) -> list[_Local]:
        """Those that were mapped when they were asked about: by the same mapping, or by none any more."""
        ids = () if question is None else question.candidates
        rows = [self._local[each] for each in ids if each in self._local and str(each) in then]
        return [
            each
            for each in rows
            if self._place(each) in places
            and (self._mapped_to.get(each.id) == then[str(each.id)] if each.mapped else True)
        ]

    def _is_other(self, one: Asked, row: _Local) -> bool:
        return row.id != one.row_id and (one.remote_id, row.id) not in self._decisions.pairs

    def _by_place(self, rows: Iterable[_Local]) -> dict[Hashable, list[_Local]]:
        found: dict[Hashable, list[_Local]] = defaultdict(list)
        for row in rows:
            found[self._place(row)].append(row)
        return found
