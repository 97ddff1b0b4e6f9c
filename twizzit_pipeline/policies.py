"""Policies: who wins where both sides changed a column.

What belongs here: the words and what follows from them for a column. The plan asks (`plan/merge.py`), and so do the
configuration, pages and terminal, which have no use for the rest of the plan. What a configuration says of them is read
in `scheduling/policies.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

# Who wins: Twizzit; ShotSpot; whose change is newer, as far as that is known; or a person, until when ShotSpot's stays.
Policy = Literal["twizzit", "shotspot", "newest", "ask"]
POLICIES: tuple[Policy, ...] = get_args(Policy)


@dataclass(frozen=True, slots=True)
class Policies:
    """Who wins in one entity: the usual policy, and the columns that have another one."""

    usual: Policy = "twizzit"
    exceptions: Mapping[str, Policy] = field(default_factory=dict)

    def of(self, column: str) -> Policy:
        """The policy for a column."""
        return self.exceptions.get(column, self.usual)

    def keeps(self, column: str, *, local_is_newer: bool) -> bool:
        """Whether ShotSpot's value stays where both sides changed the column."""
        policy = self.of(column)
        return local_is_newer if policy == "newest" else policy != "twizzit"


TWIZZIT_WINS = Policies()
