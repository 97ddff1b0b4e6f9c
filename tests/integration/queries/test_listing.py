"""The lists of mappings hold every mapping, also where a row has lost what it is usually shown with."""

from tests.support.sync_world import SyncWorld
from twizzit_pipeline.queries import listing
from twizzit_pipeline.storage import tables


def test_what_has_no_season_or_no_team_is_listed_as_well(world: SyncWorld, club: int) -> None:
    engine = world.database.engine
    before = len(listing.team_mappings_of(engine)), len(listing.player_mappings_of(engine))
    one, two = (row["local_player_id"] for row in world.rows(tables.player_mappings)[:2])
    world.change(tables.teams, world.rows(tables.team_mappings)[0]["local_team_id"], season_id=None)
    world.change(tables.players, one, team_id=None)
    mapping = next(row for row in world.rows(tables.player_mappings) if row["local_player_id"] == two)
    world.change(tables.player_mappings, mapping["id"], team_mapping_id=None)
    assert (len(listing.team_mappings_of(engine)), len(listing.player_mappings_of(engine))) == before
    assert (listing.count_team_mappings(engine), listing.count_player_mappings(engine)) == before
