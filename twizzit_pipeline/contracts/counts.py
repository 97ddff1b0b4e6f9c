"""How many rows were read, and what became of them. Without pandas: what only reads a history has no frame."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Rows of one scan. They add up: `read` = `kept` + `rejected` + `set_aside`.

    Attributes:
        read: distinct rows that Twizzit listed (of people, memberships: one for each team and function).
        kept: rows that keep their contract.
        rejected: rows that break a rule of it.
        set_aside: rows that are not meant to come.
    """

    read: int = 0
    kept: int = 0
    rejected: int = 0
    set_aside: int = 0

    def with_set_aside(self, more: int) -> "RowCounts":
        """The counts with rows that were set aside before the contract saw them."""
        return RowCounts(self.read + more, self.kept, self.rejected, self.set_aside + more)

    def with_rejected(self, more: int) -> "RowCounts":
        """The counts with rows that were rejected before the contract saw them."""
        return RowCounts(self.read + more, self.kept, self.rejected + more, self.set_aside)
