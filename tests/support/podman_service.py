"""podman's API as a user has it, with a store of its own and one image of a few files, whose `python` is a script.

What it is for: what a real engine answers to what our launcher asks. The script stands for a run: it says that it
began, goes on until it is asked to end, and says that it was.
"""

import io
import os
import resource
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

IMAGE = "localhost/run:1"
_PROGRAMS = ("sh", "sleep")
_RUN = """#!/bin/sh
echo "began: $3 $4"
trap 'echo asked to end; exit 0' TERM
while :; do sleep 0.1; done
"""
_SECONDS = 60


@dataclass(frozen=True)
class Podman:
    """Where its API listens, and its command line on the same store."""

    address: str
    environment: Mapping[str, str]

    def __call__(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["podman", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )


@contextmanager
def podman_at_work() -> Iterator[Podman]:
    """Skips the test where podman is not installed, or runs no container here; at the end nothing of it is left."""
    if shutil.which("podman") is None or os.geteuid() != 0:
        pytest.skip("no podman here, or not as root")
    folder = Path(tempfile.mkdtemp(prefix="podman-", dir="/tmp"))  # the path of a socket is short
    podman = Podman(f"unix://{folder}/api.sock", _environment(folder))
    try:
        archive = folder / "image.tar"
        _write_image(archive)
        made = podman("import", "--change", "ENV PATH=/bin", "--change", "USER 10001", str(archive), IMAGE)
        tried = podman("run", "--rm", "--network=none", "--memory=64m", "--read-only", IMAGE, "sh", "-c", "echo ran")
        if made.returncode or tried.stdout.strip() != "ran":
            said = (made.stderr + tried.stderr).strip().splitlines() or ["it says nothing"]
            pytest.skip(f"podman runs no container here: {said[-1][:200]}")
        service = subprocess.Popen(
            ["podman", "system", "service", "--time=0", podman.address],
            env=podman.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(folder / "api.sock")
            yield podman
        finally:
            podman("rm", "--all", "--force", "--time=0")
            service.terminate()
            service.wait(10)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path) -> dict[str, str]:
    """Limits that this process may give away, the engine that takes old control groups too, and folders of its own."""
    limits = [
        f'"{name}={highest}:{highest}"'
        for name, kind in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC))
        if (highest := min(resource.getrlimit(kind)[0], 4096)) > 0
    ]
    runtime = "runc" if shutil.which("runc") else "crun"
    configuration = folder / "containers.conf"
    configuration.write_text(
        f"[containers]\ndefault_ulimits = [{', '.join(limits)}]\n"
        f'[engine]\nruntime = "{runtime}"\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n'
    )
    storage = folder / "storage.conf"
    storage.write_text(f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/store"\nrunroot = "{folder}/run"\n')
    given = {"CONTAINERS_CONF": str(configuration), "CONTAINERS_STORAGE_CONF": str(storage)}
    return {**os.environ, **given}


def _write_image(path: Path) -> None:
    """A shell, `sleep` and their libraries, of this machine, and the script."""
    with tarfile.open(path, "w") as tar:
        for program in _PROGRAMS:
            found = os.path.realpath(shutil.which(program) or program)
            tar.add(found, f"bin/{program}")
            for library in _libraries(found):
                if library.lstrip("/") not in tar.getnames():
                    tar.add(os.path.realpath(library), library.lstrip("/"))
        script = tarfile.TarInfo("bin/python")
        script.size, script.mode = len(_RUN), 0o755
        tar.addfile(script, io.BytesIO(_RUN.encode()))


def _libraries(program: str) -> list[str]:
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    return [word for line in said.splitlines() for word in line.split() if word.startswith("/")]


def _wait_for(path: Path) -> None:
    until = time.monotonic() + _SECONDS
    while not path.exists():
        assert time.monotonic() < until, "podman's API does not listen"
        time.sleep(0.05)
