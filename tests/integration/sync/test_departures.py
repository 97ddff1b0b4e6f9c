"""Who leaves a team or Twizzit, who comes back, and what is never taken for a departure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Self

import pytest
from sqlalchemy import update

from tests.support.previewed import item, of_entity, previewed
from tests.support.sync_world import STEPS, SyncWorld
from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.simulator.clubs import COACH, PLAYER
from twizzit_pipeline.simulator.records import Link
from twizzit_pipeline.storage import tables
from twizzit_pipeline.sync.entities.teams import scan_teams
from twizzit_pipeline.sync.preview.making import Preview
from twizzit_pipeline.twizzit.records import Rosters
from twizzit_pipeline.twizzit.v2.dialect import V2

# Tidy, so that a team's roster is its players; 24 people, of whom five are more than a fifth.
SMALL: dict[str, Any] = {"clubs": 1, "teams": 3, "players_per_team": 8, "other_contacts": 3, "tidy": frozenset({1})}
CALLS = 9  # of a sync to which nothing is new
WRITTEN = (
    tables.clubs,
    tables.teams,
    tables.players,
    tables.team_mappings,
    tables.player_mappings,
    tables.sync_changes,
    tables.departures,
)


def departure(world: SyncWorld, twizzit_id: int | str) -> dict[str, Any]:
    (row,) = world.rows(tables.departures, twizzit_id=str(twizzit_id), returned_at=None)
    return row


def weeks_pass(world: SyncWorld) -> None:
    """All that was proved was proved eight days ago."""
    row = tables.departures.c
    ago = datetime.now(UTC) - timedelta(days=8)
    with world.database.engine.begin() as connection:
        connection.execute(update(tables.departures).where(row.proved_at.is_not(None)).values(proved_at=ago))


def roster_of(world: SyncWorld, place: int = 0) -> tuple[int, list[int]]:
    """A team, and those who play in no other one."""
    group, people = world.roster(place)
    club = world.club()
    others = {
        one.id
        for team in club.teams(world.simulator.world.running_season)
        if team.id != group
        for one in club.players(team.id)
    }
    return group, [one for one in people if one not in others]


def nothing_more(world: SyncWorld, club: int, calls: int | None = None) -> None:
    """A further sync writes nothing anywhere, and asks Twizzit for no one."""
    before = world.dump(WRITTEN)
    with world.session(club) as session:
        for step in STEPS:
            step(session)
        assert session.absences.keys() == {"teams", "players"}
        assert not any(one.kinds or one.due for one in session.absences.values())
    assert calls in (None, session.calls)
    assert world.dump(WRITTEN) == before


@dataclass(frozen=True)
class Leaving:
    """One who leaves: their team, what ShotSpot and the mapping had before."""

    twizzit_id: int
    group_id: int
    local_id: int
    player: dict[str, Any]
    mapping: dict[str, Any]

    @classmethod
    def of(cls, world: SyncWorld, group_id: int, twizzit_id: int) -> Self:
        (mapping,) = world.rows(tables.player_mappings, twizzit_player_id=str(twizzit_id))
        return cls(twizzit_id, group_id, world.local_id(twizzit_id), world.player(twizzit_id), mapping)


def test_who_leaves_a_team_or_twizzit_comes_back_as_they_were(world: SyncWorld, club: int) -> None:
    """Of the two, the one who is gone from Twizzit is closed after a week."""
    (group, (one, other, *_)), (elsewhere, (another, *_)) = roster_of(world), roster_of(world, 1)
    contact = world.club().contacts[another]
    world.change(tables.players, world.local_id(another), first_name="Edited")
    teamless, gone = Leaving.of(world, group, one), Leaving.of(world, elsewhere, another)
    world.simulator.changes.remove_from_team(one, group)
    world.simulator.changes.remove_person(another)

    left = world.sync(club)

    assert (left.players.departed, left.players.held) == (2, ())
    assert left.history["players"].details["depart"] == 2
    row = world.player(one)
    assert (row["team_id"], row["is_active"], row["is_twizzit_registered"]) == (None, False, True)
    assert (departure(world, one)["kind"], departure(world, one)["status"]) == ("no_team", "applied")
    assert (world.player(another)["is_active"], departure(world, another)["kind"]) == (False, "gone")
    assert world.player(other)["is_active"] is True
    nothing_more(world, club, CALLS)
    weeks_pass(world)
    closing = world.sync(club)
    assert closing.history["players"].details["departures"] == {"held": 0, "waiting": 0, "closed": 1}
    assert_closed(world, gone)
    assert departure(world, one)["status"] == "applied"
    nothing_more(world, club, CALLS)

    world.club().contacts[another] = contact
    for each in (teamless, gone):
        world.simulator.changes.add_to_team(each.twizzit_id, each.group_id)
    assert world.sync(club).players.returned == 2

    for each, but in ((teamless, {"updated_at"}), (gone, {"updated_at", "twizzit_verified_at"})):
        kept = {name: value for name, value in each.player.items() if name not in but}
        assert {name: world.player(each.twizzit_id)[name] for name in kept} == kept
        assert world.local_id(each.twizzit_id) == each.local_id
    assert not world.rows(tables.departures, returned_at=None)
    nothing_more(world, club, CALLS)
    world.change(tables.players, gone.local_id, first_name=contact.first_name)
    world.assert_truth(club)


def assert_closed(world: SyncWorld, gone: Leaving) -> None:
    """They are not registered any more; the mapping is in the departure and in the journal."""
    assert not world.rows(tables.player_mappings, twizzit_player_id=str(gone.twizzit_id))
    (player,) = world.rows(tables.players, id=gone.local_id)
    assert player["is_twizzit_registered"] is False
    row, mapping = departure(world, gone.twizzit_id), gone.mapping
    assert (row["status"], row["mapping"]["id"], row["base"]) == ("closed", mapping["id"], mapping["last_values"])
    (journalled,) = (
        one
        for one in world.rows(tables.sync_changes, table_name="twizzit_player_mappings", row_id=mapping["id"])
        if one["after"] is None
    )
    assert journalled["before"]["local_player_id"] == gone.local_id


def test_a_transfer_is_no_departure_and_costs_a_second_look_at_the_team_that_they_left(
    world: SyncWorld, club: int
) -> None:
    """Its roster, and the functions."""
    (first, (mover, *_)), (second, _) = roster_of(world, 0), roster_of(world, 1)
    world.simulator.changes.transfer(mover, second)

    synced = world.sync(club)

    assert (synced.players.departed, synced.players.updated, synced.calls) == (0, 1, CALLS + 2)
    assert world.player(mover)["team_id"] == world.local_id(second, "team")
    assert not world.rows(tables.departures)
    assert first != second


def test_half_an_answer_moves_no_one_who_is_in_two_teams(
    world: SyncWorld, club: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Left out of a roster once, their team out of the list once, not read again; then both of it for good."""
    (group, (player, other, *_)), (elsewhere, _) = roster_of(world), roster_of(world, 1)
    for one in (player, other):
        world.simulator.changes.add_to_team(one, elsewhere)
    assert world.sync(club).calls == CALLS
    groups, rosters = world.club().groups, world.club().rosters
    stands = world.local_id(group, "team"), world.local_id(elsewhere, "team")
    roster, listed, read = rosters[group], groups[group], V2.rosters
    lacks = [link for link in roster if link.contact_id != player]

    def read_once(*given: Any) -> Rosters:
        """The scan's answer alone is half of one."""
        found = read(*given)
        rosters[group], groups[group] = roster, listed
        return found

    def failing(*_: Any) -> Any:
        raise TwizzitPipelineError

    for half, number in (("roster", 61), ("list", 62)):
        world.simulator.changes.set_number(player, number)
        for look in (partial(previewed, entities=["teams", "players"]), SyncWorld.sync):
            if half == "roster":
                rosters[group] = lacks
            else:
                del groups[group]
            with monkeypatch.context() as patched:
                patched.setattr(V2, "rosters", read_once)
                seen = look(world, club)
            if isinstance(seen, Preview):
                assert item(seen, "players", player)["columns"].keys() == {"jersey_number"}, half
                assert of_entity(seen, "players")["counts"]["update"] == 1, half
        assert world.player(player)["team_id"] == world.player(other)["team_id"] == stands[0], half
        assert world.player(player)["jersey_number"] == number, "all else goes on"
        assert not world.rows(tables.departures), half
        nothing_more(world, club, CALLS)

    rosters[group] = lacks
    with monkeypatch.context() as patched:
        patched.setattr(V2, "playing", failing)
        assert world.sync(club).players.updated == 0
    moved = world.sync(club)
    assert (moved.players.updated, moved.calls, world.player(player)["team_id"]) == (1, CALLS + 2, stands[1])
    nothing_more(world, club, CALLS)

    world.simulator.changes.remove_team(group)
    for answer in (failing, lambda _, __, ids, ___: dict.fromkeys(ids, "unproved")):
        with monkeypatch.context() as patched:
            patched.setattr(V2, "still_listed", answer)
            world.sync(club)
        assert world.player(other)["team_id"] == stands[0]
    world.sync(club)
    assert world.player(other)["team_id"] == stands[1]


def test_who_becomes_a_coach_and_who_is_a_membership_alone_are_in_no_team(world: SyncWorld, club: int) -> None:
    """A roster that lists a contact who is not there keeps no one: an answer that lacks it proves as much as others."""
    group, (coach, *_) = roster_of(world)
    elsewhere, (leaver, *_) = roster_of(world, 1)
    world.simulator.changes.remove_from_team(coach, group)
    world.simulator.changes.add_to_team(coach, group, "coach")
    world.club().rosters[elsewhere].append(Link(1, PLAYER))
    world.simulator.changes.remove_person(leaver)

    left = world.sync(club)

    assert left.players.departed == 2
    assert (world.player(coach)["is_active"], departure(world, coach)["kind"]) == (False, "no_team")
    assert (departure(world, leaver)["kind"], departure(world, leaver)["status"]) == ("gone", "applied")
    assert left.history["players"].details["rejected"]["first_name_present"]["twizzit_ids"] == ["1"]


def test_a_group_that_once_looks_like_no_team_takes_no_one_along(world: SyncWorld, simulate: Any) -> None:
    """Where the account ignores types, one short answer about its members sets a team aside with all its players."""
    ignored, quirks = frozenset({"group-type"}), frozenset({"relation_ids"})
    world.simulator = simulate(**SMALL, ignored_filters=ignored, quirks=quirks)
    club = world.add_credential()
    world.sync(club)
    group, (in_two, *people) = roster_of(world)
    elsewhere = roster_of(world, 1)[0]
    world.simulator.changes.add_to_team(in_two, elsewhere)
    world.sync(club)
    rosters = world.club().rosters
    listed, rosters[group] = rosters[group], []

    with world.session(club) as session:
        aside = scan_teams(session).set_aside
        rosters[group] = listed
        for step in STEPS[1:]:
            step(session)

    assert (str(group), "not_a_team") in {(row.id, row.reason) for row in aside}
    assert not world.rows(tables.departures)
    assert all(world.player(one)["is_active"] for one in people)
    assert world.player(in_two)["team_id"] == world.local_id(group, "team")
    rosters[group] = [link for link in listed if link.function == COACH]  # and where all answers say so, they have left
    world.sync(club)
    assert {departure(world, one)["kind"] for one in people} == {"no_team"}
    assert world.player(in_two)["team_id"] == world.local_id(elsewhere, "team")


def test_a_number_is_free_for_others_and_given_back_if_it_still_is(world: SyncWorld, club: int) -> None:
    group, people = roster_of(world)
    leaver = next(one for one in people if world.player(one)["jersey_number"])
    number = world.player(leaver)["jersey_number"]
    world.simulator.changes.remove_from_team(leaver, group)
    newcomer = world.simulator.changes.add_person(group, "Noor", "Nieuw", "F", number)

    world.sync(club)

    assert world.player(newcomer)["jersey_number"] == number
    world.simulator.changes.add_to_team(leaver, group)
    world.sync(club)
    assert (world.player(leaver)["is_active"], world.player(leaver)["jersey_number"]) == (True, None)
    world.simulator.changes.set_number(newcomer, None)
    world.sync(club)
    assert world.player(leaver)["jersey_number"] == number


def test_what_a_person_edits_meanwhile_wins(world: SyncWorld, club: int) -> None:
    group, (kept_active, kept_away, *_) = roster_of(world)
    (elsewhere, _) = roster_of(world, 1)
    for one in (kept_active, kept_away):
        world.simulator.changes.remove_from_team(one, group)
    world.change(tables.players, world.local_id(kept_away), is_active=False)  # before: edited, and Twizzit says active
    world.sync(club)
    chosen = world.local_id(elsewhere, "team")
    world.change(tables.players, world.local_id(kept_active), is_active=True, team_id=chosen)

    nothing_more(world, club, CALLS)

    for one in (kept_active, kept_away):
        world.simulator.changes.add_to_team(one, group)
    world.sync(club)
    assert (world.player(kept_active)["is_active"], world.player(kept_active)["team_id"]) == (True, chosen)
    assert world.player(kept_away)["is_active"] is False, "it was so before the departure"


def test_a_team_that_is_gone_is_inactive_and_comes_back(world: SyncWorld, club: int) -> None:
    group_id, people = roster_of(world)
    (other, _) = roster_of(world, 1)
    stays = people[0]
    world.simulator.changes.add_to_team(stays, other)
    group, roster = world.club().groups[group_id], world.club().rosters[group_id]
    for one in people[4:]:
        world.simulator.changes.transfer(one, other)
    world.sync(club)
    world.simulator.changes.remove_team(group_id)

    left = world.sync(club)

    assert (left.teams.departed, left.players.departed, left.players.held) == (1, 3, ())
    assert world.team(group_id)["is_active"] is False
    assert world.player(stays)["team_id"] == world.local_id(other, "team")
    nothing_more(world, club)

    world.club().groups[group_id], world.club().rosters[group_id] = group, roster
    back = world.sync(club)
    assert (back.teams.returned, back.players.returned) == (1, 3)
    assert world.team(group_id)["is_active"] is True
    nothing_more(world, club)
    world.assert_truth(club)
