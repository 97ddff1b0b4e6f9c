"""What is asked about players: their names, where their mappings point, whose they are, and who may play."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, and_, case, exists, select

from twizzit_pipeline.quality.findings import Finding, Scope
from twizzit_pipeline.quality.judged import KEPT, Condition, Judged, fed_clubs, nobodys, scan_of, those_astray
from twizzit_pipeline.quality.names import REGISTRATION
from twizzit_pipeline.storage.remote_ids import remote_id
from twizzit_pipeline.storage.tables import player_mappings, players, team_mappings, twizzit_players, twizzit_teams


def _scanned_names(connection: Connection, credential_id: int, season_id: int) -> Iterable[Sequence[Any]]:
    """The place is the club of the team that the person plays in.

    Put together here: of a snapshot just written PostgreSQL has no statistics yet, and would join row by row.
    """
    table, team = twizzit_players.c, twizzit_teams.c
    of_teams = scan_of(twizzit_teams, credential_id, season_id)
    found = connection.execute(select(team.twizzit_team_id, team.club_name).where(of_teams))
    clubs = {row.twizzit_team_id: row.club_name for row in found}
    wanted = select(table.twizzit_player_id, table.twizzit_team_id, table.first_name, table.last_name)
    for player_id, team_id, *name in connection.execute(
        wanted.where(scan_of(twizzit_players, credential_id, season_id))
    ):
        yield player_id, clubs.get(team_id), *name


@lru_cache(KEPT)
def _local_names(credential_id: int) -> Select[Any]:
    """Players who have left are no namesakes any more."""
    return select(players.c.id, players.c.club_id, players.c.first_name, players.c.last_name).where(
        players.c.club_id.in_(fed_clubs(credential_id)), players.c.is_active.is_not(False)
    )


def _astray(connection: Connection, credential_id: int, ours: Condition, speaks_of: Scope) -> Finding:
    """A team's mapping without an owner is reported by `mappings_have_an_owner`, not here."""
    table = player_mappings.c
    reason = case(
        (players.c.id.is_(None), "local_row_gone"),
        (table.team_mapping_id.is_(None), "without_team_mapping"),
        (team_mappings.c.id.is_(None), "team_mapping_gone"),
        (team_mappings.c.credential_id != table.credential_id, "team_mapping_of_another_credential"),
    ).label("reason")
    mappings = (
        select(table.id, remote_id(player_mappings), reason)
        .join(players, players.c.id == table.local_player_id, isouter=True)
        .join(team_mappings, team_mappings.c.id == table.team_mapping_id, isouter=True)
        .where(ours)
    )
    return those_astray(connection, mappings, speaks_of)


@lru_cache(KEPT)
def _without_owner(credential_id: int) -> Select[Any]:
    return (
        select(remote_id(player_mappings))
        .join(players, players.c.id == player_mappings.c.local_player_id)
        .where(and_(nobodys(player_mappings), players.c.club_id.in_(fed_clubs(credential_id))))
        .order_by(player_mappings.c.id)
    )


def _registration(connection: Connection, credential_id: int, ours: Condition, speaks_of: Scope) -> Finding:
    """ShotSpot's rule: a player with a mapping is registered, and no other one is.

    A mapped player without the flag is kept off the pitch: that is grave. One with the flag and without a mapping may
    play, and no mapping vouches for it.
    """
    mapped = (
        select(players.c.id)
        .join(player_mappings, player_mappings.c.local_player_id == players.c.id)
        .where(ours, players.c.is_twizzit_registered.is_not(True))
        .order_by(players.c.id)
    )
    kept_off = [str(player_id) for player_id in connection.scalars(mapped)]
    unvouched: list[str] = []
    if speaks_of == "credential":
        has_mapping = exists().where(player_mappings.c.local_player_id == players.c.id)
        flagged = (
            select(players.c.id)
            .where(
                players.c.club_id.in_(fed_clubs(credential_id)),
                players.c.is_twizzit_registered.is_(True),
                ~has_mapping,
            )
            .order_by(players.c.id)
        )
        unvouched = [str(player_id) for player_id in connection.scalars(flagged)]
    return Finding(
        REGISTRATION,
        speaks_of,
        (*kept_off, *unvouched),
        local=True,
        reasons={"mapped_but_not_registered": len(kept_off), "registered_without_mapping": len(unvouched)},
        grave=bool(kept_off),
    )


JUDGED = Judged(
    snapshot=twizzit_players,
    mappings=player_mappings,
    remote_id="twizzit_player_id",
    scanned_names=_scanned_names,
    local_names=_local_names,
    astray=_astray,
    without_owner=_without_owner,
    registration=_registration,
)
