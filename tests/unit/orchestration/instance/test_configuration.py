"""dagster.yaml: our base, the numbers of the settings, and the operator's own file, which nothing overwrites."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._core.instance.config import dagster_instance_config

from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.orchestration.instance.configuration import configuration_text, is_ours, merged
from twizzit_pipeline.orchestration.instance.home import dagster_home
from twizzit_pipeline.settings import load_settings


def written(home: Path, **settings: object) -> dict[str, Any]:
    folder = dagster_home(load_settings(_env_file=None, home=home, **settings))
    found = yaml.safe_load((folder / "dagster.yaml").read_text())
    assert isinstance(found, dict)
    return found


def limits(found: dict[str, Any]) -> list[int]:
    runs = found["concurrency"]["runs"]
    return [runs["max_concurrent_runs"], *(each["limit"] for each in runs["tag_concurrency_limits"])]


def test_dagster_takes_what_is_written(tmp_path: Path) -> None:
    folder = dagster_home(load_settings(_env_file=None, home=tmp_path))
    configuration, _ = dagster_instance_config(str(folder))
    assert configuration["sensors"] == {"use_threads": True, "num_workers": 4, "num_submit_workers": 8}
    assert configuration["run_monitoring"]["max_runtime_seconds"] == 3660
    assert configuration["compute_logs"]["class"] == "NoOpComputeLogManager"
    assert not configuration["auto_materialize"]["enabled"]


@pytest.mark.parametrize(
    ("places", "expected"),
    [(4, [4, 1, 2, 1, 1]), (1, [1, 1, 1, 1, 1]), (3, [3, 1, 1, 1, 1]), (50, [50, 1, 25, 12, 12])],
)
def test_the_places_follow_the_setting(tmp_path: Path, places: int, expected: list[int]) -> None:
    assert limits(written(tmp_path, concurrent_runs=places)) == expected


def test_the_operators_file_wins_and_is_never_written(tmp_path: Path) -> None:
    own = tmp_path / "dagster.overlay.yaml"
    own.write_text("# mine\nconcurrency: {runs: {max_concurrent_runs: 9}}\nretention: null\nnux: {enabled: true}\n")
    before = own.read_bytes()
    found = written(tmp_path)
    assert limits(found) == [9, 1, 2, 1, 1]
    assert "retention" not in found
    assert found["nux"] == {"enabled": True}
    own.write_bytes(before + b"telemetry: {enabled: true}\n")
    assert written(tmp_path)["telemetry"] == {"enabled": True}
    assert own.read_bytes().startswith(before)


def test_it_may_lie_elsewhere(tmp_path: Path) -> None:
    own = tmp_path / "mounted.yaml"
    own.write_text("nux: {enabled: true}\n")
    assert written(tmp_path / "home", dagster_overlay=own)["nux"] == {"enabled": True}


def test_another_class_replaces_ours_with_its_configuration() -> None:
    ours = {
        "run_coordinator": {"module": "a", "class": "A", "config": {"x": 1}},
        "storage": {"custom": {"module": "s"}},
    }
    other = {"run_coordinator": {"module": "b", "class": "B"}, "storage": {"postgres": {"postgres_url": "…"}}}
    assert merged(ours, other) == other
    same = {"run_coordinator": {"module": "a", "class": "A", "config": {"y": 2}}}
    assert merged(ours, same)["run_coordinator"]["config"] == {"x": 1, "y": 2}
    assert merged(ours, {"run_coordinator": {"config": {"y": 2}}})["run_coordinator"]["class"] == "A"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1\n", "line 2: it is no YAML"),
        ("- a\n- b\n", "it must hold keys and values"),
        ("just words\n", "it must hold keys and values"),
        ("5: 3\n", "YAML reads one as 5"),
        ("retention: {sensor: [{on: 1}]}\n", "YAML reads one as True"),
        ("a: &a {b: *a}\n", "it refers to itself"),
    ],
)
def test_a_file_that_is_none_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "dagster.overlay.yaml").write_text(text)
    with pytest.raises(SettingsError, match=said) as caught:
        written(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_named_file_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.yaml cannot be read: No such file"):
        written(tmp_path, dagster_overlay=tmp_path / "absent.yaml")


def test_a_file_in_latin_1_is_said(tmp_path: Path) -> None:
    (tmp_path / "dagster.overlay.yaml").write_bytes("# café\n".encode("latin-1"))
    with pytest.raises(SettingsError, match="not UTF-8"):
        written(tmp_path)


def test_what_a_person_wrote_into_the_made_file_is_kept_beside_it(tmp_path: Path) -> None:
    settings = load_settings(_env_file=None, home=tmp_path)
    made = dagster_home(settings) / "dagster.yaml"
    for number, mine in enumerate(("mine: 1\n", made.read_text() + "\nmine: 2\n")):
        made.write_text(mine)
        dagster_home(settings)
        assert made.read_text() == configuration_text(settings)
        assert made.with_name(f"dagster.yaml.was{['', '-2'][number]}").read_text() == mine


def test_a_made_file_is_replaced_without_a_copy(tmp_path: Path) -> None:
    made = dagster_home(load_settings(_env_file=None, home=tmp_path)) / "dagster.yaml"
    assert is_ours(made.read_text())
    dagster_home(load_settings(_env_file=None, home=tmp_path, concurrent_runs=7))
    assert limits(yaml.safe_load(made.read_text()))[0] == 7
    assert [path.name for path in made.parent.iterdir()] == ["dagster.yaml"]
