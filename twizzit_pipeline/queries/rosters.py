"""The people of one team from both sides: ShotSpot's, and those whom the last sync saw in Twizzit.

What belongs here: reading ShotSpot's side and putting the two together. Twizzit's is `last_syncs`', what it means for
each of them `registered`'s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, and_, select

from twizzit_pipeline.errors import UnknownTeam
from twizzit_pipeline.queries.last_syncs import LastSync, last_syncs
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.remote_ids import mapped_to, remote_id
from twizzit_pipeline.storage.tables import clubs, credentials, player_mappings, players, team_mappings, teams

_LARGEST_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class LocalTeam:
    """A local team, and its mapping if it has one."""

    id: int
    name: str
    club_id: int
    club_name: str
    twizzit_id: str | None
    credential_id: int | None
    credential_active: bool | None
    twizzit_host: str | None = None
    twizzit_dialect: str | None = None
    twizzit_organization_id: str | None = None


@dataclass(frozen=True, slots=True)
class Local:
    """A player of ShotSpot, with the team that they play in and their mapping if they have one.

    `flagged` is ShotSpot's own `is_twizzit_registered`, which alone decides who may play an official match. A trigger
    keeps it in step with the mappings, unless that is gone or the flag was changed since.
    """

    player_id: int
    first_name: str
    last_name: str
    jersey_number: int | None
    active: bool | None
    flagged: bool
    team_id: int | None
    team_name: str | None
    twizzit_id: str | None
    credential_id: int | None
    credential_active: bool | None


@dataclass(frozen=True, slots=True)
class Roster:
    """A team from both sides.

    Attributes:
        players: ShotSpot's, of this team.
        others: remote id → the local player that is mapped to it, for those whom Twizzit lists in this team and who
            play in another of ShotSpot's, or in none.
        syncs: credential → its last sync of players.
    """

    team: LocalTeam
    players: Sequence[Local]
    others: Mapping[str, Local]
    syncs: Mapping[int, LastSync]

    @property
    def last(self) -> LastSync | None:
        """The last sync of the credential that keeps the team; None where there is none."""
        return None if self.team.credential_id is None else self.syncs.get(self.team.credential_id)

    @property
    def outside(self) -> list[str]:
        """Remote ids of those whom Twizzit lists in this team and who were rejected or set aside there."""
        if self.last is None or self.team.twizzit_id is None:
            return []
        return [
            person
            for person, listed in self.last.places.items()
            if self.team.twizzit_id in listed and person not in self.last.here
        ]


def read_roster(engine: Engine, team_id: int) -> Roster:
    """What is known of a local team.

    Raises:
        UnknownTeam: ShotSpot has no team of that id.
    """
    with driver_errors(), engine.connect() as connection:
        team = _team(connection, team_id)
        people = _locals(connection, players.c.team_id == team_id)
        syncs = last_syncs(
            connection,
            club_id=team.club_id,
            twizzit_team_id=team.twizzit_id,
            mapped=[(one.credential_id, one.twizzit_id) for one in people if one.twizzit_id is not None],
        )
        last = None if team.credential_id is None else syncs.get(team.credential_id)
        listed = set() if last is None else {*last.here, *last.places} - {one.twizzit_id for one in people}
        mapped = and_(
            mapped_to(player_mappings, listed),
            player_mappings.c.twizzit_host.is_not_distinct_from(team.twizzit_host),
            player_mappings.c.twizzit_dialect.is_not_distinct_from(team.twizzit_dialect),
            player_mappings.c.twizzit_organization_id.is_not_distinct_from(team.twizzit_organization_id),
        )
        others = _locals(connection, mapped) if listed else []
    return Roster(team, people, {str(one.twizzit_id): one for one in others}, syncs)


def require_team(engine: Engine, team_id: int) -> None:
    """Does nothing where ShotSpot has such a team.

    Raises:
        UnknownTeam: it has none.
    """
    with driver_errors(), engine.connect() as connection:
        _team(connection, team_id)


def _team(connection: Connection, team_id: int) -> LocalTeam:
    if 0 < team_id <= _LARGEST_ID:
        wanted = (
            select(
                teams.c.id,
                teams.c.name,
                teams.c.club_id,
                clubs.c.name,
                remote_id(team_mappings),
                team_mappings.c.credential_id,
                credentials.c.is_active,
                team_mappings.c.twizzit_host,
                team_mappings.c.twizzit_dialect,
                team_mappings.c.twizzit_organization_id,
            )
            .join(clubs, clubs.c.id == teams.c.club_id)
            .join(team_mappings, team_mappings.c.local_team_id == teams.c.id, isouter=True)
            .join(credentials, credentials.c.id == team_mappings.c.credential_id, isouter=True)
            .where(teams.c.id == team_id)
        )
        row: Any = connection.execute(wanted).one_or_none()
        if row is not None:
            return LocalTeam(*row)
    raise UnknownTeam(f"No team of ShotSpot has the id {team_id}; see: twizzit mappings teams")


def _locals(connection: Connection, which: Any) -> list[Local]:
    wanted = (
        select(
            players.c.id,
            players.c.first_name,
            players.c.last_name,
            players.c.jersey_number,
            players.c.is_active,
            players.c.is_twizzit_registered.is_(True),
            players.c.team_id,
            teams.c.name,
            remote_id(player_mappings),
            player_mappings.c.credential_id,
            credentials.c.is_active,
        )
        .join(teams, teams.c.id == players.c.team_id, isouter=True)
        .join(player_mappings, player_mappings.c.local_player_id == players.c.id, isouter=True)
        .join(credentials, credentials.c.id == player_mappings.c.credential_id, isouter=True)
        .where(which)
        .order_by(players.c.id)
    )
    rows: Sequence[Any] = connection.execute(wanted).all()
    return [Local(*row) for row in rows]
