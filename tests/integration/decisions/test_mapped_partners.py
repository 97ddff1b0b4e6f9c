"""Doubtful links of those who are mapped already: they play, a person is asked, and the answer holds."""

from typing import Any

import pytest
from sqlalchemy import insert

from tests.support.decided_world import COACH, DecidedWorld, decided
from tests.support.previewed import of_entity, previewed
from tests.support.sync_world import SyncWorld
from tests.support.undone import undo as undo_of
from twizzit_pipeline.decisions.listing import Waiting
from twizzit_pipeline.decisions.resolving import Left
from twizzit_pipeline.errors import ConflictRefused
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.tables import player_mappings, players
from twizzit_pipeline.undo.undoing import undo


def namesake(club: DecidedWorld, **other: Any) -> int:
    """A player of ShotSpot's without a mapping, who is called as the mapped one."""
    alike = {name: club.player[name] for name in ("club_id", "first_name", "last_name", "gender")}
    with club.world.database.engine.begin() as connection:
        made = connection.execute(insert(players).values(**{**alike, **other}).returning(players.c.id))
        return int(made.scalar_one())


def asked(club: DecidedWorld) -> Waiting:
    club.sync()
    (found,) = club.open()
    return found


def row(club: DecidedWorld, local_id: int) -> dict[str, Any]:
    (found,) = club.world.rows(players, id=local_id)
    return found


def states(club: DecidedWorld, local_id: int) -> tuple[bool, bool]:
    """Whether the player is active, and counts as registered."""
    found = row(club, local_id)
    return found["is_active"], found["is_twizzit_registered"]


def comes_anew(club: DecidedWorld, number: int | None = None) -> str:
    """Another contact of the name of the player comes into the same team; its remote id."""
    contact = club.world.club().contacts[club.remote_id]
    group = club.world.roster()[0]
    add = club.world.simulator.changes.add_person
    return str(add(group, contact.first_name, contact.last_name, None, number))


def with_a_namesake(world: SyncWorld) -> None:
    """ShotSpot has another player of the name, and a sync has asked about it."""
    club = decided(world)
    namesake(club)
    asked(club)


def with_another_contact(world: SyncWorld) -> None:
    """Twizzit has another contact of the name, with another number, and a sync has asked about it."""
    club = decided(world)
    comes_anew(club, 77)
    asked(club)


def test_a_namesake_without_mapping_is_asked_about_while_the_mapped_one_plays(club: DecidedWorld) -> None:
    was, other = club.player, namesake(club)

    found = asked(club)

    assert (found.kind, found.twizzit_id, found.local_id) == ("doubtful_link", str(club.remote_id), was["id"])
    assert [(one.local_id, one.mapped) for one in found.candidates] == [(other, False)]
    assert club.player == was
    again = club.sync().players
    assert (again.questions, [one.id for one in club.open()]) == (1, [found.id])
    assert again.created == again.updated == 0


@pytest.mark.begins(after=with_a_namesake)
def test_the_mapping_moves_and_the_row_that_a_sync_made_is_out_of_use(club: DecidedWorld) -> None:
    was, found = club.player, club.waits()
    other = found.candidates[0].local_id

    done = club.link(found.id, other)

    assert (done.local_id, done.left) == (other, Left(was["id"], is_inactive=True))
    assert club.local_id == other
    assert (states(club, was["id"]), states(club, other)) == ((False, False), (True, True))
    left, now = row(club, was["id"]), club.player
    assert (left["team_id"], left["jersey_number"]) == (None, None)
    assert (now["team_id"], now["jersey_number"]) == (was["team_id"], was["jersey_number"])
    report = club.sync().players
    assert (report.questions, report.failed, report.created, report.updated) == (0, {}, 0, 0)
    assert club.local_id == other


@pytest.mark.begins(after=with_a_namesake)
def test_a_row_that_no_sync_made_stays_as_it_is(club: DecidedWorld) -> None:
    was, found = club.player, club.waits()
    other = found.candidates[0].local_id
    with club.world.database.engine.begin() as connection:
        connection.execute(tables.sync_changes.delete())

    done = club.link(found.id, other)

    assert done.left == Left(was["id"], is_inactive=False)
    after = row(club, was["id"])
    changed = {name for name in was if was[name] != after[name]}
    assert changed <= {"is_twizzit_registered", "twizzit_verified_at", "updated_at"}
    assert club.sync().players.questions == 0


@pytest.mark.begins(after=with_a_namesake)
def test_two_different_people_are_asked_about_once(club: DecidedWorld) -> None:
    was, found = club.player, club.waits()
    other = found.candidates[0].local_id

    done = club.link(found.id, None)

    assert (done.local_id, done.changed, done.left) == (was["id"], {}, None)
    assert (club.player, states(club, other)) == (was, (True, False))
    assert club.sync().players.questions == 0
    third = namesake(club)
    assert [one.local_id for one in asked(club).candidates] == [third]


def test_one_who_is_new_has_a_row_of_their_own_until_it_is_decided(club: DecidedWorld) -> None:
    was, new = club.player, comes_anew(club)

    found = asked(club)

    own = club.world.local_id(new)
    assert (found.twizzit_id, found.local_id) == (new, own)
    assert [(one.local_id, one.mapped) for one in found.candidates] == [(was["id"], True)]
    assert states(club, own) == (True, True)
    assert club.player == was


@pytest.mark.begins(after=with_another_contact)
def test_both_who_are_listed_change_places_at_once(club: DecidedWorld) -> None:
    was, found = club.player, club.waits()
    new = found.twizzit_id
    own = row(club, found.local_id or 0)

    done = club.link(found.id, was["id"])

    assert done.left == Left(own["id"], twizzit_id=str(club.remote_id))
    assert (club.world.local_id(new), club.local_id) == (was["id"], own["id"])
    assert (states(club, was["id"]), states(club, own["id"])) == ((True, True), (True, True))
    numbers = [club.world.player(one)["jersey_number"] for one in (new, club.remote_id)]
    assert numbers == [77, was["jersey_number"]]
    report = club.sync().players
    assert (report.questions, report.failed, report.created, report.updated) == (0, {}, 0, 0)


@pytest.mark.begins(after=with_another_contact)
def test_an_earlier_contact_that_is_gone_is_decided_too(club: DecidedWorld) -> None:
    was, found = club.player, club.waits()
    new = found.twizzit_id
    club.world.simulator.changes.remove_person(club.remote_id)
    club.sync()
    assert states(club, was["id"]) == (False, True)
    assert [one.id for one in club.open()] == [found.id]

    done = club.link(found.id, was["id"])

    own = done.left.local_id if done.left else 0
    assert done.left == Left(found.local_id or 0, is_inactive=True)
    assert club.world.local_id(new) == was["id"]
    assert (states(club, was["id"]), states(club, own)) == ((True, True), (False, False))
    assert row(club, was["id"])["team_id"] == was["team_id"]
    (departure,) = club.world.rows(tables.departures)
    assert departure["returned_at"] is not None
    report = club.sync().players
    assert (report.questions, report.failed, report.created, report.updated) == (0, {}, 0, 0)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param("unmapped", marks=pytest.mark.begins(after=with_a_namesake)),
        *[pytest.param(one, marks=pytest.mark.begins(after=with_another_contact)) for one in ("listed", "gone")],
    ],
)
def test_an_undo_of_the_decision_asks_again(club: DecidedWorld, case: str) -> None:
    found = club.waits()
    other = found.candidates[0].local_id
    if case == "gone":
        club.world.simulator.changes.remove_person(club.remote_id)
        club.sync()
    before = [_without_times(club.world.rows(table)) for table in (players, player_mappings, tables.departures)]
    done = club.link(found.id, other)

    undone = undo(club.world.database.engine, done.history_id, actor=COACH)

    assert not undone.plan.left
    after = [_without_times(club.world.rows(table)) for table in (players, player_mappings, tables.departures)]
    assert after == before
    assert [one.id for one in club.open()] == [found.id]
    report = club.sync().players
    assert (report.questions, report.failed, report.created, report.updated) == (1, {}, 0, 0)
    club.link(found.id, other)
    assert club.sync().players.questions == 0


def test_what_is_no_question_any_more_is_settled(club: DecidedWorld) -> None:
    world = club.world
    those = {change: club.another(place) for place, change in enumerate(("renamed", "inactive", "mapped", "gone"))}
    others = {change: namesake(one) for change, one in those.items()}
    club.sync()
    found = {one.twizzit_id: one.id for one in club.open()}
    assert set(found) == {str(one.remote_id) for one in those.values()}
    world.simulator.changes.remove_person(those["gone"].remote_id)
    mapped = player_mappings.update().where(player_mappings.c.local_player_id == club.local_id)
    with world.database.engine.begin() as connection:
        connection.execute(mapped.values(local_player_id=others["mapped"]))
    world.change(players, others["renamed"], first_name="Anders")
    world.change(players, others["inactive"], is_active=False)

    club.sync()

    waiting = {one.id for one in club.open()}
    for change, one in those.items():
        assert found[str(one.remote_id)] not in waiting, change
        with pytest.raises(ConflictRefused, match="settled already"):
            club.link(found[str(one.remote_id)], others[change])


@pytest.mark.begins(after=with_a_namesake)
def test_what_changed_since_the_sync_is_refused(club: DecidedWorld) -> None:
    found = club.waits()
    other = found.candidates[0].local_id
    third = club.world.local_id(club.world.roster(1)[1][3])

    with pytest.raises(ConflictRefused, match="none of those"):
        club.link(found.id, third)
    with club.world.database.engine.begin() as connection:
        of_third = player_mappings.c.local_player_id == third
        connection.execute(player_mappings.update().where(of_third).values(local_player_id=other))
    with pytest.raises(ConflictRefused, match="mapped to something else already"):
        club.link(found.id, other)
    assert [one.id for one in club.open()] == [found.id]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param("unmapped", marks=pytest.mark.begins(after=with_a_namesake)),
        pytest.param("mapped", marks=pytest.mark.begins(after=with_another_contact)),
    ],
)
def test_a_row_that_is_of_another_club_by_now_is_refused_and_nothing_moves(club: DecidedWorld, case: str) -> None:
    found = club.waits()
    other = found.candidates[0].local_id
    with club.world.database.engine.begin() as connection:
        elsewhere = connection.scalar(insert(tables.clubs).values(name="Elders").returning(tables.clubs.c.id))
    club.world.change(players, other, club_id=elsewhere, team_id=None)
    before = [club.world.rows(table) for table in (players, player_mappings)]

    with pytest.raises(ConflictRefused, match=rf"player {other} is of another club .* choose"):
        club.link(found.id, other)

    assert [club.world.rows(table) for table in (players, player_mappings)] == before
    assert [one.status for one in club.open()] == ["open"]
    club.sync()
    assert club.open() == []


def test_a_decision_after_the_undo_of_the_sync_that_asked_is_refused(club: DecidedWorld) -> None:
    """The row of which it speaks is gone; the next sync makes one and asks again."""
    was, _ = club.player, comes_anew(club)
    done = club.sync()
    (found,) = club.open()
    undo_of(club.world, done)

    assert club.open() == []
    for answer in (was["id"], None):
        with pytest.raises(
            ConflictRefused, match=r"settled already \(.*no question is left.*there is nothing to decide"
        ):
            club.link(found.id, answer)

    report = club.sync().players
    assert (report.questions, report.created) == (1, 1)
    assert [one.local_id for one in club.open()] != [found.local_id]


def test_a_preview_has_the_question_and_asks_nothing(club: DecidedWorld) -> None:
    comes_anew(club)
    (question,) = of_entity(previewed(club.world, club.credential_id), "players")["questions"]
    assert (question["kind"], question["local_id"]) == ("doubtful_link", None)
    assert question["candidates"] == [club.local_id]
    assert club.open() == []


def _without_times(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    moments = ("updated_at", "twizzit_verified_at", "last_synced_at", "last_synced_seen")
    return [{name: value for name, value in one.items() if name not in moments} for one in rows]


def test_a_mapping_that_was_corrected_by_hand_is_not_asked_about(club: DecidedWorld) -> None:
    was, other = club.player, namesake(club)
    mine = player_mappings.c.local_player_id == was["id"]
    with club.world.database.engine.begin() as connection:
        connection.execute(player_mappings.update().where(mine).values(local_player_id=other))

    report = club.sync().players

    assert (club.local_id, report.questions) == (other, 0)
    assert states(club, was["id"])[0] is True
