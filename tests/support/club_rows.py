"""What the database holds of a club of the histories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Connection, Table, select, text

from tests.support.listed_model import Away
from tests.support.sync_world import Rows
from twizzit_pipeline.storage import tables

# What a sync writes, but for snapshots and history; times aside, which every write moves.
PEOPLE = (
    tables.clubs,
    tables.seasons,
    tables.teams,
    tables.players,
    tables.team_mappings,
    tables.player_mappings,
)
CALENDAR = (
    tables.clubs,
    tables.seasons,
    tables.teams,
    tables.competitions,
    tables.competition_teams,
    tables.games,
    tables.opponents,
    tables.competition_mappings,
    tables.match_mappings,
)
_LEFT_BY_A_PREVIEW = (tables.plans, tables.api_usage, tables.rate_limits, tables.audit_log, tables.leases)
_MOMENTS = {"updated_at", "created_at", "last_synced_at", "last_synced_seen", "twizzit_verified_at"}
_KEPT = [table.name for table in tables.metadata.sorted_tables if table not in _LEFT_BY_A_PREVIEW]
_HASHED = text(
    " UNION ALL ".join(
        f"SELECT '{name}', md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} AS t" for name in _KEPT
    )
)


@dataclass
class ClubRows:
    """Reads the tables of a database with one club.

    Attributes:
        WRITTEN: what a sync writes.
        reader: what the rows are read through, each as it is at that moment.
    """

    WRITTEN: ClassVar[Sequence[Table]] = PEOPLE

    reader: Connection

    def local_id_of(self, remote_id: str) -> int:
        """The row of ShotSpot that a person is mapped to."""
        return self.mapped_to(tables.player_mappings, "player", remote_id)

    def mapped_to(self, table: Table, local: str, remote_id: str, remote: str | None = None) -> int:
        """The row of ShotSpot that a remote id is mapped to."""
        found = [row for row in self.rows(table) if row[f"twizzit_{remote or local}_id"] == remote_id]
        assert found, f"{remote_id} did not come"
        return int(found[0][f"local_{local}_id"])

    def waiting(self, kind: str, entity: str = "players") -> Rows:
        """The questions about players, or teams, that wait."""
        found = [row for row in self.rows(tables.conflicts) if (row["kind"], row["status"]) == (kind, "open")]
        return [row for row in found if row["entity"] == entity]

    def away(self, entity: str = "players") -> dict[str, Away]:
        """Remote id → the departure that has not ended."""
        rows = [row for row in self.rows(tables.departures) if (row["entity"], row["returned_at"]) == (entity, None)]
        return {row["twizzit_id"]: Away(row["status"], row["kind"]) for row in rows}

    def hashes(self) -> dict[str, str]:
        """Every row of every table, but for what any call leaves: usage, pace, and the plans themselves."""
        return {row[0]: row[1] for row in self.reader.execute(_HASHED)}

    def rows(self, table: Any) -> Rows:
        """The same of the club alone."""
        return self.all_rows(table)

    def all_rows(self, table: Any) -> Rows:
        """The rows of a table by id, times aside."""
        columns = [column for column in table.c if column.name not in _MOMENTS]
        return [dict(row._mapping) for row in self.reader.execute(select(*columns).order_by(table.c.id))]

    def written(self) -> dict[str, Rows]:
        """Everything that a sync writes."""
        return {table.name: self.all_rows(table) for table in self.WRITTEN}


def same(found: Mapping[Any, Any], expected: Mapping[Any, Any], of: str = "") -> None:
    """Says what differs, where anything does."""
    keys = [key for key in {**found, **expected} if found.get(key, "none") != expected.get(key, "none")]
    differing = {key: f"{found.get(key, 'none')}, not {expected.get(key, 'none')}" for key in keys}
    assert not keys, f"{of} is otherwise than the rules say: {differing}"
