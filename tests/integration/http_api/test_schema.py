"""What the OpenAPI document promises, held against the server by schemathesis: no 5xx, and every answer conforms."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.conftest import settings_with
from tests.support.api_server import ApiServer, token
from tests.support.signs_of_life import beat
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.storage.engine import open_database


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

            def stay_alive() -> None:
                while not over.wait(5):
                    beat(database.engine)

            beat(database.engine)
            beating = threading.Thread(target=stay_alive, daemon=True)
            beating.start()
            try:
                with ApiServer(world.settings, database) as server:
                    yield server
            finally:
                over.set()
                beating.join()


def test_every_answer_is_one_of_the_document(api: ApiServer) -> None:
    """Schemathesis's own parametrisation does not work with this pytest: here every operation is driven in turn."""
    from tests.support import documented_api

    admin, coach = token("admin"), token("coach", credentials=[1, 2, 3])
    operations = documented_api.operations(api)
    assert len(operations) == 49
    for operation in operations:
        # Who may not come in is answered before anything is looked at: one call of each is as good as many.
        documented_api.drive(operation, {None: 1, token("user"): 1, coach: 3, admin: 5})
        if operation.body or operation.query or operation.path_parameters:
            documented_api.drive(operation, {admin: 5}, negative=True)


def test_the_document_has_no_422(api: ApiServer) -> None:
    text = str(api.app.openapi())
    assert "422" not in text
    assert "HTTPValidationError" not in text


def test_the_limits_of_ids_are_said_in_the_words_of_json_schema(api: ApiServer) -> None:
    """Pydantic writes `ge` where it cannot place a limit: programs that are made from the document pass that over."""
    ids = [
        (operation["operationId"], said)
        for path in api.app.openapi()["paths"].values()
        for operation in path.values()
        for said in operation.get("parameters", ())
        if said["name"].endswith("Id") and "integer" in str(said["schema"])
    ]
    assert len(ids) > 30
    unsaid = [(where, said["name"]) for where, said in ids if "'minimum': 1" not in str(said["schema"])]
    assert not unsaid


def test_a_login_that_does_not_work_is_an_answer_of_the_document(api: ApiServer) -> None:
    """Where a status has a model twice, FastAPI writes both beside each other, and JSON Schema wants both to hold."""
    verify = api.app.openapi()["paths"]["/api/twizzit/verify/{credentialId}"]["post"]
    found = verify["responses"]["200"]["content"]["application/json"]["schema"]
    assert [one["$ref"].rpartition("/")[2] for one in found["anyOf"]] == ["Verified", "NotVerified"]
    both = [place for place in _schemas(api.app.openapi()) if "$ref" in place and "anyOf" in place]
    assert both == []


def _schemas(found: Any) -> Iterator[dict[str, Any]]:
    if isinstance(found, dict):
        yield found
    for one in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from _schemas(one)
