"""A club's history: what changes in Twizzit and in ShotSpot between syncs, and what must be so after each of them.

The club remembers, person by person, what Twizzit said at the last sync and what a person wrote in ShotSpot since; from
that follows what ShotSpot must hold. A person of whom a roster could not be read is not judged until a whole sync.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import select, text, update

from tests.support.memory_account import BEFORE, RUNNING, MemoryAccount, Person
from tests.support.sync_world import STEPS, Rows
from twizzit_pipeline.credentials import store
from twizzit_pipeline.runs import history
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync.preview.making import preview
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.undo.undoing import undo

DAY = date(2026, 10, 15)
NAMES = ("first_name", "last_name", "gender")
TEAMS = ("11", "12", "13")
PEOPLE = tuple(str(number) for number in range(100, 109))
ANCHOR = "100"  # plays in the first team always, so that the running season decides
FEW = 4  # as many may leave before departures are held back

# What a sync writes, but for snapshots and history; times aside, which every write moves.
WRITTEN = (
    tables.clubs,
    tables.seasons,
    tables.teams,
    tables.players,
    tables.team_mappings,
    tables.player_mappings,
)
ACTIONS = ("create", "link", "adopt", "update", "depart", "return", "unchanged")
_LEFT_BY_A_PREVIEW = (tables.plans, tables.api_usage, tables.rate_limits, tables.audit_log, tables.leases)
_MOMENTS = {"updated_at", "created_at", "last_synced_at", "last_synced_seen", "twizzit_verified_at"}
_EMPTY = text("TRUNCATE clubs, seasons, teams, players, twizzit_credentials, twizzit_leases RESTART IDENTITY CASCADE")
_run_numbers = itertools.count(1)


@dataclass
class Known:
    """A person whom a sync has brought: what Twizzit said last, and what ShotSpot is to hold."""

    base: dict[str, Any]
    local: dict[str, Any]
    switched_off: bool = False  # by a person, in ShotSpot
    has_played: bool = False  # in the running season; else a backfill alone brought them


@dataclass
class ClubHistory:
    """One club, from an empty database on."""

    settings: Settings
    database: Database
    account: MemoryAccount
    credential_id: int
    known: dict[str, Known] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    ever_left: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)

    # --- what happens ---

    def renames(self, remote_id: str, word: str) -> None:
        """Twizzit's name of a person changes."""
        self.account.people[remote_id].first_name = f"{word} {remote_id}"

    def takes_number(self, remote_id: str, number: int | None) -> None:
        self.account.people[remote_id].jersey_number = number

    def plays_in(self, remote_id: str, teams: set[str]) -> None:
        """A transfer; with no team, the person stays a contact."""
        if remote_id != ANCHOR:
            self.account.people[remote_id].teams = set(teams)

    def leaves(self, remote_id: str) -> None:
        """The contact is gone from Twizzit."""
        if remote_id != ANCHOR:
            self.account.people.pop(remote_id, None)

    def comes(self, remote_id: str, team: str) -> None:
        """A new contact, or one that is back."""
        self.account.people.setdefault(remote_id, person(remote_id)).teams.add(team)

    def is_edited(self, remote_id: str, word: str) -> None:
        """A person changes the last name in ShotSpot."""
        known = self.known.get(remote_id)
        if known is not None and self._edit(remote_id, last_name=f"{word} {remote_id}"):
            known.local["last_name"] = f"{word} {remote_id}"

    def is_switched_off(self, remote_id: str) -> None:
        """A person makes a record inactive in ShotSpot."""
        known = self.known.get(remote_id)
        row = self.local(remote_id)
        if known is not None and row is not None and row["is_active"] and self._edit(remote_id, is_active=False):
            known.switched_off = True

    def _edit(self, remote_id: str, **values: object) -> bool:
        row = self.local(remote_id)
        if row is None or remote_id in self.unsure:
            return False
        with self.database.engine.begin() as connection:
            connection.execute(update(tables.players).where(tables.players.c.id == row["id"]).values(**values))
        return True

    # --- syncs ---

    def sync(self) -> None:
        """A sync of the running season, and what must be so then."""
        self._run(RUNNING.label)
        self._learn()
        self.check()

    def sync_with_unread(self, team: str) -> None:
        """The same, while a roster cannot be read."""
        self.account.unread = {team}
        try:
            self._run(RUNNING.label)
        finally:
            self.account.unread = set()
        self.unsure |= {*self.account.people, *self.known} - {ANCHOR}

    def backfill(self) -> None:
        """A sync of the season before: it brings people never seen, and leaves those who are there as they are."""
        before = {row["id"]: row for row in self.rows(tables.players)}
        self._run(BEFORE.label)
        after = {row["id"]: row for row in self.rows(tables.players)}
        assert {row_id: after.get(row_id) for row_id in before} == before
        for remote_id, one in self.account.people.items():
            if remote_id not in self.known and self.account.teams_of(one, BEFORE) and remote_id not in self.unsure:
                self.known[remote_id] = Known(said(one), said(one))
                self.left.discard(remote_id)

    def sync_that_is_undone(self) -> None:
        """A sync, and an undo of it: everything is as before."""
        before = self.written()
        self._run(RUNNING.label)
        self._undo()
        assert self.written() == before
        self.held |= self._away() - self.left  # who left in it is held back from now on

    def preview_and_sync(self) -> None:
        """A preview changes nothing but the list of plans, and the sync after it does what it said."""
        before = self._everything()
        found = preview(
            self.settings,
            self.database,
            credential_id=self.credential_id,
            entities=["teams", "players"],
            season=RUNNING.label,
            run_id=f"preview-{next(_run_numbers)}",
            requested_by=None,
            progress=lambda _: None,
            day=DAY,
        )
        assert self._everything() == before
        said = {one["entity"]: one["counts"] for one in found.document["entities"]}
        self.sync()
        for row in history.for_run(self.database.engine, self.run_id):
            counts = said[row.sync_type]
            done = {name: row.details.get(name, 0) for name in ACTIONS}
            assert done == {name: counts.get(name, 0) for name in ACTIONS}, row.sync_type

    def _everything(self) -> dict[str, Any]:
        """Every row of every table, but for what any call leaves: usage, pace, and the plans themselves."""
        found = {}
        with self.database.engine.connect() as connection:
            for table in tables.metadata.sorted_tables:
                if table not in _LEFT_BY_A_PREVIEW:
                    rows = connection.execute(select(table).order_by(*table.primary_key))
                    found[table.name] = [tuple(row) for row in rows]
        return found

    def undo_that_is_undone(self) -> None:
        """A sync, an undo of it, and an undo of that: everything is as after the sync."""
        self.sync()
        after = self.written()
        if (undo_id := self._undo()) is not None:
            undo(self.database.engine, undo_id, actor=this_user())
        assert self.written() == after

    def _undo(self) -> int | None:
        """Undoes the last run; the undo's own row of the history."""
        rows = history.for_run(self.database.engine, self.run_id)
        return undo(self.database.engine, rows[0].id, actor=this_user()).undo_id

    def _run(self, season: str) -> None:
        number = next(_run_numbers)
        with SyncSession(
            settings=self.settings,
            database=self.database,
            credential_id=self.credential_id,
            season=season,
            run_id=f"history-{number}",
            day=DAY,
        ) as session:
            session.to_map = {"teams", "players"}
            for step in STEPS:
                step(session)
        self.run_id = f"history-{number}"

    def _learn(self) -> None:
        """What the sync made of each person, by the rules."""
        for remote_id, one in self.account.people.items():
            if not self.account.teams_of(one, RUNNING):
                continue
            self.left.discard(remote_id)
            self.held.discard(remote_id)
            known = self.known.get(remote_id)
            if known is None or remote_id in self.unsure:
                row = self.local(remote_id)
                assert row is not None, f"{remote_id} did not come"
                off = known is not None and known.switched_off and not row["is_active"]
                held = {name: row[name] for name in NAMES} if remote_id in self.unsure else said(one)
                self.known[remote_id] = Known(said(one), held, off, has_played=True)
                continue
            for name, value in said(one).items():
                if value != known.base[name]:
                    known.local[name] = value
            known.base = said(one)
            known.has_played = True
        away = self._away()
        self.left |= away - self.unsure - self.held
        self.ever_left |= away
        self.unsure &= away

    def _away(self) -> set[str]:
        """Those who have played in the running season, and are in no team."""
        return {one for one, known in self.known.items() if known.has_played and not self._plays(one)}

    def _plays(self, remote_id: str) -> bool:
        one = self.account.people.get(remote_id)
        return one is not None and bool(self.account.teams_of(one, RUNNING))

    # --- what must be so ---

    def check(self) -> None:
        """What Twizzit decides is Twizzit's truth, and what it does not is as it was left in ShotSpot."""
        numbers = [row["jersey_number"] for row in self.rows(tables.players) if row["jersey_number"] is not None]
        assert len(numbers) == len(set(numbers))
        mapped_teams = {row["twizzit_team_id"]: row["local_team_id"] for row in self.rows(tables.team_mappings)}
        for remote_id, known in self.known.items():
            if self._plays(remote_id):
                row = self.local(remote_id)
                assert row is not None, remote_id
                assert {name: row[name] for name in NAMES} == known.local, remote_id
                assert row["is_active"] is not known.switched_off, remote_id
                assert row["is_twizzit_registered"] is True
                teams = self.account.teams_of(self.account.people[remote_id], RUNNING)
                assert row["team_id"] in {mapped_teams[team] for team in teams}

        if len(self.ever_left) <= FEW:
            for remote_id in self.left:
                row = self.local(remote_id)
                assert row is not None, "the grace is not over"
                assert (row["is_active"], row["team_id"]) == (False, None), remote_id

    def local(self, remote_id: str) -> dict[str, Any] | None:
        """ShotSpot's row of a person; None where no mapping says one."""
        mapping = tables.player_mappings.c
        wanted = (
            select(tables.players)
            .join(tables.player_mappings, mapping.local_player_id == tables.players.c.id)
            .where(mapping.twizzit_player_id == remote_id)
        )
        with self.database.engine.connect() as connection:
            row = connection.execute(wanted).mappings().one_or_none()
        return None if row is None else dict(row)

    def rows(self, table: Any) -> Rows:
        """The rows of a table by id, times aside."""
        columns = [column for column in table.c if column.name not in _MOMENTS]
        with self.database.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(select(*columns).order_by(table.c.id))]

    def written(self) -> dict[str, Rows]:
        """Everything that a sync writes."""
        return {table.name: self.rows(table) for table in WRITTEN}


def said(one: Person) -> dict[str, Any]:
    """What Twizzit says of a person, as ShotSpot has it."""
    return {"first_name": one.first_name, "last_name": one.last_name, "gender": one.gender}


def person(remote_id: str) -> Person:
    """A contact as it comes first."""
    number = int(remote_id) % 4
    return Person(f"An {remote_id}", f"Proef {remote_id}", "male" if number % 2 else None, number or None)


def fresh_club(settings: Settings, database: Database, account: MemoryAccount) -> ClubHistory:
    """A club that never synced, in a database that is empty again: three teams, and two or three players in each."""
    assert settings.encryption_key is not None
    with database.engine.begin() as connection:
        connection.execute(_EMPTY)
    account.groups = {team: f"Ploeg {team}" for team in TEAMS}
    account.groups_before = {"1": "Ploeg van toen"}
    account.people = {}
    for place, remote_id in enumerate(PEOPLE[:7]):
        one = person(remote_id)
        one.teams = {TEAMS[place % len(TEAMS)]}
        one.before = {"1"} if place % 2 else set()
        account.people[remote_id] = one
    account.people["900"] = Person("Oud", "Speler 900", before={"1"})
    credential_id = store.add(
        database.engine,
        settings.encryption_key,
        organization_name="Korfbalclub Proef",
        api_username="proef",
        password=SecretStr("proef"),
    )
    return ClubHistory(settings, database, account, credential_id)


_people = st.sampled_from(PEOPLE)
_words = st.sampled_from(["Bo", "Cas", "Daan"])
Deed = Callable[[ClubHistory], None]


def _deed(name: str, *arguments: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(st.just(name), *arguments)


DEEDS = st.one_of(
    _deed("renames", _people, _words),
    _deed("takes_number", _people, st.sampled_from([None, 1, 2, 3, 4])),
    _deed("plays_in", _people, st.sets(st.sampled_from(TEAMS), max_size=2)),
    _deed("leaves", _people),
    _deed("comes", _people, st.sampled_from(TEAMS)),
    _deed("is_edited", _people, _words),
    _deed("is_switched_off", _people),
    _deed("sync"),
    _deed("sync"),
    _deed("sync_with_unread", st.sampled_from(TEAMS)),
    _deed("backfill"),
    _deed("sync_that_is_undone"),
    _deed("undo_that_is_undone"),
    _deed("preview_and_sync"),
)
HISTORIES = st.lists(DEEDS, min_size=2, max_size=6)


def live(club: ClubHistory, deeds: list[tuple[Any, ...]]) -> None:
    """Does everything in its order; what speaks of a contact that is not there is passed over."""
    for name, *arguments in deeds:
        needs_contact = name in ("renames", "takes_number", "plays_in")
        if needs_contact and arguments[0] not in club.account.people:
            continue
        getattr(club, name)(*arguments)
    club.sync()
