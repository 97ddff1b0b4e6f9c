"""What the OpenAPI document promises, held against the server by schemathesis: no 5xx, and every answer conforms."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from tests.conftest import settings_with
from tests.support.api_server import ApiServer, token
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.scheduling import heartbeat
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.storage.engine import open_database

load_all_checks()

# Which endpoints are accepted no schema can say, and unknown parameters are passed over: what is accepted and what is
# refused is for `test_api_access` to hold.
LEFT_OUT: Any = CHECKS.get_by_names(["positive_data_acceptance", "negative_data_rejection"])


def examples(most: int) -> settings:
    """Bounded, the same ones each time, and quick to fail."""
    return settings(
        max_examples=most,
        deadline=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
        database=None,
    )


@pytest.fixture(scope="module")
def api(
    new_database: Callable[[], AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiServer]:
    """A server over a synced club, with an orchestrator that gives signs of life and takes no request."""
    small = SimulatorOptions(clubs=1, teams=2, players_per_team=4, other_contacts=2)
    with new_database() as url, SimulatorServer(small) as simulator:
        home = tmp_path_factory.mktemp("api")
        known = settings_with(url, home, api_live_per_minute=100_000, api_verifications_per_minute=5)
        over = threading.Event()
        with open_database(known) as database:
            world = SyncWorld(quick(known), database, simulator)
            world.sync(world.add_credential())

            def beat() -> None:
                while not over.wait(5):
                    heartbeat.beat(database.engine)

            heartbeat.beat(database.engine)
            beating = threading.Thread(target=beat, daemon=True)
            beating.start()
            try:
                with ApiServer(world.settings, database) as server:
                    yield server
            finally:
                over.set()
                beating.join()


def call(case: Case[Any], sent: str | None, session: requests.Session) -> None:
    """One call; no call waits for a sync here, and the credential that is there is not deleted."""
    path, query = case.path_parameters or {}, case.query
    if case.method == "POST" and "/sync/" in case.path and "preview" not in case.path and sent:
        wait = query.get("wait", 120.0)
        case.query = {**query, "wait": 0.0 if isinstance(wait, float | int) and 0 <= wait <= 600 else wait}
    if case.method == "DELETE" and path.get("credentialId") == 1:
        return
    headers = {} if sent is None else {"Authorization": f"Bearer {sent}"}
    case.call_and_validate(headers=headers, session=session, excluded_checks=LEFT_OUT)


SENT: dict[str, tuple[int, Callable[[], str | None]]] = {
    "admin": (5, lambda: token("admin")),
    "coach": (3, lambda: token("coach", credentials=[1, 2, 3])),
    "user": (2, lambda: token("user")),
    "none": (2, lambda: None),
}


@pytest.mark.parametrize("who", SENT)
def test_every_answer_is_one_of_the_document(api: ApiServer, who: str) -> None:
    """Schemathesis's own parametrisation does not work with this pytest: here every operation is driven in turn."""
    most, make = SENT[who]
    document: Any = schemathesis.openapi.from_url(f"{api.root}/openapi.json")
    operations: list[Any] = [found.ok() for found in document.get_all_operations()]
    assert len(operations) == 49
    for operation in operations:
        drive(operation.as_strategy(), most, make())
        if who == "admin" and (operation.body or operation.query or operation.path_parameters):
            drive(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE), most, make())


def drive(cases: SearchStrategy[Case[Any]], most: int, sent: str | None) -> None:
    """Sends so many of these cases, each held to the document."""

    with requests.Session() as session:
        session.trust_env = False  # no proxy is looked for, a thousand times

        @examples(most)
        @given(case=cases)
        def hold(case: Case[Any]) -> None:
            call(case, sent, session)

        hold()


def test_the_document_has_no_422(api: ApiServer) -> None:
    text = str(api.app.openapi())
    assert "422" not in text
    assert "HTTPValidationError" not in text
