"""Who wins where both sides changed a field, by the policy of the credential; and what is asked, and asked no more."""

import pytest
from sqlalchemy import insert, text

from tests.support.decided_world import DecidedWorld, decided, in_conflict, in_conflict_about_teams
from tests.support.sync_world import STEPS, WRITTEN_BY_A_SYNC, SyncWorld
from tests.support.undone import undo
from twizzit_pipeline.errors import ConflictRefused
from twizzit_pipeline.storage import tables


def test_what_both_sides_changed_is_whose_the_policy_of_its_field_says_and_else_the_usual_one(
    club: DecidedWorld,
) -> None:
    club.ask("ask", players__first_name="shotspot", last_name="twizzit")
    club.edit(first_name="Lokaal", last_name="Plaatselijk", jersey_number=802, updated_at=text("now()"))
    club.world.simulator.changes.rename_person(club.remote_id, "Remo", "Ver")
    club.world.simulator.changes.set_number(club.remote_id, 803)

    report = club.sync().players

    player = club.player
    assert (player["first_name"], player["last_name"], player["jersey_number"]) == ("Lokaal", "Ver", 802)
    assert ([one.column for one in club.open()], report.questions) == (["jersey_number"], 1)
    before = club.world.dump(WRITTEN_BY_A_SYNC)
    again = club.sync()
    assert club.world.dump(WRITTEN_BY_A_SYNC) == before
    assert again.history["players"].details.get("new_questions", 0) == 0


def test_an_edit_is_newer_than_a_sync_that_is_undone(club: DecidedWorld) -> None:
    """Else the sync after an undo does not do the same again: it writes over what the first one had left."""
    club.ask("newest")
    club.edit(first_name="Lokaal", updated_at=text("now()"))
    club.rename("Remo")
    synced = club.sync()
    done = undo(club.world, synced)

    club.sync()

    assert club.player["first_name"] == "Lokaal"
    assert done.follows[0].kind == "again"


def test_an_edit_is_newer_than_a_sync_of_before_the_clock_was_put_back(club: DecidedWorld) -> None:
    club.ask("newest")
    with club.world.connected() as connection:
        ahead = "started_at = started_at + interval '1 day', completed_at = completed_at + interval '1 day'"
        connection.execute(f"UPDATE twizzit_sync_history SET {ahead}")
    club.sync()
    club.edit(first_name="Lokaal", updated_at=text("now()"))
    club.rename("Remo")

    club.sync()

    assert club.player["first_name"] == "Lokaal"


WRITTEN = {
    "now()": "Lokaal",
    "now() - interval '1 day'": "Remo",  # older than the last sync
    "NULL": "Remo",
    "'infinity'": "Remo",
    "'0044-03-15 BC'": "Remo",
    "now() + interval '50 years'": "Lokaal",
}


@pytest.mark.parametrize("without_zone", [False, True])
def test_newest_is_whose_shotspot_s_clock_says_even_where_that_is_wrong(club: DecidedWorld, without_zone: bool) -> None:
    club.ask("newest")
    those = {written: club.another(place) for place, written in enumerate(WRITTEN)}
    held = {written: one.local_id for written, one in those.items()}
    with club.world.connected() as connection:
        if without_zone:
            connection.execute("ALTER TABLE players ALTER updated_at TYPE timestamp")
        for written, local_id in held.items():
            connection.execute("UPDATE players SET first_name = 'Lokaal' WHERE id = %s", [local_id])
            connection.execute(f"UPDATE players SET updated_at = {written} WHERE id = {local_id}".encode())
    for one in those.values():
        one.rename("Remo")

    club.sync()

    with club.world.connected() as connection:
        names = dict(connection.execute("SELECT id, first_name FROM players").fetchall())
    assert {written: names[local_id] for written, local_id in held.items()} == WRITTEN


EDITED = {"now()": 0, "now() - interval '1 day'": 1}


def in_two_conflicts(world: SyncWorld) -> None:
    """Both sides have changed the first names of two players, one in ShotSpot before the sync before; two syncs have
    asked about them, so that Twizzit's value is no news.
    """
    club = decided(world)
    club.ask()
    for edited, place in EDITED.items():
        club.another(place).edit(first_name="Lokaal", updated_at=text(edited))
        club.another(place).rename("Remo")
    club.sync()
    club.sync()
    assert len(club.open()) == 2


@pytest.mark.begins(after=in_two_conflicts)
def test_another_policy_decides_what_was_asked(club: DecidedWorld) -> None:
    """For either side: one edit is newer than the sync before, and stays; the other is older."""
    those = [club.another(place) for place in EDITED.values()]
    club.ask("ask", players__first_name="newest")

    report = club.sync().players

    assert [one.player["first_name"] for one in those] == ["Lokaal", "Remo"]
    assert (report.questions, club.open()) == (0, [])
    assert [one.status for one in club.open(over=True)] == ["settled", "settled"]
    before = club.world.dump(WRITTEN_BY_A_SYNC)
    club.ask()
    club.sync()
    assert (club.world.dump(WRITTEN_BY_A_SYNC), club.open()) == (before, [])


@pytest.mark.begins(after=in_conflict_about_teams)
def test_another_policy_decides_about_teams_that_were_asked_about(club: DecidedWorld) -> None:
    named = club.world.local_id(club.world.roster(2)[0], "team")
    those = [club.asked_about(one) for one in club.open()]
    assert len(those) == 2
    club.ask("twizzit")

    club.sync()

    assert ([one.player["team_id"] for one in those], club.open()) == ([named, named], [])


@pytest.mark.begins(after=in_conflict_about_teams)
def test_no_answer_moves_a_player_into_a_club_that_the_account_does_not_feed(club: DecidedWorld) -> None:
    """A coach who may decide about this club alone would otherwise reach into another one."""
    world = club.world
    own, moved_to, free = (world.local_id(world.roster(place)[0], "team") for place in (0, 1, 3))
    found, other_one = club.open()
    club = club.asked_about(found)
    with world.database.engine.begin() as connection:
        other = connection.scalar(insert(tables.clubs).values(name="Another").returning(tables.clubs.c.id))
        theirs = connection.scalar(insert(tables.teams).values(name="A", club_id=other).returning(tables.teams.c.id))

    with pytest.raises(ConflictRefused, match=f"^Team {theirs} of ShotSpot is of a club that this account does not"):
        club.resolve(found.id, "value", theirs)
    assert (club.player["team_id"], [one.id for one in club.open()]) == (moved_to, [found.id, other_one.id])

    club.resolve(found.id, "value", free)
    assert (club.player["team_id"], [one.id for one in club.open()]) == (free, [other_one.id])
    assert own != free


def test_a_question_says_all_three_sides(club: DecidedWorld) -> None:
    base = club.player["first_name"]

    found = club.conflict()

    assert (found.entity, found.twizzit_id, found.kind) == ("players", str(club.remote_id), "field")
    assert (found.column, found.local_id, found.status) == ("first_name", club.local_id, "open")
    assert (found.base, found.local, found.remote, found.now) == (base, "Lokaal", "Remo", "Lokaal")
    (history,) = [row for row in club.world.rows(tables.sync_history) if row["id"] == found.history_id]
    assert history["sync_type"] == "players"
    assert history["details"]["questions"] == history["details"]["new_questions"] == 1


@pytest.mark.begins(after=in_conflict)
def test_another_value_of_either_side_is_the_same_question_anew(club: DecidedWorld) -> None:
    first = club.waits()
    club.rename("Rémi")
    club.sync()
    club.edit(first_name="Anders")
    club.sync()

    (second,) = club.open()
    assert second.id == first.id
    assert (second.base, second.local, second.remote) == (first.base, "Anders", "Rémi")


def test_a_conflict_is_settled_once_both_agree_or_twizzit_takes_its_change_back(club: DecidedWorld) -> None:
    club.ask()
    those = [club.another(place) for place in range(3)]
    as_twizzit, as_shotspot, as_before = those
    for one in those:
        one.edit(first_name="Lokaal")
        one.rename("Remo")
    club.sync()
    found = {one.twizzit_id: one for one in club.open()}
    assert set(found) == {str(one.remote_id) for one in those}
    as_twizzit.rename("Lokaal")
    as_shotspot.edit(first_name="Remo")
    as_before.rename(str(found[str(as_before.remote_id)].base))

    synced = club.sync()

    assert club.open() == []
    assert [(one.status, one.resolution) for one in club.open(over=True)] == [("settled", None)] * 3
    assert [one.player["first_name"] for one in those] == ["Lokaal", "Remo", "Lokaal"]
    assert "questions" not in synced.history["players"].details


@pytest.mark.begins(after=in_conflict)
def test_a_repair_writes_twizzit_s_value_and_settles_the_conflict(club: DecidedWorld) -> None:

    with club.world.session(club.credential_id, repair=True) as session:
        session.to_map = {"teams", "players"}
        for step in STEPS:
            step(session)

    assert club.player["first_name"] == "Remo"
    assert [one.status for one in club.open(over=True)] == ["settled"]


@pytest.mark.begins(after=in_conflict)
def test_a_conflict_about_a_player_who_is_mapped_to_another_row_is_settled(club: DecidedWorld) -> None:
    other = club.world.local_id(club.world.roster(1)[1][3])
    with club.world.database.engine.begin() as connection:
        connection.execute(tables.player_mappings.delete().where(tables.player_mappings.c.local_player_id == other))
        connection.execute(
            tables.player_mappings.update()
            .where(tables.player_mappings.c.local_player_id == club.local_id)
            .values(local_player_id=other)
        )
    held = club.player["first_name"]

    club.sync()

    assert club.player["id"] == other
    assert club.player["first_name"] == held  # corrected by hand: not overruled
    assert [one.status for one in club.open(over=True)] == ["settled"]


@pytest.mark.begins(after=in_conflict_about_teams)
def test_a_team_that_both_sides_changed_is_asked_about(club: DecidedWorld) -> None:
    world = club.world
    own, moved_to, named = (world.local_id(world.roster(place)[0], "team") for place in (0, 1, 2))

    found, other = club.open()

    club = club.asked_about(found)
    assert (found.column, found.base, found.local, found.remote) == ("team_id", own, moved_to, named)
    assert set(found.team_names) == {own, moved_to, named}
    assert club.player["team_id"] == moved_to
    club.sync()
    assert club.player["team_id"] == moved_to

    club.resolve(found.id, "twizzit")

    assert club.player["team_id"] == named
    club.sync()
    assert (club.player["team_id"], [one.id for one in club.open()]) == (named, [other.id])


def test_a_team_s_name_and_a_number_have_policies_too(club: DecidedWorld) -> None:
    world = club.world
    club.ask("ask", players__jersey_number="shotspot")
    group = world.roster()[0]
    world.change(tables.teams, world.local_id(group, "team"), name="Onze ploeg")
    world.simulator.changes.rename_team(group, "Twizzits ploeg")
    world.simulator.changes.set_number(club.remote_id, 801)
    club.sync()
    club.edit(jersey_number=802)
    world.simulator.changes.set_number(club.remote_id, 803)

    club.sync()

    assert club.player["jersey_number"] == 802
    (found,) = club.open()
    assert (found.entity, found.local, found.remote) == ("teams", "Onze ploeg", "Twizzits ploeg")
    assert world.team(group)["name"] == "Onze ploeg"
