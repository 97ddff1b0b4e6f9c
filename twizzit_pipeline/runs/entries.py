"""The history rows that one run holds open, one for each entity that its steps work on.

What belongs here: which row is whose, and how those still open are closed at the end. The rows themselves are
`history`'s.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.entity_counts import EntityCounts
from twizzit_pipeline.runs.troubles import safe_message


@dataclass
class Entry:
    """The open history row of one entity; `failure` says why it failed, for when that cannot be written at once."""

    history_id: int
    counts: EntityCounts = field(default_factory=EntityCounts)
    failure: str | None = None

    def add_calls(self, made: int) -> None:
        """Adds calls to Twizzit to those that the row says."""
        already = self.counts.details.get("calls", 0)
        assert isinstance(already, int)
        self.counts.details["calls"] = already + made


class Entries:
    """The rows of one run, by entity."""

    def __init__(self) -> None:
        self._by_entity: dict[str, Entry] = {}
        self._unanswered: dict[str, tuple[int, str]] = {}  # entity → its credential and its run

    def open(self, entity: str) -> Entry | None:
        """The entity's row, if it is open."""
        entry = self._by_entity.get(entity)
        return None if entry is None or entry.counts.done else entry

    def begin(self, connection: Connection, *, credential_id: int, entity: str, run_id: str, season: str) -> int:
        """Opens the entity's row in the transaction of `connection`; its id, for `add` once that is committed.

        Where the answer to such a commit never came, the row that it may have left is taken, or closed at the end.
        """
        left = None
        if entity in self._unanswered:
            left = history.left_open(connection, credential_id=credential_id, entity=entity, run_id=run_id)
        self._unanswered[entity] = credential_id, run_id
        return left or history.start(
            connection, credential_id=credential_id, entity=entity, run_id=run_id, season=season
        )

    def add(self, entity: str, history_id: int, details: Mapping[str, object]) -> Entry:
        """A row that was just opened."""
        self._unanswered.pop(entity, None)
        entry = self._by_entity[entity] = Entry(history_id, EntityCounts(entity, details=dict(details)))
        return entry

    def counts(self, entity: str) -> EntityCounts | None:
        """What was counted of the entity so far; None where nothing was."""
        entry = self._by_entity.get(entity)
        return None if entry is None else entry.counts

    @property
    def broken(self) -> set[str]:
        """Entities of which a step has failed, and was not done again with success."""
        return {name for name, entry in self._by_entity.items() if entry.failure is not None}

    def history_id(self, entity: str) -> int:
        """The row that the entity is recorded in; KeyError where it has none."""
        return self._by_entity[entity].history_id

    @property
    def finished(self) -> set[str]:
        """Entities that are brought in step."""
        return {name for name, entry in self._by_entity.items() if entry.counts.done and entry.failure is None}

    def statuses(self, to_map: Collection[str]) -> dict[str, str]:
        """How each row is closed, or about to be."""
        return {name: _status(entry, cut_short=name in to_map) for name, entry in self._by_entity.items()}

    def fail(self, connection: Connection, entry: Entry) -> None:
        """Closes a row at once, for the reason in its `failure`."""
        assert entry.failure is not None
        history.fail(connection, entry.history_id, entry.counts, entry.failure)
        entry.counts.done = True

    def close(self, connection: Connection, to_map: Collection[str], error: BaseException | None) -> None:
        """Closes every row that is open still: one whose entity was to be brought in step (`to_map`) has failed."""
        for name, entry in self._by_entity.items():
            if entry.counts.done:
                continue
            if entry.failure is not None or name in to_map:
                history.fail(connection, entry.history_id, entry.counts, entry.failure or safe_message(error))
            else:  # scanned well, and nothing else was asked for
                history.finish(connection, entry.history_id, entry.counts)
        for entity, (credential_id, run_id) in self._unanswered.items():
            left = history.left_open(connection, credential_id=credential_id, entity=entity, run_id=run_id)
            if left is not None:
                history.fail(connection, left, EntityCounts(entity), safe_message(error))


def _status(entry: Entry, *, cut_short: bool) -> str:
    failed = entry.failure is not None or (cut_short and not entry.counts.done)
    return "failed" if failed else entry.counts.status
