"""What people decide, or decided: the policy on conflicts, the questions that wait, and links that a person chose.

A sync reads them into the state of an entity. Its plan follows them, and says which questions are new and which are
none any more. Values are compared as JSON has them, which is how a question keeps them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Protocol, TypeVar

from twizzit_pipeline.plan import DOUBTFUL_LINK, Failed, QuestionKind, is_of_name
from twizzit_pipeline.plan.opponent_choices import OpponentChoice, OpponentKey
from twizzit_pipeline.policies import TWIZZIT_WINS, Policies


class _RemoteRow(Protocol):
    @property
    def id(self) -> str: ...


class _LocalRow(Protocol):
    @property
    def id(self) -> int: ...


Remote = TypeVar("Remote", bound=_RemoteRow)
Local = TypeVar("Local", bound=_LocalRow)


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question that waits for a person.

    Attributes:
        column: of a conflict or an opponent; empty for a doubtful link.
        local_id: of a doubtful link: the row that the remote one is mapped to, and may wrongly be (`plan.partners`).
        base, local, remote: of a conflict: what Twizzit said before both sides changed it, what ShotSpot holds, and
            what Twizzit says; the base of a doubtful link of one that is mapped is as `Partner.mapped`.
        candidates: of a doubtful link and an opponent: the local rows that fit.
        stands: whether what it is about is there still: the mapping of a conflict, the remote row of a doubtful link.
        seen_at: of a conflict: `Decisions.seen_at` as it was when Twizzit's value was seen first.
    """

    id: int
    kind: QuestionKind
    twizzit_id: str
    column: str = ""
    local_id: int | None = None
    base: object = None
    local: object = None
    remote: object = None
    candidates: tuple[int, ...] = ()
    stands: bool = True
    seen_at: datetime | None = None

    @property
    def is_of_mapped(self) -> bool:
        """Whether it is a doubtful link of a remote row that is mapped."""
        return self.kind == "doubtful_link" and self.local_id is not None

    @property
    def is_of_name(self) -> bool:
        """Whether it is about a new team whose name in the season another team has."""
        return is_of_name(self.kind, self.local_id, self.base)


@dataclass(frozen=True, slots=True)
class Decisions:
    """What is decided about one entity of a credential, and what waits.

    Attributes:
        policies: who wins where both sides changed a column.
        open: the questions that wait.
        links: remote id → the local id that a person chose for it; None: one that is to be made.
        pairs: remote id and local id of pairs that a person has decided about, which are asked about no more; whether
            they are two different ones.
        opponents: which opponents a person decided about, and how.
        seen_at: when the last sync that brought everything of the entity had ended, so that Twizzit still said then
            what the mappings remember; None where that is not known or no policy asks for it.
    """

    policies: Policies = TWIZZIT_WINS
    open: Sequence[OpenQuestion] = ()
    links: Mapping[str, int | None] = field(default_factory=dict)
    seen_at: datetime | None = None
    pairs: Mapping[tuple[str, int], bool] = field(default_factory=dict)
    opponents: Mapping[OpponentKey, OpponentChoice] = field(default_factory=dict)
    _asked: dict[str, dict[str, OpenQuestion]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for one in self.open:
            if one.kind == "field" and one.stands:
                self._asked.setdefault(one.twizzit_id, {})[one.column] = one

    def asked_before(self, remote_id: str) -> Mapping[str, OpenQuestion]:
        """Column → the question about it that another policy than `ask` decides by now."""
        asked = self._asked.get(remote_id, {})
        return {column: one for column, one in asked.items() if self.policies.of(column) != "ask"}

    def base_of(
        self,
        remote_id: str,
        base: Mapping[str, object] | None,
        said: Mapping[str, object],
        held: Mapping[str, object],
    ) -> Mapping[str, object] | None:
        """The base from which a row is merged; of what is asked no more, the one before the question.

        Args:
            base, said, held: what Twizzit said at the last sync, what it says, and what ShotSpot holds.
        """
        if base is None:
            return None
        before = {
            column: self.reopened(remote_id, column, base=base.get(column), said=said[column], held=held[column])
            for column in self._asked.get(remote_id, {})
            if column in said
        }
        typed = {
            column: _typed(one.base, said[column], held[column]) for column, one in before.items() if one is not None
        }
        return {**base, **typed} if typed else base

    def reopened(self, remote_id: str, column: str, *, base: object, said: object, held: object) -> OpenQuestion | None:
        """The question that asks nothing any more, and from whose base the column is merged; None where there is none.

        Another policy decides by now, or one side holds again what was before the question, so that the other's change
        stands alone. Where ShotSpot took over what Twizzit said at the last sync, that sync's base counts as ever.
        """
        one = self._asked.get(remote_id, {}).get(column)
        if one is None:
            return None
        if self.policies.of(column) != "ask" or plain(held) == one.base:
            return one
        return one if plain(said) == one.base and plain(held) != plain(base) else None

    def gone_over(self, earlier: str, remote_id: str) -> "Decisions":
        """The same for a mapping that goes over to another remote id: what is asked about it goes with it."""
        if earlier not in self._asked:
            return self
        is_of_it = [one.kind == "field" and one.twizzit_id == earlier for one in self.open]
        moved = zip(self.open, is_of_it, strict=True)
        return replace(self, open=[replace(one, twizzit_id=remote_id) if is_it else one for one, is_it in moved])

    def is_newer(self, written_at: datetime | None) -> bool:
        """Whether ShotSpot wrote a row after Twizzit last said what the mappings remember."""
        return _is_later(written_at, self.seen_at)

    def newer_than_asked(self, written_at: datetime | None, remote_id: str) -> dict[str, bool]:
        """The same of each column that another policy decides by now: after Twizzit last said the question's base."""
        return {column: _is_later(written_at, one.seen_at) for column, one in self.asked_before(remote_id).items()}

    def names(self, remote_id: str, local_id: int) -> bool:
        """Whether a person said that these two are one."""
        return self.links.get(remote_id) == local_id

    def are_two(self, remote_id: str, local_id: int) -> bool:
        """Whether a person said that these two are different ones."""
        return self.pairs.get((remote_id, local_id), False)

    def settles(self, failed: Failed) -> bool:
        """Whether a person said what is to become of an item that could not be linked without doubt."""
        return failed.reason == DOUBTFUL_LINK and failed.twizzit_id in self.links

    def chosen(
        self, remote: Iterable[Remote], free: Iterable[Local], fits: Callable[[Remote, Local], bool]
    ) -> dict[str, Local | None]:
        """Remote id → the local row that a person chose for it, None for one to be made; each local row once.

        Args:
            free: rows that no mapping points at.
            fits: whether a remote row may be a local one: what was chosen may be of another organization's days.
        """
        wanted = [one for one in remote if one.id in self.links] if self.links else []
        rows = {row.id: row for row in free} if wanted else {}
        found: dict[str, Local | None] = {}
        for one in wanted:
            local_id = self.links[one.id]
            row = rows.get(local_id) if local_id is not None else None
            if local_id is None:
                found[one.id] = None
            elif row is not None and fits(one, row):
                found[one.id] = row
                del rows[row.id]
        return found


NOTHING_DECIDED = Decisions()


def _is_later(written_at: datetime | None, seen_at: datetime | None) -> bool:
    return written_at is not None and seen_at is not None and written_at > seen_at


def _typed(kept: object, *values: object) -> object:
    """What a question keeps, as values of the same column are."""
    same = [value for value in values if plain(value) == kept]
    return same[0] if same else _like(next((value for value in values if value is not None), None), kept)


def _like(value: object, kept: object) -> object:
    if isinstance(kept, str) and isinstance(value, datetime):
        return datetime.fromisoformat(kept)
    return date.fromisoformat(kept) if isinstance(kept, str) and isinstance(value, date) else kept


def plain(value: object) -> object:
    """A value of a column as JSON has it; a time in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value
