"""Namesakes in the histories of a club: players of ShotSpot's who stand by, contacts who come twice, and who is who."""

import copy
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import delete, insert

from tests.support.club_doubts import Bystander, Doubt
from tests.support.club_history import TEAMS, ClubHistory, person, said
from tests.support.club_life import DAY
from tests.support.club_model import FIELDS
from tests.support.club_rows import same
from tests.support.listed_model import Known
from tests.support.memory_account import Person, Spoiled
from twizzit_pipeline.decisions.linking import link
from twizzit_pipeline.errors import ConflictRefused
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.undo.undoing import undo

TWINS = ("109", "110")


@dataclass
class NamesakeHistory(ClubHistory):
    """The same with namesakes.

    Attributes:
        made: row of ShotSpot → the person for whom a sync made it.
        retired: people whose row is another one's by now, and who do not come back.
    """

    made: dict[int, str] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)

    def comes(self, remote_id: str, team: str) -> None:
        if remote_id not in self.retired:
            super().comes(remote_id, team)

    def stands_by(self, remote_id: str) -> None:
        """A player of ShotSpot's without a mapping is called as one who plays."""
        if not self._is_calm(remote_id):
            return
        words = {**said(self.account.people[remote_id]), "gender": None}
        with self.database.engine.begin() as connection:
            made = insert(tables.players).values(club_id=self.club_id, **words).returning(tables.players.c.id)
            local_id = connection.execute(made).scalar_one()
        self.others.add(local_id)
        self.model.doubts.bystanders[local_id] = Bystander(words)

    def comes_twice(self, remote_id: str, team: str, number: int | None) -> None:
        """Another contact of the same name comes, and has a row of their own."""
        twin = next((one for one in TWINS if one not in self.account.people), None)
        if twin is None or twin in self.model.people or not self._is_calm(remote_id):
            return
        one = self.account.people[remote_id]
        names = (one.first_name, one.last_name)
        rows = [row for row in self.rows(tables.players) if row["id"] != self.model.people[remote_id].local_id]
        others = [each for each in self.account.people.values() if each is not one]
        taken = {(row["first_name"], row["last_name"]) for row in rows}
        if names in taken or any((each.first_name, each.last_name) == names for each in others):
            return
        self.account.people[twin] = Person(*names, None, number, {self.id_of(team)})
        self.sync()

    def is_doubtful(self, remote_id: str, choice: int) -> None:
        """Two players of ShotSpot have the name of a person who comes; one of them is chosen, or neither."""
        if remote_id in self.model.people or remote_id in self.account.people:
            return
        one = person(remote_id)
        named = {"first_name": one.first_name, "last_name": one.last_name}
        with self.database.engine.begin() as connection:
            made = insert(tables.players).values(club_id=self.club_id, **named).returning(tables.players.c.id)
            self.doubtful[remote_id] = (connection.scalar(made) or 0, connection.scalar(made) or 0)
        self.others |= {*self.doubtful[remote_id]}
        fitting = self.doubtful[remote_id]
        self.comes(remote_id, TEAMS[0])
        self.sync()
        if remote_id not in self.doubtful:  # too many teams were made anew: theirs waits for a person, and so do they
            self.leave({remote_id})
            self.others -= {*fitting}
            with self.database.engine.begin() as connection:
                connection.execute(delete(tables.players).where(tables.players.c.id.in_(fitting)))
            return
        (asked,) = [row for row in self.waiting("doubtful_link") if row["twizzit_id"] == remote_id]
        del self.doubtful[remote_id]
        chosen = None if choice > 1 else fitting[choice]
        linked = link(
            self.database.engine,
            asked["id"],
            chosen,
            actor=this_user(),
            season_start=self.settings.season_start,
            day=DAY,
        )
        assert linked.local_id is not None and chosen in (None, linked.local_id)
        self.others.discard(linked.local_id)
        known = Known(linked.local_id, said(one), said(one), is_touched=True, team=self.team_in_base(remote_id))
        self.model.people[remote_id] = known
        self.check()

    def decides_who(self, place: int, choice: int, undone: bool) -> None:
        """A person says who is who, and may take that back."""
        waiting = self.model.doubts.waiting
        if not waiting:
            return
        remote_id = sorted(waiting)[place % len(waiting)]
        doubt = waiting[remote_id]
        chosen = None if choice > 1 else doubt.candidates[choice % len(doubt.candidates)]
        if chosen is not None and not self._can_be_linked(remote_id, doubt, chosen):
            return
        (asked,) = [row for row in self.waiting("doubtful_link") if row["twizzit_id"] == remote_id]
        before, was = copy.deepcopy((self.model, self.made, self.retired, self.others)), self.written()
        if self._is_stale(doubt, chosen):
            with pytest.raises(ConflictRefused):
                self._link(asked["id"], chosen)
            self.check()
            return
        done = self._link(asked["id"], chosen)
        self._has_decided(remote_id, doubt, chosen)
        for each in {remote_id, doubt.mapped.get(chosen or 0, remote_id)} & self.model.people.keys():
            self.model.people[each].team = self.team_in_base(each)
        after = self.written()
        touched = self.differing("players", was, after)
        if undone:
            undo(self.database.engine, done.history_id, actor=this_user())
            assert self.written() == was
            self.model, self.made, self.retired, self.others = before
        for each in touched & self.model.people.keys():
            self.model.people[each].is_touched = True
        self.check()

    def _link(self, conflict_id: int, chosen: int | None) -> Any:
        start = self.settings.season_start
        return link(self.database.engine, conflict_id, chosen, actor=this_user(), season_start=start, day=DAY)

    def _is_calm(self, remote_id: str) -> bool:
        """Whether a person is mapped, plays, and was listed by the last sync."""
        one = self.model.people.get(remote_id)
        listed = remote_id in self.account.people and remote_id in self.stood
        return one is not None and one.is_mapped and one.plays and one.away is None and listed

    def _can_be_linked(self, remote_id: str, doubt: Doubt, chosen: int) -> bool:
        """Whether the model foresees what comes of it."""
        theirs = self._whose(chosen)
        if not (self._is_calm(remote_id) or remote_id in self.stood):
            return False
        return theirs is None or theirs not in self.stood or self._is_calm(theirs)

    def _whose(self, local_id: int) -> str | None:
        found = (name for name, one in self.model.people.items() if one.local_id == local_id and one.is_mapped)
        return next(found, None)

    def _is_stale(self, doubt: Doubt, chosen: int | None) -> bool:
        """Whether the chosen row is mapped otherwise than it was when it was asked about."""
        whose = None if chosen is None else self._whose(chosen)
        return chosen is not None and whose is not None and whose != doubt.mapped.get(chosen)

    # --- what follows from a decision ---

    def _has_decided(self, remote_id: str, doubt: Doubt, chosen: int | None) -> None:
        doubts = self.model.doubts
        doubts.decided |= {(remote_id, one) for one in doubt.candidates}
        del doubts.waiting[remote_id]
        if chosen is None:
            return
        doubts.decided.add((remote_id, doubt.local_id))
        own, theirs = self.model.people[remote_id], self._whose(chosen)
        if theirs is not None or chosen in doubt.mapped:
            doubts.decided.add((doubt.mapped[chosen], chosen))
        self._forget_questions(remote_id, theirs)
        self.others.discard(chosen)
        if theirs is None:
            row = doubts.bystanders.pop(chosen, None) or self._closed(chosen)
            now = self.last_said[remote_id]
            held = {name: value for name, value in row.held.items() if value not in (None, own.base[name])}
            self.model.people[remote_id] = Known(chosen, dict(now), {**now, **held})
            self._is_left(remote_id, doubt.local_id, own)
            return
        other = self.model.people[theirs]
        self._takes_over(remote_id, other, chosen)
        if theirs in self.stood:
            self._takes_over(theirs, own, doubt.local_id)
        else:
            self.model.people.pop(theirs)
            self.retired.add(theirs)
            self._is_left(remote_id, doubt.local_id, own)

    def _closed(self, local_id: int) -> Bystander:
        """A person whose mapping was closed: the row is another one's from now on."""
        (remote_id,) = [name for name, one in self.model.people.items() if one.local_id == local_id]
        self.retired.add(remote_id)
        one = self.model.people.pop(remote_id)
        return Bystander(one.held, one.is_active)

    def _forget_questions(self, *remote_ids: str | None) -> None:
        """What was asked about fields of rows that are other people's by now is settled."""
        for key in [key for key in self.model.questions if key[0] in remote_ids]:
            del self.model.questions[key]

    def _takes_over(self, remote_id: str, before: Known, local_id: int) -> None:
        """A person in a row of which another one's words are known: as if Twizzit had renamed that one."""
        now = Known(local_id, dict(before.base), dict(before.held), is_touched=before.is_touched)
        now.is_active = before.is_active or not before.plays
        for column, value in self.last_said[remote_id].items():
            self.model._merge(remote_id, now, column, value)
        now.base, now.is_touched = dict(self.last_said[remote_id]), False
        self.model.people[remote_id] = now

    def _is_left(self, remote_id: str, local_id: int, own: Known) -> None:
        """The row that has no mapping any more: out of use if a sync made it for that person."""
        self.others.add(local_id)
        is_active = own.is_active and self.made.get(local_id) != remote_id
        self.model.doubts.bystanders[local_id] = Bystander(dict(own.held), is_active)

    # --- what must be so ---

    def _learn(self, spoiled: Spoiled) -> None:
        known = set(self.model.people)
        super()._learn(spoiled)
        for remote_id in self.model.people.keys() - known:
            self._note_made(remote_id)

    def backfill(self) -> None:
        known = set(self.model.people)
        super().backfill()
        for remote_id in self.model.people.keys() - known:
            self._note_made(remote_id)

    def _note_made(self, remote_id: str) -> None:
        local_id = self.model.people[remote_id].local_id
        if self.model.doubts.bystanders.pop(local_id, None) is None:
            self.made[local_id] = remote_id
        self.others.discard(local_id)

    def _take_over(self, remote_id: str) -> None:
        super()._take_over(remote_id)
        self.model.doubts.waiting.pop(remote_id, None)
        for one in self._doubts():
            if one["twizzit_id"] == remote_id:
                self.model.doubts.waiting[remote_id] = _doubt(one)

    def _doubts(self) -> list[dict[str, Any]]:
        return [row for row in self.waiting("doubtful_link") if row["local_id"] is not None]

    def check(self) -> None:
        """The same, and each row without a mapping is as it was left, and asked about as the rules say."""
        super().check()
        same({one["twizzit_id"]: _doubt(one) for one in self._doubts()}, self.model.doubts.waiting)
        rows = {row["id"]: row for row in self.rows(tables.players)}
        for local_id, one in self.model.doubts.bystanders.items():
            row = rows[local_id]
            found = {name: row[name] for name in (*FIELDS, "is_active", "is_twizzit_registered")}
            same(found, {**one.held, "is_active": one.is_active, "is_twizzit_registered": False}, str(local_id))


def _doubt(row: dict[str, Any]) -> Doubt:
    mapped = {int(local_id): whose for local_id, whose in (row["base"] or {}).items()}
    return Doubt(row["local_id"], tuple(row["candidates"]), mapped)
