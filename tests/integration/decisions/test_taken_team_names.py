"""A team that is new in Twizzit with the very name of a mapped one: made under a number, or that team from now on."""

from functools import partial

import pytest

from tests.support.calendar_world import EVERYTHING
from tests.support.decided_world import COACH
from tests.support.previewed import of_entity, previewed
from tests.support.sync_world import STEPS
from tests.support.synced_world import first_sync
from tests.support.twin_teams import TWINS, TwinTeams
from tests.support.undone import state
from twizzit_pipeline.errors import ConflictRefused
from twizzit_pipeline.storage.tables import departures
from twizzit_pipeline.undo.undoing import undo

SMALL = TWINS
SYNCED_BY = partial(first_sync, steps=EVERYTHING)


def same_name(twins: TwinTeams) -> str:
    """Another team of the very name comes in Twizzit, with a player of its own; its remote id."""
    changes = twins.world.simulator.changes
    group = changes.add_team(twins.world.club(), twins.was["name"])
    changes.add_person(group, "Nieuwe", "Speler", None, None)
    return str(group)


def test_another_team_is_made_with_a_number_and_its_players_come(twins: TwinTeams) -> None:
    new = same_name(twins)
    (asked,) = of_entity(previewed(twins.world, twins.credential_id), "teams")["questions"]
    assert (asked["twizzit_id"], asked["candidates"], asked["of_mapped"]) == (new, [twins.was["id"]], False)
    found = twins.asked()
    assert (found.name_taken, found.twizzit_id, found.local_id) == (True, new, None)
    assert [(one.local_id, one.mapped_to, one.may_be_linked) for one in found.candidates] == [
        (twins.was["id"], str(twins.remote_id), False)
    ]
    with pytest.raises(ConflictRefused, match=r"which is listed as well: rename one .* or choose create"):
        twins.link(found.id, twins.was["id"])
    before = state(twins.world)

    done = twins.link(found.id, None)

    assert done.made
    undo(twins.world.database.engine, done.history_id, actor=COACH)
    assert (state(twins.world), [one.id for one in twins.open()]) == (before, [found.id])
    done = twins.link(found.id, None)
    own = twins.world.local_id(new, "team")
    assert (done.local_id, twins.row(own)["name"]) == (own, f"{twins.was['name']} (2)")
    again = twins.sync(EVERYTHING)
    assert (again.teams.failed, again.teams.questions, again.players.created) == ({}, 0, 1)
    assert len(twins.in_team(own)) == 1
    settled = state(twins.world)
    twins.sync()
    assert state(twins.world) == settled
    with twins.world.session(twins.credential_id, repair=True) as session:
        repaired = {step.__name__: step(session) for step in STEPS}
    assert (repaired["map_teams"].failed, state(twins.world)) == ({}, settled)


def test_it_is_that_team_where_the_earlier_one_is_not_listed(twins: TwinTeams) -> None:
    """As where a team is made anew, but that a person says so: here, another one had refused that it leaves."""
    refused = twins.stays_although_gone()
    new = same_name(twins)
    found = twins.asked()
    assert [(one.local_id, one.may_be_linked) for one in found.candidates] == [(twins.was["id"], True)]
    before, people = state(twins.world), twins.in_team(twins.was["id"])

    done = twins.link(found.id, twins.was["id"])

    assert (done.local_id, done.left, done.changed) == (twins.was["id"], None, {})
    assert twins.world.local_id(new, "team") == twins.was["id"]
    assert twins.in_team(twins.was["id"]) == people
    assert [row["status"] for row in twins.world.rows(departures, entity="teams")] == ["returned"]
    undo(twins.world.database.engine, done.history_id, actor=COACH)
    assert (state(twins.world), twins.world.rows(departures, entity="teams")) == (before, refused)
    assert [one.id for one in twins.open()] == [found.id]
    twins.link(found.id, twins.was["id"])
    done_again = twins.sync()
    assert (done_again.teams.failed, done_again.teams.questions) == ({}, 0)
    assert len(twins.in_team(twins.was["id"]) - people) == 1


def test_a_team_that_leaves_settles_it(twins: TwinTeams) -> None:
    new = same_name(twins)
    found = twins.asked()
    twins.world.simulator.changes.remove_team(int(new))

    twins.sync()

    assert twins.open() == []
    with pytest.raises(ConflictRefused, match="settled already"):
        twins.link(found.id, None)
