"""The processes of an `up`: their commands, what they need before they start, and how one sees that they are ready.

The definitions are loaded once, by the code server; the UI and the daemon ask it over a socket that only the owner of
the home folder can reach (a code server runs what its client asks for). Its name is the same as under
`dagster dev`, so that sensors go on where they were.
"""

import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import Engine

from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.local.supervisor import Program
from twizzit_pipeline.orchestration import dagster_modules
from twizzit_pipeline.scheduling import heartbeat
from twizzit_pipeline.scheduling.automation import SYNC_SENSOR, switched_off
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database

MODULE = "twizzit_pipeline.definitions"
CODE, UI, DAEMON, API, SIMULATOR = "code", "ui", "daemon", "api", "simulator"

_LOOK_SECONDS = 2.0
# As PostgreSQL's: Linux allows 107 bytes and macOS 103 for the path of a socket.
_LONGEST_SOCKET_PATH = 103
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]+")


@dataclass(frozen=True, slots=True)
class Address:
    """Where something listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """For a browser on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


@contextmanager
def code_socket(home: Path) -> Iterator[Path]:
    """The path of the code server's socket: in `run/` of the home folder, or where that is too long or means something
    to gRPC, in a temporary folder that is removed at the end."""
    run = home / "run"
    run.mkdir(mode=0o700, exist_ok=True)
    run.chmod(0o700)
    path = run / "code.sock"
    if len(str(path).encode()) <= _LONGEST_SOCKET_PATH and _PLAIN_PATH.fullmatch(str(path)):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="twizzit-up-", dir="/tmp") as folder:
        yield Path(folder) / "code.sock"


def write_workspace(folder: Path, socket: Path) -> Path:
    """The file from which the UI and the daemon read where the code server listens."""
    workspace = folder / "workspace.yaml"
    workspace.write_text(
        f"load_from:\n  - grpc_server:\n      socket: {socket}\n      location_name: {MODULE}\n", encoding="utf-8"
    )
    return workspace


def log_options(settings: Settings) -> tuple[str, ...]:
    """How Dagster's own processes are to log, as far as they have the setting."""
    return ("--log-format", "json") if settings.log_format == "json" else ()


def code_server(socket: Path, environment: Mapping[str, str], options: Sequence[str] = ()) -> Program:
    """What evaluates sensors and starts runs."""
    arguments = ("--socket", str(socket), "--module-name", MODULE, "--location-name", MODULE)
    return Program(
        name=CODE,
        words="Dagster's code server",
        command=_python(dagster_modules.CODE_SERVER, *arguments, "--use-python-environment-entry-point", *options),
        environment=environment,
        prepare=lambda: socket.unlink(missing_ok=True),
        ready=lambda _: socket.is_socket(),
    )


def ui(address: Address, workspace: Path, environment: Mapping[str, str], options: Sequence[str] = ()) -> Program:
    """Dagster's web server behind our guard: one that obeys others than its own pages never becomes ready."""
    arguments = ("--host", address.host, "--port", str(address.port), "--workspace", str(workspace))
    return Program(
        name=UI,
        words="Dagster's UI",
        command=_python("twizzit_pipeline.orchestration.instance.webserver", *arguments, *options),
        environment=environment,
        ready=_answers_guarded(address.url),
    )


def daemon(database: Database, workspace: Path, environment: Mapping[str, str], options: Sequence[str] = ()) -> Program:
    """What looks at the sensors and takes runs out of the queue; ready when a tick gave its sign of life.

    Where the sensor that gives it is switched off, there is none to wait for.
    """
    engine = database.engine

    def ready(before: object) -> bool:
        return _last_beat(engine) not in (None, before) or _is_off(database)

    return Program(
        name=DAEMON,
        words="Dagster's daemon",
        command=_python(dagster_modules.DAEMON, "run", "--workspace", str(workspace), *options),
        environment=environment,
        prepare=lambda: _last_beat(engine),
        ready=ready,
    )


def api(address: Address, environment: Mapping[str, str]) -> Program:
    """The HTTP API."""
    return Program(
        name=API,
        words="The HTTP API",
        command=_python("twizzit_pipeline", "api", "--host", address.host, "--port", str(address.port)),
        environment=environment,
        ready=_answers(f"{address.url}/health"),
    )


def simulator(address: Address, environment: Mapping[str, str], *options: str) -> Program:
    """The demo's Twizzit."""
    return Program(
        name=SIMULATOR,
        words="The simulator",
        command=_python("twizzit_pipeline", "simulate", "--port", str(address.port), *options),
        environment=environment,
        ready=_answers(f"{address.url}/simulator/organizations"),
    )


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)


def _answers(url: str) -> Callable[[object], bool]:
    def ready(_: object) -> bool:
        try:
            # Without TLS: the list of the world's authorities would be read each time, for nothing.
            return httpx.get(url, timeout=_LOOK_SECONDS, trust_env=False, verify=False).is_success  # noqa: S501 - there is none
        except httpx.HTTPError:
            return False

    return ready


def _answers_guarded(url: str) -> Callable[[object], bool]:
    answers = _answers(f"{url}/server_info")

    def ready(before: object) -> bool:
        if not answers(before):
            return False
        try:
            asked = httpx.get(f"{url}/graphql?query={{version}}", timeout=_LOOK_SECONDS, trust_env=False, verify=False)  # noqa: S501
        except httpx.HTTPError:
            return False
        return asked.status_code == httpx.codes.METHOD_NOT_ALLOWED

    return ready


def _is_off(database: Database) -> bool:
    try:
        return SYNC_SENSOR in {one.name for one in switched_off(database)}
    except TwizzitPipelineError:
        return False


def _last_beat(engine: Engine) -> object:
    try:
        return heartbeat.last(engine)
    except TwizzitPipelineError:
        return None
