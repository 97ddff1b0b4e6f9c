"""A side that takes its change back while a question waits: the change of the other side alone stands."""

from datetime import timedelta

import pytest

from tests.integration.sync.preview.test_applying import applied
from tests.support.calendar_world import EVERYTHING, games
from tests.support.decided_world import COACH, DecidedWorld, in_conflict
from tests.support.previewed import item, of_entity, previewed
from twizzit_pipeline.decisions.listing import Waiting
from twizzit_pipeline.runs import history
from twizzit_pipeline.simulator.calendar_truth import calendar_truth
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


@pytest.mark.begins(after=in_conflict)
def test_what_twizzit_changes_once_more_meanwhile_is_written(club: DecidedWorld) -> None:
    found = club.waits()
    club.edit(first_name=str(found.base))
    club.rename("Nogmaals")

    club.sync()

    assert (club.player["first_name"], settled(club)) == (
        "Nogmaals",
        [("first_name", "settled", "shotspot_reverted")],
    )


@pytest.mark.begins(after=in_conflict)
def test_what_twizzit_takes_back_leaves_shotspots_and_is_no_conflict(club: DecidedWorld) -> None:
    found = club.waits()
    club.rename(str(found.base))

    synced = club.sync()

    assert (club.player["first_name"], settled(club)) == ("Lokaal", [("first_name", "settled", "twizzit_reverted")])
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


@pytest.mark.parametrize("side", ["shotspot", "twizzit"])
@pytest.mark.parametrize("policy", ["ask", "twizzit"])
def test_a_team_that_one_side_takes_back_is_the_others(club: DecidedWorld, side: str, policy: str) -> None:
    world = club.world
    club.ask()
    own, moved_to, named = (world.local_id(world.roster(place)[0], "team") for place in (0, 1, 2))
    groups = [world.roster(place)[0] for place in (0, 2)]
    assert club.player["team_id"] == world.local_id(groups[0], "team")
    club.edit(team_id=moved_to)
    world.simulator.changes.transfer(club.remote_id, groups[1])
    club.sync()
    assert [one.column for one in club.open()] == ["team_id"]

    club.ask(policy)
    if side == "shotspot":
        club.edit(team_id=own)
    else:
        world.simulator.changes.transfer(club.remote_id, groups[0])
    club.sync()

    assert club.player["team_id"] == (named if side == "shotspot" else moved_to)
    assert [row[:2] for row in settled(club)] == [("team_id", "settled")]


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


def test_teams_and_matches_are_settled_by_the_same_rule(club: DecidedWorld) -> None:
    world = club.world
    world.sync(club.credential_id, steps=EVERYTHING)
    club.ask()
    group = world.roster()[0]
    team, was = world.local_id(group, "team"), world.team(group)["name"]
    truth = calendar_truth(world.simulator.world, world.club())
    match = next(id_ for id_, one in truth.matches.items() if one.status == "scheduled" and one.competition_id)
    game = games(world)[match]
    world.change(tables.teams, team, name="Onze ploeg")
    world.simulator.changes.rename_team(group, "Twizzits ploeg")
    world.change(tables.games, game["id"], date=game["date"] + timedelta(days=1))
    world.simulator.changes.move_match(int(match), "2026-12-20T15:00:00")
    world.sync(club.credential_id, steps=EVERYTHING)
    assert {(one.entity, one.column) for one in club.open()} == {("teams", "name"), ("matches", "date")}
    world.change(tables.teams, team, name=was)
    world.change(tables.games, game["id"], date=game["date"])

    world.sync(club.credential_id, steps=EVERYTHING)

    assert (world.team(group)["name"], games(world)[match]["date"].day) == ("Twizzits ploeg", 20)
    assert {row[1:] for row in settled(club)} == {("settled", "shotspot_reverted")}


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
