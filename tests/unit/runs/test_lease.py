"""The lease: what other folders say of it, which may not import it."""

from datetime import timedelta

from twizzit_pipeline.credentials import store
from twizzit_pipeline.runs.lease import BEAT_SECONDS, DEAD_AFTER_SECONDS


def test_a_credential_may_be_deleted_once_a_lease_counts_as_dead() -> None:
    """Sooner, a sync under way would lose its credential; later, a killed one would keep it from being deleted."""
    assert timedelta(seconds=DEAD_AFTER_SECONDS) == store._LEASE_LASTS


def test_a_lease_outlives_some_lost_heartbeats() -> None:
    assert DEAD_AFTER_SECONDS >= 3 * BEAT_SECONDS
