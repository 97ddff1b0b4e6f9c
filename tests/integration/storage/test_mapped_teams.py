"""Mappings of teams that are written in place: chains and circles, and no mapping of a player goes along."""

from collections.abc import Mapping

import pytest
from sqlalchemy import Connection, delete, insert, select

from twizzit_pipeline.errors import DatabaseRefused
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.storage.mapped_teams import name_teams
from twizzit_pipeline.storage.tables import clubs, player_mappings, players, team_mappings, teams


def filled(connection: Connection) -> None:
    """Four teams, the first three of which are mapped, each with a player."""
    connection.execute(insert(clubs).values(id=1, name="KC Duinen"))
    for one in range(1, 5):
        connection.execute(insert(teams).values(id=one, club_id=1, name=f"U1{one}"))
    for one in range(1, 4):
        connection.execute(insert(team_mappings).values(id=one, local_team_id=one, twizzit_team_id=str(one)))
        connection.execute(insert(players).values(id=one, club_id=1, team_id=one, first_name="A", last_name="B"))
        mapping = {"local_player_id": one, "twizzit_player_id": str(one), "team_mapping_id": one}
        connection.execute(insert(player_mappings).values(**mapping))


@pytest.mark.parametrize(
    ("wanted", "is_one_free"),
    [
        ({1: 2, 2: 1}, True),
        ({1: 2, 2: 1}, False),
        ({1: 2, 2: 3, 3: 1}, True),
        ({1: 2, 2: 3, 3: 1}, False),
        ({1: 2, 2: 4}, True),
        ({1: 4}, True),
        ({1: 2, 2: 1, 3: 4}, True),
        ({1: 1, 2: 2}, False),
    ],
)
def test_each_names_what_it_is_to_name_and_nothing_else_changes(
    database: Database, wanted: Mapping[int, int], is_one_free: bool
) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("SELECT setval(pg_get_serial_sequence('teams', 'id'), 10)")
        filled(connection)
        if not is_one_free:
            connection.execute(delete(teams).where(teams.c.id == 4))
        others = [connection.execute(select(table).order_by(table.c.id)).all() for table in (teams, player_mappings)]

        name_teams(connection, wanted)

        named = connection.execute(select(team_mappings.c.id, team_mappings.c.local_team_id))
        now = {row.id: row.local_team_id for row in named}
        assert now == {**{one: one for one in range(1, 4)}, **wanted}
        after = [connection.execute(select(table).order_by(table.c.id)).all() for table in (teams, player_mappings)]
        assert after == others


def test_a_user_who_may_delete_nothing_of_shotspots_is_refused_where_no_team_is_free(database: Database) -> None:
    connected = database.engine.connect()
    with connected as connection, connection.begin() as transaction:
        filled(connection)
        connection.exec_driver_sql("CREATE ROLE mover_of_tests")
        rights = "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO mover_of_tests"
        connection.exec_driver_sql(rights)
        connection.exec_driver_sql("SET LOCAL ROLE mover_of_tests")
        name_teams(connection, {1: 2, 2: 1})
        connection.exec_driver_sql("RESET ROLE")
        connection.execute(delete(teams).where(teams.c.id == 4))
        connection.exec_driver_sql("SET LOCAL ROLE mover_of_tests")
        with pytest.raises(DatabaseRefused, match=r"lacks DELETE on 7 tables.* GRANT DELETE ON .*teams"):
            name_teams(connection, {1: 1, 2: 2})
        transaction.rollback()
