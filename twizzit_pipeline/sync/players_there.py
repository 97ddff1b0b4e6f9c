"""How many players ShotSpot has where a credential's players go."""

from sqlalchemy import Connection, func, select

from twizzit_pipeline.plan.rows import Owner
from twizzit_pipeline.storage.remote_ids import mapped_to
from twizzit_pipeline.storage.tables import players, team_mappings, teams, twizzit_players, twizzit_seasons
from twizzit_pipeline.sync.state.mapped import owned_by


def players_there(connection: Connection, owner: Owner, season: str) -> int:
    """How many players ShotSpot has in the clubs of the teams in which the season's last scan saw players."""
    listed, seen = twizzit_seasons.c, twizzit_players.c
    of_season = select(listed.id).where(listed.credential_id == owner.credential_id, listed.label == season)
    of_scan = select(seen.twizzit_team_id).where(
        seen.credential_id == owner.credential_id, seen.season_id.in_(of_season)
    )
    clubs = (
        select(teams.c.club_id)
        .join(team_mappings, team_mappings.c.local_team_id == teams.c.id)
        .where(owned_by(team_mappings, owner), mapped_to(team_mappings, of_scan))
    )
    return connection.scalar(select(func.count()).select_from(players).where(players.c.club_id.in_(clubs))) or 0
