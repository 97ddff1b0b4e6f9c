"""What the tests of registrations share: a small club, and what ShotSpot and Twizzit have of a team."""

from typing import Any

from sqlalchemy import insert

from tests.support.sync_world import SyncWorld
from twizzit_pipeline.queries.registered import registered
from twizzit_pipeline.queries.registrations import Registration
from twizzit_pipeline.storage import tables

SMALL: dict[str, Any] = {"clubs": 1, "teams": 4, "players_per_team": 6, "other_contacts": 0}


def add_player(world: SyncWorld, team_id: int, first: str, last: str, **more: Any) -> int:
    """A player whom ShotSpot's own users put into a team."""
    (team,) = world.rows(tables.teams, id=team_id)
    row = {"team_id": team_id, "club_id": team["club_id"], "first_name": first, "last_name": last, **more}
    with world.database.engine.begin() as connection:
        return int(connection.execute(insert(tables.players).values(row).returning(tables.players.c.id)).scalar_one())


def of_team(world: SyncWorld, team_id: int) -> dict[int, Registration]:
    return {
        one.player_id: one for one in registered(world.database.engine, team_id).people if one.here and one.player_id
    }


def members(world: SyncWorld, place: int = 0) -> list[Any]:
    """Whom Twizzit lists as players of a team, those who are rejected too."""
    return world.club().players(world.roster(place)[0])


def in_twizzit(world: SyncWorld, place: int = 0) -> int:
    return len(members(world, place))


def local_team(world: SyncWorld, place: int = 0) -> int:
    return world.local_id(world.roster(place)[0], "team")


def too_long(world: SyncWorld, place: int = 0) -> tuple[int, str]:
    """A new member of a team whose last name is longer than ShotSpot's column: remote id and last name."""
    group_id, _ = world.roster(place)
    last_name = "Van der " + "Lang" * 12
    person = world.simulator.changes.add_person(group_id, "Ann", last_name)
    return person, last_name


def too_long_by_a_sync(world: SyncWorld) -> None:
    """The same, and a sync that rejected them."""
    too_long(world)
    world.sync(next(iter(world.dialects)))


def who_is_too_long(world: SyncWorld) -> tuple[int, str]:
    """Remote id and last name of that member."""
    (one,) = (one for one in world.club().contacts.values() if str(one.last_name).startswith("Van der LangLang"))
    return one.id, str(one.last_name)
