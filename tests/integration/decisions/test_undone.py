"""A decision can be undone by the row of the history that records it: the question is asked again."""

from tests.integration.decisions.test_linking import doubtful
from tests.support.decided_world import COACH, DecidedWorld
from twizzit_pipeline.storage import tables
from twizzit_pipeline.undo.undoing import undo


def test_a_field_has_its_old_value_and_waits_again(club: DecidedWorld) -> None:
    found = club.conflict()
    done = club.resolve(found.id, "twizzit")

    undo(club.world.database.engine, done.history_id, actor=COACH)

    assert (club.player["first_name"], [one.id for one in club.open()]) == ("Lokaal", [found.id])
    club.sync()
    assert (club.player["first_name"], [one.id for one in club.open()]) == ("Lokaal", [found.id])
    club.resolve(found.id, "shotspot")
    assert club.open() == []


def test_a_link_is_taken_back_and_is_doubtful_again(club: DecidedWorld) -> None:
    found, fitting = doubtful(club)
    done = club.link(found.id, fitting[1])

    undo(club.world.database.engine, done.history_id, actor=COACH)

    assert club.world.rows(tables.player_mappings, local_player_id=fitting[1]) == []
    assert club.sync().players.failed == {"doubtful_link": (str(club.remote_id),)}
    club.link(found.id, fitting[0])
    assert club.local_id == fitting[0]


def test_a_row_that_was_made_goes(club: DecidedWorld) -> None:
    found, _ = doubtful(club)
    before = {row["id"] for row in club.world.rows(tables.players)}
    done = club.link(found.id, None)

    undo(club.world.database.engine, done.history_id, actor=COACH)

    assert {row["id"] for row in club.world.rows(tables.players)} == before
    assert [one.status for one in club.open()] == ["open"]


def test_a_field_that_is_asked_about_again_by_now_is_asked_about_once(club: DecidedWorld) -> None:
    found = club.conflict()
    done = club.resolve(found.id, "shotspot")
    club.edit(first_name="Weer")
    club.rename("Nogmaals")
    club.sync()
    (again,) = club.open()

    undone = undo(club.world.database.engine, done.history_id, actor=COACH)

    assert [one.id for one in club.open()] == [again.id]
    assert {(one.key.table, one.key.id) for one in undone.plan.left} == {("twizzit_conflicts", found.id)}
    assert club.player["first_name"] == "Weer"
