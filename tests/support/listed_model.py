"""What the rules make of the rows of one entity, of those that Twizzit lists and of those that it does not any more.

A model beside the pipeline, of which it uses nothing. Row by row it remembers what Twizzit said at the last sync, what
ShotSpot is to hold, and what became of those who left. Its time is in days.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Self

Values = Mapping[str, Any]
GRACE = 7.0  # days
LEAST, SHARE = 3, 0.2  # so many, and more than that share, leave only with a person's word
WAITING = ("waiting", "held", "approved", "refused")  # nothing of it is in ShotSpot


@dataclass
class Away:
    """A departure: waiting, held, approved, refused, applied or closed.

    `was_active`, `was_held`: what ShotSpot's row was. `is_taken_back`: the row had returned, and that sync was undone.
    """

    status: str
    kind: str
    proved: float | None = None
    left: float | None = None
    is_decided: bool = False
    was_active: bool = True
    was_held: Any = None
    is_taken_back: bool = False


@dataclass
class Known:
    """A person or a team that a sync has brought.

    Attributes:
        base: what Twizzit said last.
        held: what ShotSpot is to hold.
        plays: whether it was listed (a person: in a team of the running season) when it was last seen.
        is_touched: whether ShotSpot's row was written since the last sync.
        is_mapped: whether ShotSpot counts a person as registered.
        team: of a person: the team that they have, as Twizzit calls it.
    """

    local_id: int
    base: dict[str, Any]
    held: dict[str, Any]
    is_active: bool = True
    plays: bool = True
    is_touched: bool = False
    is_mapped: bool = True
    away: Away | None = None
    team: str | None = None


@dataclass(frozen=True)
class Asked:
    """A conflict that waits for a person."""

    base: Any
    local: Any
    remote: Any
    is_touched: bool = field(default=False, compare=False)  # whether ShotSpot's change was newer


@dataclass
class ListedModel:
    """The rows of an entity, and the policy of the credential.

    `can_ask`: whether Twizzit can be asked for an id; where it cannot, all departures wait for a person.
    """

    KINDS: ClassVar[Mapping[str, str]] = {"present": "no_team", "absent": "gone"}

    known: dict[str, Known] = field(default_factory=dict)
    questions: dict[tuple[str, str], Asked] = field(default_factory=dict)
    policy: str = "twizzit"
    exceptions: dict[str, str] = field(default_factory=dict)
    now: float = 0.0
    can_ask: bool = True

    def _forget_questions_of_the_unmapped(self) -> None:
        for remote_id, column in list(self.questions):
            if remote_id not in self.known or not self.known[remote_id].is_mapped:
                del self.questions[remote_id, column]

    def _forget_touches(self) -> None:
        for one in self.known.values():
            one.is_touched = False

    def counted(self) -> tuple[int, int]:
        """How many count along with those who leave, and of how many, as it is before a sync."""
        recent = self._recent()
        here = sum(one.plays and one.is_mapped and one.is_active for one in self.known.values())
        return recent + self._with("held"), recent + here

    # --- those who are listed ---

    def _is_listed(self, remote_id: str, one: Known, said: Values) -> None:
        if one.away is not None and one.away.status not in WAITING and not one.plays:
            self._returns(one)
        elif not one.plays:
            one.is_active = True
        one.away, one.plays, one.is_mapped = None, True, True
        for column, value in said.items():
            self._merge(remote_id, one, column, value)
        one.base = dict(said)

    def _returns(self, one: Known) -> None:
        """It is what it was before it left, but for what a person changed since."""
        assert one.away is not None
        one.is_active = one.is_active or one.away.was_active

    def _merge(self, remote_id: str, one: Known, column: str, said: Any) -> None:
        base, held = one.base[column], one.held[column]
        asked = self.questions.get((remote_id, column))
        decided = asked is not None and self._of(column) != "ask"
        if asked is not None and (decided or held == asked.base):  # what ShotSpot took back is no change of its own
            base = asked.base
        touched = one.is_touched or (decided and asked is not None and asked.is_touched)
        both = said != base and held not in (base, said)
        if said != base and not (both and self._stays(column, is_touched=touched)):
            one.held[column] = said
        held, key = one.held[column], (remote_id, column)
        if asked is None:
            if both and self._of(column) == "ask":
                self.questions[key] = Asked(base, held, said, one.is_touched)
        elif decided or said in (held, asked.base):
            del self.questions[key]
        else:
            is_touched = one.is_touched or (asked.is_touched and said == asked.remote)
            self.questions[key] = replace(asked, local=held, remote=said, is_touched=is_touched)

    def _of(self, column: str) -> str:
        return self.exceptions.get(column, self.policy)

    def _stays(self, column: str, *, is_touched: bool) -> bool:
        return {"twizzit": False, "newest": is_touched, "shotspot": True, "ask": True}[self._of(column)]

    # --- those who are not ---

    def _are_missing(
        self, missing: Collection[str], found: Mapping[str, str], before: int, of: int, stay: Collection[str] = ()
    ) -> None:
        """What becomes of those who are missing.

        Args:
            before: how many count along, of how many (`of`).
            stay: who count, and have another id by now.
        """
        leaving: list[tuple[str, Away]] = []
        unproved = 0
        for remote_id in sorted(missing & found.keys()):
            one, kind = self.known[remote_id], self.KINDS.get(found[remote_id])
            status = None if one.away is None else one.away.status
            if status in ("held", "refused"):
                continue
            away = replace(one.away or Away("waiting", "unproved"))
            goes = kind is not None and self._goes_at_once(away)
            away.kind = kind or away.kind
            away.proved = self.now if kind else away.proved
            if status == "approved":
                away.status = "applied"
            elif status in ("applied", "closed") or (kind is None and not self.can_ask):
                away.status = "held"  # the sync that did it was undone; or nothing can be proved
            elif goes:
                leaving.append((remote_id, away))
            elif kind is None:
                unproved += 1
            if remote_id not in stay:
                one.away = away
                if away.status == "applied":
                    self._leaves(one, away)
        count = len(leaving) + unproved + before
        for remote_id, away in leaving:
            if remote_id not in stay and count >= LEAST and count > SHARE * of:
                away.status = "held"
            elif remote_id not in stay:
                self._leaves(self.known[remote_id], away)

    def _goes_at_once(self, away: Away) -> bool:
        """Whether one who is proved to be gone leaves now, and not after a grace; `away`: as it was."""
        return True

    def _leaves(self, one: Known, away: Away) -> None:
        one.away = replace(away, status="applied", left=self.now, was_active=one.is_active)
        one.plays = one.is_active = False

    def _with(self, status: str) -> int:
        return sum(one.away is not None and one.away.status == status for one in self.known.values())

    def _recent(self) -> int:
        """How many left within a day, without a person's word."""
        aways = [one.away for one in self.known.values() if one.away is not None and not one.away.is_decided]
        aways = [away for away in aways if away.status != "held" and not away.is_taken_back]
        return sum(away.left is not None and self.now - away.left < 1 for away in aways)

    # --- what people do ---

    def decides_departure(self, remote_id: str, mark: Literal["approved", "refused"]) -> bool:
        """Whether there was anything to decide."""
        away = self.known[remote_id].away if remote_id in self.known else None
        if away is None or away.status not in WAITING:
            return False
        if away.status != mark:
            away.status, away.is_decided = mark, True
        return True

    def resolves(self, key: tuple[str, str], resolution: str, value: Any) -> bool:
        """Whether the conflict can be resolved as it stands: not where ShotSpot's value is another by now."""
        one, asked = self.known[key[0]], self.questions[key]
        if not one.is_mapped:
            del self.questions[key]
            return False
        if one.held[key[1]] != asked.local:
            self.questions[key] = replace(asked, local=one.held[key[1]])
            return False
        after = {"twizzit": asked.remote, "shotspot": asked.local, "value": value}[resolution]
        if after != one.held[key[1]] and self._is_in_the_way(one, key[1], after):
            return False
        one.is_touched = one.is_touched or after != one.held[key[1]]
        one.held[key[1]] = after
        del self.questions[key]
        return True

    def _is_in_the_way(self, one: Known, column: str, value: Any) -> bool:
        """Whether ShotSpot cannot hold that value."""
        return False

    def is_undone(self, before: Self, written: Collection[str]) -> None:
        """The last sync is undone, which had written these rows: who left in it is held back from now on.

        What it had settled is asked again, and what it asked is not any more.
        """
        self.questions = dict(before.questions)
        after, self.known = self.known, before.known
        for remote_id, one in self.known.items():
            away = after[remote_id].away if remote_id in after else None
            if away is None and one.away is not None and one.away.status not in WAITING:
                one.away.is_taken_back = True
            elif away is not None and away.status == "applied" and one.plays:
                one.away = replace(away, status="held")
            else:
                one.away = away
            one.is_touched = one.is_touched or remote_id in written
