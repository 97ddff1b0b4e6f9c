"""What a person may choose among for a field that names another row: the teams of a player's club."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Engine, select

from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import players, teams

Choice = tuple[int, str]  # local id, name


def teams_of_players(engine: Engine, player_ids: Collection[int]) -> Mapping[int, Sequence[Choice]]:
    """Player's local id → the teams of the same club that play, by name."""
    found: dict[int, list[Choice]] = {player_id: [] for player_id in player_ids}
    if not found:
        return found
    wanted = (
        select(players.c.id, teams.c.id, teams.c.name)
        .join_from(players, teams, teams.c.club_id == players.c.club_id)
        .where(among(players.c.id, sorted(found)), teams.c.is_active)
        .order_by(teams.c.name, teams.c.id)
    )
    with driver_errors(), engine.connect() as connection:
        for player_id, team_id, name in connection.execute(wanted):
            found[player_id].append((team_id, name))
    return found
