"""What becomes of Dagster's own runs after their time: they go, what the UI shows of partitions and checks stays."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value
from sqlalchemy import make_url, text

from tests.conftest import settings_with
from tests.support.recorded_runs import ASSETS, CHECKS, Here, materialization
from twizzit_pipeline.definitions import defs
from twizzit_pipeline.orchestration.assets.configuration import CONFIGURATION_ASSET
from twizzit_pipeline.orchestration.instance import pruning
from twizzit_pipeline.orchestration.instance.home import open_instance
from twizzit_pipeline.orchestration.instance.pruning import PrunedRuns, prune_runs
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.storage.engine import Database, open_database

pytestmark = pytest.mark.dagster_tables

DAYS = 30
ORPHAN = "0" * 8 + "-1111-2222-3333-" + "4" * 12


@dataclass
class Kept:
    """An instance with two clubs' runs, all of them old; `runs`: their ids, in order."""

    instance: dg.DagsterInstance
    partitions: Sequence[str]
    runs: list[str]

    def sql(self, statement: str, **values: object) -> int:
        with self.instance.event_log_storage.index_connection() as connection:  # type: ignore[attr-defined]
            return int(connection.execute(text(statement), values).rowcount)

    def count(self, table: str, run_id: str) -> int:
        with self.instance.event_log_storage.index_connection() as connection:  # type: ignore[attr-defined]
            wanted = text(f"SELECT count(*) FROM {table} WHERE run_id = :id")
            return int(connection.execute(wanted, {"id": run_id}).scalar_one())

    def age(self, run_id: str, days: float = DAYS + 1) -> None:
        self.sql(
            "UPDATE runs SET update_timestamp = timezone('utc', now() - make_interval(secs => :age))"
            " WHERE run_id = :id",
            age=days * 86400,
            id=run_id,
        )

    def shown(self) -> dict[str, object]:
        """What the UI shows of partitions and checks, asked without its cache."""
        self.sql("UPDATE asset_keys SET cached_status_data = NULL")
        storage, graph = self.instance.event_log_storage, defs.resolve_asset_graph()
        shown: dict[str, object] = {}
        for asset in ASSETS:
            key = dg.AssetKey(asset)
            status = get_and_update_asset_status_cache_value(self.instance, key, graph.get(key).partitions_def)
            shown[asset] = status and status._replace(earliest_in_progress_materialization_event_id=None)
            shown[f"{asset} made"] = [materialization(self.instance, asset, each) for each in self.partitions]
        shown["latest"] = storage.get_latest_asset_check_execution_by_key(CHECKS)
        shown["checks"] = sorted(map(repr, storage.get_asset_check_partition_info(CHECKS)))
        return shown


@dataclass(frozen=True)
class Ran:
    """A database that the runs of two clubs have filled, and the home folder of the instance that recorded them."""

    template: str
    home: Path
    partitions: tuple[str, ...]
    runs: tuple[str, ...]


@pytest.fixture(scope="module")
def synced(
    new_database_of_dagster: Callable[[], AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ran]:
    """The runs are made once; each test has a copy of all that they left."""
    clubs = SimulatorOptions(clubs=2, teams=1, players_per_team=2, other_contacts=0)
    home = tmp_path_factory.mktemp("ran") / "home"
    with new_database_of_dagster() as url:
        settings = settings_with(url, home)
        with SimulatorServer(clubs) as simulator, open_database(settings) as database:
            here = Here(settings, database, simulator)
            club, other = here.credential(0), here.credential(1)
            jobs = [(club, "sync_competitions"), (club, "sync_all"), (other, "sync_all"), (club, "sync_teams")]
            partitions = tuple(here.partition(one).key for one in (club, other))
            runs = tuple(here.run(credential_id, job).run_id for credential_id, job in jobs)
        yield Ran(str(make_url(url).database), home, partitions, runs)


@pytest.fixture
def kept(synced: Ran, settings: Settings, database: Database) -> Iterator[Kept]:
    shutil.copytree(synced.home, settings.home, dirs_exist_ok=True)
    with open_instance(settings, database) as instance:
        yield Kept(instance, synced.partitions, list(synced.runs))


def test_old_runs_go_and_nothing_that_is_shown_changes(kept: Kept) -> None:
    """The second run stays for its players and matches, though a newer one synced its teams; the third is another's."""
    for run_id in kept.runs:
        kept.age(run_id)
    before = kept.shown()
    assert prune_runs(kept.instance, DAYS, dry_run=True).runs == 1
    assert kept.instance.get_run_by_id(kept.runs[0]) is not None
    assert prune_runs(kept.instance, DAYS) == PrunedRuns(runs=1)
    assert [kept.instance.get_run_by_id(run_id) is not None for run_id in kept.runs] == [False, True, True, True]
    for table in ("event_logs", "asset_check_executions", "run_tags"):
        assert kept.count(table, kept.runs[0]) == 0
        assert kept.count(table, kept.runs[1]) > 0
    assert kept.shown() == before
    assert prune_runs(kept.instance, DAYS) == PrunedRuns()


def test_of_two_who_prune_at_once_one_counts_a_run(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have found the run before the first of them deletes it."""
    for run_id in kept.runs:
        kept.age(run_id)
    storage, both = kept.instance.event_log_storage, threading.Barrier(2)
    delete_events = storage.delete_events

    def met(run_id: str) -> None:
        both.wait(60)
        delete_events(run_id)

    monkeypatch.setattr(storage, "delete_events", met)
    with ThreadPoolExecutor(2) as pool:
        pruned = list(pool.map(lambda _: prune_runs(kept.instance, DAYS).runs, range(2)))
    assert sorted(pruned) == [0, 1]


def test_of_two_who_prune_at_once_one_counts_a_folder(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have found all of them before the first is gone."""
    folders = [Path(kept.instance.storage_directory()) / str(uuid4()) for _ in range(10)]
    for folder in folders:
        (folder / "compute_logs").mkdir(parents=True)
        for place in range(50):
            (folder / "compute_logs" / f"{place}.out").touch()
        (folder / "step.out").touch()
        os.utime(folder, (0, 0))
    is_left, both = pruning._is_left, threading.Barrier(2)

    def met(*given: Any) -> bool:
        both.wait(60)
        return is_left(*given)

    monkeypatch.setattr(pruning, "_is_left", met)
    with ThreadPoolExecutor(2) as pool:
        pruned = list(pool.map(lambda _: prune_runs(kept.instance, DAYS).log_folders, range(2)))
    assert sum(pruned) == len(folders)
    assert not any(folder.exists() for folder in folders)


def test_runs_that_are_not_old_and_those_under_way_stay(kept: Kept) -> None:
    kept.age(kept.runs[0], DAYS - 0.1)
    assert prune_runs(kept.instance, DAYS) == PrunedRuns()
    kept.age(kept.runs[0])
    kept.sql("UPDATE runs SET status = 'STARTED' WHERE run_id = :id", id=kept.runs[0])
    assert prune_runs(kept.instance, DAYS) == PrunedRuns()


def test_what_a_deleted_run_left_goes_but_for_the_state_of_a_check(kept: Kept) -> None:
    """As after deleting runs in the UI, which leaves the rows of their checks and the folders of their logs."""
    rows = kept.count("asset_check_executions", kept.runs[0])
    kept.instance.delete_run(kept.runs[0])
    kept.instance.delete_run(kept.runs[2])
    storage = Path(kept.instance.storage_directory())
    old, new, other = storage / ORPHAN, storage / kept.runs[1], storage / "keep-me"
    for folder in (old, new, other):
        (folder / "compute_logs").mkdir(parents=True)
        os.utime(folder, (0, 0))
    asked = prune_runs(kept.instance, DAYS, dry_run=True)
    assert asked == prune_runs(kept.instance, DAYS) == PrunedRuns(check_rows=rows, log_folders=1)
    assert kept.count("asset_check_executions", kept.runs[2]) > 0, "the newest of that club's partition"
    assert [folder.exists() for folder in (old, new, other)] == [False, True, True]


def test_what_a_sensor_reported_of_a_check_goes_with_its_row(kept: Kept) -> None:
    """No run evaluates the checks of the configuration: the newest stays, and a young one that has no row yet."""
    check = dg.AssetCheckKey(CONFIGURATION_ASSET.key, "contract")
    for passed in (True, False, True):
        evaluation = dg.AssetCheckEvaluation(
            asset_key=check.asset_key, check_name=check.name, passed=passed, metadata={}
        )
        kept.instance.report_runless_asset_event(evaluation)
    kept.sql("UPDATE event_logs SET timestamp = timestamp - interval '40 days' WHERE run_id = ''")
    kept.sql(
        "INSERT INTO event_logs (run_id, event, dagster_event_type, timestamp)"
        " SELECT run_id, event, dagster_event_type, timezone('utc', now()) FROM event_logs WHERE run_id = '' LIMIT 1"
    )
    before = kept.instance.event_log_storage.get_latest_asset_check_execution_by_key([check])
    assert prune_runs(kept.instance, DAYS) == PrunedRuns(check_rows=2)
    assert kept.count("event_logs", "") == 2
    assert kept.instance.event_log_storage.get_latest_asset_check_execution_by_key([check]) == before
    assert before[check].event is not None
