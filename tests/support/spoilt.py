"""Answers of a simulated Twizzit in which single values are something else than they should be."""

import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.support.memory_twizzit import MemorySession
from twizzit_pipeline.twizzit.json_body import read_json
from twizzit_pipeline.twizzit.memory import KeptList

Place = tuple[str | int, ...]

GONE = object()
VALUES: tuple[object, ...] = (
    *(GONE, None, True, False, 0, -1, 1.5, 10**30, -(10**20), 1e300),
    *("", " ", "0", "-", "null", "NaN", "1e5", "+7", "7.0", " 12 ", "٣", "1_000", "12:00", "x" * 5_000),
    *("\x00", "a\x00b", "\ud800", "x\udfff", "\u202e", "\u2028", "\n\t", "ﬀ", "İ", "🤾", "&#039;", "<b>x</b>", "=1+1"),
    *("2026-02-30", "2026-13-01 10:00:00", "0000-00-00 00:00:00", "0001-01-01", "9999-12-31 23:59:59"),
    *([], {}, [None], [[]], [1, 2], {"a": 1}, {"id": None}, {"id": {"id": 3}}),
)


def places(value: object, before: Place = ()) -> Iterator[Place]:
    """Where a value stands in this one, at any depth."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*before, key)
        yield from places(one, (*before, key))


@dataclass
class SpoiltSession(MemorySession):
    """Spoils up to `most` values of each answer.

    Attributes:
        paths: whose answers; all of them where it is empty.
        done: what was spoilt, for the message of a test that fails.
    """

    most: int = 1
    paths: frozenset[str] = frozenset()
    done: list[tuple[str, Place, str]] = field(default_factory=list)

    def get(
        self,
        path: str,
        query: Sequence[tuple[str, object]] = (),
        *,
        route: str | None = None,
        kept: KeptList | None = None,
    ) -> object:
        answer = super().get(path, query, route=route)
        if self.paths and path not in self.paths:
            return answer
        spoilt = copy.deepcopy(answer)
        for _ in range(self.random.randrange(self.most + 1)):
            self._spoil(path, spoilt)
        return read_json(json.dumps(spoilt).encode())

    def _spoil(self, path: str, answer: object) -> None:
        found = list(places(answer))
        if not found:
            return
        *way, last = self.random.choice(found)
        value = self.random.choice(VALUES)
        holder: object = answer
        for key in way:
            holder = holder[key]  # type: ignore[index]
        if value is GONE:
            del holder[last]  # type: ignore[attr-defined]
        else:
            holder[last] = copy.deepcopy(value)  # type: ignore[index]
        self.done.append((path, (*way, last), repr(value)[:40]))
