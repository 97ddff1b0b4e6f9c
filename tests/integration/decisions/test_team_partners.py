"""Doubtful links of teams that are mapped already: both play, a person is asked, and the answer holds."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import pytest

from tests.support.calendar_world import EVERYTHING
from tests.support.decided_world import COACH
from tests.support.sync_world import STEPS, Step
from tests.support.synced_world import first_sync
from tests.support.twin_teams import TWINS, TwinTeams, odd, with_a_row_alike, with_a_team_alike
from tests.support.undone import state
from twizzit_pipeline.decisions.resolving import Left
from twizzit_pipeline.errors import ConflictRefused
from twizzit_pipeline.storage.tables import departures, games, players, sync_changes, teams
from twizzit_pipeline.undo.undoing import undo, undo_since

SMALL = TWINS
SYNCED_BY = partial(first_sync, steps=EVERYTHING)
NOTHING: tuple[int, dict[str, object], int, int] = (0, {}, 0, 0)


def found_nothing(twins: TwinTeams, steps: Sequence[Step] = STEPS) -> bool:
    """Whether a further sync asks, makes and changes nothing."""
    before = state(twins.world)
    done = twins.sync(steps)
    said = [(one.questions, one.failed, one.created, one.updated) for one in (done.teams, done.players)]
    return said == [NOTHING, NOTHING] and state(twins.world) == before


def test_a_row_of_another_spelling_is_asked_about_and_the_mapped_one_plays_on(twins: TwinTeams) -> None:
    other, before = twins.alike(), state(twins.world)

    found = twins.asked(EVERYTHING)

    assert (found.entity, found.kind) == ("teams", "doubtful_link")
    assert (found.twizzit_id, found.local_id) == (str(twins.remote_id), twins.was["id"])
    assert [(one.local_id, one.mapped) for one in found.candidates] == [(other, False)]
    assert state(twins.world) == before
    again = twins.sync().teams
    assert (again.questions, [one.id for one in twins.open()]) == (1, [found.id])


@pytest.mark.begins(after=with_a_row_alike)
def test_a_link_takes_players_and_games_to_come_along_and_holds(twins: TwinTeams) -> None:
    found, was, people = twins.waits(), twins.was["id"], twins.people
    other = found.candidates[0].local_id
    over, coming = (twins.played_by(was, over=one) for one in (True, False))
    assert people and over and coming

    done = twins.link(found.id, other)

    assert (done.local_id, done.left) == (other, Left(was, is_inactive=True))
    assert done.followed == {"players": len(people), "games": len(coming)}
    assert (twins.local_id, twins.people, twins.in_team(was)) == (other, people, set())
    assert (twins.played_by(was, over=True), twins.played_by(other, over=False)) == (over, coming)
    assert (twins.row(was)["is_active"], twins.row(other)["is_active"]) == (False, True)
    assert twins.row(other)["name"] == odd(twins.was["name"])
    assert found_nothing(twins, EVERYTHING)


def test_a_row_without_season_gets_the_name_and_the_season_of_the_one_that_a_sync_made(twins: TwinTeams) -> None:
    was, other = twins.was["id"], twins.alike(name=twins.was["name"], season_id=None)
    found = twins.asked()

    done = twins.link(found.id, other)

    assert done.changed["season_id"] == (None, twins.was["season_id"])
    assert (twins.row(other)["season_id"], twins.row(was)["season_id"]) == (twins.was["season_id"], None)
    assert found_nothing(twins, EVERYTHING)


@pytest.mark.begins(after=with_a_row_alike)
def test_a_row_that_no_sync_made_stays_as_it_is(twins: TwinTeams) -> None:
    found, was = twins.waits(), twins.was["id"]
    with twins.world.database.engine.begin() as connection:
        made = sync_changes.c.table_name == "teams"
        connection.execute(sync_changes.delete().where(made, sync_changes.c.row_id == was))

    assert twins.link(found.id, found.candidates[0].local_id).left == Left(was)
    assert {name for name, value in twins.row(was).items() if twins.was[name] != value} == set()
    assert found_nothing(twins)


def test_its_name_in_the_season_is_not_taken_from_a_row_that_no_sync_made(twins: TwinTeams) -> None:
    was, other = twins.was["id"], twins.alike(name=twins.was["name"], season_id=None)
    with twins.world.database.engine.begin() as connection:
        made = sync_changes.c.table_name == "teams"
        connection.execute(sync_changes.delete().where(made, sync_changes.c.row_id == was))
    found, before = twins.asked(), state(twins.world)

    with pytest.raises(ConflictRefused, match=f"team {was} has that name in this season"):
        twins.link(found.id, other)

    assert (state(twins.world), [one.id for one in twins.open()]) == (before, [found.id])
    twins.world.change(teams, was, name="Vroeger")
    assert twins.link(found.id, other).left == Left(was)
    assert (twins.local_id, twins.row(other)["season_id"]) == (other, twins.was["season_id"])
    assert found_nothing(twins)


@pytest.mark.begins(after=with_a_row_alike)
@pytest.mark.parametrize("who", ["a player", "a game", "an opponent"])
def test_a_row_in_which_something_is_left_stays_active(twins: TwinTeams, who: str) -> None:
    found, was, elsewhere = twins.waits(), twins.was["id"], twins.club()
    other = found.candidates[0].local_id
    with twins.world.database.engine.begin() as connection:
        if who == "a player":
            alone = {"club_id": twins.was["club_id"], "team_id": was, "first_name": "Van", "last_name": "Hier"}
            connection.execute(players.insert().values(**alone))
        elif who == "a game":
            sides = {"home_club_id": twins.was["club_id"], "away_club_id": elsewhere}
            connection.execute(games.insert().values(**sides, home_team_id=was, date=datetime(2030, 1, 1, tzinfo=UTC)))
    if who == "an opponent":
        twins.is_opponent(was)

    assert twins.link(found.id, other).left == Left(was)
    assert twins.row(was)["is_active"] is True
    assert twins.local_id == other
    assert who != "a player" or found_nothing(twins), "a sync reads no game and no opponent of teams and players"


@pytest.mark.begins(after=with_a_row_alike)
def test_two_different_teams_are_asked_about_once(twins: TwinTeams) -> None:
    found, before = twins.waits(), state(twins.world)

    done = twins.link(found.id, None)

    assert (done.local_id, done.changed, done.left) == (twins.was["id"], {}, None)
    assert state(twins.world) == before
    assert found_nothing(twins)
    third = twins.alike(name=f" {odd(twins.was['name'])}")
    assert [one.local_id for one in twins.asked().candidates] == [third]
    assert found.candidates[0].local_id != third


def test_a_new_team_plays_in_a_row_of_its_own_until_it_is_decided(twins: TwinTeams) -> None:
    people, new = twins.people, twins.comes_anew()

    found = twins.asked()

    own = twins.world.local_id(new, "team")
    assert (found.twizzit_id, found.local_id) == (new, own)
    assert [(one.local_id, one.mapped_to) for one in found.candidates] == [(twins.was["id"], str(twins.remote_id))]
    assert (len(twins.in_team(own)), twins.people) == (1, people)
    assert (twins.row(own)["is_active"], twins.row(twins.was["id"])["is_active"]) == (True, True)


@pytest.mark.begins(after=with_a_team_alike)
def test_two_teams_that_are_listed_change_places_with_all_that_is_theirs(twins: TwinTeams) -> None:
    found, was, people = twins.waits(), twins.was["id"], twins.people
    over, coming = (twins.played_by(was, over=one) for one in (True, False))
    own, new = found.local_id or 0, found.twizzit_id
    alone = twins.in_team(own)

    done = twins.link(found.id, was)

    assert done.left == Left(own, twizzit_id=str(twins.remote_id))
    assert (twins.world.local_id(new, "team"), twins.local_id) == (was, own)
    assert (twins.in_team(was), twins.in_team(own)) == (alone, people)
    assert (twins.played_by(was, over=True), twins.played_by(own, over=False)) == (over, coming)
    assert [twins.row(one)["name"] for one in (was, own)] == [twins.was["name"], odd(twins.was["name"])]
    assert {row["id"] for row in twins.world.rows(teams)} >= {was, own}
    assert found_nothing(twins, EVERYTHING)


@pytest.mark.begins(after=with_a_team_alike)
@pytest.mark.parametrize("has_left", [False, True])
def test_a_team_that_is_gone_leaves_with_the_row_that_it_gets(twins: TwinTeams, has_left: bool) -> None:
    """Its players are registered on, whichever row its mapping names."""
    found, was = twins.waits(), twins.was["id"]
    registered = {row["id"] for row in twins.world.rows(players) if row["is_twizzit_registered"]}
    own, new = found.local_id or 0, found.twizzit_id
    twins.world.simulator.changes.remove_team(twins.remote_id)
    if has_left:
        twins.sync()
        assert [one.id for one in twins.open()] == [found.id]
        assert (twins.row(was)["is_active"], twins.row(own)["is_active"]) == (False, True)

    done = twins.link(found.id, was)

    assert done.left == Left(own, twizzit_id=str(twins.remote_id))
    assert (twins.world.local_id(new, "team"), twins.local_id) == (was, own)
    assert twins.row(was)["is_active"] is True
    steps = EVERYTHING if has_left else STEPS
    twins.sync(steps)
    assert (twins.row(was)["is_active"], twins.row(own)["is_active"]) == (True, False)
    assert [row["local_id"] for row in twins.world.rows(departures, entity="teams")] == [own]
    assert registered <= {row["id"] for row in twins.world.rows(players) if row["is_twizzit_registered"]}
    assert found_nothing(twins, steps)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param("unmapped", marks=pytest.mark.begins(after=with_a_row_alike)),
        "without season",
        *[pytest.param(one, marks=pytest.mark.begins(after=with_a_team_alike)) for one in ("listed", "gone", "left")],
    ],
)
def test_an_undo_of_the_decision_asks_again(twins: TwinTeams, case: str) -> None:
    if case == "without season":
        twins.alike(name=twins.was["name"], season_id=None)
        twins.sync()
    found = twins.waits()
    chosen = found.candidates[0].local_id
    if case in ("gone", "left"):
        twins.world.simulator.changes.remove_team(twins.remote_id)
        if case == "left":
            twins.sync()
    before, left = state(twins.world), twins.world.rows(departures)
    done = twins.link(found.id, chosen)
    assert state(twins.world) != before

    undone = undo(twins.world.database.engine, done.history_id, actor=COACH)

    assert not undone.plan.left
    assert (state(twins.world), twins.world.rows(departures)) == (before, left)
    assert [one.id for one in twins.open()] == [found.id]
    twins.sync()
    assert [one.id for one in twins.open()] == [found.id]
    if case in ("unmapped", "left"):  # with and without an account that has the row: all else is as it was before
        twins.link(found.id, chosen)
        assert twins.sync().teams.questions == 0
        assert twins.open() == []


@pytest.mark.begins(after=with_a_team_alike)
def test_an_undo_after_a_further_sync_takes_all_of_them_back(twins: TwinTeams) -> None:
    found, was, people = twins.waits(), twins.was["id"], twins.people
    before = state(twins.world)
    done = twins.link(found.id, was)
    twins.sync()

    assert not undo(twins.world.database.engine, done.history_id, actor=COACH).plan.left

    assert state(twins.world) == before
    assert (twins.local_id, twins.people, twins.world.local_id(found.twizzit_id, "team")) == (
        was,
        people,
        found.local_id,
    )


def test_all_since_before_the_sync_that_asked_is_taken_back(twins: TwinTeams) -> None:
    """The row that the sync made goes, and no mapping of a player goes along with it."""
    before, since = state(twins.world), datetime.now(UTC)
    twins.comes_anew()
    found = twins.asked(EVERYTHING)
    twins.link(found.id, twins.was["id"])

    undone = undo_since(twins.world.database.engine, twins.credential_id, since, actor=COACH)

    assert not undone.plan.left
    assert state(twins.world) == before
