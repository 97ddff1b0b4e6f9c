"""Who may be another row of ShotSpot's than the one that they are mapped to: the rule, beside the pipeline.

A model of its own, as `club_model`: it remembers the rows without a mapping, what waits for a person, and what was
decided.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

Words = Mapping[str, str | None]


@dataclass
class Bystander:
    """A player of ShotSpot's without a mapping."""

    held: dict[str, str | None]
    is_active: bool = True


@dataclass(frozen=True)
class Doubt:
    """What waits: the row of a person, and those that they may be; of those that were mapped then, to whom."""

    local_id: int
    candidates: tuple[int, ...]
    mapped: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """A player of ShotSpot's as a sync finds it; `whose`: the person who is mapped to it."""

    held: Words
    is_active: bool
    whose: str | None = None


@dataclass
class Doubts:
    """The club's rows without a mapping, the questions, and the pairs that were decided."""

    bystanders: dict[int, Bystander] = field(default_factory=dict)
    waiting: dict[str, Doubt] = field(default_factory=dict)
    decided: set[tuple[str, int]] = field(default_factory=set)

    def are_undone(self, before: "Doubts") -> None:
        """The last sync is undone: what it had settled is asked again, and what it asked is not any more."""
        self.bystanders = before.bystanders
        self.waiting = dict(before.waiting)

    def sync(
        self, said: Mapping[str, Words], rows: Mapping[int, Row], now: Mapping[str, int], back: Collection[int]
    ) -> None:
        """After a sync.

        Args:
            said: what Twizzit said of those who were listed.
            rows: ShotSpot's players before it.
            now: the rows of those people after it; `back`: those that were without a mapping and have one again.
        """
        before, self.waiting = self.waiting, {}
        for remote_id, words in said.items():
            local_id, asked = now[remote_id], before.get(remote_id)
            found = {one for one, row in rows.items() if row.whose is None and row.is_active and one not in back}
            if local_id not in rows:  # they are new
                found |= {one for one, row in rows.items() if row.whose is not None}
            then = {} if asked is None else dict(asked.mapped)
            found |= {one for one in then if one in rows and rows[one].whose in (None, then[one])}
            fitting = sorted(
                one
                for one in found
                if one != local_id and (remote_id, one) not in self.decided and _may_be(words, rows[one].held)
            )
            if fitting:
                mapped = {one: rows[one].whose or then.get(one) for one in fitting}
                known = {one: whose for one, whose in mapped.items() if whose is not None}
                self.waiting[remote_id] = Doubt(local_id, tuple(fitting), known)


def _may_be(said: Words, held: Words) -> bool:
    genders = {said["gender"], held["gender"]} - {None}
    return _name(said) == _name(held) and len(genders) < 2


def _name(words: Words) -> str:
    return f"{words['first_name']} {words['last_name']}".casefold()
