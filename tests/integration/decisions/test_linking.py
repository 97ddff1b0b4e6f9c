"""Doubtful links: they wait in the list, and a person says which row it is, or that it is none of them."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert

from tests.support.decided_world import DecidedWorld, in_doubt
from twizzit_pipeline.errors import ConflictRefused
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.tables import player_mappings, players


@pytest.mark.begins(after=in_doubt)
def test_a_doubtful_link_waits_in_the_list_with_the_rows_that_fit(club: DecidedWorld) -> None:
    found, fitting = club.in_doubt()
    row, _ = (club.world.rows(players, id=one)[0] for one in fitting)
    name = f"{row['first_name']} {row['last_name']}"

    assert (found.kind, found.entity, found.twizzit_id) == ("doubtful_link", "players", str(club.remote_id))
    assert len(fitting) == 2
    assert [(one.name, one.mapped) for one in found.candidates] == [(name, False)] * 2
    assert found.name == name
    assert found.same_name == tuple(fitting)
    again = club.sync().players
    assert (again.questions, [one.id for one in club.open()]) == (1, [found.id])


@pytest.mark.begins(after=in_doubt)
@pytest.mark.parametrize("place", [0, 1])
def test_a_person_links_one_of_them_without_a_call(club: DecidedWorld, place: int) -> None:
    found, fitting = club.in_doubt()
    club.world.simulator.stop()  # Twizzit is not asked

    done = club.link(found.id, fitting[place])

    assert (done.local_id, done.resolution) == (fitting[place], "link")
    assert club.local_id == fitting[place]
    assert club.player["is_twizzit_registered"] is True
    journal = club.world.rows(tables.sync_changes, history_id=done.history_id)
    assert {row["table_name"] for row in journal} >= {"twizzit_player_mappings", "twizzit_conflicts"}
    assert club.open() == []


@pytest.mark.begins(after=in_doubt)
def test_what_was_linked_stays_so(club: DecidedWorld) -> None:
    found, fitting = club.in_doubt()
    club.link(found.id, fitting[1])

    report = club.sync().players

    assert (report.failed, report.created, report.linked, club.open()) == ({}, 0, 0, [])


@pytest.mark.begins(after=in_doubt)
def test_a_person_says_that_it_is_none_of_them(club: DecidedWorld) -> None:
    found, fitting = club.in_doubt()
    there = {row["id"] for row in club.world.rows(players)}

    done = club.link(found.id, None)

    assert done.local_id not in there
    assert club.local_id == done.local_id
    assert {row["id"] for row in club.world.rows(players)} - there == {done.local_id}
    assert club.sync().players.failed == {}
    assert all(club.world.rows(players, id=one) for one in fitting)


@pytest.mark.begins(after=in_doubt)
def test_who_is_made_stands_in_the_team_of_the_season_that_decides(club: DecidedWorld) -> None:
    """And not of an indoor season within it, which began later, is over, and lists the person in another team."""
    found, _ = club.in_doubt()
    world, seen = club.world, tables.twizzit_players
    (listed,) = world.rows(seen, twizzit_player_id=str(club.remote_id))
    yesterday = seasons.today() - timedelta(days=1)
    indoor = {"id": 900, "label": "Indoor", "start_date": yesterday, "end_date": yesterday}
    elsewhere = {"season_id": 900, "twizzit_team_id": str(world.roster(1)[0])}
    with world.database.engine.begin() as connection:
        connection.execute(insert(tables.twizzit_seasons).values(credential_id=club.credential_id, **indoor))
        connection.execute(insert(seen).values({**listed, **elsewhere}))

    club.link(found.id, None)

    assert club.player["team_id"] == world.local_id(int(listed["twizzit_team_id"]), "team")


@pytest.mark.begins(after=in_doubt)
def test_what_was_chosen_counts_again_where_the_mapping_is_lost(club: DecidedWorld) -> None:
    found, fitting = club.in_doubt()
    club.link(found.id, fitting[1])
    with club.world.database.engine.begin() as connection:
        connection.execute(delete(player_mappings).where(player_mappings.c.local_player_id == fitting[1]))

    report = club.sync().players

    assert (report.linked, report.failed) == (1, {})
    assert club.local_id == fitting[1]


@pytest.mark.begins(after=in_doubt)
def test_a_mapping_that_a_person_corrects_is_not_overruled_by_what_was_chosen(club: DecidedWorld) -> None:
    found, fitting = club.in_doubt()
    club.link(found.id, fitting[0])
    with club.world.database.engine.begin() as connection:
        connection.execute(
            player_mappings.update()
            .where(player_mappings.c.local_player_id == fitting[0])
            .values(local_player_id=fitting[1])
        )

    club.sync()
    club.sync()

    assert club.local_id == fitting[1]


@pytest.mark.begins(after=in_doubt)
def test_a_row_that_cannot_be_the_one_is_refused(club: DecidedWorld) -> None:
    found, _ = club.in_doubt()
    world = club.world
    mapped = world.local_id(world.roster(1)[1][3])
    with world.database.engine.begin() as connection:
        other_club = connection.execute(insert(tables.clubs).values(name="Elders").returning(tables.clubs.c.id))
        elsewhere = connection.execute(
            insert(players)
            .values(first_name="Ann", last_name="Elders", club_id=other_club.scalar_one())
            .returning(players.c.id)
        ).scalar_one()
    histories = len(world.rows(tables.sync_history))

    for local_id, why in (
        (2**31 - 1, "has no player"),
        (mapped, "is mapped to something else already"),
        (elsewhere, "of another club"),
    ):
        with pytest.raises(ConflictRefused, match=why):
            club.link(found.id, local_id)

    assert [one.id for one in club.open()] == [found.id]
    assert len(world.rows(tables.sync_history)) == histories


@pytest.mark.begins(after=in_doubt)
def test_a_row_of_another_name_in_the_club_can_be_chosen(club: DecidedWorld) -> None:
    found, _ = club.in_doubt()
    club_id = club.world.rows(players)[0]["club_id"]
    with club.world.database.engine.begin() as connection:
        nickname = connection.execute(
            insert(players).values(first_name="Roepnaam", last_name="Heel", club_id=club_id).returning(players.c.id)
        ).scalar_one()

    club.link(found.id, nickname)

    assert club.local_id == nickname
    assert club.player["first_name"] == "Roepnaam"  # at the first link only what is empty is filled


@pytest.mark.begins(after=in_doubt)
def test_a_doubt_that_is_gone_is_settled(club: DecidedWorld) -> None:
    _, fitting = club.in_doubt()
    with club.world.database.engine.begin() as connection:
        connection.execute(delete(players).where(players.c.id == fitting[1]))

    club.sync()

    assert club.local_id == fitting[0]
    assert [one.status for one in club.open(over=True)] == ["settled"]


@pytest.mark.begins(after=in_doubt)
def test_a_link_to_someone_whom_twizzit_lists_no_more_is_settled(club: DecidedWorld) -> None:
    found, fitting = club.in_doubt()
    club.world.simulator.changes.remove_person(club.remote_id)
    club.sync()
    assert club.open() == []

    with pytest.raises(ConflictRefused, match="settled already"):
        club.link(found.id, fitting[0])


def test_a_doubtful_team_is_linked(club: DecidedWorld) -> None:
    world = club.world
    group = world.roster()[0]
    row, local_id = world.team(group), world.local_id(group, "team")
    with world.database.engine.begin() as connection:
        connection.execute(delete(tables.team_mappings).where(tables.team_mappings.c.local_team_id == local_id))
        connection.execute(
            insert(tables.teams).values(club_id=row["club_id"], name=row["name"].upper(), season_id=row["season_id"])
        )
        connection.execute(tables.teams.update().where(tables.teams.c.id == local_id).values(name=row["name"].lower()))
    club.sync()
    (found,) = [one for one in club.open() if one.entity == "teams"]
    assert local_id in [one.local_id for one in found.candidates]

    club.link(found.id, local_id)

    assert world.local_id(group, "team") == local_id
    assert club.sync().teams.failed == {}
