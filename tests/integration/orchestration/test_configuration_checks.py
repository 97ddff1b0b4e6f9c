"""The checks of the configuration: what they say, when it is recorded, and that people can evaluate them at once."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import event

from tests.integration.scheduling.test_freshness import LONG_AGO, Club
from twizzit_pipeline.definitions import build_definitions
from twizzit_pipeline.orchestration.assets.configuration import check_results, configuration_sensor
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database

LATE, BROKEN = "completeness", "contract"
CHECKS = {dg.AssetCheckKey(dg.AssetKey("twizzit_sync_config"), name) for name in (LATE, BROKEN)}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


def tick(settings: Settings, instance: dg.DagsterInstance, cursor: str | None = None) -> Any:
    return configuration_sensor(settings)(dg.build_sensor_context(instance=instance, cursor=cursor))


def evaluations(result: Any) -> dict[str, dg.AssetCheckEvaluation]:
    assert isinstance(result, dg.SensorResult)
    return {one.check_name: one for one in result.asset_events if isinstance(one, dg.AssetCheckEvaluation)}


def test_who_is_late_and_who_cannot_sync_are_named_by_id(database: Database, settings: Settings) -> None:
    late, broken = Club(database.engine, "Late club"), Club(database.engine, "Broken club", sync_interval_minutes=1)
    Club(database.engine, "Off", auto_sync_enabled=False, sync_interval_minutes=1)
    broken.synced(datetime.now(UTC).replace(tzinfo=None))
    found = {one.check: one for one in check_results(database.engine, settings)}
    assert found[LATE].credential_ids == (late.id,)
    assert found[LATE].reasons == {"overdue": 1}
    assert found[LATE].severity is dg.AssetCheckSeverity.ERROR, "it is due, and nothing makes it sync"
    assert found[BROKEN].credential_ids == (broken.id,)
    assert "interval of 1 minutes" in str(found[BROKEN].reasons)
    assert "club" not in str(found), "ids, not names"
    late.config(consecutive_failures=2)
    (failing, _) = check_results(database.engine, settings)
    assert (failing.severity, failing.reasons) == (dg.AssetCheckSeverity.WARN, {"failing": 1})


def test_a_result_is_recorded_when_it_changed_or_is_an_hour_old(
    database: Database, settings: Settings, instance: dg.DagsterInstance
) -> None:
    club = Club(database.engine, updated_at=datetime.now(UTC).replace(tzinfo=None))
    first = tick(settings, instance)
    assert {name: one.passed for name, one in evaluations(first).items()} == {LATE: True, BROKEN: True}
    assert isinstance(tick(settings, instance, first.cursor), dg.SkipReason)

    club.config(updated_at=LONG_AGO)
    second = tick(settings, instance, first.cursor)
    (changed,) = evaluations(second).values()
    assert (changed.check_name, changed.passed) == (LATE, False)
    assert (changed.description, changed.severity) == ("1 × nobody_is_late", dg.AssetCheckSeverity.ERROR)
    metadata = dict(changed.metadata)
    table = metadata.pop("rules")
    assert isinstance(table, dg.TableMetadataValue)
    rule = {"rule": "nobody_is_late", "count": 1, "result": "ERROR", "speaks_of": "all"}
    assert [row.data for row in table.records] == [rule]
    assert {name: value.value for name, value in metadata.items()} == {
        "count": 1,
        "credential_ids": [club.id],
        "reasons": {"overdue": 1},
    }
    assert isinstance(tick(settings, instance, second.cursor), dg.SkipReason)

    for minutes in (61, -1440):  # the latter before the clock was put back
        aged = json.loads(second.cursor)
        aged[BROKEN][1] = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()
        assert set(evaluations(tick(settings, instance, json.dumps(aged)))) == {BROKEN}

    club.config(auto_sync_enabled=False)
    recovered = evaluations(tick(settings, instance, second.cursor))
    assert {name: one.passed for name, one in recovered.items()} == {LATE: True}


def test_a_tick_takes_two_statements_however_many_there_are(database: Database, settings: Settings) -> None:
    counts = []
    for number in range(3):
        Club(database.engine, f"Club {number}")
        statements: list[str] = []
        listener = lambda *seen, kept=statements: kept.append(seen[2])  # noqa: E731
        event.listen(database.engine, "before_cursor_execute", listener)
        check_results(database.engine, settings)
        event.remove(database.engine, "before_cursor_execute", listener)
        counts.append(len(statements))
    assert counts == [2, 2, 2]


def test_they_may_be_evaluated_by_hand(database: Database, settings: Settings, instance: dg.DagsterInstance) -> None:
    club = Club(database.engine)
    job = build_definitions(settings=settings).resolve_implicit_global_asset_job_def()
    result = job.get_subset(asset_check_selection=CHECKS).execute_in_process(instance=instance)
    assert result.success, "a check that does not pass fails no run"
    found = {one.check_name: one for one in result.get_asset_check_evaluations()}
    assert (found[LATE].passed, found[LATE].metadata["credential_ids"].value) == (False, [club.id])
    assert found[BROKEN].passed
    alone = dg.AssetCheckKey(dg.AssetKey("twizzit_sync_config"), BROKEN)
    result = job.get_subset(asset_check_selection={alone}).execute_in_process(instance=instance)
    assert [one.check_name for one in result.get_asset_check_evaluations()] == [BROKEN]
