"""A decision can be undone by the row of the history that records it: the question is asked again."""

from datetime import datetime

import pytest
from sqlalchemy import insert

from tests.support.decided_world import COACH, DecidedWorld, in_conflict, in_doubt
from tests.support.undone import previewed
from twizzit_pipeline.errors import ConflictRefused
from twizzit_pipeline.storage import tables
from twizzit_pipeline.undo.following import Follow
from twizzit_pipeline.undo.undoing import Undo, undo, undo_since


@pytest.mark.begins(after=in_conflict)
def test_a_field_has_its_old_value_and_waits_again(club: DecidedWorld) -> None:
    found = club.waits()
    done = club.resolve(found.id, "twizzit")

    undo(club.world.database.engine, done.history_id, actor=COACH)

    assert (club.player["first_name"], [one.id for one in club.open()]) == ("Lokaal", [found.id])
    club.sync()
    assert (club.player["first_name"], [one.id for one in club.open()]) == ("Lokaal", [found.id])
    club.resolve(found.id, "shotspot")
    assert club.open() == []


@pytest.mark.begins(after=in_doubt)
def test_a_link_is_taken_back_and_is_doubtful_again(club: DecidedWorld) -> None:
    found, fitting = club.in_doubt()
    done = club.link(found.id, fitting[1])

    undo(club.world.database.engine, done.history_id, actor=COACH)

    assert club.world.rows(tables.player_mappings, local_player_id=fitting[1]) == []
    assert club.sync().players.failed == {"doubtful_link": (str(club.remote_id),)}
    club.link(found.id, fitting[0])
    assert club.local_id == fitting[0]


@pytest.mark.begins(after=in_doubt)
def test_a_row_that_was_made_goes(club: DecidedWorld) -> None:
    found, _ = club.in_doubt()
    before = {row["id"] for row in club.world.rows(tables.players)}
    done = club.link(found.id, None)

    undo(club.world.database.engine, done.history_id, actor=COACH)

    assert {row["id"] for row in club.world.rows(tables.players)} == before
    assert [one.status for one in club.open()] == ["open"]


@pytest.mark.begins(after=in_conflict)
def test_a_field_that_is_asked_about_again_by_now_is_asked_about_once(club: DecidedWorld) -> None:
    found = club.waits()
    done = club.resolve(found.id, "shotspot")
    club.edit(first_name="Weer")
    club.rename("Nogmaals")
    club.sync()
    (again,) = club.open()

    undone = undo(club.world.database.engine, done.history_id, actor=COACH)

    assert [one.id for one in club.open()] == [again.id]
    assert {(one.key.table, one.key.id) for one in undone.plan.left} == {("twizzit_conflicts", found.id)}
    assert club.player["first_name"] == "Weer"


def kinds(done: Undo) -> list[str]:
    return [one.kind for one in done.follows]


@pytest.mark.begins(after=in_conflict)
def test_a_decision_that_is_undone_waits_again_and_an_undo_of_that_lets_it_count(club: DecidedWorld) -> None:
    found = club.waits()
    decided = club.resolve(found.id, "shotspot")
    engine = club.world.database.engine

    undone = undo(engine, decided.history_id, actor=COACH)
    assert (kinds(undone), [one.id for one in club.open()]) == (["asked"], [found.id])
    assert undone.undo_id is not None
    again = undo(engine, undone.undo_id, actor=COACH)

    assert (kinds(again), club.open()) == (["decided"], [])
    assert club.sync().players.questions == 0
    assert club.player["first_name"] == "Lokaal"
    assert again.undo_id is not None
    assert kinds(undo(engine, again.undo_id, actor=COACH)) == ["asked"]
    assert [one.id for one in club.open()] == [found.id]


@pytest.mark.begins(after=in_conflict)
def test_a_decision_whose_field_is_asked_about_again_is_only_looked_at(club: DecidedWorld) -> None:
    found = club.waits()
    decided = club.resolve(found.id, "twizzit")
    with club.world.database.engine.begin() as connection:
        values = {"entity": "players", "twizzit_id": str(club.remote_id), "kind": "field", "column_name": "first_name"}
        connection.execute(insert(tables.conflicts).values(credential_id=club.credential_id, **values))

    undone = undo(club.world.database.engine, decided.history_id, actor=COACH)

    assert (club.player["first_name"], kinds(undone)) == ("Lokaal", ["looked_at"])


@pytest.mark.begins(after=in_conflict)
@pytest.mark.parametrize("answer", ["twizzit", "shotspot"])
def test_the_question_of_an_undone_sync_takes_no_answer_until_a_sync_asks_again(
    club: DecidedWorld, answer: str
) -> None:
    """An answer would count on a base that the undo took away: the same would be asked again."""
    found, engine = club.waits(), club.world.database.engine
    asked_by = found.history_id or 0
    shown = previewed(club.world, asked_by)
    assert [one.id for one in club.open()] == [found.id]

    undone = undo(engine, asked_by, actor=COACH, shown=shown)

    assert kinds(undone) == kinds(shown) == ["again", "closed"]
    assert undone.follows[0] == Follow("again", (club.world.season,))
    assert club.open() == []
    (over,) = club.open(over=True)
    assert (over.status, over.reason, over.resolved_by) == ("settled", "undone", f"undo {undone.undo_id}")
    assert isinstance(over.resolved_at, datetime)
    with pytest.raises(ConflictRefused, match="settled already"):
        club.resolve(found.id, "twizzit" if answer == "twizzit" else "shotspot")

    assert undone.undo_id is not None
    again = undo(engine, undone.undo_id, actor=COACH)
    assert (kinds(again), again.plan.left) == (["stays"], ())
    (back,) = club.open()
    assert (back.id, back.resolved_at, back.resolved_by, back.reason) == (found.id, None, None, None)
    assert club.sync().players.questions == 1
    club.resolve(found.id, "twizzit" if answer == "twizzit" else "shotspot")
    assert club.player["first_name"] == ("Remo" if answer == "twizzit" else "Lokaal")
    assert club.sync().players.questions == 0


@pytest.mark.begins(after=in_conflict)
def test_the_sync_after_such_an_undo_asks_again(club: DecidedWorld) -> None:
    undo(club.world.database.engine, club.waits().history_id or 0, actor=COACH)

    club.sync()

    (found,) = club.open()
    assert (found.local, found.remote, club.player["first_name"]) == ("Lokaal", "Remo", "Lokaal")


@pytest.mark.begins(after=in_conflict)
def test_a_question_that_was_asked_anew_says_again_what_it_said_before(club: DecidedWorld) -> None:
    found = club.waits()
    club.rename("Nogmaals")
    synced = club.sync()
    (anew,) = club.open()
    assert (anew.id, anew.remote) == (found.id, "Nogmaals")

    undone = undo(club.world.database.engine, synced.history["players"].id, actor=COACH)

    (now,) = club.open()
    assert (now.id, now.base, now.remote, now.found_at) == (found.id, found.base, "Remo", found.found_at)
    assert kinds(undone) == ["again"]
    club.rename("Remo")  # as Twizzit takes it back: the question of before stands
    club.sync()
    assert [(one.id, one.remote) for one in club.open()] == [(found.id, "Remo")]


@pytest.mark.begins(after=in_conflict)
def test_what_only_changed_an_answered_question_is_no_part_of_the_undo(club: DecidedWorld) -> None:
    found = club.waits()
    club.rename("Nogmaals")
    synced = club.sync()
    club.resolve(found.id, "shotspot")

    undone = undo(club.world.database.engine, synced.history["players"].id, actor=COACH)

    assert [one.key.table for one in undone.plan.left if one.key.table == "twizzit_conflicts"] == []
    (over,) = club.open(over=True)
    assert (over.status, over.remote) == ("resolved", "Nogmaals")


def test_everything_since_a_moment_closes_the_question_even_where_it_was_decided(club: DecidedWorld) -> None:
    begin = club.world.sync(club.credential_id).history["players"].started_at
    found = club.conflict()
    club.resolve(found.id, "value", "Zelf")
    engine = club.world.database.engine

    undone = undo_since(engine, club.credential_id, begin, actor=COACH)

    assert (club.player["first_name"], club.open()) == ("Lokaal", [])
    assert "again" in kinds(undone) and "closed" in kinds(undone)
    (over,) = club.open(over=True)
    assert (over.status, over.reason, over.value) == ("settled", "undone", None)
    assert undone.undo_id is not None
    undo(engine, undone.undo_id, actor=COACH)
    (back,) = club.open(over=True)
    assert (back.status, back.resolution, back.value) == ("resolved", "value", "Zelf")
    assert club.player["first_name"] == "Zelf"


def test_a_question_goes_with_the_mapping_that_an_older_sync_made(club: DecidedWorld) -> None:
    world = club.world
    contact = world.club().contacts[club.remote_id]
    new = world.simulator.changes.add_person(world.roster()[0], f"{contact.first_name}x", contact.last_name, None, 77)
    made = club.sync().history["players"].id
    alike = {name: world.player(new)[name] for name in ("club_id", "first_name", "last_name", "gender")}
    with world.database.engine.begin() as connection:
        connection.execute(insert(tables.players).values(**alike))
    club.sync()
    (found,) = club.open()
    assert (found.kind, found.local_id) == ("doubtful_link", world.local_id(new))

    undone = undo(world.database.engine, made, actor=COACH)

    assert (kinds(undone), club.open()) == (["again", "closed"], [])
    assert undone.undo_id is not None
    undo(world.database.engine, undone.undo_id, actor=COACH)
    assert [one.id for one in club.open()] == [found.id]
