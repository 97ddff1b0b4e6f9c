"""A small club that syncs by itself, for the tests of what runs leave behind for the next automatic sync."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.sync_world import STEPS, TO_MAP, SyncWorld, quick
from twizzit_pipeline.scheduling import config, schedule, usage
from twizzit_pipeline.scheduling.config import SyncConfig
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import Database

ADMIN = Actor("token", "1", "admin")
BY_ITSELF = "schedule"
HOUR = timedelta(hours=1)


def small_world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    """One club, in which nothing must be rejected."""
    simulator = simulate(clubs=1, teams=2, players_per_team=3, other_contacts=0, tidy=frozenset({1}))
    return SyncWorld(quick(settings, retry_attempts=1), database, simulator)


def by_itself(world: SyncWorld) -> int:
    """A credential whose teams and players sync by themselves each hour, due now."""
    credential_id = world.add_credential()
    config.change(world.database.engine, credential_id, actor=ADMIN, auto_sync_enabled=True, sync_competitions=False)
    return credential_id


def now_of(world: SyncWorld, credential_id: int) -> SyncConfig:
    return config.read(world.database.engine, credential_id)


def used(world: SyncWorld, credential_id: int) -> int:
    with world.database.engine.connect() as connection:
        return usage.used(connection, credential_id, schedule.month(datetime.now(UTC)))


def run(world: SyncWorld, credential_id: int, season: str | None = None, **more: Any) -> None:
    """A whole sync as a run of Dagster does it."""
    with world.session(credential_id, season, **more) as session:
        session.to_map = set(TO_MAP)
        for step in STEPS:
            step(session)
