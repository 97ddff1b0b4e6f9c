"""A simulated Twizzit without HTTP: the simulator's own answers, spoiled as a test likes, for many scans in no time."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from tests.support.gathered import gathered
from twizzit_pipeline.errors import ServiceUnavailable
from twizzit_pipeline.simulator import v2
from twizzit_pipeline.simulator.paging import SHIFT
from twizzit_pipeline.simulator.records import Organization
from twizzit_pipeline.simulator.world import World
from twizzit_pipeline.twizzit.memory import KeptList, MemoryLedger
from twizzit_pipeline.twizzit.paging import PageLimits

Row = dict[str, object]


@dataclass
class MemorySession:
    """Answers what a `Session` would, for one organization of a world.

    Attributes:
        shifts: how likely rows have moved by one on a later page.
        halves: paths whose answers lose half of their rows, in one way for as long as this lives; `pattern` is which.
        fails: how likely a call is an error.
    """

    world: World
    organization: Organization
    random: random.Random
    shifts: float = 0.0
    halves: frozenset[str] = frozenset()
    half_likely: float = 1.0
    pattern: int = 0
    fails: float = 0.0
    page_limits: PageLimits = field(default_factory=PageLimits)
    calls: int = 0

    def kept_list(self) -> KeptList:
        return KeptList(MemoryLedger(10**6))

    def get(
        self,
        path: str,
        query: Sequence[tuple[str, object]] = (),
        *,
        route: str | None = None,
        kept: KeptList | None = None,
    ) -> object:
        self.calls += 1
        if self.random.random() < self.fails:
            raise ServiceUnavailable("503", endpoint=path, status=503)
        scope: dict[str, Any] = {"type": "http", "headers": [], "query_string": urlencode(list(query)).encode()}
        if self.random.random() < self.shifts:
            scope[SHIFT] = self.random.choice((-1, 1))
        endpoint = v2._endpoints(self.world)[path]
        rows = [*v2._rows(self.world, self.organization.account, Request(scope), path, endpoint)]
        if path in self.halves and self.random.random() < self.half_likely:
            return self._half(rows)
        return rows

    def gather(self, tasks: Sequence[Callable[[], Any]]) -> list[Any]:
        return gathered(tasks)

    def _half(self, rows: list[Row]) -> list[Row]:
        middle = len(rows) // 2
        return (rows[:middle], rows[middle:], rows[::2], rows[1::2])[self.pattern]
