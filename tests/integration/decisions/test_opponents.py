"""An opponent whose name two clubs of ShotSpot have: asked once, decided for every match, remembered, undone."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete, insert, or_, select, update

from tests.support.calendar_world import CALENDAR, EVERYTHING, games
from tests.support.decided_world import COACH, DecidedWorld
from tests.support.sync_world import SyncWorld
from tests.support.synced_world import SyncedOnce, first_sync, taken_over
from tests.support.undone import state, undo
from twizzit_pipeline.decisions import linking
from twizzit_pipeline.decisions.listing import Waiting, one
from twizzit_pipeline.decisions.resolving import Resolved
from twizzit_pipeline.errors import ConflictRefused, NotAsShown
from twizzit_pipeline.storage import audit, tables
from twizzit_pipeline.storage.tables import clubs, match_mappings, opponents

SMALL: dict[str, Any] = {"clubs": 1, "teams": 2, "players_per_team": 2, "other_contacts": 0}
SYNCED_BY = partial(first_sync, steps=EVERYTHING)


@dataclass
class InDoubt:
    """A club against which the own teams play, and a second one whose name is as near to Twizzit's."""

    of: DecidedWorld
    name: str
    first: int
    second: int
    matches: frozenset[str]

    def sync(self) -> Any:
        return self.of.world.sync(self.of.credential_id, steps=CALENDAR)

    def question(self) -> Waiting:
        (found,) = self.of.open()
        return found

    def link(self, local_id: int | None) -> Resolved:
        return self.of.link(self.question().id, local_id)

    def clubs_in_games(self) -> set[int]:
        """The clubs that are the opponent in the matches."""
        found = [game for match, game in games(self.of.world).items() if match in self.matches]
        own = {team["club_id"] for team in self.of.world.rows(tables.teams) if team["id"] in self._own}
        return {game[side] for game in found for side in ("home_club_id", "away_club_id")} - own

    @property
    def _own(self) -> set[int]:
        return {row["local_team_id"] for row in self.of.world.rows(tables.team_mappings)}


def in_doubt(world: SyncWorld) -> None:
    """Nothing of the matches against that club is in ShotSpot, and a sync has asked which club it is."""
    with world.database.engine.begin() as connection:
        first = connection.scalars(select(opponents.c.club_id).order_by(opponents.c.id)).first()
        name = connection.scalars(select(clubs.c.name).where(clubs.c.id == first)).one()
        game = tables.games.c
        theirs = or_(game.home_club_id == first, game.away_club_id == first)
        ids = list(connection.scalars(select(game.id).where(theirs)))
        lost = match_mappings.c.local_game_id.in_(ids)
        matches = set(connection.scalars(select(match_mappings.c.twizzit_match_id).where(lost)))
        connection.execute(delete(match_mappings).where(lost))
        connection.execute(delete(tables.games).where(game.id.in_(ids)))
        connection.execute(delete(opponents).where(opponents.c.club_id == first))
        connection.execute(update(clubs).where(clubs.c.id == first).values(name=f"{name} vzw"))
        connection.execute(insert(clubs).values(name=f"vzw {name}"))
    assert len(matches) > 1
    report: Any = world.sync(next(iter(world.dialects)), steps=CALENDAR).reports["map_matches"]
    assert {key: set(ids) for key, ids in report.failed.items()} == {"opponent_doubtful": matches}
    assert report.questions == 1


@pytest.fixture
def doubt(world: SyncWorld, synced: SyncedOnce) -> InDoubt:
    """The question that waits, and the matches that it is about: those that are mapped to no game."""
    of = DecidedWorld(world, taken_over(world, synced), world.roster()[1][0])
    (found,) = of.open()
    first, second = (each.local_id for each in found.candidates)
    mapped = {row["twizzit_match_id"] for row in world.rows(match_mappings)}
    matches = frozenset(row["twizzit_match_id"] for row in world.rows(tables.twizzit_matches)) - mapped
    assert len(matches) > 1
    return InDoubt(of, str(found.name), first, second, matches)


@pytest.mark.begins(after=in_doubt)
def test_one_question_waits_for_all_matches_and_a_sync_asks_it_once(doubt: InDoubt) -> None:
    found = doubt.question()
    assert (found.kind, found.column, found.entity, found.name) == ("opponent", "club_id", "matches", doubt.name)
    assert [(each.local_id, each.name, each.may_be_linked) for each in found.candidates] == [
        (doubt.first, f"{doubt.name} vzw", True),
        (doubt.second, f"vzw {doubt.name}", True),
    ]
    assert doubt.name in str(found.match)
    assert " - " in str(found.match)
    before = doubt.of.world.dump()
    doubt.sync()
    assert doubt.question() == found
    assert doubt.of.world.dump() == before


@pytest.mark.begins(after=in_doubt)
def test_the_answer_brings_every_match_and_no_later_sync_asks(doubt: InDoubt) -> None:
    done = doubt.link(doubt.second)

    assert (done.resolution, done.opponent, done.local_id, done.made) == ("link", "club", doubt.second, False)
    assert done.followed == {"games": len(doubt.matches)}
    assert doubt.clubs_in_games() == {doubt.second}
    before = state(doubt.of.world)
    report = doubt.sync().reports["map_matches"]
    assert (report.failed, report.questions, doubt.of.open()) == ({}, 0, [])
    assert state(doubt.of.world) == before
    entry = audit.recent(doubt.of.world.database.engine, limit=1)[0]
    assert (entry.action, entry.target, entry.details["local_id"]) == ("resolve", "conflict", doubt.second)


@pytest.mark.begins(after=in_doubt)
def test_what_was_decided_counts_where_nothing_is_remembered_of_the_season(doubt: InDoubt) -> None:
    doubt.link(doubt.first)
    with doubt.of.world.database.engine.begin() as connection:
        connection.execute(delete(opponents).where(opponents.c.club_id == doubt.first))
        connection.execute(delete(match_mappings).where(match_mappings.c.twizzit_match_id.in_(doubt.matches)))
        connection.execute(delete(tables.games).where(tables.games.c.home_club_id == doubt.first))
        connection.execute(delete(tables.games).where(tables.games.c.away_club_id == doubt.first))
    assert doubt.sync().reports["map_matches"].failed == {}
    assert doubt.clubs_in_games() == {doubt.first}


@pytest.mark.begins(after=in_doubt)
def test_an_undone_answer_is_asked_again_and_may_be_another(doubt: InDoubt) -> None:
    before = state(doubt.of.world)
    done = doubt.link(doubt.second)

    undone = undo(doubt.of.world, done.history_id)

    assert [follow.kind for follow in undone.follows] == ["asked"]
    assert state(doubt.of.world) == before
    doubt.sync()
    assert doubt.question().status == "open"
    assert doubt.link(doubt.first).local_id == doubt.first
    assert doubt.clubs_in_games() == {doubt.first}


@pytest.mark.begins(after=in_doubt)
def test_a_club_of_that_name_is_made_and_an_undo_takes_it_away(doubt: InDoubt) -> None:
    before = state(doubt.of.world)
    done = doubt.link(None)

    assert (done.opponent, done.made) == ("club", True)
    assert doubt.clubs_in_games() == {done.local_id}
    assert done.local_id not in (doubt.first, doubt.second)
    (made,) = doubt.of.world.rows(clubs, id=done.local_id)
    assert made["name"] == doubt.name
    (resolved,) = doubt.of.open(over=True)
    assert (resolved.resolution, resolved.value) == ("create", done.local_id)
    assert doubt.sync().reports["map_matches"].failed == {}
    undo(doubt.of.world, done.history_id)
    assert state(doubt.of.world) == before


@pytest.mark.begins(after=in_doubt)
def test_an_undo_of_the_sync_that_asked_closes_it_and_the_next_sync_asks_again(doubt: InDoubt) -> None:
    asked = doubt.question()
    assert asked.history_id is not None
    undo(doubt.of.world, asked.history_id)
    assert doubt.of.open() == []
    doubt.sync()
    assert [each.local_id for each in doubt.question().candidates] == [doubt.first, doubt.second]


@pytest.mark.begins(after=in_doubt)
def test_where_another_club_of_that_name_comes_it_is_asked_anew(doubt: InDoubt) -> None:
    shown = doubt.question()
    with doubt.of.world.database.engine.begin() as connection:
        third = connection.scalars(insert(clubs).values(name=f"{doubt.name}.").returning(clubs.c.id)).one()
        connection.execute(update(clubs).where(clubs.c.id == third).values(name=f"{doubt.name} VZW."))
    with pytest.raises(ConflictRefused, match="other clubs of that name"):
        doubt.link(doubt.first)
    assert doubt.clubs_in_games() == set()
    doubt.sync()
    found = doubt.question()
    assert (found.id, [each.local_id for each in found.candidates]) == (shown.id, [doubt.first, doubt.second, third])
    engine, start = doubt.of.world.database.engine, doubt.of.world.settings.season_start
    with pytest.raises(NotAsShown):
        linking.link(engine, found.id, doubt.first, actor=COACH, season_start=start, shown=shown.mark)
    assert doubt.link(third).local_id == third


@pytest.mark.begins(after=in_doubt)
def test_what_is_certain_by_now_takes_no_answer(doubt: InDoubt) -> None:
    asked = doubt.question()
    with pytest.raises(ConflictRefused, match="none of those that it may be"):
        doubt.link(doubt.of.world.rows(clubs)[0]["id"])
    doubt.of.world.change(clubs, doubt.second, name="Elders")
    with pytest.raises(ConflictRefused, match="nothing is left to decide"):
        doubt.link(doubt.second)
    over = one(doubt.of.world.database.engine, asked.id)
    assert (over.status, over.reason) == ("settled", "certain")
    assert doubt.sync().reports["map_matches"].failed == {}
    assert doubt.clubs_in_games() == {doubt.first}


@pytest.mark.begins(after=in_doubt)
def test_two_teams_of_the_club_that_was_chosen_are_asked_about_at_once(doubt: InDoubt) -> None:
    """The teams are those that an earlier sync made in the first club; the name of one is that of another one now."""
    engine = doubt.of.world.database.engine
    with engine.begin() as connection:
        made = connection.execute(select(tables.teams).where(tables.teams.c.club_id == doubt.first).limit(1)).one()
        called = str(made.name).removeprefix(f"{doubt.name} ")
        twin = insert(tables.teams).values(club_id=doubt.first, name=called, season_id=made.season_id)
        twin_id = connection.scalars(twin.returning(tables.teams.c.id)).one()

    done = doubt.link(doubt.first)

    (asked,) = doubt.of.open()
    assert (asked.kind, asked.column, asked.name, asked.history_id) == (
        "opponent",
        "team_id",
        made.name,
        done.history_id,
    )
    assert [(each.local_id, each.name) for each in asked.candidates] == [(made.id, made.name), (twin_id, called)]
    assert 0 < done.followed["games"] < len(doubt.matches)
    last = doubt.link(None)
    (third,) = doubt.of.world.rows(tables.teams, id=last.local_id)
    assert (last.opponent, third["name"]) == ("team", f"{doubt.name} vzw {called}")
    assert done.followed["games"] + last.followed["games"] == len(doubt.matches)
    assert doubt.sync().reports["map_matches"].failed == {}
    undo(doubt.of.world, done.history_id)
    assert [each.column for each in doubt.of.open()] == ["club_id"]
