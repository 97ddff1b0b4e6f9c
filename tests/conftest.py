"""What the tests share: one real PostgreSQL, and a fresh migrated database for each test that asks for one."""

import gc
import itertools
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import URL, make_url

from tests.support.compiled_once import share_compiled_statements
from tests.support.patience import wait_longer_for_answers
from tests.support.without_hypothesis import without_hypothesis
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.simulator.world import World
from twizzit_pipeline.storage.engine import Database, open_database

ENCRYPTION_KEY = "0123456789abcdef" * 4
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")  # workers share a server that is given by --server
_TEMPLATE = f"template_of_tests_{_WORKER}"
_WITH_DAGSTER = f"template_with_dagster_{_WORKER}"
_MEMORY = Path("/dev/shm")
_ROOM_FOR_A_SERVER = 2**30
_KNOWS_STRATEGIES = 150000  # PostgreSQL 15; the older one copies files anyway
# What a database of a minute need not do: survive a power cut.
_HASTY = (
    "ALTER SYSTEM SET fsync = off",
    "ALTER SYSTEM SET full_page_writes = off",
    "ALTER SYSTEM SET synchronous_commit = off",
    "ALTER SYSTEM SET autovacuum = off",
    "ALTER SYSTEM SET min_wal_size = '32MB'",
    "ALTER SYSTEM SET max_wal_size = '128MB'",
    "SELECT pg_reload_conf()",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the tests of the UI keep what they saw, and which server the tests' databases are made in."""
    parser.addoption("--screenshots", metavar="FOLDER", help="keep the pictures of Dagster's UI that the README shows")
    parser.addoption("--renew", action="store_true", help="write the snapshots anew, to be looked at and committed")
    parser.addoption(
        "--server",
        metavar="URL",
        help="a superuser's URL of a PostgreSQL 14 to 18 that holds nothing else; without it the embedded one is used",
    )


# Long to start, and long waited for: each has a worker of xdist to itself, from the first moment on; but `dagster dev`
# follows on the worker of `up`, when that has been stopped.
_SHARED = ("workers_at_work", "cluster_at", "demo_up", "dagster_at_work")
_AFTER = {"dagster_at_work": "demo_up"}
_LONG = "test_whole_histories_end_with_the_truth"  # minutes each: not three in a row at the end, on one worker
_IN_TURN = ("integration", "end_to_end", "unit")  # the short ones last: then all workers end together


@pytest.hookimpl(tryfirst=True)  # xdist looks for the groups when its turn comes
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tests into an order, and those that share what is costly to make into a group of xdist."""
    items.sort(key=_turn)
    for item in items:
        shared = _shared(item)
        group = _AFTER.get(shared, shared) if shared else (item.path.stem if _goes_with_its_module(item) else None)
        if group is not None and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(group))


def pytest_sessionstart() -> None:
    """Nothing of what is imported to collect the tests is garbage."""
    gc.disable()


def pytest_collection_finish() -> None:
    """What was imported stays to the end, and is not looked at even once; nor the rest often: it took a seventh."""
    gc.enable()
    gc.freeze()
    gc.set_threshold(500_000, 50, 100)


def _turn(item: pytest.Item) -> int:
    shared = _shared(item)
    if shared is not None:
        return _SHARED.index(shared)
    if item.name.startswith(_LONG):
        return len(_SHARED)
    folder = next((folder for folder in _IN_TURN if folder in item.path.parts), _IN_TURN[-1])
    return len(_SHARED) + 1 + _IN_TURN.index(folder)


def _shared(item: pytest.Item) -> str | None:
    return next((name for name in _SHARED if name in getattr(item, "fixturenames", ())), None)


def _goes_with_its_module(item: pytest.Item) -> bool:
    """A unit test, which is too short to be handed out by itself, or one with a fixture of its whole module."""
    assert isinstance(item, pytest.Function)
    fixtures = (found[-1] for found in item._fixtureinfo.name2fixturedefs.values())
    return "unit" in item.path.parts or any(fixture.scope == "module" for fixture in fixtures)


@pytest.fixture(autouse=True, scope="session")
def _signals_as_in_a_terminal() -> None:
    """A worker of xdist ignores Ctrl-C, Dagster then ignores SIGTERM too, and every child would inherit both."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@pytest.fixture(autouse=True, scope="session")
def _clean_environment() -> Iterator[None]:
    """No setting of the surrounding environment reaches the tests, nor the fixtures that many of them share; and the
    processes that tests start have as little of the tests' own as where the program runs.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("TWIZZIT_", "DAGSTER_")) or name == "JWT_SECRET":
                patch.delenv(name)
        patch.setenv("PYTHONPATH", without_hypothesis(os.environ.get("PYTHONPATH")))
        yield


@pytest.fixture(autouse=True, scope="session")
def _patient() -> None:
    """A machine that other work keeps busy fails no test."""
    wait_longer_for_answers()


@pytest.fixture(autouse=True, scope="session")
def _compiled_once() -> Iterator[None]:
    """A tenth of what a test with a database takes is compiling statements that the test before has compiled too."""
    with pytest.MonkeyPatch.context() as patch:
        share_compiled_statements(patch)
        yield


@pytest.fixture(scope="session")
def _server_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """In memory where there is room: a database is three hundred files, and making them on a disk takes ten times as
    long as all else that a test does with it.
    """
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM_FOR_A_SERVER:
        with tempfile.TemporaryDirectory(prefix="twizzit-tests-", dir=_MEMORY) as folder:
            yield Path(folder)
    else:
        yield tmp_path_factory.mktemp("postgres")


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The server of this test session (embedded, of this worker, with xdist): a URL of its maintenance database.

    Holds a migrated database that the tests' databases are copied from.
    """
    home: Path = request.getfixturevalue("_server_home")
    given = request.config.getoption("--server")
    if given is not None:
        yield from _prepared(make_url(given).set(drivername="postgresql"), home)
        return
    with open_database(load_settings(_env_file=None, home=home, database_url=None)) as database:
        yield from _prepared(make_url(database.url.get_secret_value()).set(drivername="postgresql"), home, *_HASTY)


def _prepared(url: URL, home: Path, *statements: str) -> Iterator[str]:
    """The maintenance database's URL, when the server has run `statements` and holds the template."""
    from twizzit_pipeline.storage.migrate import migrate

    admin = url.set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as _kept[admin]:
        _execute(admin, *statements, f"CREATE DATABASE {_TEMPLATE}")
        template = url.set(database=_TEMPLATE).render_as_string(hide_password=False)
        with open_database(load_settings(_env_file=None, home=home, database_url=template)) as opened:
            migrate(opened.engine)
        yield admin
        if not statements:  # a server that goes on living
            _execute(admin, f"DROP DATABASE IF EXISTS {_WITH_DAGSTER}", f"DROP DATABASE {_TEMPLATE}")


_numbers = itertools.count(1)


# The connection to a maintenance database: most tests make a database and drop it.
_kept: dict[str, psycopg.Connection] = {}


def _execute(url: str, *statements: str) -> None:
    for statement in statements:
        _kept[url].execute(statement)


def _database_of(admin: str, template: str) -> Iterator[str]:
    name = f"test_{_WORKER}_{next(_numbers)}"
    strategy = "STRATEGY FILE_COPY" if _kept[admin].info.server_version >= _KNOWS_STRATEGIES else ""
    _execute(admin, f"CREATE DATABASE {name} TEMPLATE {template} {strategy}")
    try:
        yield make_url(admin).set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(admin, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def copied_database(postgres_url: str) -> Callable[[str], AbstractContextManager[str]]:
    """Copies a database to which nothing is connected: ``with copied_database("template0") as url:``."""
    return partial(contextmanager(_database_of), postgres_url)


@pytest.fixture(scope="session")
def new_database(
    copied_database: Callable[[str], AbstractContextManager[str]],
) -> Callable[[], AbstractContextManager[str]]:
    """Makes migrated databases that several tests share: ``with new_database() as url:``."""
    return lambda: copied_database(_TEMPLATE)


@pytest.fixture(scope="session")
def _template_with_dagster(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Name of a migrated database in which an instance has made Dagster's tables."""
    from twizzit_pipeline.orchestration.instance.home import open_instance

    _execute(postgres_url, f"CREATE DATABASE {_WITH_DAGSTER} TEMPLATE {_TEMPLATE}")
    url = make_url(postgres_url).set(database=_WITH_DAGSTER).render_as_string(hide_password=False)
    settings = load_settings(_env_file=None, home=tmp_path_factory.mktemp("dagster"), database_url=url)
    with open_database(settings) as database, open_instance(settings, database):
        return _WITH_DAGSTER


@pytest.fixture(scope="session")
def new_database_of_dagster(
    copied_database: Callable[[str], AbstractContextManager[str]], _template_with_dagster: str
) -> Callable[[], AbstractContextManager[str]]:
    """The same, with Dagster's tables."""
    return lambda: copied_database(_template_with_dagster)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[str]:
    """The URL of a fresh migrated database of this test alone; with Dagster's tables where the mark says so, and a copy
    of what syncs wrote where the module's fixture `synced` is asked for, or the mark `begins` is there (see
    tests/support/synced_world.py), or of the database that the module's fixture `prepared` names.
    """
    marked = request.node.get_closest_marker("dagster_tables") is not None
    template = request.getfixturevalue("_template_with_dagster") if marked else _TEMPLATE
    if request.node.get_closest_marker("begins") is not None:
        template = request.getfixturevalue("begun").template
    elif "synced" in request.fixturenames:
        template = request.getfixturevalue("synced").template
    elif "prepared" in request.fixturenames:
        template = request.getfixturevalue("prepared")
    yield from _database_of(postgres_url, template)


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """The URL of a fresh database without any table."""
    yield from _database_of(postgres_url, "template0")


def settings_with(database_url: str, home: Path, **more: object) -> Settings:
    """Settings that name this database and this home folder, hold the tests' key, and let a simulator be asked."""
    usual: dict[str, object] = {
        "home": home,
        "database_url": SecretStr(database_url),
        "encryption_key": SecretStr(ENCRYPTION_KEY),
        "allow_private_endpoints": True,
    }
    return load_settings(_env_file=None, **usual | more)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings that name the test's own database and a home folder of its own."""
    return settings_with(database_url, tmp_path / "home")


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """The test's own database, migrated, open."""
    with open_database(settings) as opened:
        yield opened


@pytest.fixture(scope="session")
def _stop_meanwhile() -> Iterator[Callable[[SimulatorServer], object]]:
    """Stops a simulator while the next test begins: it takes two tenths of a second, of waiting alone."""
    stopped = []
    with ThreadPoolExecutor() as others:
        yield lambda server: stopped.append(others.submit(server.stop))
    for each in stopped:
        each.result()


@pytest.fixture
def simulate(_stop_meanwhile: Callable[[SimulatorServer], object]) -> Iterator[Callable[..., SimulatorServer]]:
    """Starts simulators that stop with the test: ``simulate(teams=50)`` takes the fields of `SimulatorOptions`, or a
    world that was made already.
    """
    with ExitStack() as running:

        def started(world: World | None = None, **options: Any) -> SimulatorServer:
            server = SimulatorServer(SimulatorOptions(**options), world=world).__enter__()
            running.callback(_stop_meanwhile, server)
            return server

        yield started


@pytest.fixture
def simulator(simulate: Callable[..., SimulatorServer]) -> SimulatorServer:
    """A running Twizzit of three clubs, whose running season is today's."""
    return simulate()
