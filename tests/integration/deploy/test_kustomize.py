"""What kustomize builds of the manifests of deploy/kubernetes."""

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.deploy.test_kubernetes import FOLDER, valid


@pytest.mark.parametrize("folder", ["base", "jobs"])
def test_kustomize_builds_what_kubernetes_takes(folder: str) -> None:
    built = _built(FOLDER / folder)
    for document in built:
        valid(document)
    there = {(each["kind"], each["metadata"]["name"]): each for each in built}
    assert len(there) == len(built)
    assert (("Deployment", "twizzit-worker") in there) == (folder == "base")
    assert (("HorizontalPodAutoscaler", "twizzit-worker") in there) == (folder == "base")
    settings = there["ConfigMap", "twizzit"]["data"]
    assert settings["TWIZZIT_RUN_LAUNCHER"] == {"base": "celery", "jobs": "kubernetes"}[folder]
    assert settings["TWIZZIT_HOME"].startswith("/tmp/"), "the one folder that a pod may write to"


def test_one_tag_is_changed_for_an_upgrade(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "copy")
    changed = tmp_path / "copy" / "base" / "kustomization.yaml"
    changed.write_text(re.sub(r"newTag: .*", "newTag: 7.8.9", changed.read_text()))
    built = yaml.safe_dump_all(_built(tmp_path / "copy" / "jobs"))
    assert set(re.findall(r"registry\.example\.org/twizzit:(\S+)", built)) == {"7.8.9"}


def _built(folder: Path) -> list[dict[str, Any]]:
    """What kustomize makes of it."""
    if not _has_kustomize():
        pytest.skip("no kubectl with kustomize 5 here")
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


@cache
def _has_kustomize() -> bool:
    if shutil.which("kubectl") is None:
        return False
    asked = ["kubectl", "version", "--client", "--output", "json"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return str(json.loads(said or "{}").get("kustomizeVersion", "")).startswith("v5.")
