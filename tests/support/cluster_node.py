"""A machine of a cluster, for the stand-in of Kubernetes: a pod is a process, as apart from the others as it may be.

Where it is allowed, the process is the first one of a PID namespace, with a host name of its own and a root file system
that it cannot write to, but for its own folder, which stands for the image's /tmp.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from tests.support.without_hypothesis import without_hypothesis

_APART = ["unshare", "--uts", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"]
_ENTER = 'hostname "$1" && mount --bind "$2" "$2" && mount -o remount,bind,ro / && shift 2 && exec "$@"'


@dataclass
class Pod:
    """One pod of a Job, of one container.

    Attributes:
        waiting: why it has not started: the reason of its container.
        reason: why it was killed, where the machine did so.
    """

    name: str
    job: str
    namespace: str
    spec: Mapping[str, Any]
    folder: Path
    variables: Mapping[str, str]
    waiting: str | None = None
    reason: str | None = None
    process: "subprocess.Popen[bytes] | None" = None
    began: float = field(default_factory=time.time)

    @property
    def log(self) -> Path:
        """What its process said."""
        return self.folder / "container.log"

    @property
    def phase(self) -> str:
        """Of its life, in the words of Kubernetes."""
        if self.process is None:
            return "Failed" if self.reason else "Pending"
        code = self.process.poll()
        return "Running" if code is None else ("Failed" if code or self.reason else "Succeeded")

    def start(self) -> None:
        """Starts what its container is to run, with nothing of this process's environment."""
        container = self.spec["containers"][0]
        command = [*container.get("command", ()), *container.get("args", ())]
        own = self.folder / "tmp"
        own.mkdir(parents=True)
        given = {"HOME": "/tmp/twizzit", "PYTHONPATH": without_hypothesis(None), **self.variables}
        environment = {name: _moved(value, own) for name, value in given.items()}
        environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])
        if _may_be_apart():
            command = [*_APART, "sh", "-c", _ENTER, "sh", self.name[:60], str(self.folder), *command]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=own, env=environment, stdout=log, stderr=log)
        self.waiting = None

    @property
    def pid(self) -> int:
        """Of the container's first process, as this machine sees it."""
        assert self.process is not None
        if not _may_be_apart():
            return self.process.pid
        deadline = time.monotonic() + 10
        while not (children := psutil.Process(self.process.pid).children()):
            assert time.monotonic() < deadline, f"{self.name} has no process"
            time.sleep(0.05)
        return children[0].pid

    def kill(self, reason: str) -> None:
        """Kills it as the machine does: out of memory (`OOMKilled`), or too full (`Evicted`)."""
        self.reason = reason
        os.kill(self.pid, signal.SIGKILL)
        assert self.process is not None
        self.process.wait(10)

    def end(self, grace: float = 30) -> None:
        """Asks it to end, and kills it after the grace."""
        if self.process is None:
            self.reason = self.reason or "Deleted"
            return
        if self.process.poll() is not None:
            return
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            os.kill(self.pid, signal.SIGTERM)
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError, psutil.NoSuchProcess):
                os.kill(self.pid, signal.SIGKILL)
            self.process.wait(10)

    def end_later(self) -> None:
        """The same, beside what else goes on."""
        threading.Thread(target=self.end, daemon=True).start()

    def state(self) -> dict[str, Any]:
        """The state of its container."""
        name = self.spec["containers"][0]["name"]
        if self.process is None:
            found: dict[str, Any] = {"waiting": {"reason": self.waiting or "ContainerCreating"}}
        elif (code := self.process.poll()) is None:
            found = {"running": {}}
        else:
            exit_code = 128 - code if code < 0 else code
            usual = "Error" if exit_code else "Completed"
            found = {"terminated": {"exitCode": exit_code, "reason": self.reason or usual}}
        image = self.spec["containers"][0]["image"]
        ready = "running" in found
        return {"name": name, "image": image, "imageID": "", "ready": ready, "restartCount": 0, "state": found}


def _moved(value: str, own: Path) -> str:
    """A path in the pod's /tmp, as this machine has it."""
    return f"{own}{value.removeprefix('/tmp')}" if value.startswith("/tmp/") else value


@cache
def _may_be_apart() -> bool:
    """Whether a process may have all that of its own here."""
    if shutil.which("unshare") is None:
        return False
    tried = [*_APART, "sh", "-c", "mount -o remount,bind,ro / && hostname tried"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0
