"""Partitions kept in step with the database, and what one tick of the sensor leaves for the next.

What belongs here: which keys are added and deleted. A key is deleted at the second tick in a row that finds it unused,
so that a run that is just being made does not lose its own.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import dagster as dg

from twizzit_pipeline.orchestration.instance.under_way import keys_in_use
from twizzit_pipeline.orchestration.partitions import PartitionKeys, add_requests, delete_requests, known_keys
from twizzit_pipeline.orchestration.partitions import partition_keys as keys_of
from twizzit_pipeline.scheduling.due import Broken
from twizzit_pipeline.scheduling.standing import View

Changes = list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest]


@dataclass(frozen=True, slots=True)
class Memory:
    """What the sensor's cursor holds: keys that the last tick found unused, and credentials that it found broken."""

    unclaimed: PartitionKeys = field(default_factory=lambda: PartitionKeys((), ()))
    broken: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, cursor: str | None) -> "Memory":
        """Read from the cursor, which a person may have reset or filled with anything."""
        try:
            held = json.loads(cursor or "{}")
            credentials, seasons = (tuple(map(str, held[name])) for name in ("credentials", "seasons"))
            return cls(PartitionKeys(credentials, seasons), {str(one): str(why) for one, why in held["broken"].items()})
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()

    @property
    def cursor(self) -> str:
        return json.dumps(
            {"credentials": self.unclaimed.credentials, "seasons": self.unclaimed.seasons, "broken": self.broken}
        )

    def news(self, broken: Sequence[Broken]) -> list[Broken]:
        """What the last tick did not find broken, or otherwise."""
        return [one for one in broken if self.broken.get(str(one.credential_id)) != one.reason]


def changes(
    instance: dg.DagsterInstance, view: View, needed: PartitionKeys, before: Memory
) -> tuple[Changes, PartitionKeys]:
    """What is to be added and deleted, and the keys that are not used any more.

    Args:
        needed: keys of runs that are about to be made.
    """
    listed = keys_of(
        {one: str(standing.credential.partition_key) for one, standing in view.standings.items()},
        {one: standing.labels for one, standing in view.standings.items()},
    )
    wanted = PartitionKeys(
        tuple(dict.fromkeys([*listed.credentials, *needed.credentials])),
        tuple(dict.fromkeys([*listed.seasons, *needed.seasons])),
    )
    known = known_keys(instance)
    unclaimed = known.less(wanted)
    gone = unclaimed.less(unclaimed.less(before.unclaimed))
    if gone:
        used = keys_in_use(instance)
        gone = PartitionKeys((), ()) if used is None else gone.less(used)
    return [*add_requests(wanted.less(known)), *delete_requests(gone)], unclaimed.less(gone)
