"""An established club of which Twizzit lists no team any more, once and again: no one is lost, and it is said."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.support.sync_world import SyncWorld
from twizzit_pipeline.queries import overview
from twizzit_pipeline.queries.overview import CredentialStatus
from twizzit_pipeline.runs.season_rows import today
from twizzit_pipeline.storage import tables

SMALL: dict[str, Any] = {"clubs": 1, "teams": 3, "players_per_team": 6, "other_contacts": 1, "tidy": frozenset({1})}
KEPT = (tables.players, tables.teams, tables.player_mappings, tables.team_mappings, tables.departures)

pytestmark = pytest.mark.parametrize("world", [SMALL], indirect=True)


def _now(world: SyncWorld) -> CredentialStatus:
    (now,) = overview.read(world.database.engine, season_start="07-01").credentials
    return now


def test_no_team_at_all_lets_no_one_go_and_is_said_each_time(world: SyncWorld, club: int) -> None:
    listed = sorted(row["twizzit_team_id"] for row in world.rows(tables.team_mappings))
    before = world.dump(KEPT)
    for team in list(world.club().teams(world.simulator.world.running_season)):
        world.simulator.changes.remove_team(team.id)
    for _ in range(3):
        done = world.sync(club)
        assert done.history["teams"].details["warnings"]["none_listed"] == {"count": 3, "twizzit_ids": listed}
        assert world.dump(KEPT) == before
    assert all(row["is_active"] and row["is_twizzit_registered"] for row in world.rows(tables.players))
    now = _now(world)
    assert now.needs_attention
    assert now.none_listed == "teams"
    assert "Twizzit lists no team of this season" in now.why
    assert now.what_to_do.endswith(f"then: twizzit sync {club}")


@pytest.mark.parametrize(("began", "attention"), [(40, True), (20, False)])
def test_a_club_that_never_listed_a_team_needs_attention_unless_its_season_fills_up(
    began: int, attention: bool, world: SyncWorld
) -> None:
    credential_id = world.add_credential()
    world.sync(credential_id)
    assert not _now(world).needs_attention
    for team in list(world.club().teams(world.simulator.world.running_season)):
        world.simulator.changes.remove_team(team.id)
    world.sync(credential_id)
    with world.database.engine.begin() as connection:
        today = text("UPDATE twizzit_seasons SET start_date = current_date - :days WHERE label = :label")
        connection.execute(today, {"days": began, "label": world.simulator.world.running_season.label})
    assert (_now(world).none_listed, _now(world).needs_attention) == ("teams" if attention else None, attention)


@pytest.mark.parametrize(("began", "attention"), [(40, True), (20, False)])
def test_where_the_account_gives_no_dates_the_season_begins_as_the_settings_say(
    began: int, attention: bool, world: SyncWorld
) -> None:
    credential_id = world.add_credential()
    for team in list(world.club().teams(world.simulator.world.running_season)):
        world.simulator.changes.remove_team(team.id)
    world.sync(credential_id)
    begins = today() - timedelta(days=began)
    begins = begins.replace(day=min(begins.day, 28))  # a day that each year has
    label = {"label": f"{begins.year}-{begins.year + 1}", "old": world.simulator.world.running_season.label}
    with world.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM twizzit_seasons WHERE label <> :old"), label)
        connection.execute(text("UPDATE twizzit_seasons SET label = :label, start_date = NULL, end_date = NULL"), label)
        named = "details = jsonb_set(details, '{season}', to_jsonb(CAST(:label AS text)))"
        connection.execute(text(f"UPDATE twizzit_sync_history SET {named}"), label)
    (now,) = overview.read(world.database.engine, season_start=begins.strftime("%m-%d")).credentials
    assert (now.none_listed, now.needs_attention) == ("teams" if attention else None, attention)


def test_no_player_in_any_team_lets_no_one_go_either(world: SyncWorld, club: int) -> None:
    listed = sorted(row["twizzit_player_id"] for row in world.rows(tables.player_mappings))
    before = world.dump(KEPT)
    for team in world.club().teams(world.simulator.world.running_season):
        for person in list(world.club().players(team.id)):
            world.simulator.changes.remove_from_team(person.id, team.id)
    for _ in range(2):
        done = world.sync(club)
        warnings = done.history["players"].details["warnings"]
        assert warnings == {"none_listed": {"count": len(listed), "twizzit_ids": listed}}
        assert "none_listed" not in done.history["teams"].details["warnings"]
        assert world.dump(KEPT) == before
    now = _now(world)
    assert (now.none_listed, now.needs_attention) == ("players", True)
    assert "no player in any team of this season" in now.why


def test_a_season_whose_teams_have_no_player_yet_says_so(world: SyncWorld) -> None:
    """From its first sync on: the players of the season before stay, and no new one comes."""
    credential_id = world.add_credential()
    before, running = world.simulator.world.seasons_of(world.club())
    for team in world.club().teams(running):
        for person in list(world.club().players(team.id)):
            world.simulator.changes.remove_from_team(person.id, team.id)
    world.sync(credential_id, before.label, day=before.end)
    listed = sorted(row["twizzit_player_id"] for row in world.rows(tables.player_mappings))
    found = world.sync(credential_id).history["players"].details["warnings"]["none_listed"]
    assert (found["count"], found["twizzit_ids"]) == (len(listed), listed)
    assert listed
    assert all(row["is_active"] for row in world.rows(tables.players))
