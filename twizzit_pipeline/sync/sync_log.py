"""What a sync says in the log: that it began, how each step ended, how it ended. Counts, ids and names of errors alone.

What belongs here: lines, and the fields that every line of a sync carries, its client's and its lease's too.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from twizzit_pipeline import logs
from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.runs.entity_counts import EntityCounts

_log = logs.logger(__name__)


@dataclass
class Step:
    """One step under way; the code that counts its rows hands them over."""

    counts: EntityCounts | None = None


class SyncLog:
    """The lines of one sync. `calls` counts those made to Twizzit so far."""

    def __init__(self, *, run_id: str, credential_id: int, calls: Callable[[], int]) -> None:
        self._names = {"run_id": run_id, "credential_id": credential_id}
        self._calls = calls
        self._since = time.monotonic()

    def bound(self) -> AbstractContextManager[None]:
        """A context in which every line names the run and the credential."""
        return logs.bound(**self._names)

    def began(self, season: str) -> None:
        """The lease is taken."""
        self._since = time.monotonic()
        _log.info("sync began", season=season)

    @contextmanager
    def step(self, entity: str) -> Iterator[Step]:
        """One step of an entity: its scan, or its mapping; an error is reported and raised again."""
        step, began, calls = Step(), time.monotonic(), self._calls()

        def measured() -> dict[str, object]:
            return {"calls": self._calls() - calls, "seconds": round(time.monotonic() - began, 3)}

        with logs.bound(**self._names, entity=entity):
            try:
                yield step
            except BaseException as error:
                _log.warning("step failed", **_said(error), **measured())
                raise
            counts = step.counts or EntityCounts()
            _log.info("step ended", **_as_fields(counts), **measured())

    def ended(self, statuses: Mapping[str, str]) -> None:
        """The history rows are closed and the lease is released. `statuses`: entity → how its row was closed."""
        say = _log.warning if "failed" in statuses.values() else _log.info
        with self.bound():
            say("sync ended", **statuses, calls=self._calls(), seconds=round(time.monotonic() - self._since, 3))


def _said(error: BaseException) -> dict[str, object]:
    """Of errors that are not ours the kind alone: their words may hold data."""
    reason = {"reason": str(error)} if isinstance(error, TwizzitPipelineError) else {}
    return {"error": type(error).__name__, **reason}


def _as_fields(counts: EntityCounts) -> dict[str, object]:
    counted = {name: value for name, value in counts.details.items() if isinstance(value, int) and name != "calls"}
    return {
        "scanned": counts.scanned,
        "rejected": len(counts.rejected_items),
        "failed": counts.items_failed - len(counts.rejected_items),
        "warnings": sum(map(len, (counts.hints | counts.warnings).values())),
        **counted,
    }
