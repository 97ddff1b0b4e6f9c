"""A pipeline whose notifications arrive at a webhook that listens."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.support.receivers import WebhookReceiver, webhook
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.notifications import outbox
from twizzit_pipeline.notifications.channels import configured
from twizzit_pipeline.notifications.rounds import RoundResult, notify
from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.entity_counts import EntityCounts
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.simulator.faults import FaultKind
from twizzit_pipeline.storage.engine import Database

HOUR = timedelta(hours=1)
_numbers = itertools.count(1)


@dataclass
class Notifying:
    """A pipeline, and a receiver of its notifications."""

    world: SyncWorld
    settings: Settings
    receiver: WebhookReceiver

    def tick(self, at: datetime | None = None) -> list[str]:
        """One round; the texts that the webhook got."""
        before = len(self.receiver.taken)
        self.round(at)
        return self.receiver.texts[before:]

    def round(self, at: datetime | None = None) -> RoundResult:
        (result,) = notify(self.world.database.engine, configured(self.settings), at)
        return result

    def fails(self, credential_id: int, kind: FaultKind = "error_503", **changes: Any) -> None:
        """A sync that fails."""
        armed = self.world.simulator.faults.arm(kind, times=None)
        with pytest.raises(TwizzitPipelineError):
            self.world.sync(credential_id, **changes)
        assert armed.met
        self.world.simulator.faults.clear()

    def writes(self, credential_id: int, status: str, error: str | None = None, *, minutes_ago: float = 0) -> None:
        """A run of the teams that ended so, as its history has it."""
        engine = self.world.database.engine
        counts = EntityCounts(failed={"doubtful_link": ("7",)} if status == "partial_success" else {})
        with engine.begin() as connection:
            run_id = f"written-{next(_numbers)}"
            row = history.start(
                connection, credential_id=credential_id, entity="teams", run_id=run_id, season=self.world.season
            )
            if status == "failed":
                history.fail(connection, row, counts, error or "Twizzit answered 503")
            else:
                history.finish(connection, row, counts)
            connection.execute(
                text("UPDATE twizzit_sync_history SET completed_at = completed_at - :ago WHERE id = :id"),
                {"ago": timedelta(minutes=minutes_ago), "id": row},
            )

    def rows(self) -> list[outbox.Notification]:
        return outbox.recent(self.world.database.engine)


@contextmanager
def notifying_club(
    settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]
) -> Iterator[Notifying]:
    """A small club in a simulated Twizzit, and a webhook."""
    world = SyncWorld(
        quick(settings, retry_attempts=1), database, simulate(clubs=1, teams=2, players_per_team=3, other_contacts=0)
    )
    with webhook() as receiver:
        with_webhook = settings.model_copy(update={"notify_webhook_url": SecretStr(receiver.url)})
        yield Notifying(world, with_webhook, receiver)
