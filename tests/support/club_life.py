"""What every history of a club has in common: people decide, time passes, and syncs are previewed, done and undone.

Of which entities, and what must be so afterwards, is said by `club_history` and `calendar_history`.
"""

import copy
import itertools
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import cached_property
from typing import Any, ClassVar, Literal, Protocol, Self

import pytest
from sqlalchemy import Table, func, select, text, update

from tests.support.club_rows import ClubRows, same
from tests.support.listed_model import Asked, ListedModel
from tests.support.memory_account import RUNNING, MemoryAccount, Spoiled
from tests.support.sync_world import Rows, Step
from twizzit_pipeline.decisions.departures import decide
from twizzit_pipeline.decisions.resolving import FieldResolution, resolve
from twizzit_pipeline.entities import ENTITIES, EntityName
from twizzit_pipeline.errors import ConflictRefused, NothingToDecide
from twizzit_pipeline.runs import history
from twizzit_pipeline.scheduling import config
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync.preview.making import preview
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.undo.undoing import undo

DAY = date(2026, 10, 15)
ACTIONS = ("create", "link", "adopt", "update", "depart", "return", "unchanged")
Decision = Literal["approve", "refuse"]
_run_numbers = itertools.count(1)


class Modelled(Protocol):
    """What a history must give."""

    def entities(self) -> dict[str, ListedModel]:
        """Entity → its model."""


@dataclass
class ClubLife(ClubRows):
    """A club of one credential.

    Attributes:
        STEPS, ENTITIES: of a sync.
        EXCEPTIONS: the columns that may have a policy of their own.
    """

    STEPS: ClassVar[Sequence[Step]]
    ENTITIES: ClassVar[Sequence[EntityName]]
    EXCEPTIONS: ClassVar[Sequence[str]]

    settings: Settings
    database: Database
    account: MemoryAccount
    credential_id: int
    model: Modelled
    run_id: str = field(default="", init=False)

    @abstractmethod
    def sync(self, spoiled: Spoiled | None = None) -> None:
        """A sync of the running season, with answers that may be spoiled, and what must be so then."""

    @abstractmethod
    def check(self) -> None:
        """What Twizzit decides is Twizzit's truth, and what it does not is as it was left in ShotSpot."""

    @abstractmethod
    def value_of(self, column: str, word: str) -> Any:
        """A drawn word as a value of that column, which a person may type."""

    def begin(self) -> None:
        """The first sync."""
        for model in self.model.entities().values():
            model.can_ask = self.account.can_prove_absence
        self.sync()

    def again(self) -> Self:
        """The same club as it is now, in the same database, with its own memory."""
        shared = {"reader", "settings", "database", "account", "credential_id"}
        own = [each.name for each in fields(self) if each.init and each.name not in shared]
        return replace(self, **{name: copy.deepcopy(getattr(self, name)) for name in own})

    def rows(self, table: Table) -> Rows:
        """The rows of the club and of its credential; a mapping with the id that Twizzit has, stood in for or not."""
        found = self.all_rows(table)
        if "credential_id" in table.c:
            found = [row for row in found if row["credential_id"] == self.credential_id]
        if "club_id" in table.c:
            found = [row for row in found if row["club_id"] == self.club_id]
        for row in found if "twizzit_remote_id" in table.c else ():
            (name,) = row.keys() & {each.remote_id for each in ENTITIES.values()}
            row[name] = row["twizzit_remote_id"] or row[name]
        return found

    @cached_property
    def club_id(self) -> int:
        """The club of ShotSpot's that the organization is."""
        named = select(tables.clubs.c.id).where(tables.clubs.c.name == self.account.name)
        return int(self.reader.scalar(named) or 0)

    # --- what people decide ---

    def sets_policy(self, policy: Any, exception: Any) -> None:
        """The policy on conflicts, and another one for some columns."""
        config.change(
            self.database.engine,
            self.credential_id,
            actor=this_user(),
            conflict_policy=policy,
            conflict_exceptions=dict.fromkeys(self.EXCEPTIONS, exception),
        )
        for entity, model in self.model.entities().items():
            columns = [name.split(".")[1] for name in self.EXCEPTIONS if name.startswith(f"{entity}.")]
            model.policy = policy
            model.exceptions = {} if exception is None else dict.fromkeys(columns, exception)

    def decides_about(self, entity: str, remote_id: str, decision: Decision) -> None:
        """A person decides about a departure; where none waits, it is said."""
        mark: Literal["approved", "refused"] = "approved" if decision == "approve" else "refused"
        chosen = [(entity, remote_id)]
        if self.model.entities()[entity].decides_departure(remote_id, mark):
            decide(self.database.engine, self.credential_id, decision, chosen, actor=this_user())
        else:
            with pytest.raises(NothingToDecide):
                decide(self.database.engine, self.credential_id, decision, chosen, actor=this_user())

    def decides_all(self, decision: Decision) -> None:
        """The same of all that are held back."""
        for entity, model in self.model.entities().items():
            for remote_id, one in model.known.items():
                if one.away is not None and one.away.status == "held":
                    self.decides_about(entity, remote_id, decision)

    def resolves(self, place: int, resolution: FieldResolution, word: str, undone: bool) -> None:
        """A person settles a conflict, and may take that back."""
        models = self.model.entities()
        keys = [(entity, *key) for entity, model in models.items() for key in sorted(model.questions)]
        if not keys:
            return
        entity, remote_id, column = keys[place % len(keys)]
        value, before, was = self.value_of(column, word), copy.deepcopy(self.model), self.written()
        rows = self.waiting("field", entity)
        (asked,) = [row["id"] for row in rows if (row["twizzit_id"], row["column_name"]) == (remote_id, column)]
        if not models[entity].resolves((remote_id, column), resolution, value):
            with pytest.raises(ConflictRefused):
                resolve(self.database.engine, asked, resolution, value=value, actor=this_user())
            return
        made = resolve(self.database.engine, asked, resolution, value=value, actor=this_user())
        if undone:
            undo(self.database.engine, made.history_id, actor=this_user())
            assert self.written() == was
            touched = models[entity].known[remote_id].is_touched
            self.model = before
            self.model.entities()[entity].known[remote_id].is_touched = touched
        self.check()

    def time_passes(self, days: float) -> None:
        """All that was found out about departures was found out so much earlier."""
        for model in self.model.entities().values():
            model.now += days
        row, ago = tables.departures.c, text(f"interval '{days} days'")
        moved = {name: row[name] - ago for name in ("missed_at", "proved_at", "applied_at", "closed_at")}
        with self.database.engine.begin() as connection:
            connection.execute(update(tables.departures).values(moved))

    # --- syncs ---

    def sync_that_is_undone(self) -> None:
        """A sync, and an undo of it: everything is as before."""
        before, model = self.written(), copy.deepcopy(self.model)
        self.sync()
        after = self.written()
        self._undo()
        assert self.written() == before
        self.is_undone(model, before, after)
        self.check()

    def is_undone(self, before: Any, was: Mapping[str, Rows], after: Mapping[str, Rows]) -> None:
        """The model after a sync was undone, as it was before that."""
        written = {entity: self.differing(entity, was, after) for entity in self.model.entities()}
        for entity, model in self.model.entities().items():
            model.is_undone(before.entities()[entity], written[entity])

    def undo_that_is_undone(self) -> None:
        """A sync, an undo of it, and an undo of that: everything is as after the sync."""
        before = self.written()
        self.sync()
        after = self.written()
        if (undo_id := self._undo()) is not None:
            undo(self.database.engine, undo_id, actor=this_user())
        assert self.written() == after
        for entity, model in self.model.entities().items():
            for remote_id in self.differing(entity, before, after):
                model.known[remote_id].is_touched = True
        self.check()

    def preview_and_sync(self) -> None:
        """A preview changes nothing but the list of plans, and the sync after it does what it said."""
        before = self.hashes()
        found = preview(
            self.settings,
            self.database,
            credential_id=self.credential_id,
            entities=list(self.ENTITIES),
            season=RUNNING.label,
            run_id=f"preview-{next(_run_numbers)}",
            requested_by=None,
            progress=lambda _: None,
            day=DAY,
        )
        assert self.hashes() == before
        planned = {one["entity"]: one["counts"] for one in found.document["entities"]}
        self.sync()
        for row in history.for_run(self.database.engine, self.run_id):
            counts = planned[row.details.get("entity", row.sync_type)]
            counts["update"] = counts.get("update", 0) + counts.get("remembered", 0)  # the history has both in one
            done = {name: row.details.get(name, 0) for name in ACTIONS}
            assert done == {name: counts.get(name, 0) for name in ACTIONS}, row.sync_type

    def _undo(self) -> int | None:
        """Undoes the last run; the undo's own row of the history."""
        rows = history.for_run(self.database.engine, self.run_id)
        return undo(self.database.engine, rows[0].id, actor=this_user()).undo_id

    def run(self, season: str = RUNNING.label, steps: Sequence[Step] | None = None) -> None:
        """The steps of a sync."""
        self.run_id = f"history-{next(_run_numbers)}"
        self.account.found, self.account.found_teams, self.account.found_matches = {}, {}, {}
        self.account.read_teams = 0
        with SyncSession(
            settings=self.settings,
            database=self.database,
            credential_id=self.credential_id,
            season=season,
            run_id=self.run_id,
            day=DAY,
        ) as session:
            session.to_map = set(self.ENTITIES)
            for step in steps or self.STEPS:
                step(session)

    # --- what must be so ---

    def write(self, table: Table, local_id: int, **values: object) -> None:
        """A person writes a row of ShotSpot's."""
        stamp = {"updated_at": func.now()} if "updated_at" in table.c else {}
        with self.database.engine.begin() as connection:
            connection.execute(update(table).where(table.c.id == local_id).values(**values, **stamp))

    def differing(self, entity: str, before: Mapping[str, Rows], after: Mapping[str, Rows]) -> set[str]:
        """Remote ids of those of whose rows the two differ."""
        name = tables.LOCAL[entity].name
        was = {row["id"]: row for row in before[name]}
        changed = {row["id"] for row in after[name] if was.get(row["id"]) != row}
        return {remote_id for remote_id, one in self.model.entities()[entity].known.items() if one.local_id in changed}

    def check_waiting(self, entity: str) -> None:
        """The departures that have not ended, and what is asked about fields."""
        model = self.model.entities()[entity]
        away = {name: one.away for name, one in model.known.items() if one.away and not one.away.is_taken_back}
        found = {one: (row.status, row.kind) for one, row in self.away(entity).items()}
        same(found, {one: (row.status, row.kind) for one, row in away.items()}, f"departures of {entity}")
        asked: dict[Any, Any] = {
            (row["twizzit_id"], row["column_name"]): Asked(row["base"], row["local"], row["remote"])
            for row in self.waiting("field", entity)
        }
        same(asked, model.questions, f"questions of {entity}")
