"""What a person chooses among for a player's team: the teams of the club, those that play."""

from sqlalchemy import insert, select

from tests.support.decided_world import DecidedWorld
from twizzit_pipeline.decisions.choices import teams_of_players
from twizzit_pipeline.storage.tables import clubs, players, teams


def test_the_teams_of_the_club_that_play(club: DecidedWorld) -> None:
    engine = club.world.database.engine
    with engine.begin() as connection:
        other = connection.execute(insert(clubs).values(name="Another").returning(clubs.c.id)).scalar_one()
        connection.execute(insert(teams).values(name="Not ours", club_id=other, is_active=True))
        club_id = club.player["club_id"]
        connection.execute(insert(teams).values(name="Not any more", club_id=club_id, is_active=False))
        stray = connection.execute(
            insert(players).values(first_name="No", last_name="Club").returning(players.c.id)
        ).scalar_one()
        expected = connection.execute(
            select(teams.c.id, teams.c.name).where(teams.c.club_id == club_id, teams.c.is_active).order_by(teams.c.name)
        ).all()
    found = teams_of_players(engine, {club.local_id, stray})
    assert found == {club.local_id: [tuple(row) for row in expected], stray: []}
    assert len(expected) == 4
    assert teams_of_players(engine, ()) == {}
