"""Who plays in Twizzit's truth plays in ShotSpot, however a club calls its players and lists its teams."""

import pytest

from tests.integration.sync_world import SyncWorld, quick
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.twizzit.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.twizzit.simulator.quirks import Quirk

PEOPLE: tuple[Quirk, ...] = (
    "many_team_types",
    "odd_function",
    "old_seasons_in_rosters",
    "relation_ids",
    "youth_functions",
)


@pytest.mark.parametrize("quirks", [*([quirk] for quirk in PEOPLE), PEOPLE], ids="+".join)
def test_a_sync_ends_with_the_truth_under_each_quirk(
    settings: Settings, database: Database, quirks: tuple[Quirk, ...]
) -> None:
    options = SimulatorOptions(clubs=1, teams=8, players_per_team=6, quirks=frozenset(quirks))
    with SimulatorServer(options) as server:
        world = SyncWorld(quick(settings), database, server)
        credential_id = world.add_credential()
        synced = world.sync(credential_id)
        world.assert_truth(credential_id)
        truth = server.world.truth(world.club())
        assert synced.players.created == len(truth.players)
        last_year = {
            str(link.contact_id)
            for links in world.club().rosters.values()
            for link in links
            if link.season_id is not None and str(link.contact_id) not in truth.players
        }
        assert bool(last_year) == ("old_seasons_in_rosters" in quirks)
        registered = {row["twizzit_player_id"] for row in world.rows(tables.player_mappings)}
        assert registered.isdisjoint(last_year)
        before = world.dump()
        assert world.sync(credential_id).players.created == 0
        assert world.dump() == before
