"""What the tests of orchestration share: Dagster's sensors over a simulated Twizzit of the module's own size."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.orchestrator import Orchestrator, orchestrated
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage.engine import Database


@pytest.fixture
def orchestrator(
    request: pytest.FixtureRequest,
    settings: Settings,
    database: Database,
    simulate: Callable[..., SimulatorServer],
) -> Iterator[Orchestrator]:
    """The clubs that the module describes in `SMALL`."""
    with orchestrated(settings, database, simulate(**request.module.SMALL)) as found:
        yield found
