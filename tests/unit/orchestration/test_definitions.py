"""The definitions: exactly what is in them."""

import importlib
import json
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.instance.config import dagster_instance_config

from twizzit_pipeline.contracts.rules.competitions import RULES as COMPETITION_RULES
from twizzit_pipeline.contracts.rules.matches import RULES as MATCH_RULES
from twizzit_pipeline.contracts.rules.players import RULES as PLAYER_RULES
from twizzit_pipeline.contracts.rules.teams import RULES as TEAM_RULES
from twizzit_pipeline.definitions import build_definitions
from twizzit_pipeline.orchestration.assets.catalogue import TABLES, table_schema
from twizzit_pipeline.orchestration.checks.rules import RULES_OF
from twizzit_pipeline.orchestration.instance.kept_storage import KeptPostgresStorage
from twizzit_pipeline.orchestration.jobs import JOBS, job_of
from twizzit_pipeline.orchestration.run.lanes import FIRST, LANE_TAG, SLOW

ROOT = Path(__file__).parents[3]
SNAPSHOT = Path(__file__).with_name("definitions.json")


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_definitions()


def test_the_definitions_are_those_of_the_snapshot(definitions: dg.Definitions, request: pytest.FixtureRequest) -> None:
    """A change of assets, checks, jobs, sensors or schedules is seen in review: pytest --renew writes it anew."""
    found = json.dumps(drawn(definitions), indent=2, sort_keys=True) + "\n"
    if request.config.getoption("--renew"):
        SNAPSHOT.write_text(found)
    assert json.loads(found) == json.loads(SNAPSHOT.read_text())


def drawn(definitions: dg.Definitions) -> dict[str, object]:
    """All that Dagster is given, without descriptions and column schemas, which have tests of their own."""
    graph = definitions.resolve_asset_graph()
    specs = {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}
    checks = sorted(graph.asset_check_keys, key=str)
    jobs = {name: definitions.resolve_job_def(name) for name in JOBS}
    return {
        "assets": {
            name: {
                "after": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
                "group": spec.group_name,
                "kinds": sorted(spec.kinds),
                "owners": list(spec.owners),
                "code_version": spec.code_version,
                "tags": {key: value for key, value in spec.tags.items() if not key.startswith("dagster/")},
                "partitioned": spec.partitions_def is not None,
                "materializable": spec.key in graph.materializable_asset_keys,
                "checks": [key.name for key in checks if key.asset_key == spec.key],
                "rules": {rule.name: rule.check for rule in RULES_OF.get(name, ())},
            }
            for name, spec in specs.items()
        },
        "jobs": {
            name: sorted(key.to_user_string() for key in job.asset_layer.executable_asset_keys)
            for name, job in jobs.items()
        },
        "sensors": {
            sensor.name: sensor.default_status.value
            for sensor in definitions.sensors or []
            if isinstance(sensor, dg.SensorDefinition)
        },
        "schedules": sorted(schedule.name for schedule in definitions.schedules or []),
    }


def test_every_asset_and_job_says_what_it_is(definitions: dg.Definitions) -> None:
    assert all(spec.description for spec in definitions.resolve_all_asset_specs())
    assert all(definitions.resolve_job_def(name).description for name in JOBS)


def test_partitions_are_credential_and_season_both_dynamic(definitions: dg.Definitions) -> None:
    found = {spec.partitions_def for spec in definitions.resolve_all_asset_specs()}
    (partitions,) = found - {None}
    assert isinstance(partitions, dg.MultiPartitionsDefinition)
    dimensions = {dimension.name: dimension.partitions_def for dimension in partitions.partitions_defs}
    assert dimensions == {
        "credential": dg.DynamicPartitionsDefinition(name="credential"),
        "season": dg.DynamicPartitionsDefinition(name="season"),
    }


def test_every_contract_rule_has_a_check_that_is_partitioned_like_its_asset(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    of_asset = {asset: {(rule.check, rule.name) for rule in rules} for asset, rules in RULES_OF.items()}
    of_contract = {
        "twizzit_teams": TEAM_RULES,
        "twizzit_players": PLAYER_RULES,
        "twizzit_competitions": COMPETITION_RULES,
        "twizzit_matches": MATCH_RULES,
    }
    for asset, rules in of_contract.items():
        assert {name for check, name in of_asset[asset] if check == "contract"} == {
            rule.name for rule in rules if rule.kind != "set_aside"
        }
        assert of_asset[asset] >= {
            ("volume", "few_rows_rejected"),
            ("volume", "volume_as_usual"),
            ("volume", "set_aside_as_usual"),
        }
    for key in graph.asset_check_keys:
        spec = graph.get_check_spec(key)
        assert spec.partitions_def == graph.get(key.asset_key).partitions_def
        assert spec.description
        assert not spec.blocking, "what one check says keeps no other row back"


def test_no_rule_has_the_name_of_another() -> None:
    for rules in (TEAM_RULES, PLAYER_RULES, COMPETITION_RULES, MATCH_RULES):
        names = [rule.name for rule in rules]
        assert len(names) == len(set(names))


def test_the_jobs_run_in_one_process(definitions: dg.Definitions) -> None:
    for name in JOBS:
        job = definitions.resolve_job_def(name)
        assert job.executor_def == dg.in_process_executor
        assert job.partitions_def is not None


def test_asset_backfills_run_in_one_process_and_one_run_a_partition(definitions: dg.Definitions) -> None:
    assert definitions.executor == dg.in_process_executor
    # An asset without a policy gets one run for each partition.
    assert {asset.backfill_policy for asset in definitions.resolve_asset_graph().assets_defs} == {None}


def test_all_scans_come_before_anything_is_mapped_and_the_calendars_last(definitions: dg.Definitions) -> None:
    priority = {
        asset.key.to_user_string(): int(asset.op.tags.get("dagster/priority", "0"))
        for asset in definitions.resolve_asset_graph().assets_defs
        if asset.keys and asset.is_executable
    }
    order = [{name for name, one in priority.items() if one == number} for number in (2, 1, 0)]
    assert order == [
        {"twizzit_teams", "twizzit_players"},
        {"twizzit_competitions", "twizzit_matches"},
        {name for name in priority if name.endswith("_mappings")} | {"twizzit_plans"},
    ]


def test_a_configuration_is_a_job_or_a_part_of_the_one_for_all() -> None:
    kinds = ["teams", "players", "competitions"]
    assert [job_of({kind}) for kind in kinds] == [(f"sync_{kind}", None) for kind in kinds]
    assert job_of(set(kinds)) == ("sync_all", None)
    job, assets = job_of({"teams", "players"})
    assert job == "sync_all"
    assert assets is not None
    assert {key.to_user_string() for key in assets} == {
        "twizzit_teams",
        "twizzit_players",
        "twizzit_team_mappings",
        "twizzit_player_mappings",
    }


@pytest.mark.parametrize("asset", TABLES)
def test_the_catalogue_shows_every_column_of_the_table(asset: str, definitions: dg.Definitions) -> None:
    table = TABLES[asset]
    assert table.name == asset
    (spec,) = (spec for spec in definitions.resolve_all_asset_specs() if spec.key.to_user_string() == asset)
    assert spec.metadata["dagster/table_name"].value == asset
    schema = spec.metadata["dagster/column_schema"].value
    assert [column.name for column in schema.columns] == [column.name for column in table.columns]
    assert all(column.description for column in schema.columns)


def test_the_catalogue_says_what_a_column_is() -> None:
    schema = table_schema(TABLES["twizzit_team_mappings"])
    columns = {column.name: column for column in schema.columns}
    local, remote = columns["local_team_id"], columns["twizzit_team_id"]
    assert (local.type, local.constraints.nullable, local.constraints.unique) == ("integer", False, True)
    assert local.constraints.other == ["references teams(id)"]
    assert (remote.type, remote.constraints.unique) == ("varchar(100)", False)  # within its organization alone
    assert columns["id"].constraints.unique
    assert columns["last_values"].type == "jsonb"
    assert schema.constraints.other == ["primary key (id)"]


def test_workspace_yaml_names_the_definitions() -> None:
    assert yaml.safe_load((ROOT / "workspace.yaml").read_text()) == {
        "load_from": [{"python_module": {"module_name": "twizzit_pipeline.definitions"}}]
    }


def test_dagster_yaml_is_valid_and_keeps_everything_in_postgresql() -> None:
    configuration, _ = dagster_instance_config(str(ROOT / "twizzit_pipeline" / "orchestration" / "instance"))
    storage = configuration["storage"]["custom"]
    assert storage["config"] == {"postgres_url": {"env": "DAGSTER_POSTGRES_URL"}}
    assert getattr(importlib.import_module(storage["module"]), storage["class"]) is KeptPostgresStorage
    assert configuration["telemetry"] == {"enabled": False}
    coordinator = configuration["run_coordinator"]
    assert coordinator["class"] == "QueuedRunCoordinator"
    assert coordinator["config"] == {
        "max_user_code_failure_retries": 3,
        "user_code_failure_retry_delay": 15,
        "dequeue_interval_seconds": 2,
        "dequeue_use_threads": True,
        "dequeue_num_workers": 4,
    }
    runs = configuration["concurrency"]["runs"]
    assert runs["tag_concurrency_limits"] == [
        {"key": "dagster/partition/credential", "value": {"applyLimitPerUniqueValue": True}, "limit": 1},
        {"key": "dagster/backfill", "limit": runs["max_concurrent_runs"] // 2},
        {"key": LANE_TAG, "value": FIRST, "limit": 1},
        {"key": LANE_TAG, "value": SLOW, "limit": 1},
    ]
    assert runs["max_concurrent_runs"] - 2 >= 2, "the lanes leave two places to those that are quick"
