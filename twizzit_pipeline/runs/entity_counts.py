"""What is counted about one entity while a run works, and what its history row says of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from twizzit_pipeline.contracts.counts import RowCounts
from twizzit_pipeline.runs.details import PLAYERS_NOT_READ, ROWS, SET_ASIDE

Status = Literal["in_progress", "success", "partial_success", "failed"]

MOST_ITEMS_IN_DETAILS = 200


@dataclass
class EntityCounts:
    """What is counted about one entity while a run works; written into its history row.

    `rejected`: rule → remote ids; `failed`: reason → remote ids; both fail an item. `set_aside`: label → one remote id
    for each row or item that is not meant to come, which fails nothing. `rows`: what became of the rows that were read;
    None before a scan, and where there was none. `scanned`: how many items had valid rows alone. `hints`: rule → remote
    ids with an unreadable value; `warnings`: reason → those that the plan has a remark about. `details`: what else a
    reader of the row should know, without names.
    `entity`: of which this is.
    """

    entity: str = ""
    rows: RowCounts | None = None
    set_aside: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scanned: int = 0
    rejected: dict[str, tuple[str, ...]] = field(default_factory=dict)
    failed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hints: dict[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    details: dict[str, object] = field(default_factory=dict)
    planned_aside: dict[str, tuple[str, ...]] = field(default_factory=dict)  # the part of `set_aside` that a plan said
    done: bool = False

    @property
    def rejected_items(self) -> set[str]:
        """The remote ids that broke a rule."""
        return {remote_id for ids in self.rejected.values() for remote_id in ids}

    @property
    def unapplied_items(self) -> set[str]:
        """Those that could not be brought into ShotSpot, but for teams whose players could not be read."""
        found = (ids for reason, ids in self.failed.items() if reason != PLAYERS_NOT_READ)
        return {remote_id for ids in found for remote_id in ids}

    @property
    def items_failed(self) -> int:
        """Distinct items that were rejected or could not be applied, and teams whose players could not be read."""
        return len(self.rejected_items | self.unapplied_items) + len(self.failed.get(PLAYERS_NOT_READ, ()))

    @property
    def items_succeeded(self) -> int:
        """Items that are in ShotSpot as they should be (or, after a scan alone, in the snapshot)."""
        return self.scanned - len(self.unapplied_items - self.rejected_items)

    @property
    def status(self) -> Status:
        return "partial_success" if self.items_failed else "success"

    @property
    def message(self) -> str | None:
        """One line for people: what failed, by rule and reason, in sentences, counts and ids."""
        if not (self.rejected or self.failed):
            return None
        from twizzit_pipeline.runs.sentences import sentence  # noqa: PLC0415  (frames, which readers have no use for)

        parts = [
            f"{len(ids)} {what}: {sentence(self.entity, rule)} ({rule}: {_some(ids)})"
            for what, found in (("rejected", self.rejected), ("not applied", self.failed))
            for rule, ids in sorted(found.items())
        ]
        return "; ".join(parts)

    def as_details(self) -> dict[str, object]:
        """The JSON of the column `details`."""
        counts = {} if self.rows is None else {ROWS: asdict(self.rows)}
        return {
            **self.details,
            **counts,
            SET_ASIDE: _listed(self.set_aside),
            "rejected": _listed(self.rejected),
            "failed": _listed(self.failed),
            "warnings": _listed(self.hints | self.warnings),
        }


def _listed(found: Mapping[str, Sequence[str]]) -> dict[str, dict[str, object]]:
    return {
        reason: {"count": len(ids), "twizzit_ids": list(ids[:MOST_ITEMS_IN_DETAILS])} for reason, ids in found.items()
    }


def _some(ids: Sequence[str], most: int = 5) -> str:
    return ", ".join(ids[:most]) + (", …" if len(ids) > most else "")
