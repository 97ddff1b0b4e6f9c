"""What a person must put right before a sync can work: the message says so, and where possible the history too."""

from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline import errors
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.sync.session import SyncSession


@pytest.fixture
def world(settings: Settings, database: Database, simulator: SimulatorServer) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulator)


REFUSED: dict[str, tuple[type[errors.TwizzitPipelineError], dict[str, Any], dict[str, Any]]] = {
    "password": (errors.LoginRefused, {"password": SecretStr("a wrong one")}, {}),
    "username": (errors.LoginRefused, {"api_username": "wrong"}, {}),
    "endpoint": (errors.EndpointRefused, {"api_endpoint": "ftp://example.org/v1"}, {}),
    "private": (errors.EndpointRefused, {}, {"allow_private_endpoints": False}),
    "no-server": (errors.ConnectionFailed, {"api_endpoint": "http://127.0.0.1:9/v2/api"}, {"retry_attempts": 1}),
    "another-place": (errors.NotATwizzit, {}, {}),
    "key": (errors.DecryptionFailed, {}, {"encryption_key": SecretStr("f" * 64)}),
    "another-text": (errors.DecryptionFailed, {}, {"encryption_key": SecretStr("short")}),
    "no-key": (errors.SettingsError, {}, {"encryption_key": SecretStr("  ")}),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_refusal_is_in_the_history(world: SyncWorld, what: str) -> None:
    error, changes, settings = REFUSED[what]
    if what == "another-place":
        changes = {"api_endpoint": world.simulator.url + "/somewhere/v2/api"}
    credential_id = world.add_credential(**changes)
    world.settings = world.settings.model_copy(update=settings)

    with pytest.raises(error) as raised:
        world.sync(credential_id, run_id="refused")

    (row,) = world.history_of("refused").values()
    assert (row.sync_type, row.status, row.items_processed) == ("teams", "failed", 0)
    assert row.error_message == str(raised.value)
    assert "\n" not in str(raised.value)
    assert "a wrong one" not in str(raised.value)
    assert not world.rows(tables.leases)
    assert not world.rows(tables.twizzit_teams)


def test_an_account_of_several_organizations_reads_the_one_with_its_name(world: SyncWorld) -> None:
    account = world.club().account
    object.__setattr__(account, "organization_ids", tuple(one.id for one in world.simulator.world.organizations))
    unnamed = world.add_credential(organization_name="Geen van drie")
    with pytest.raises(errors.OrganizationNotFound):
        world.sync(unnamed, run_id="unnamed")
    assert world.history_of("unnamed")["teams"].status == "failed"

    named = world.add_credential(organization_name=world.club().name.upper())
    world.sync(named)
    world.assert_truth(named)


def test_a_credential_that_is_switched_off_does_not_sync(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    with world.database.engine.begin() as connection:
        connection.execute(update(tables.credentials).values(is_active=False))
    with pytest.raises(errors.InactiveCredential):
        world.sync(credential_id)
    assert world.simulator.calls.total == 0
    assert not world.rows(tables.sync_history)


@pytest.mark.parametrize("credential_id", [1, 0, -1, 2**40])
def test_an_unknown_credential_does_not_sync(world: SyncWorld, credential_id: int) -> None:
    with pytest.raises(errors.UnknownCredential):
        world.sync(credential_id)


def test_a_database_that_is_not_migrated_is_left_alone(settings: Settings, empty_database_url: str) -> None:
    empty = settings.model_copy(update={"database_url": SecretStr(empty_database_url)})
    with open_database(empty) as opened, pytest.raises(errors.MigrationsPending, match="twizzit migrate"):
        SyncSession(settings=empty, database=opened, credential_id=1, season="2026-2027", run_id="early")
