"""`up` from its first line to its last, in the order in which it happens."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from twizzit_pipeline import logs
from twizzit_pipeline.cli.exit_codes import ExitCode
from twizzit_pipeline.cli.opened import Opened, announced
from twizzit_pipeline.cli.output.terminal import console, plural
from twizzit_pipeline.credentials.key import encryption_keys
from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.http_api.secret import jwt_secret
from twizzit_pipeline.local import demo, leftovers, stage
from twizzit_pipeline.local.announcement import Addresses
from twizzit_pipeline.local.children import Address, code_socket
from twizzit_pipeline.local.cleaning import clean
from twizzit_pipeline.local.guarding import guarded
from twizzit_pipeline.local.lock import DatabaseLock, only_one
from twizzit_pipeline.local.ports import taken_for
from twizzit_pipeline.local.running import Asked, Running
from twizzit_pipeline.local.signals import Stop
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.migrate import migrate

_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the arguments say; ports: 0 is any free one, None the usual one."""

    demo: bool
    ui_host: str
    ui_port: int
    api_host: str | None
    api_port: int | None
    simulator_port: int | None


def play(wanted: Wanted) -> ExitCode:
    """Run everything until a signal asks to stop, or something cannot go on.

    Raises:
        AlreadyUp: another `up` works with this home or this database.
        SettingsError: a port is in use, or a setting is missing or malformed.
        ProcessFailed: a child did not start, or ended too often.
        DatabaseUnavailable, EmbeddedServerFailed: the database cannot be opened.
    """
    began = time.monotonic()
    # The demo's own Twizzit listens on loopback.
    settings = load_settings(**({"allow_private_endpoints": True} if wanted.demo else {}))
    home = Path(os.path.realpath(settings.home))
    logs.configure(settings, quiet=True)
    out = console()
    with Stop(lambda: _kill_all(home)) as stop, only_one(home):
        _end_leftovers(out, home)
        # What is missing or taken is said before anything is started.
        addresses = _addresses(wanted, settings)
        jwt_secret(settings)
        encryption_keys(settings)
        with (
            guarded(home),
            _database(out, settings, is_demo=wanted.demo) as (here, lock),
            code_socket(home) as socket,
        ):
            running = Running(here, home, addresses, lock=lock, socket=socket, stop=stop, out=out)
            try:
                running.start(began)
                running.keep()
            except Asked:
                return ExitCode.SUCCESS
            finally:
                running.end()
    return ExitCode.SUCCESS


def _addresses(wanted: Wanted, settings: Settings) -> Addresses:
    api_host = wanted.api_host or settings.api_host
    api_port = settings.api_port if wanted.api_port is None else wanted.api_port
    return Addresses(
        ui=Address(wanted.ui_host, taken_for("Dagster's UI", wanted.ui_host, wanted.ui_port, "--ui-port")),
        api=Address(api_host, taken_for("The HTTP API", api_host, api_port, "--api-port")),
        simulator=Address(_LOOPBACK, _simulator_port(wanted.simulator_port)) if wanted.demo else None,
    )


def _simulator_port(wanted: int | None) -> int:
    """The port of the demo's Twizzit; where none is given and the usual one is taken, any."""
    what, option = "The simulator", "--simulator-port"
    if wanted is not None:
        return taken_for(what, _LOOPBACK, wanted, option)
    try:
        return taken_for(what, _LOOPBACK, stage.PORT, option)
    except SettingsError:
        return taken_for(what, _LOOPBACK, 0, option)


@contextmanager
def _database(out: Console, settings: Settings, *, is_demo: bool) -> Iterator[tuple[Opened, DatabaseLock]]:
    """The database, ours alone and at its newest migration: `up` migrates it without asking."""
    with announced(settings) as database, driver_errors(), DatabaseLock(database.engine) as lock:
        if is_demo and not settings.embedded:
            stage.refuse_a_database_in_use(database, demo.ORGANIZATIONS)
        applied = migrate(database.engine, actor=this_user())
        where = f"embedded, in {settings.home}" if settings.embedded else "your own server"
        done = f"{plural(len(applied), 'migration')} applied" if applied else "at the newest migration"
        out.print(f"  PostgreSQL: {where}; {done}", soft_wrap=True)
        yield Opened(settings, database), lock


def _end_leftovers(out: Console, home: Path) -> None:
    """What an `up` left that was killed together with its guardian."""
    if leftovers.marked(home):
        ended = clean(home)
        out.print(f"  Ended {plural(ended, 'process', 'processes')} that an earlier `twizzit up` left behind")


def _kill_all(home: Path) -> None:
    leftovers.end(leftovers.marked(home), 0)
