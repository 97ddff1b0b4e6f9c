"""Which clubs of ShotSpot a credential feeds: a federation's may name any, and an administrator sees which it did."""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, select

from twizzit_pipeline.credentials import store
from twizzit_pipeline.runs.entity_counts import MOST_ITEMS_IN_DETAILS
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import clubs, team_mappings, teams


@dataclass(frozen=True, slots=True)
class FedClub:
    """A club of ShotSpot in which teams of a credential stand.

    Attributes:
        teams: how many; `named`: how many of them named the club, in place of being the organization's own.
    """

    club_id: int
    club_name: str
    teams: int
    named: int


def clubs_of(engine: Engine, credential_id: int) -> list[FedClub]:
    """The clubs that a credential feeds, by name.

    Raises:
        UnknownCredential: no row has that id.
    """
    names_one = team_mappings.c.last_values["club_name"].astext.is_not(None)
    fed = (
        select(clubs.c.id, clubs.c.name, func.count(), func.count().filter(names_one))
        .join(teams, teams.c.club_id == clubs.c.id)
        .join(team_mappings, team_mappings.c.local_team_id == teams.c.id)
        .where(team_mappings.c.credential_id == credential_id)
        .group_by(clubs.c.id, clubs.c.name)
        .order_by(clubs.c.name)
    )
    with driver_errors():
        store.get(engine, credential_id)
        with engine.connect() as connection:
            return [FedClub(*row) for row in connection.execute(fed)]


def feeds(connection: Connection, credential_id: int, club_id: int) -> bool:
    """Whether teams of the credential stand in this club of ShotSpot."""
    fed = (
        select(teams.c.id)
        .join(team_mappings, team_mappings.c.local_team_id == teams.c.id)
        .where(team_mappings.c.credential_id == credential_id, teams.c.club_id == club_id)
    )
    return connection.execute(fed.limit(1)).first() is not None


def counted(connection: Connection, credential_id: int) -> dict[str, object]:
    """The clubs that the credential feeds as counts and ids, for the history's details."""
    fed = (
        select(teams.c.club_id)
        .distinct()
        .join(team_mappings, team_mappings.c.local_team_id == teams.c.id)
        .where(team_mappings.c.credential_id == credential_id)
        .order_by(teams.c.club_id)
    )
    ids = list(connection.scalars(fed))
    return {"count": len(ids), "club_ids": ids[:MOST_ITEMS_IN_DETAILS]}
