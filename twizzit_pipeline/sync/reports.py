"""What a use case did, in numbers and ids: for the command line, Dagster's metadata and the history. Never a name."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from twizzit_pipeline.contracts.counts import RowCounts
from twizzit_pipeline.storage.bulk import Written
from twizzit_pipeline.twizzit.records import SetAside

Ids = Mapping[str, tuple[str, ...]]

NO_ROWS = RowCounts()
NOTHING_WRITTEN = Written(inserted=0, updated=0, deleted=0)


@dataclass(frozen=True)
class ScanReport:
    """What a scan saw, and wrote into the table of the same name.

    Attributes:
        entity: ``teams``, ``players``, ``competitions`` or ``matches``.
        season_exists: False when the account has no such season; nothing was read or written then.
        rows: rows that keep the contract.
        items: distinct remote ids that were read, the rejected ones too.
        rejected: rule → remote ids that broke it.
        warnings: hint → remote ids.
        failed: remote team id → why its players could not be read (players only).
        counts: rows read, and what became of them.
        set_aside: the rows that are not meant to come, each by itself.
        team_players: remote team id → how many players it has (players only); teams without any are left out.
        written: rows of the snapshot that changed.
        calls: HTTP calls to Twizzit in this step.
        seconds: phase → seconds.
    """

    entity: str
    season_exists: bool
    rows: int = 0
    items: int = 0
    rejected: Ids = field(default_factory=dict)
    warnings: Ids = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    counts: RowCounts = NO_ROWS
    set_aside: tuple[SetAside, ...] = ()
    team_players: Mapping[str, int] = field(default_factory=dict)
    written: Written = NOTHING_WRITTEN
    calls: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class MappingReport:
    """What became of the rows of a scan in ShotSpot.

    Attributes:
        deciding: whether this season may overwrite (docs/architecture.md, Seasons).
        created, linked, adopted, updated, unchanged: items, by what was done to them.
        departed, returned: items that Twizzit does not list any more, or lists again.
        held, waiting: remote ids of those whose departure waits for a person, or for proof.
        failed: reason → remote ids that could not be applied.
        warnings: reason → remote ids.
        set_aside: reason → remote ids of what was scanned and is not meant to come.
        news: what happened to matches (``moved``, ``cancelled``, ``postponed``, ``finished``, ``reinstated``) → their
            remote ids.
        mappings: rows of the mapping table that belong to the credential afterwards, of every season.
        questions: conflicts and doubtful links of the entity that wait for a person afterwards.
        seconds: phase → seconds.
    """

    entity: str
    season_exists: bool
    deciding: bool = False
    created: int = 0
    linked: int = 0
    adopted: int = 0
    updated: int = 0
    unchanged: int = 0
    departed: int = 0
    returned: int = 0
    held: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    failed: Ids = field(default_factory=dict)
    warnings: Ids = field(default_factory=dict)
    set_aside: Ids = field(default_factory=dict)
    news: Ids = field(default_factory=dict)
    mappings: int = 0
    questions: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def items(self) -> int:
        """How many items the plan spoke of, those that failed or were set aside too."""
        done = self.created + self.linked + self.adopted + self.updated + self.unchanged + self.returned
        other = {remote_id for found in (self.failed, self.set_aside) for ids in found.values() for remote_id in ids}
        return done + len(other)


def by_label(rows: Iterable[SetAside]) -> dict[str, tuple[str, ...]]:
    """Label (see `SetAside.label`) → one remote id for each row, sorted; a stand-in where the row has none."""
    return grouped((row.label, row.id) for row in rows)


def grouped(rows: Iterable[tuple[str, str | None]]) -> dict[str, tuple[str, ...]]:
    """What each row is counted under and its remote id → those ids by that, sorted; a stand-in where there is none."""
    ids: dict[str, list[str | None]] = defaultdict(list)
    for label, remote_id in rows:
        ids[label].append(remote_id)
    return {
        label: (*sorted(one for one in found if one is not None), *stand_ins(found.count(None)))
        for label, found in sorted(ids.items())
    }


def stand_ins(count: int) -> list[str]:
    """What stands where ids do for rows without one."""
    return [f"no id ({number})" for number in range(1, count + 1)]
