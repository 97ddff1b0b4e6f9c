"""What the views for monitoring must read: each entity."""

import pytest

from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.storage.migrations.views_of_syncs import VIEWS_OF_SYNCS


@pytest.mark.parametrize("name", ENTITIES)
def test_a_sync_of_each_entity_counts_for_the_state_of_its_credential(name: str) -> None:
    of = ENTITIES[name]
    status, last = VIEWS_OF_SYNCS["twizzit_credential_status"], VIEWS_OF_SYNCS["twizzit_last_syncs"]
    assert f"('{name}', coalesce(" in status
    recorded = f"SELECT '{name}' WHERE pairs.sync_type = '{of.sync_type}'"
    assert name == of.sync_type or recorded in last
