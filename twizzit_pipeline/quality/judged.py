"""What is asked of each entity's tables, and what the entities have in common.

What belongs here: the frame that an entity fills in, so that another one needs a module beside `teams` and `players`
and no new check that they all have. What is asked of one of them alone is its `registration`, `more_of_scan` and
`more_of_mapping`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, exists, select

from twizzit_pipeline.quality.findings import Finding, Scope
from twizzit_pipeline.quality.names import SOMEWHERE
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.storage.remote_ids import mapped_to
from twizzit_pipeline.storage.tables import credentials, team_mappings, teams

Condition = ColumnElement[bool]

KEPT = 100  # what several questions of one sync, or those of several, have in common is put together once


@dataclass(frozen=True, slots=True)
class Step:
    """The mapping step whose work is judged."""

    credential_id: int
    season: SeasonRow


@dataclass(frozen=True, slots=True)
class Judged:
    """The queries that judge one entity; each is a statement or two, however many rows there are.

    Attributes:
        snapshot, mappings: its two tables.
        remote_id: the column that both have.
        astray: the credential's mappings that point nowhere.
        without_owner: credential id → query of remote ids of mappings in those clubs that belong to no credential.
        scanned_names: credential id, season id → rows of the snapshot, as `namesakes` wants them; None where a name
            may well come twice.
        local_names: credential id → query of ShotSpot's rows of the clubs that the credential feeds; None likewise.
        registration: whether ShotSpot's own flags are in step; None where it keeps none of this entity.
        more_of_scan: what else there is to find in the snapshot of a credential and season.
        more_of_mapping: what else there is to find behind its mappings.
    """

    snapshot: Table
    mappings: Table
    remote_id: str
    astray: Callable[[Connection, int, Condition, Scope], Finding]
    without_owner: Callable[[int], Select[Any]]
    scanned_names: Callable[[Connection, int, int], Iterable[Sequence[Any]]] | None = None
    local_names: Callable[[int], Select[Any]] | None = None
    registration: Callable[[Connection, int, Condition, Scope], Finding] | None = None
    more_of_scan: Callable[[Connection, int, int], Iterator[Finding]] | None = None
    more_of_mapping: Callable[[Connection, "Step", Condition, Scope], Iterator[Finding]] | None = None

    def of_scan(self, credential_id: int, season_id: int) -> Condition:
        """The rows of the snapshot of one credential and season."""
        return scan_of(self.snapshot, credential_id, season_id)

    @property
    def of_one_team(self) -> bool:
        """Whether a row belongs to one team, so that a sync may be narrowed to those of it."""
        return "twizzit_team_id" in self.snapshot.c

    def ours(self, credential_id: int, season_id: int, speaks_of: Scope) -> Condition:
        """The mappings to judge: the credential's, or of those the ones that the season lists."""
        owned = self.mappings.c.credential_id == credential_id
        if speaks_of == "credential":
            return owned
        listed = select(self.snapshot.c[self.remote_id]).where(self.of_scan(credential_id, season_id))
        return and_(owned, mapped_to(self.mappings, listed))


def those_astray(connection: Connection, mappings: Select[tuple[int, str, str]], speaks_of: Scope) -> Finding:
    """The mappings that point nowhere: `mappings` says id, remote id and why, which is null where all is well."""
    seen = mappings.subquery()
    rows = connection.execute(select(seen).where(seen.c.reason.is_not(None)).order_by(seen.c.id)).all()
    reasons = dict(Counter(row.reason for row in rows))
    return Finding(SOMEWHERE, speaks_of, tuple(row[1] for row in rows), reasons=reasons, grave=True)


@lru_cache(KEPT)
def scan_of(snapshot: Table, credential_id: int, season_id: int) -> Condition:
    """The rows of a snapshot of one credential and season."""
    return and_(snapshot.c.credential_id == credential_id, snapshot.c.season_id == season_id)


@lru_cache(KEPT)
def fed_clubs(credential_id: int) -> Select[tuple[int]]:
    """The ids of ShotSpot's clubs that have a team of the credential."""
    team, mapping = teams.alias(), team_mappings.alias()  # the query around this one may ask the same tables
    return (
        select(team.c.club_id)
        .join(mapping, mapping.c.local_team_id == team.c.id)
        .where(mapping.c.credential_id == credential_id)
    )


@lru_cache(KEPT)
def nobodys(mappings: Table) -> Condition:
    """Mappings whose credential is gone, or was never known."""
    return mappings.c.credential_id.is_(None) | mappings.c.credential_id.not_in(select(credentials.c.id))


@lru_cache(KEPT)
def of_its_organizations(mappings: Table, credential_id: int) -> Condition:
    """Mappings of the organizations that a credential reads: a match, and its competition, may be another club's too,
    with ids of its own.
    """
    mine = mappings.alias()
    return exists().where(
        mine.c.credential_id == credential_id,
        mine.c.twizzit_host == mappings.c.twizzit_host,
        mine.c.twizzit_dialect == mappings.c.twizzit_dialect,
        mine.c.twizzit_organization_id.is_not_distinct_from(mappings.c.twizzit_organization_id),
    )
