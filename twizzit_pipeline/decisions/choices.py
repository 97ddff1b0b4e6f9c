"""What a person may choose among for a field that names another row: the teams of a player's club."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Engine, or_, select

from twizzit_pipeline.runs.season_rows import today
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import players, seasons, teams

Choice = tuple[int, str]  # local id, name


def teams_of_players(engine: Engine, player_ids: Collection[int]) -> Mapping[int, Sequence[Choice]]:
    """Player's local id → the teams of the same club that play, by name: none that is inactive, or of a season that is
    over. Teams of one club with one name say their season as well.
    """
    found: dict[int, list[tuple[int, str, str | None]]] = {player_id: [] for player_id in player_ids}
    if not found:
        return {}
    wanted = (
        select(players.c.id, teams.c.id, teams.c.name, seasons.c.name)
        .join_from(players, teams, teams.c.club_id == players.c.club_id)
        .join(seasons, seasons.c.id == teams.c.season_id, isouter=True)
        .where(
            among(players.c.id, sorted(found)),
            teams.c.is_active.is_not(False),
            or_(seasons.c.id.is_(None), seasons.c.end_date >= today()),
        )
        .order_by(teams.c.name, seasons.c.start_date, teams.c.id)
    )
    with driver_errors(), engine.connect() as connection:
        for player_id, *team in connection.execute(wanted):
            found[player_id].append((*team,))
    return {player_id: _named(listed) for player_id, listed in found.items()}


def _named(listed: Sequence[tuple[int, str, str | None]]) -> Sequence[Choice]:
    names = Counter(name for _, name, _ in listed)
    return [(id_, name if names[name] == 1 or season is None else f"{name} ({season})") for id_, name, season in listed]
