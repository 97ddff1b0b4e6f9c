"""The sync that is undone: of a club that was synced once for its module.

Each test has a copy, whose account has moved to the test's own simulator: an undo takes back what was written before.
"""

import pytest

from tests.support.sync_world import Synced, SyncWorld
from twizzit_pipeline.runs import history


@pytest.fixture
def first(world: SyncWorld, club: int) -> Synced:
    """The sync that brought everything, as the history has it."""
    (run_id,) = {row.dagster_run_id for row in history.recent(world.database.engine, club)}
    assert run_id is not None
    return Synced(run_id, {}, world.history_of(run_id), 0)
