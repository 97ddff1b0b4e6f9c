"""What can go wrong on purpose: faults that are armed while the simulator runs, and the counting of calls.

What belongs here: which fault meets which call. How each is played on the wire is in `fault_play`.
"""

import re
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Literal, get_args

FaultKind = Literal[
    "rate_limit_seconds",  # 429, Retry-After in seconds
    "rate_limit_date",  # 429, Retry-After as an HTTP date
    "rate_limit_bare",  # 429, without Retry-After
    "quota",  # 429, the month's calls are spent
    "error_500",
    "error_503",
    "slow",  # the right answer, after `seconds`
    "cut",  # the connection ends in the middle of the answer
    "truncated_json",  # a whole answer with half of the JSON
    "html",  # status 200, and a web page
    "rows_twice",  # every row of a list comes twice
    "half_rows",  # a list with the first half of its rows, and nothing that says so
    "rows_shifting",  # from the second page on rows have moved by `shift`: 1 hides a row, -1 shows one again
    "not_found",
    "forbidden",
    "unauthorized",  # the session ends early: the token is dead from this call on
]
FAULT_KINDS: tuple[str, ...] = get_args(FaultKind)


@dataclass(slots=True, kw_only=True)
class Fault:
    """One armed fault.

    Attributes:
        kind: what happens.
        path: only calls whose path ends with it, or fits it as a pattern (``/contacts``, ``/v1/teams/*/players``).
            None: every call, logins included (but `unauthorized`, which ends a session, never meets one).
        times: how many calls it meets; None: until it is cleared.
        after: how many fitting calls pass untouched before.
        seconds: what a 429 asks to wait, or how long a slow answer takes.
        shift: for `rows_shifting`.
        met: how many calls it has met so far.
        cleared: it is disarmed, which ends the wait of a slow answer that is under way.
    """

    kind: FaultKind
    path: str | None = None
    times: int | None = 1
    after: int = 0
    seconds: float = 1.0
    shift: int = 1
    met: int = 0
    cleared: bool = False

    def fits(self, path: str, *, later_page: bool) -> bool:
        """Whether it could meet a call of that path; `rows_shifting` needs a later page, `unauthorized` a session."""
        if self.kind == "rows_shifting" and not later_page:
            return False
        if self.kind == "unauthorized" and path.endswith("/authenticate"):
            return False
        return self.path is None or path.endswith(self.path) or fnmatch(path, self.path)


class Faults:
    """The armed faults. Safe to use from any thread while the server runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[Fault] = []

    def arm(
        self,
        kind: FaultKind,
        *,
        path: str | None = None,
        times: int | None = 1,
        after: int = 0,
        seconds: float = 1.0,
        shift: int = 1,
    ) -> Fault:
        """Arms a fault; of several that fit a call, the one armed first meets it.

        Raises:
            ValueError: there is no such kind, or a number makes no sense.
        """
        if kind not in FAULT_KINDS:
            raise ValueError(f"no such fault; there are {', '.join(FAULT_KINDS)}")
        if (times is not None and times < 1) or after < 0 or seconds < 0:
            raise ValueError("times is at least 1, after and seconds at least 0")
        fault = Fault(kind=kind, path=path, times=times, after=after, seconds=seconds, shift=shift)
        with self._lock:
            self._armed.append(fault)
        return fault

    def clear(self) -> None:
        """Disarms all; those that met each call end the waits of slow answers."""
        with self._lock:
            for fault in self._armed:
                fault.cleared = True
            self._armed.clear()

    def armed(self) -> tuple[Fault, ...]:
        """Those that can still meet a call."""
        with self._lock:
            return tuple(self._armed)

    def meet(self, path: str, *, later_page: bool) -> Fault | None:
        """The fault that meets this call, counted down."""
        with self._lock:
            for fault in self._armed:
                if not fault.fits(path, later_page=later_page):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.met += 1
                if fault.times is not None and fault.met >= fault.times:
                    self._armed.remove(fault)
                return fault
        return None


class Calls:
    """Counts the calls served, logins and failures included. Ids in v1's paths are left out of the count's names."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paths: Counter[str] = Counter()

    def count(self, path: str) -> None:
        """Counts one call."""
        with self._lock:
            self._paths[re.sub(r"/\d+(?=/|$)", "/{id}", path)] += 1

    def reset(self) -> None:
        """Starts anew from nothing."""
        with self._lock:
            self._paths.clear()

    @property
    def total(self) -> int:
        """All calls since the start or the last reset."""
        with self._lock:
            return sum(self._paths.values())

    @property
    def paths(self) -> Mapping[str, int]:
        """Calls per path (``/v2/api/contacts``, ``/v1/teams/{id}/players``)."""
        with self._lock:
            return dict(self._paths)

    def of(self, path: str) -> int:
        """Calls whose path ends with that (``/contacts``)."""
        return sum(number for counted, number in self.paths.items() if counted.endswith(path))
