"""The journal back to front, row by row: what each row should be once more. Pure.

A column gets its old value where the row still holds what the sync wrote. What holds anything else has changed since,
and is left. A row that a sync made goes only where it is as the sync left it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from twizzit_pipeline.entities import WRITTEN_TABLES
from twizzit_pipeline.undo import bases
from twizzit_pipeline.undo.rows import Entry, Key, Values

# Columns that say one thing together: where one of them is left, so are the others.
_TOGETHER: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "players": (("club_id", "team_id"),),
    "games": (("home_club_id", "home_team_id", "away_club_id", "away_team_id"), ("home_score", "away_score")),
    "seasons": (("start_date", "end_date"),),
    "twizzit_conflicts": (("status", "resolution", "value", "resolved_at", "resolved_by"),),
}
# What a sync, the database or a trigger of ShotSpot's keeps, and no person edits.
_KEPT_BY_MACHINES = frozenset(
    {
        "id",
        "created_at",
        "updated_at",
        "is_twizzit_registered",
        "twizzit_verified_at",
        "last_synced_at",
        "last_synced_seen",
        "twizzit_host",  # another one where an administrator said that the account has moved
    }
)


@dataclass(slots=True)
class Rewound:
    """A row: as it is, as it should be (None: not there), and the columns that are left, with a reason each.

    Attributes:
        left: column → reason; the column is empty where it is the row as a whole.
    """

    key: Key
    twizzit_id: str | None
    now: Values | None
    wanted: dict[str, Any] | None
    left: dict[str, str] = field(default_factory=dict)

    @property
    def goes(self) -> bool:
        """Whether it is to be removed."""
        return self.now is not None and self.wanted is None

    @property
    def returns(self) -> bool:
        """Whether it is to be there again."""
        return self.now is None and self.wanted is not None

    @property
    def changed(self) -> tuple[str, ...]:
        """The columns of a row that stays which get another value."""
        if self.now is None or self.wanted is None:
            return ()
        return tuple(column for column, value in self.wanted.items() if self.now[column] != value)

    def leave(self, columns: Iterable[str], reason: str) -> None:
        """Leaves these columns, and those that say one thing with them, as they are."""
        if self.now is None or self.wanted is None:
            return
        for column in columns:
            self.wanted[column] = self.now[column]
            self.left[column] = reason
        for other in {one for column in columns for one in self.together(column)} & set(self.changed):
            self.wanted[other] = self.now[other]
            self.left[other] = "belongs_to_changed"

    def together(self, column: str) -> frozenset[str]:
        """The other columns that say one thing with this one."""
        groups = (group for group in _TOGETHER.get(self.key.table, ()) if column in group)
        return frozenset(other for group in groups for other in group if other != column)

    def stay(self, reason: str) -> None:
        """Leaves the row as a whole: there as it is, or not there."""
        self.wanted = None if self.now is None else dict(self.now)
        self.left = {"": reason}


def rewound(
    entries: Iterable[Entry], now: Mapping[Key, Values], usual: Mapping[str, Values] | None = None
) -> dict[Key, Rewound]:
    """The rows of these entries.

    Args:
        entries: in any order.
        now: the rows that are there.
        usual: table → what its columns hold where nothing was said, as far as that is known.
    """
    by_row: dict[Key, list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: -entry.id):
        by_row[entry.key].append(entry)
    rows = {key: _row(key, found, now.get(key), (usual or {}).get(key.table, {})) for key, found in by_row.items()}
    for row in rows.values():
        _keep_base(row, rows)
    for key, row in rows.items():
        row.now = now.get(key)
        row.wanted = None if row.wanted is None else bases.together(row.wanted)
    return rows


def _keep_base(row: Rewound, rows: Mapping[Key, Rewound]) -> None:
    """What Twizzit said last of a column that was changed since stays with it."""
    local_key = None if row.now is None else bases.mapped_row(row.key, row.now)
    local = None if local_key is None else rows.get(local_key)
    if local is None or row.now is None or row.wanted is None:
        return
    for column in local.left:
        part = bases.part_of(local.key.table, column)
        if part in row.now:
            row.wanted[part] = row.now[part]


def _row(key: Key, entries: list[Entry], now: Values | None, usual: Values) -> Rewound:
    twizzit_id = next((entry.twizzit_id for entry in entries if entry.twizzit_id is not None), None)
    if key.table in bases.MAPPINGS:
        parts = bases.parts([now, *(side for entry in entries for side in (entry.before, entry.after))])
        now = bases.apart(now, parts)
        entries = [
            replace(entry, before=bases.apart(entry.before, parts), after=bases.apart(entry.after, parts))
            for entry in entries
        ]
    row = Rewound(key, twizzit_id, now, None if now is None else dict(now))
    for entry in entries:  # the newest first
        if entry.before is None and entry.after is None:
            row.stay("unreadable")
        elif entry.before is None:
            _unmake(row, entry, usual)
        elif entry.after is None:
            _bring_back(row, entry)
        else:
            _take_back(row, entry)
        if "" in row.left:
            break
    return row


def _unmake(row: Rewound, entry: Entry, usual: Values) -> None:
    if row.wanted is None:  # gone already, as it should be
        return
    assert entry.after is not None
    of_people = row.key.table in WRITTEN_TABLES
    expected = {**(usual if of_people else {}), **entry.after}
    edited = [
        column
        for column, value in row.wanted.items()
        if column in expected and column not in _KEPT_BY_MACHINES and value != expected[column]
    ]
    if edited:
        row.left |= dict.fromkeys(edited, "changed_since") | {"": "changed_since"}
    else:
        row.wanted = None


def _bring_back(row: Rewound, entry: Entry) -> None:
    if row.wanted is not None:
        row.stay("there_again")
    else:
        row.wanted = dict(entry.before or {})


def _take_back(row: Rewound, entry: Entry) -> None:
    assert entry.before is not None and entry.after is not None
    if row.wanted is None:
        row.stay("gone_since")
        return
    for column, written in entry.after.items():
        if column in row.left:
            continue
        if column not in row.wanted:
            row.left[column] = "not_in_table"
        elif column not in entry.before:
            row.left[column] = "unreadable"
        elif row.wanted[column] not in (written, entry.before[column]):
            row.left[column] = "changed_since"
    for column, written in entry.after.items():
        if column in row.left or row.wanted[column] != written:
            continue
        if row.together(column) & set(row.left):
            row.left[column] = "belongs_to_changed"
        else:
            row.wanted[column] = entry.before[column]
