"""What a person switched off in Dagster's UI is said by `status`, `doctor`, `up` and the API, with what to click."""

import json
import time
from collections.abc import Callable, Iterator

import dagster as dg
import httpx
import pytest
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
    SensorInstigatorData,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._daemon.sensor import get_elapsed
from pydantic import SecretStr
from sqlalchemy import event
from typer.testing import CliRunner, Result

from tests.support.api_server import ApiServer
from twizzit_pipeline.cli.app import whole
from twizzit_pipeline.cli.doctor.command import examine
from twizzit_pipeline.cli.doctor.finding import Severity
from twizzit_pipeline.definitions import build_definitions
from twizzit_pipeline.local.automation import Switches
from twizzit_pipeline.orchestration.instance.home import open_instance
from twizzit_pipeline.scheduling import automation
from twizzit_pipeline.scheduling.automation import switched_off
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database, open_database

pytestmark = pytest.mark.dagster_tables

Status = Callable[..., Result]

LINE = (
    "The sensor sync_sensor is switched off: no sync begins, neither one that is due nor one that is asked for. "
    "In Dagster's UI: Automation → sync_sensor → switch it on"
)


@pytest.fixture
def instance(settings: Settings, database: Database) -> Iterator[dg.DagsterInstance]:
    with open_instance(settings, database) as opened:
        yield opened


def switch(instance: dg.DagsterInstance, name: str, status: InstigatorStatus, location: str = "here") -> None:
    """As the UI does it: the state of a sensor or schedule is kept, or changed where it is kept already."""
    target = LoadableTargetOrigin(module_name="twizzit_pipeline.definitions")
    repository = RemoteRepositoryOrigin(ManagedGrpcPythonEnvCodeLocationOrigin(target, location), "__repository__")
    is_schedule = name == "prune_history_daily"
    state = InstigatorState(
        RemoteInstigatorOrigin(repository, name),
        InstigatorType.SCHEDULE if is_schedule else InstigatorType.SENSOR,
        status,
        ScheduleInstigatorData("23 4 * * *") if is_schedule else SensorInstigatorData(),
    )
    known = instance.get_instigator_state(state.instigator_origin_id, state.selector_id)
    if known is None:
        instance.add_instigator_state(state)
    else:
        instance.update_instigator_state(state)


def test_a_tick_of_before_the_clock_was_put_back_stops_no_sensor(instance: dg.DagsterInstance) -> None:
    """Dagster waits until the interval has passed since the last tick, which lies a day ahead here."""
    target = LoadableTargetOrigin(module_name="twizzit_pipeline.definitions")
    repository = RemoteRepositoryOrigin(ManagedGrpcPythonEnvCodeLocationOrigin(target, "here"), "__repository__")
    for name, ahead in (("sync_sensor", 86_400), ("notifications", 0)):
        tick = time.time() + ahead
        data = SensorInstigatorData(last_tick_timestamp=tick, last_tick_start_timestamp=tick, cursor=name)
        origin = RemoteInstigatorOrigin(repository, name)
        state = InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING, data)
        instance.add_instigator_state(state)
        alone = instance.get_instigator_state(state.instigator_origin_id, state.selector_id)
        among = [one for one in instance.all_instigator_state() if one.instigator_name == name]
        for one in (alone, *among):
            assert one is not None
            assert isinstance(one.instigator_data, SensorInstigatorData)
            assert one.instigator_data.cursor == name
            assert (get_elapsed(one) is None) is bool(ahead)
        assert len(among) == 1


def test_every_sensor_and_schedule_of_ours_has_words_for_what_is_missed() -> None:
    definitions = build_definitions()
    names = {one.name for one in (*(definitions.sensors or ()), *(definitions.schedules or ()))}
    assert names == set(automation.MEANS)


def test_what_is_off_is_named_the_worst_first_and_the_newest_switch_counts(
    database: Database, instance: dg.DagsterInstance
) -> None:
    assert switched_off(database) == ()
    for name in ("prune_history_daily", "sync_sensor"):
        switch(instance, name, InstigatorStatus.STOPPED)
    assert [(one.name, one.kind) for one in switched_off(database)] == [
        ("sync_sensor", "sensor"),
        ("prune_history_daily", "schedule"),
    ]
    assert switched_off(database)[0].line == LINE
    switch(instance, "sync_sensor", InstigatorStatus.RUNNING)
    assert [one.name for one in switched_off(database)] == ["prune_history_daily"]
    switch(instance, "prune_history_daily", InstigatorStatus.RUNNING, location="elsewhere")
    assert switched_off(database) == ()


def test_it_costs_no_connection_of_its_own_where_dagsters_tables_are_beside_ours(
    database: Database, instance: dg.DagsterInstance
) -> None:
    used: list[object] = []
    event.listen(database.engine, "checkout", lambda connection, *_: used.append(connection))
    switched_off(database)
    assert len(used) == 1


def test_nothing_is_off_where_dagster_never_ran(empty_database_url: str, settings: Settings) -> None:
    elsewhere = settings.model_copy(update={"database_url": SecretStr(empty_database_url)})
    with open_database(elsewhere) as fresh:
        assert switched_off(fresh) == ()


@pytest.fixture
def own_database(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """The test's database as the commands see it."""
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    monkeypatch.setenv("TWIZZIT_DATABASE_URL", url)
    return url


def test_doctor_names_it_as_what_keeps_the_orchestrator_silent(instance: dg.DagsterInstance, own_database: str) -> None:
    switch(instance, "sync_sensor", InstigatorStatus.STOPPED)
    switch(instance, "prune_history_daily", InstigatorStatus.STOPPED)
    found = [one for one in examine() if one.subject in ("automation", "orchestrator")]
    assert [one.severity for one in found] == [Severity.PROBLEM, Severity.WARNING, Severity.WARNING]
    assert {found[0].what_to_do, found[2].what_to_do} == {"In Dagster's UI: Automation → sync_sensor → switch it on"}
    assert "The schedule prune_history_daily is switched off" in found[1].message


def test_the_api_says_it_without_a_token(settings: Settings, database: Database, instance: dg.DagsterInstance) -> None:
    with ApiServer(settings, database) as api:
        assert httpx.get(f"{api.root}/health").json()["orchestrator"]["switchedOff"] == []
        switch(instance, "sync_sensor", InstigatorStatus.STOPPED)
        (off,) = httpx.get(f"{api.root}/health").json()["orchestrator"]["switchedOff"]
    assert (off["name"], off["kind"]) == ("sync_sensor", "sensor")
    assert off["whatToDo"] == "In Dagster's UI: Automation → sync_sensor → switch it on"


def test_up_says_it_once_and_once_more_when_it_is_on_again(
    database: Database, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twizzit_pipeline.local.automation._LOOK_SECONDS", 0.0)
    said: list[str] = []
    switches = Switches(database, said.append)
    for status in (InstigatorStatus.STOPPED, InstigatorStatus.STOPPED, InstigatorStatus.RUNNING):
        switch(instance, "sync_sensor", status)
        switches.look()
        switches.look()
    assert said == [LINE, "The sensor sync_sensor is switched on again"]


@pytest.fixture
def status(own_database: str) -> Status:
    return lambda *arguments: CliRunner().invoke(whole(), ["status", *arguments], catch_exceptions=False)


def test_status_says_it_and_needs_a_person(instance: dg.DagsterInstance, status: Status) -> None:
    assert status("--check").exit_code == 0
    switch(instance, "sync_sensor", InstigatorStatus.STOPPED)
    shown = status("--check")
    assert shown.exit_code == 1
    assert LINE in " ".join(shown.stdout.split())
    found = json.loads(status("--json").stdout)
    assert found["needs_attention"] is True
    assert [one["what_to_do"] for one in found["orchestrator"]["switched_off"]] == [
        "In Dagster's UI: Automation → sync_sensor → switch it on"
    ]
