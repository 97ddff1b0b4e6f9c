"""A club's history in a database: what changes in Twizzit and in ShotSpot between syncs, and what must be so then.

What must be so is said by `club_model`; here it is done for real, and compared.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace

import pytest

from tests.support.club_life import Decision
from tests.support.club_model import FIELDS, ClubModel, Seen
from tests.support.club_rows import same
from tests.support.club_teams import ClubTeams
from tests.support.listed_model import Asked, Known
from tests.support.memory_account import BEFORE, RUNNING, Person, Spoiled
from tests.support.sync_world import Rows
from twizzit_pipeline.errors import ServiceUnavailable
from twizzit_pipeline.storage import tables

TEAMS = ("11", "12", "13", "14")
ANCHOR = "100"  # plays in the first team always, so that the running season decides


@dataclass
class ClubHistory(ClubTeams):
    """One club that has synced once.

    Attributes:
        stood: remote id → the teams in which the last scan that was read saw a person.
        last_said: remote id → their words in it.
        elsewhere: people whom it saw in teams alone that are not mapped.
        doubtful: remote id → the players of ShotSpot that a person may be.
        others: players of ShotSpot of whom Twizzit says nothing.
    """

    stood: dict[str, set[str]] = field(default_factory=dict)
    last_said: dict[str, dict[str, str | None]] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)
    doubtful: dict[str, tuple[int, int]] = field(default_factory=dict)
    others: set[int] = field(default_factory=set)

    # --- what happens in Twizzit ---

    def says(self, remote_id: str, column: str, value: str | None) -> None:
        """Twizzit has another value of a person."""
        if remote_id in self.account.people:
            setattr(self.account.people[remote_id], column, value)

    def takes_number(self, remote_id: str, number: int | None) -> None:
        if remote_id in self.account.people:
            self.account.people[remote_id].jersey_number = number

    def plays_in(self, remote_id: str, teams: set[str]) -> None:
        """A transfer; with no team, the person stays a contact."""
        if remote_id in self.account.people:
            self.account.people[remote_id].teams = {self.id_of(team) for team in teams}

    def leave(self, remote_ids: set[str]) -> None:
        """The contacts are gone from Twizzit."""
        for remote_id in remote_ids:
            self.account.people.pop(remote_id, None)

    def comes(self, remote_id: str, team: str) -> None:
        """A new contact, or one that is back."""
        self.account.people.setdefault(remote_id, person(remote_id)).teams.add(self.id_of(team))

    # --- what people do in ShotSpot ---

    def is_edited(self, remote_id: str, column: str, value: str | None) -> None:
        """A person changes a field."""
        if (one := self.model.people.get(remote_id)) is not None:
            self.write(tables.players, one.local_id, **{column: value})
            one.held[column], one.is_touched = value, True

    def both_change(self, remote_id: str, column: str, words: tuple[str, str]) -> None:
        self.says(remote_id, column, _valid(column, words[0]))
        self.is_edited(remote_id, column, _valid(column, words[1]))

    def is_taken_back(self, place: int, side: str) -> None:
        """One side holds again what it held before a conflict, or both sides are to agree on Twizzit's value."""
        if not self.model.questions:
            return
        remote_id, column = sorted(self.model.questions)[place % len(self.model.questions)]
        asked = self.model.questions[remote_id, column]
        if side == "twizzit":
            self.says(remote_id, column, asked.base)
        else:
            self.is_edited(remote_id, column, asked.base if side == "shotspot" else asked.remote)

    def asks_and_is_taken_back(
        self, remote_id: str, column: str, words: tuple[str, str], side: str, further: str | None
    ) -> None:
        """Both sides change a field and a person is asked; one of them takes it back, and Twizzit may go further."""
        if remote_id not in self.account.people or remote_id not in self.model.people:
            remote_id = ANCHOR
        self.sets_policy("ask", None)
        self.both_change(remote_id, column, words)
        self.sync()
        asked = sorted(self.model.questions)
        self.is_taken_back(asked.index((remote_id, column)) if (remote_id, column) in asked else 0, side)
        if further is not None and side == "shotspot":
            self.says(remote_id, column, _valid(column, further))
        self.sync()

    def is_switched(self, remote_id: str, is_active: bool) -> None:
        """A person makes a record inactive, or active."""
        if (one := self.model.people.get(remote_id)) is not None:
            self.write(tables.players, one.local_id, is_active=is_active)
            one.is_active, one.is_touched = is_active, True

    # --- what people decide ---

    def decides(self, remote_id: str, decision: Decision) -> None:
        """A person decides about the departure of a player."""
        self.decides_about("players", remote_id, decision)

    def value_of(self, column: str, word: str) -> str:
        return _valid(column, word) or "female"

    # --- syncs ---

    def sync(self, spoiled: Spoiled | None = None) -> None:
        """A sync of the running season, with answers that may be spoiled, and what must be so then."""
        self.account.spoiled = replace(spoiled or Spoiled())
        for which in ("unread", "shifted_team"):
            if (team := getattr(self.account.spoiled, which)) is not None:
                setattr(self.account.spoiled, which, self.id_of(team))
        if self.account.spoiled.unread not in self.account.groups:  # it is not listed, and its roster not asked for
            self.account.spoiled.unread = None
        if self.account.spoiled.fails in ("teams", "rosters"):
            before = self.written()
            with pytest.raises(ServiceUnavailable):
                self.run()
            assert self.written() == before
        else:
            self.run()
            self._learn(self.account.spoiled)
        self.account.spoiled = Spoiled()
        self.check()

    def backfill(self) -> None:
        """A sync of the season before: it brings people never seen, and leaves those who are there as they are."""
        if not self.account.seasons():  # there is none before: nothing comes
            written = self.written()
            self.run(BEFORE.label)
            assert self.written() == written
            return
        before = {row["id"]: row for row in self.rows(tables.players)}
        self.run(BEFORE.label)
        after = {row["id"]: row for row in self.rows(tables.players)}
        assert {row_id: after.get(row_id) for row_id in before} == before
        for remote_id, one in self.account.people.items():
            if remote_id not in self.model.people and self.account.teams_of(one, BEFORE):
                words, local_id = said(one), self.local_id_of(remote_id)
                self.model.people[remote_id] = Known(local_id, words, dict(words), is_active=False, plays=False)
        self.check()

    def is_undone(self, before: ClubModel, was: Mapping[str, Rows], after: Mapping[str, Rows]) -> None:
        super().is_undone(before, was, after)
        self.model.doubts.are_undone(before.doubts)

    # --- what follows from the rules ---

    def _learn(self, spoiled: Spoiled) -> None:
        self._learn_teams(spoiled)
        people = self.account.people
        playing = {one: self.account.teams_of(known, RUNNING) for one, known in people.items()}
        there = {one: teams - {spoiled.shifted_team} for one, teams in playing.items()}
        listed = {one for one, teams in there.items() if teams and one != spoiled.shifted}
        mapped = self.model.teams.known.keys()
        self.doubtful = {one: rows for one, rows in self.doubtful.items() if there[one] & mapped}
        read = {one: there[one] & mapped for one in listed - {*self.doubtful} if there[one] & mapped}
        scanned = {one: there[one] - {spoiled.unread} for one in listed - {*self.doubtful}}
        read |= {one: {team} for one, team in self._staying(scanned).items()}
        unsure = {one for found in (self.stood, read) for one, teams in found.items() if spoiled.unread in teams}
        seen = {one: said(people[one]) for one in read if one not in unsure}
        if not self.model.can_ask:  # of those who are missing nothing is proved
            missing = (one for one in self.model.people if one not in listed and self.model.is_asked(one))
            self.account.found = dict.fromkeys(missing, "unproved")
        self._judge_answers(listed, spoiled)
        here = {one for one, row in self.model.people.items() if row.plays}
        found = {one: answer for one, answer in self.account.found.items() if not self._plays_unseen(one, playing)}
        self.model.sync(Seen(seen, read, spoiled.unread is None, found), self.local_id_of)
        for remote_id in here & listed - read.keys():  # in a team that waits for a person: listed, so nothing to decide
            if scanned.get(remote_id):
                self.model.people[remote_id].away = None
        gone = {one for one in here if not self.model.people[one].plays}
        assert not [one for one in gone if playing.get(one)], "no one leaves who plays"
        for remote_id in unsure:
            self._take_over(remote_id)
        before, self.last_said, self.elsewhere = self.stood, self.last_said | seen, listed - read.keys()
        self.stood = {one: teams | (before.get(one, set()) if one in unsure else set()) for one, teams in read.items()}
        self.stood |= {one: before[one] for one in unsure - read.keys()}

    def _staying(self, scanned: Mapping[str, Set[str | None]]) -> dict[str, str]:
        """Who is listed in another team alone, while Twizzit did not say what became of theirs: they stay in it."""
        here = {one: self.synced_into.get(one) for one, row in self.model.people.items() if row.plays}
        doubtful = self.model.teams.doubtful
        return {one: team for one, team in here.items() if team in doubtful and scanned.get(one, set()) - {team}}

    def _plays_unseen(self, remote_id: str, playing: Mapping[str, Set[str]]) -> bool:
        """Whether a contact, asked for, plays in a team that the list left out: so said a second reading of it."""
        one = self.model.people.get(remote_id)
        return one is not None and one.plays and bool(playing.get(remote_id)) and not self.model.teams.doubtful

    def _judge_answers(self, seen: Set[str], spoiled: Spoiled) -> None:
        """No answer is wrong; and where nothing is spoiled, no one is missing in it."""
        people, found, model = self.account.people, self.account.found, self.model
        truth = {one: "present" if one in people else "absent" for one in found}
        assert all(answer in (truth[one], "unproved") for one, answer in found.items())
        due = {one for one in model.people if one not in seen and model.is_due(one)}
        is_sound = spoiled in (Spoiled(), Spoiled(drops_filter=True)) and model.can_ask
        if is_sound and (len(seen) > 2 or not spoiled.drops_filter):
            missing = due | {one for one in model.people if one not in seen and model.is_asked(one)}
            same(found, {one: truth.get(one, "not asked") for one in missing})

    def team_in_base(self, remote_id: str) -> str | None:
        """The team in which the mapping of a person has them."""
        (mapping,) = [row for row in self.rows(tables.player_mappings) if row["twizzit_player_id"] == remote_id]
        return None if mapping["last_values"] is None else mapping["last_values"]["twizzit_team_id"]

    def _take_over(self, remote_id: str) -> None:
        """One of whom a roster could not be read: what the sync made of them is what it is, within bounds."""
        mapping = next(
            (row for row in self.rows(tables.player_mappings) if row["twizzit_player_id"] == remote_id), None
        )
        if mapping is None:
            return
        (row,) = [row for row in self.rows(tables.players) if row["id"] == mapping["local_player_id"]]
        base = mapping["last_values"]
        one = Known(row["id"], {name: base[name] for name in FIELDS}, {name: row[name] for name in FIELDS})
        one.is_active, one.plays, one.team = row["is_active"], base["is_active"], base["twizzit_team_id"]
        if (before := self.model.people.get(remote_id)) is not None:
            assert row["id"] == before.local_id
            assert row["is_active"] or not before.is_active, "half a scan lets no one go"
        away = self.away().get(remote_id)
        if away is not None and before is not None and before.away is not None:
            away = before.away
        one.away = away
        self.model.people[remote_id] = one
        for key in [key for key in self.model.questions if key[0] == remote_id]:
            del self.model.questions[key]
        for asked in self.waiting("field"):
            if asked["twizzit_id"] == remote_id:
                said_of = Asked(asked["base"], asked["local"], asked["remote"])
                self.model.questions[remote_id, asked["column_name"]] = said_of

    def check(self) -> None:
        people, rows = self.model.people, {row["id"]: row for row in self.rows(tables.players)}
        numbers = [row["jersey_number"] for row in rows.values() if row["jersey_number"] is not None]
        assert len(numbers) == len(set(numbers))
        assert rows.keys() == {one.local_id for one in people.values()} | self.others
        mapped = {row["twizzit_player_id"]: row["local_player_id"] for row in self.rows(tables.player_mappings)}
        same(mapped, {remote_id: one.local_id for remote_id, one in people.items() if one.is_mapped})
        teams = self.check_teams()
        for remote_id, one in people.items():
            row = rows[one.local_id]
            states = {"is_active": one.is_active, "is_twizzit_registered": one.is_mapped}
            same({name: row[name] for name in (*FIELDS, *states)}, {**one.held, **states}, remote_id)
            if one.team is not None:
                assert row["team_id"] == (teams[one.team] if one.plays else None), remote_id
        self.check_waiting("players")
        doubts = [row for row in self.waiting("doubtful_link") if row["local_id"] is None]
        same({row["twizzit_id"]: tuple(row["candidates"]) for row in doubts}, self.doubtful)


def said(one: Person) -> dict[str, str | None]:
    """What Twizzit says of a person, as ShotSpot has it."""
    return {"first_name": one.first_name, "last_name": one.last_name, "gender": one.gender}


def person(remote_id: str) -> Person:
    """A contact as it comes first."""
    number = int(remote_id) % 4
    return Person(f"An {remote_id}", f"Proef {remote_id}", "male" if number % 2 else None, number or None)


def _valid(column: str, word: str) -> str | None:
    """A word as that column takes one."""
    return word if column != "gender" else {"Bo": "male", "Cas": "female"}.get(word)
