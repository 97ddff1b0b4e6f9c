"""What the rules make of a club: a model beside the pipeline, of which it uses nothing.

It remembers, person by person, what Twizzit said at the last sync, what ShotSpot is to hold, and what became of those
who left; from that follows what the next sync, decision or undo must give. Its time is in days.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from tests.support.club_doubts import Doubts, Row

Values = Mapping[str, str | None]
FIELDS = ("first_name", "last_name", "gender")
GRACE, AGAIN = 7.0, 30.0  # days
LEAST, SHARE = 3, 0.2  # so many, and more than that share, leave only with a person's word
WAITING = ("waiting", "held", "approved", "refused")  # nothing of it is in ShotSpot


@dataclass
class Away:
    """The departure of a person: waiting, held, approved, refused, applied or closed.

    `is_taken_back`: the person had returned, and that sync was undone.
    """

    status: str
    kind: str
    proved: float | None = None
    left: float | None = None
    is_decided: bool = False
    was_active: bool = True
    is_taken_back: bool = False


@dataclass
class Known:
    """A person whom a sync has brought.

    Attributes:
        base: what Twizzit said last.
        held: what ShotSpot is to hold.
        plays: whether they stood in a team of the running season when it was last seen.
        is_touched: whether ShotSpot's row was written since the last sync.
        is_mapped: whether ShotSpot counts them as registered.
    """

    local_id: int
    base: dict[str, str | None]
    held: dict[str, str | None]
    is_active: bool = True
    plays: bool = True
    is_touched: bool = False
    is_mapped: bool = True
    away: Away | None = None


@dataclass(frozen=True)
class Asked:
    """A conflict that waits for a person."""

    base: str | None
    local: str | None
    remote: str | None
    is_touched: bool = field(default=False, compare=False)  # whether ShotSpot's change was newer


@dataclass(frozen=True)
class Seen:
    """What a sync saw: whom with which words; and what was found out of each of those who are missing.

    Attributes:
        is_complete: whether all rosters were read.
        found: remote id → present, absent or unproved; who is not in it was not asked for, or in vain.
    """

    said: Mapping[str, Values]
    is_complete: bool = True
    found: Mapping[str, str] = field(default_factory=dict)


@dataclass
class ClubModel:
    """A club, and the policy of its credential."""

    people: dict[str, Known] = field(default_factory=dict)
    questions: dict[tuple[str, str], Asked] = field(default_factory=dict)
    policy: str = "twizzit"
    exceptions: dict[str, str] = field(default_factory=dict)
    now: float = 0.0
    doubts: Doubts = field(default_factory=Doubts)

    def sync(self, seen: Seen, local_id: Callable[[str], int]) -> None:
        """A sync of the running season; `local_id` says which row of ShotSpot one that was not known has become."""
        rows = self._rows()
        back = {one.local_id for name, one in self.people.items() if name in seen.said and not one.is_mapped}
        for remote_id, column in list(self.questions):
            if not self.people[remote_id].is_mapped:
                del self.questions[remote_id, column]
        recent, held = self._recent(), self._with("held")
        limit_of = recent + sum(one.plays and one.is_mapped and one.is_active for one in self.people.values())
        for remote_id, said in seen.said.items():
            if (one := self.people.get(remote_id)) is None:
                self.people[remote_id] = Known(local_id(remote_id), dict(said), dict(said))
            else:
                self._is_listed(remote_id, one, said)
        if seen.is_complete:
            missing = {name for name, one in self.people.items() if one.plays and name not in seen.said}
            due = {name for name in seen.found if name in self.people and name not in missing}
            self._are_missing(missing, seen.found, recent + held, limit_of)
            for remote_id in due:
                self._is_asked_again(self.people[remote_id], seen.found[remote_id])
        for one in self.people.values():
            one.is_touched = False
        self.doubts.sync(seen.said, rows, {name: self.people[name].local_id for name in seen.said}, back)

    def _rows(self) -> dict[int, Row]:
        """ShotSpot's players as they are."""
        rows = {one: Row(dict(row.held), row.is_active) for one, row in self.doubts.bystanders.items()}
        for remote_id, one in self.people.items():
            rows[one.local_id] = Row(dict(one.held), one.is_active, remote_id if one.is_mapped else None)
        return rows

    # --- those who are listed ---

    def _is_listed(self, remote_id: str, one: Known, said: Values) -> None:
        if one.away is not None and one.away.status not in WAITING and not one.plays:
            one.is_active = one.is_active or one.away.was_active
        elif not one.plays:
            one.is_active = True
        one.away, one.plays, one.is_mapped = None, True, True
        for column, value in said.items():
            self._merge(remote_id, one, column, value)
        one.base = dict(said)

    def _merge(self, remote_id: str, one: Known, column: str, said: str | None) -> None:
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

    def _are_missing(self, missing: Collection[str], found: Mapping[str, str], before: int, of: int) -> None:
        leaving: list[tuple[Known, Away]] = []
        unproved = 0
        for remote_id in sorted(missing & found.keys()):
            one, said = self.people[remote_id], found[remote_id]
            kind = {"present": "no_team", "absent": "gone"}.get(said)
            status = None if one.away is None else one.away.status
            if status in ("held", "refused"):
                continue
            away = one.away or Away("waiting", "unproved")
            away.kind = kind or away.kind
            away.proved = self.now if kind else away.proved
            if status == "approved":
                self._leaves(one, away)
            elif status in ("applied", "closed"):  # and the sync that did it was undone
                one.away = replace(away, status="held")
            elif kind is None:
                one.away, unproved = away, unproved + 1
            else:
                leaving.append((one, away))
        count = len(leaving) + unproved + before
        for one, away in leaving:
            if count >= LEAST and count > SHARE * of:
                one.away = replace(away, status="held")
            else:
                self._leaves(one, away)

    def _leaves(self, one: Known, away: Away) -> None:
        one.away = replace(away, status="applied", left=self.now, was_active=one.is_active)
        one.plays = one.is_active = False

    def _is_asked_again(self, one: Known, said: str) -> None:
        away = one.away
        if away is None or away.status != "applied" or said == "unproved":
            return
        away.proved = self.now
        if said == "absent" and away.kind == "gone":
            away.status, one.is_mapped = "closed", False
        else:
            away.kind = "gone" if said == "absent" else "no_team"

    def is_due(self, remote_id: str) -> bool:
        """Whether Twizzit is asked once more for a person who has left."""
        away = self.people[remote_id].away
        if away is None or away.status != "applied" or away.proved is None or self.people[remote_id].plays:
            return False
        if away.is_taken_back:
            return False
        return self.now - away.proved >= (GRACE if away.kind == "gone" else AGAIN)

    def is_asked(self, remote_id: str) -> bool:
        """Whether Twizzit is asked for one who is missing: of what a person is to decide, or has refused, it is not."""
        one = self.people[remote_id]
        return one.plays and (one.away is None or one.away.status not in ("held", "refused"))

    def _with(self, status: str) -> int:
        return sum(one.away is not None and one.away.status == status for one in self.people.values())

    def _recent(self) -> int:
        """How many left within a day, without a person's word."""
        aways = [one.away for one in self.people.values() if one.away is not None and not one.away.is_decided]
        return sum(away.left is not None and self.now - away.left < 1 for away in aways if not away.is_taken_back)

    # --- what people do ---

    def decides_departure(self, remote_id: str, mark: Literal["approved", "refused"]) -> bool:
        """Whether there was anything to decide."""
        away = self.people[remote_id].away if remote_id in self.people else None
        if away is None or away.status not in WAITING:
            return False
        if away.status != mark:
            away.status, away.is_decided = mark, True
        return True

    def resolves(self, key: tuple[str, str], resolution: str, value: str) -> bool:
        """Whether the conflict can be resolved as it stands: not where ShotSpot's value is another by now."""
        one, asked = self.people[key[0]], self.questions[key]
        if not one.is_mapped:
            del self.questions[key]
            return False
        if one.held[key[1]] != asked.local:
            self.questions[key] = replace(asked, local=one.held[key[1]])
            return False
        after = {"twizzit": asked.remote, "shotspot": asked.local, "value": value}[resolution]
        one.is_touched = one.is_touched or after != one.held[key[1]]
        one.held[key[1]] = after
        del self.questions[key]
        return True

    def is_undone(self, before: "ClubModel", written: Iterable[str]) -> None:
        """The last sync is undone, which had written these people: who left in it waits for a person from now on.

        What it had settled is asked again.
        """
        self.questions = {**before.questions, **self.questions}
        after, self.people = self.people, before.people
        self.doubts.bystanders = before.doubts.bystanders
        self.doubts.waiting = {**before.doubts.waiting, **self.doubts.waiting}
        for remote_id, one in self.people.items():
            away = after[remote_id].away
            if away is None and one.away is not None and one.away.status not in WAITING:
                one.away.is_taken_back = True
            else:
                one.away = away
            one.is_touched = one.is_touched or remote_id in written
