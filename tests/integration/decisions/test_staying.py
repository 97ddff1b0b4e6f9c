"""A player in two teams whom the last scan lacked in theirs: a decision moves them no more than that scan did."""

from typing import Any

import pytest

from tests.support.decided_world import DecidedWorld
from tests.support.half_answers import left_out
from tests.support.twin_teams import TwinTeams
from twizzit_pipeline.storage.tables import players

SMALL: dict[str, Any] = {"clubs": 1, "teams": 4, "players_per_team": 6, "other_contacts": 0, "tidy": frozenset({1})}


def test_a_link_of_the_player_keeps_their_team(club: DecidedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world = club.world
    (group, _), (elsewhere, _) = world.roster(), world.roster(1)
    world.simulator.changes.add_to_team(club.remote_id, elsewhere)
    alike = {name: club.player[name] for name in ("club_id", "first_name", "last_name", "gender")}
    with world.database.engine.begin() as connection:
        other = connection.execute(players.insert().values(**alike).returning(players.c.id)).scalar_one()
    with left_out(world, group, [club.remote_id], monkeypatch):
        club.sync()
    (asked,) = club.open()
    assert club.player["team_id"] == world.local_id(group, "team")

    club.link(asked.id, other)

    assert (club.local_id, club.player["team_id"]) == (other, world.local_id(group, "team"))
    world.simulator.changes.remove_from_team(club.remote_id, group)
    club.sync()
    assert club.player["team_id"] == world.local_id(elsewhere, "team")


def test_a_link_of_their_team_takes_them_along(twins: TwinTeams, monkeypatch: pytest.MonkeyPatch) -> None:
    world, group = twins.world, twins.remote_id
    player = world.roster()[1][0]
    world.simulator.changes.add_to_team(player, world.roster(1)[0])
    other, people = twins.alike(), twins.people
    with left_out(world, group, [player], monkeypatch):
        asked = twins.asked()
    assert (world.roster()[0], twins.people) == (group, people)

    twins.link(asked.id, other)

    assert (twins.local_id, twins.people) == (other, people)
