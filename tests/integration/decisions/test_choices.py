"""What a person chooses among for a player's team: the teams of the club, those that play."""

from datetime import timedelta

from sqlalchemy import insert, select

from tests.support.decided_world import DecidedWorld
from twizzit_pipeline.decisions.choices import teams_of_players
from twizzit_pipeline.runs.season_rows import today
from twizzit_pipeline.storage.tables import clubs, players, seasons, teams


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


def test_a_team_of_an_earlier_season_is_no_choice_and_two_of_one_name_say_theirs(club: DecidedWorld) -> None:
    engine, club_id, day = club.world.database.engine, club.player["club_id"], today()
    (named, *_) = club.world.rows(teams, id=club.player["team_id"])
    with engine.begin() as connection:
        for id_, name, ends in ((900, "Then", day - timedelta(1)), (901, "Indoor", day)):
            season = {"id": id_, "name": name, "start_date": day - timedelta(9), "end_date": ends}
            connection.execute(insert(seasons).values(season))
            team = {"name": named["name"], "club_id": club_id, "season_id": id_, "is_active": None}
            connection.execute(insert(teams).values(id=id_, **team))
        own = connection.scalar(select(seasons.c.name).where(seasons.c.id == named["season_id"]))
    found = dict(teams_of_players(engine, {club.local_id})[club.local_id])
    assert (found[named["id"]], found[901]) == (f"{named['name']} ({own})", f"{named['name']} (Indoor)")
    assert 900 not in found
    assert len(found) == 5
