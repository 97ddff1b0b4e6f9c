"""A side that takes its change back while a question waits: the change of the other side alone stands."""

import pytest

from tests.integration.sync.preview.test_applying import applied
from tests.support.decided_world import COACH, DecidedWorld, in_conflict, in_conflict_about_teams
from tests.support.previewed import item, of_entity, previewed
from twizzit_pipeline.decisions.listing import Waiting
from twizzit_pipeline.runs import history
from twizzit_pipeline.storage import tables
from twizzit_pipeline.undo.undoing import undo


def settled(club: DecidedWorld) -> list[tuple[str, str | None, str | None]]:
    return [(one.column, one.status, one.reason) for one in club.open(over=True)]


@pytest.mark.begins(after=in_conflict)
def test_what_shotspot_takes_back_is_twizzits(club: DecidedWorld) -> None:
    found = club.waits()
    club.edit(first_name=str(found.base))

    synced = club.sync()

    assert club.player["first_name"] == "Remo"
    (over,) = club.open(over=True)
    assert (over.status, over.reason, over.resolution) == ("settled", "shotspot_reverted", None)
    row = synced.history["players"]
    assert (over.resolved_by, row.details["update"]) == (f"sync {row.id}", 1)
    assert not row.details.get("conflicts")
    assert club.sync().players.unchanged
    assert club.player["first_name"] == "Remo"


def test_the_change_of_the_other_side_stands(club: DecidedWorld) -> None:
    """Also where Twizzit changes the name once more meanwhile."""
    club.ask()
    by_shotspot, once_more = club.another(0), club.another(1)
    for one in (by_shotspot, once_more):
        one.edit(first_name="Lokaal")
        one.rename("Remo")
    club.sync()
    base = {one.twizzit_id: str(one.base) for one in club.open()}
    by_shotspot.rename(base[str(by_shotspot.remote_id)])
    once_more.edit(first_name=base[str(once_more.remote_id)])
    once_more.rename("Nogmaals")

    synced = club.sync()

    assert [one.player["first_name"] for one in (by_shotspot, once_more)] == ["Lokaal", "Nogmaals"]
    found = {(one.twizzit_id, one.column, one.status, one.reason) for one in club.open(over=True)}
    assert found == {
        (str(by_shotspot.remote_id), "first_name", "settled", "twizzit_reverted"),
        (str(once_more.remote_id), "first_name", "settled", "shotspot_reverted"),
    }
    assert not synced.history["players"].details.get("conflicts")


@pytest.mark.parametrize("usual", ["newest", "twizzit"])
def test_a_field_of_its_own_policy_is_settled_the_same(club: DecidedWorld, usual: str) -> None:
    club.ask(usual, players__first_name="ask")
    was = club.player["first_name"]
    club.edit(first_name="Lokaal")
    club.rename("Remo")
    club.sync()
    assert [one.column for one in club.open()] == ["first_name"]
    club.edit(first_name=was)

    club.sync()

    assert (club.player["first_name"], settled(club)) == ("Remo", [("first_name", "settled", "shotspot_reverted")])


@pytest.mark.begins(after=in_conflict_about_teams)
@pytest.mark.parametrize("policy", ["ask", "twizzit"])
def test_a_team_that_one_side_takes_back_is_the_others(club: DecidedWorld, policy: str) -> None:
    world = club.world
    own, moved_to, named = (world.local_id(world.roster(place)[0], "team") for place in (0, 1, 2))
    by_shotspot, by_twizzit = (club.asked_about(one) for one in club.open())
    assert [one.column for one in club.open()] == ["team_id", "team_id"]

    club.ask(policy)
    by_shotspot.edit(team_id=own)
    world.simulator.changes.transfer(by_twizzit.remote_id, world.roster()[0])
    club.sync()

    assert (by_shotspot.player["team_id"], by_twizzit.player["team_id"]) == (named, moved_to)
    assert [row[:2] for row in settled(club)] == [("team_id", "settled")] * 2


def test_a_number_that_another_player_has_by_then_is_waited_for(club: DecidedWorld) -> None:
    club.ask()
    was = club.player["jersey_number"]
    other = club.world.local_id(club.world.roster(1)[1][3])
    club.edit(jersey_number=802)
    club.world.simulator.changes.set_number(club.remote_id, 803)
    club.sync()
    club.world.change(tables.players, other, jersey_number=803)
    club.edit(jersey_number=was)

    club.sync()

    assert club.player["jersey_number"] is None
    assert settled(club) == [("jersey_number", "settled", "shotspot_reverted")]
    club.world.change(tables.players, other, jersey_number=804)
    club.sync()
    assert club.player["jersey_number"] == 803


def test_a_team_s_name_is_settled_by_the_same_rule(club: DecidedWorld) -> None:
    """As the matches and competitions of `test_taken_back_of_calendar`."""
    world = club.world
    club.ask()
    group = world.roster()[0]
    team, was = world.local_id(group, "team"), world.team(group)["name"]
    world.change(tables.teams, team, name="Onze ploeg")
    world.simulator.changes.rename_team(group, "Twizzits ploeg")
    club.sync()
    assert [(one.entity, one.column) for one in club.open()] == [("teams", "name")]
    world.change(tables.teams, team, name=was)

    club.sync()

    assert world.team(group)["name"] == "Twizzits ploeg"
    assert settled(club) == [("name", "settled", "shotspot_reverted")]


def reverted(club: DecidedWorld) -> Waiting:
    found = club.waits()
    club.edit(first_name=str(found.base))
    return found


@pytest.mark.begins(after=in_conflict)
def test_a_preview_shows_it_and_settles_nothing_and_a_plan_left_out_leaves_the_question(club: DecidedWorld) -> None:
    found = reverted(club)

    made = previewed(club.world, club.credential_id)

    assert item(made, "players", club.remote_id)["columns"]["first_name"] == {"old": found.base, "new": "Remo"}
    assert of_entity(made, "players")["questions"] == []
    assert [one.id for one in club.open()] == [found.id]
    assert made.plan.status == "waiting"

    applied(club.world, made.plan.id, club.credential_id, [("players", str(club.remote_id))])

    assert (club.player["first_name"], [one.id for one in club.open()]) == (found.base, [found.id])
    made = previewed(club.world, club.credential_id)
    assert made.plan.status == "waiting"
    applied(club.world, made.plan.id, club.credential_id)
    assert (club.player["first_name"], club.open()) == ("Remo", [])


@pytest.mark.begins(after=in_conflict)
def test_an_undo_asks_again_and_the_next_sync_settles_again(club: DecidedWorld) -> None:
    found = reverted(club)
    run_id = club.sync().run_id
    row, *_ = history.for_run(club.world.database.engine, run_id)

    undo(club.world.database.engine, row.id, actor=COACH)

    assert (club.player["first_name"], [one.id for one in club.open()]) == (found.base, [found.id])
    club.sync()
    assert (club.player["first_name"], club.open()) == ("Remo", [])
