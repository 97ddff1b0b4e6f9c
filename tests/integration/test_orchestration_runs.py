"""Runs on the real instance: what Dagster keeps of them, and how they end when something is wrong."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, delete, func, insert, select, text, update

from twizzit_pipeline.credentials import store
from twizzit_pipeline.definitions import build_definitions
from twizzit_pipeline.errors import UnknownCredential, UnknownSeason
from twizzit_pipeline.orchestration.instance import open_instance
from twizzit_pipeline.orchestration.partitions import CredentialSeason, register_partitions
from twizzit_pipeline.orchestration.resources import PROCESS_TAG
from twizzit_pipeline.orchestration.runs import RunResult, end_dead_runs, run_job
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync import history
from twizzit_pipeline.sync.lease import credential_key, this_process
from twizzit_pipeline.twizzit.simulator import SimulatorServer

pytestmark = pytest.mark.dagster_tables

TABLES = {
    "twizzit_teams": tables.twizzit_teams,
    "twizzit_players": tables.twizzit_players,
    "twizzit_team_mappings": tables.team_mappings,
    "twizzit_competitions": tables.twizzit_competitions,
    "twizzit_matches": tables.twizzit_matches,
    "twizzit_player_mappings": tables.player_mappings,
    "twizzit_competition_mappings": tables.competition_mappings,
    "twizzit_match_mappings": tables.match_mappings,
}


@dataclass(frozen=True)
class Here:
    """A database, a simulator, and the instance's jobs in one hand."""

    settings: Settings
    database: Database
    simulator: SimulatorServer

    @property
    def engine(self) -> Engine:
        return self.database.engine

    @property
    def season(self) -> str:
        return self.simulator.world.running_season.label

    def credential(self, organization: int = 0, *, password: str | None = None) -> int:
        found = self.simulator.world.organizations[organization]
        assert self.settings.encryption_key is not None
        return store.add(
            self.engine,
            self.settings.encryption_key,
            organization_name=found.name,
            api_username=found.account.username,
            password=SecretStr(password or found.account.password),
            api_endpoint=self.simulator.v2_endpoint,
        )

    def run(self, credential_id: int, job_name: str = "sync_all", season: str | None = None) -> RunResult:
        return run_job(
            self.settings,
            self.database,
            job_name=job_name,
            credential_id=credential_id,
            season=season or self.season,
        )

    def rows(self, asset: str, credential_id: int) -> int:
        table = TABLES[asset]
        with self.engine.connect() as connection:
            wanted = select(func.count()).select_from(table).where(table.c.credential_id == credential_id)
            return int(connection.scalar(wanted) or 0)


@pytest.fixture
def here(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> Here:
    return Here(settings, database, simulate(clubs=2, teams=3, players_per_team=5, other_contacts=5))


@pytest.fixture
def instance(here: Here) -> Iterator[dg.DagsterInstance]:
    with open_instance(here.settings, here.database) as opened:
        yield opened


def materialization(instance: dg.DagsterInstance, asset: str, partition: str) -> dg.AssetMaterialization:
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), asset_partitions=[partition]), limit=1
    ).records
    found = records[0].asset_materialization
    assert found is not None
    return found


def hold_lease(
    connection: Connection, organization: str, credential_id: int, *, run_id: str, silence: str = "0 seconds"
) -> None:
    """A lease as a process of another machine left it, last touched `silence` ago."""
    connection.execute(
        insert(tables.leases).values(
            organization=organization,
            token=func.gen_random_uuid(),
            credential_id=credential_id,
            dagster_run_id=run_id,
            holder="another machine|1",
            heartbeat_at=text(f"now() - interval '{silence}'"),
        )
    )


def checks(instance: dg.DagsterInstance, partition: str) -> dict[tuple[str, str], bool]:
    """(asset, check) → whether its last evaluation for a partition passed."""
    keys = list(build_definitions().resolve_asset_graph().asset_check_keys)
    records = instance.event_log_storage.get_asset_check_partition_info(keys, partition_keys=[partition])
    return {
        (record.check_key.asset_key.to_user_string(), record.check_key.name): (
            record.latest_execution_status is AssetCheckExecutionRecordStatus.SUCCEEDED
        )
        for record in records
    }


def test_a_run_is_in_the_instance_with_its_partition_numbers_and_checks(
    here: Here, instance: dg.DagsterInstance
) -> None:
    credential_id = here.credential()
    result = here.run(credential_id)
    assert (result.success, result.interrupted, result.failures) == (True, False, ())

    partition = CredentialSeason(str(store.get(here.engine, credential_id).partition_key), here.season)
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert (run.job_name, run.status) == ("sync_all", dg.DagsterRunStatus.SUCCESS)
    assert run.tags["dagster/partition/credential"] == partition.credential
    assert run.tags["dagster/partition/season"] == here.season
    assert run.tags["twizzit/trigger"] == "cli"

    calls = 0
    for asset in TABLES:
        made = materialization(instance, asset, partition.key)
        assert made.metadata["dagster/row_count"].value == here.rows(asset, credential_id) > 0
        calls += int(str(made.metadata["calls"].value)) if "calls" in made.metadata else 0
    assert calls == here.simulator.calls.total, "every call is accounted for, and one token serves all steps"

    found = checks(instance, partition.key)
    assert set(found) == {
        (key.asset_key.to_user_string(), key.name)
        for key in build_definitions().resolve_asset_graph().asset_check_keys
        if key.asset_key.to_user_string() in TABLES
    }
    assert not found["twizzit_teams", "name_present"], "the simulator holds a team without a name"
    assert found["twizzit_teams", "id_length"]
    assert found["twizzit_player_mappings", "no_doubtful_link"]


def test_a_check_that_fails_as_an_error_fails_no_run(here: Here, instance: dg.DagsterInstance) -> None:
    credential_id = here.credential()
    here.run(credential_id)
    with here.engine.begin() as connection:
        connection.execute(update(tables.players).values(is_twizzit_registered=False))
    assert here.run(credential_id, "sync_players").success
    partition = CredentialSeason(str(store.get(here.engine, credential_id).partition_key), here.season)
    assert not checks(instance, partition.key)["twizzit_player_mappings", "registration_in_step"]


def test_a_second_credential_has_its_own_results(here: Here, instance: dg.DagsterInstance) -> None:
    first, second = here.credential(0), here.credential(1)
    keys = [
        CredentialSeason(str(store.get(here.engine, credential_id).partition_key), here.season).key
        for credential_id in (first, second)
    ]
    here.run(first)
    of_first = checks(instance, keys[0])
    assert of_first
    assert checks(instance, keys[1]) == {}
    here.simulator.faults.arm("forbidden", path="/group-contacts", times=None)
    here.run(second)
    assert checks(instance, keys[0]) == of_first
    assert ("twizzit_teams", "name_present") in checks(instance, keys[1])
    assert len(instance.get_materialized_partitions(dg.AssetKey("twizzit_teams"))) == 2
    assert instance.get_materialized_partitions(dg.AssetKey("twizzit_players")) == {keys[0]}


def test_every_asset_can_be_materialized_by_itself(here: Here, instance: dg.DagsterInstance) -> None:
    credential_id = here.credential()
    register_partitions(instance, here.engine)
    partition = CredentialSeason(str(store.get(here.engine, credential_id).partition_key), here.season)
    instance.add_dynamic_partitions("season", [here.season])
    everything = build_definitions(settings=here.settings).resolve_implicit_global_asset_job_def()
    for asset in TABLES:
        result = everything.execute_in_process(
            instance=instance,
            partition_key=partition.key,
            asset_selection=[dg.AssetKey(asset)],
            raise_on_error=True,
        )
        assert result.success
        assert {key.to_user_string() for key in instance.get_latest_materialization_events([dg.AssetKey(asset)])} == {
            asset
        }
        assert here.rows(asset, credential_id) > 0
        assert {row.status for row in history.for_run(here.engine, result.run_id)} <= {"success", "partial_success"}


def test_half_a_sync_leaves_the_other_half_alone(here: Here) -> None:
    credential_id = here.credential()
    here.run(credential_id, "sync_all")
    for only in ("teams", "players"):
        half = here.run(credential_id, f"sync_{only}")
        assert half.success
        assert {row.sync_type for row in history.for_run(here.engine, half.run_id)} == {only}


def test_a_season_that_the_account_does_not_have_succeeds_and_writes_nothing(
    here: Here, instance: dg.DagsterInstance
) -> None:
    credential_id = here.credential()
    result = here.run(credential_id, season="1999-2000")
    assert result.success
    partition = CredentialSeason(str(store.get(here.engine, credential_id).partition_key), "1999-2000")
    for asset in TABLES:
        assert materialization(instance, asset, partition.key).metadata["season_exists"].value is False
        assert here.rows(asset, credential_id) == 0
    assert not instance.has_dynamic_partition("season", "1999-2000"), "a slip of the pen does not stay a partition"


def test_a_wrong_password_is_one_line_with_what_to_do(here: Here, instance: dg.DagsterInstance) -> None:
    result = here.run(here.credential(password="not-the-password"))
    assert not result.success
    assert result.error == "LoginRefused"
    assert result.error_message is not None
    assert "\n" not in result.error_message
    assert [failure.asset for failure in result.failures] == ["twizzit_teams", "twizzit_competitions"]
    assert len({failure.message for failure in result.failures}) == 1
    assert here.simulator.calls.total == 1, "no step tries once more what the account is refused"
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.status == dg.DagsterRunStatus.FAILURE


def test_players_that_cannot_be_read_keep_no_team_from_being_mapped(here: Here) -> None:
    credential_id = here.credential()
    here.simulator.faults.arm("forbidden", path="/group-contacts", times=None)
    result = here.run(credential_id)
    assert [failure.asset for failure in result.failures] == ["twizzit_players"]
    assert here.rows("twizzit_team_mappings", credential_id) > 0
    assert here.rows("twizzit_player_mappings", credential_id) == 0
    assert {row.entity: row.status for row in history.for_run(here.engine, result.run_id)} == {
        "teams": "partial_success",
        "players": "failed",
        "competitions": "success",
        "matches": "success",
    }


def test_a_second_sync_of_an_organization_is_told_to_wait(here: Here) -> None:
    credential_id = here.credential()
    with here.engine.begin() as connection:
        hold_lease(connection, credential_key(credential_id), credential_id, run_id="another run")
    result = here.run(credential_id, "sync_teams")
    assert not result.success
    assert result.error == "SyncInProgress"
    assert result.error_message is not None
    assert result.error_message.startswith("Sync already in progress")
    with here.engine.begin() as connection:
        connection.execute(delete(tables.leases))
    assert here.run(credential_id, "sync_teams").success


def test_what_cannot_be_a_partition_makes_no_run(here: Here, instance: dg.DagsterInstance) -> None:
    with pytest.raises(UnknownCredential):
        here.run(4711)
    with pytest.raises(UnknownSeason):
        here.run(here.credential(), season="2026|2027")
    assert instance.get_runs_count() == 0


def test_nothing_of_dagsters_tables_holds_a_name_or_a_secret(here: Here) -> None:
    organization = here.simulator.world.organizations[0]
    credential_id = here.credential()
    here.simulator.faults.arm("cut", path="/contacts")
    here.run(credential_id)
    here.run(credential_id, "sync_players")
    with here.engine.connect() as connection:
        names = connection.scalars(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'dagster'")
        ).all()
        kept = "\n".join(
            str(line) for name in names for line in connection.scalars(text(f"SELECT t::text FROM dagster.{name} t"))
        )
    assert "sync_players" in kept
    assert organization.account.password not in kept
    people = here.simulator.world.truth(organization, here.season).players.values()
    spoken = {part for person in people for part in (person.first_name, person.last_name)}
    found = {name for name in spoken if f" {name} " in kept or f'"{name}"' in kept or f"{name}," in kept}
    assert len(spoken) > 5
    assert not found


def test_a_run_whose_process_is_gone_is_ended(here: Here, instance: dg.DagsterInstance) -> None:
    credential_id = here.credential()
    job = build_definitions().resolve_job_def("sync_teams")
    alive, dead = (instance.create_run_for_job(job_def=job, status=dg.DagsterRunStatus.STARTED) for _ in range(2))
    with here.engine.begin() as connection:
        for run, silence in ((alive, "0 seconds"), (dead, "2 minutes")):
            hold_lease(connection, run.run_id, credential_id, run_id=run.run_id, silence=silence)
            history.start(
                connection, credential_id=credential_id, entity="teams", run_id=run.run_id, season=here.season
            )
    assert end_dead_runs(instance, here.engine) == [dead.run_id]
    assert end_dead_runs(instance, here.engine) == []
    status = {run.run_id: run.status for run in instance.get_runs()}
    assert status == {alive.run_id: dg.DagsterRunStatus.STARTED, dead.run_id: dg.DagsterRunStatus.FAILURE}
    assert [row.status for row in history.for_run(here.engine, dead.run_id)] == ["failed"]


def test_a_run_whose_process_is_gone_before_its_history_began_is_ended(
    instance: dg.DagsterInstance, here: Here
) -> None:
    script = "from twizzit_pipeline.sync.lease import this_process; print(this_process())"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    job = build_definitions().resolve_job_def("sync_teams")
    runs = [
        instance.create_run_for_job(job_def=job, status=dg.DagsterRunStatus.STARTED, tags={PROCESS_TAG: process})
        for process in (this_process(), ended, "another machine|1", "nonsense")
    ]
    untagged = instance.create_run_for_job(job_def=job, status=dg.DagsterRunStatus.STARTED)
    assert end_dead_runs(instance, here.engine) == [runs[1].run_id]
    left = {run.run_id for run in instance.get_runs() if not run.is_finished}
    assert left == {runs[0].run_id, runs[2].run_id, runs[3].run_id, untagged.run_id}


RUN_ONE = """
import sys
from twizzit_pipeline.orchestration.resources import PROCESS_TAG
from twizzit_pipeline.orchestration.runs import run_job
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage.engine import open_database

settings = load_settings()
with open_database(settings) as database:
    result = run_job(
        settings, database, job_name="sync_all", credential_id=int(sys.argv[1]), season=sys.argv[2], progress=print
    )
print(result.interrupted, result.run_id)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_stopped_tidies_up(
    here: Here, instance: dg.DagsterInstance, number: signal.Signals, tmp_path: Path
) -> None:
    credential_id = here.credential()
    here.simulator.faults.arm("slow", path="/group-contacts", times=None, seconds=3.0)
    assert here.settings.encryption_key is not None
    assert here.settings.database_url is not None
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", RUN_ONE, str(credential_id), here.season],
        env={
            **os.environ,
            "TWIZZIT_HOME": str(here.settings.home),
            "TWIZZIT_DATABASE_URL": here.settings.database_url.get_secret_value(),
            "TWIZZIT_ENCRYPTION_KEY": here.settings.encryption_key.get_secret_value(),
            "TWIZZIT_ALLOW_PRIVATE_ENDPOINTS": "1",
        },
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "players" in line:
                break
        time.sleep(0.5)
        process.send_signal(number)
        rest, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    told, run_id = rest.split()[-2:]
    assert told == "True"
    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert run.is_finished
    assert not run.is_success
    rows = history.for_run(here.engine, run_id)
    assert rows
    assert all(row.status == "failed" and row.completed_at is not None for row in rows)
    with here.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(tables.leases)) == 0
