"""Where runs take place: what each launcher needs, and that Dagster takes the configuration that is written for it."""

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._config import process_config, resolve_to_config_type

from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.orchestration.instance import launchers
from twizzit_pipeline.orchestration.instance.home import dagster_home
from twizzit_pipeline.orchestration.instance.launchers import celery_options, launcher_of
from twizzit_pipeline.settings import Settings, load_settings

NEEDED = {
    "database_url": "postgresql://u:hush@db.example/x",
    "broker_url": "redis://:hush@broker.example:6379/0",
    "run_image": "registry.example.org/twizzit:1",
}


def settings(launcher: str, home: Path, **changes: object) -> Settings:
    return load_settings(_env_file=None, **{**NEEDED, "run_launcher": launcher, "home": home, **changes})


def test_processes_are_dagsters_own_and_nothing_is_written_for_them(tmp_path: Path) -> None:
    assert launcher_of(settings("process", tmp_path)) is None
    folder = dagster_home(settings("process", tmp_path))
    assert "run_launcher" not in yaml.safe_load((folder / "dagster.yaml").read_text())


@pytest.mark.parametrize("launcher", ["celery", "kubernetes", "docker"])
def test_dagster_takes_what_is_written_for_a_launcher(
    launcher: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (dagster_home(settings(launcher, tmp_path)) / "dagster.yaml").read_text()
    assert "hush" not in text, "secrets stay in the environment"
    found: dict[str, Any] = yaml.safe_load(text)["run_launcher"]
    monkeypatch.setenv("TWIZZIT_BROKER_URL", NEEDED["broker_url"])
    made = getattr(importlib.import_module(found["module"]), found["class"])
    checked = process_config(resolve_to_config_type(made.config_type()), found["config"])
    assert checked.success, checked.errors


def test_jobs_are_made_where_the_daemon_is_unless_another_namespace_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def namespace(**changes: object) -> str:
        found = launcher_of(settings("kubernetes", tmp_path, **changes))
        assert found is not None
        return str(found["config"]["job_namespace"])

    monkeypatch.setattr(launchers, "_NAMESPACE", tmp_path / "namespace")
    assert namespace() == "default"
    (tmp_path / "namespace").write_text("clubs\n")
    assert namespace() == "clubs"
    assert namespace(run_namespace="others") == "others"
    with pytest.raises(SettingsError, match="TWIZZIT_RUN_NAMESPACE"):
        settings("kubernetes", tmp_path, run_namespace="No Namespace")


@pytest.mark.parametrize("launcher", ["kubernetes", "docker"])
def test_dagster_looks_often_at_jobs_and_at_containers(launcher: str, tmp_path: Path) -> None:
    found = yaml.safe_load((dagster_home(settings(launcher, tmp_path)) / "dagster.yaml").read_text())
    assert found["run_monitoring"]["poll_interval_seconds"] == 15


def test_a_container_keeps_what_ours_say_where_the_operator_adds_a_network(tmp_path: Path) -> None:
    (tmp_path / "dagster.overlay.yaml").write_text("run_launcher: {config: {network: clubs}}\n")
    found = yaml.safe_load((dagster_home(settings("docker", tmp_path)) / "dagster.yaml").read_text())
    configured = found["run_launcher"]["config"]
    assert configured["network"] == "clubs"
    assert configured["container_kwargs"]["read_only"] is True


def test_dagster_looks_at_jobs_often_and_a_pod_has_a_longest_time(tmp_path: Path) -> None:
    text = (dagster_home(settings("kubernetes", tmp_path, run_seconds=600)) / "dagster.yaml").read_text()
    found: dict[str, Any] = yaml.safe_load(text)
    assert found["run_monitoring"]["poll_interval_seconds"] == 15
    job = found["run_launcher"]["config"]["run_k8s_config"]["job_spec_config"]
    assert job["active_deadline_seconds"] > found["run_monitoring"]["max_runtime_seconds"] == 660
    others = yaml.safe_load((dagster_home(settings("process", tmp_path)) / "dagster.yaml").read_text())
    assert "poll_interval_seconds" not in others["run_monitoring"]


def test_both_sides_of_celery_have_the_same_options(tmp_path: Path) -> None:
    found = launcher_of(settings("celery", tmp_path))
    assert found is not None
    assert found["config"]["config_source"] == celery_options()
    assert celery_options()["worker_prefetch_multiplier"] == 1
    assert celery_options()["worker_max_tasks_per_child"] == 100


@pytest.mark.parametrize(
    ("launcher", "lacking", "said"),
    [
        ("celery", "broker_url", "TWIZZIT_BROKER_URL: Celery's workers need a broker"),
        ("kubernetes", "run_image", "TWIZZIT_RUN_IMAGE: runs in kubernetes need the image"),
        ("docker", "run_image", "TWIZZIT_RUN_IMAGE: runs in docker need the image"),
    ],
)
def test_what_a_launcher_lacks_is_one_line(launcher: str, lacking: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=said):
        dagster_home(settings(launcher, tmp_path, **{lacking: None}))


@pytest.mark.parametrize("launcher", ["celery", "kubernetes", "docker", "Celery"])
def test_the_embedded_database_is_refused_where_runs_are_elsewhere(launcher: str) -> None:
    with pytest.raises(SettingsError, match=r"TWIZZIT_RUN_LAUNCHER: .*set TWIZZIT_DATABASE_URL"):
        load_settings(_env_file=None, run_launcher=launcher)


@pytest.mark.parametrize(
    "value", ["localhost:6380", "redis://", "redis://a b", "redis://:hu/sh@a:1/0", "redis://:hush@[a"]
)
def test_a_broker_that_is_no_url_is_refused_without_its_value(value: str) -> None:
    with pytest.raises(
        SettingsError, match=r"^TWIZZIT_BROKER_URL: .* a URL like \S+/0(; in a password .*)?$"
    ) as caught:
        load_settings(_env_file=None, broker_url=value)
    assert "hu" not in str(caught.value)
