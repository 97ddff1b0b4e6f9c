"""A sync in a process of its own, for the tests that end such a process from outside.

The processes come from a fork server that has imported everything already: each starts in a moment.
"""

import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from multiprocessing.process import BaseProcess

from tests.support.sync_world import STEPS, Step, SyncWorld
from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.errors import SyncInProgress
from twizzit_pipeline.plan.narrowing import Narrowing
from twizzit_pipeline.runs import decided_plans, plans
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import open_database
from twizzit_pipeline.sync.preview.making import preview
from twizzit_pipeline.sync.session import SyncSession

IN_PROGRESS = 4
PATIENCE_SECONDS = 60.0

# There is one fork server for all tests of a worker, and so one list of what it has imported: the modules of what its
# processes do, and all that those import. Of one that is missing it says nothing; a test in test_killed.py does.
PRELOADED = (
    __name__,
    *(f"tests.support.{module}" for module in ("rotate_process", "embedded_homes", "calendar_world")),
    # What the package and the libraries load once it is used.
    *(f"twizzit_pipeline.twizzit.{dialect}.dialect" for dialect in ("v1", "v2")),
    "structlog",
    *(f"cryptography.hazmat.primitives.{module}" for module in ("ciphers", "hashes", "kdf.hkdf", "padding")),
    "encodings.idna",
    *(f"pandera.backends.pandas.{module}" for module in ("builtin_checks", "register")),
)
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(list(PRELOADED))


def _sync(settings: Settings, credential_id: int, season: str, run_id: str, steps: Sequence[Step]) -> None:
    """What the process does: one whole sync."""
    with open_database(settings) as database:
        session = SyncSession(
            settings=settings, database=database, credential_id=credential_id, season=season, run_id=run_id
        )
        try:
            with session:
                for step in steps:
                    step(session)
        except SyncInProgress:
            sys.exit(IN_PROGRESS)


def _sync_and_import_nothing(settings: Settings, credential_id: int, season: str) -> None:
    """What the process does: a sync; it fails with the names of the modules that this had to import.

    Of pandera's there are some that it imports with the first frame, in no time.
    """
    before = set(sys.modules)
    _sync(settings, credential_id, season, "preloaded", STEPS)
    new = sorted(name for name in sys.modules.keys() - before if not name.startswith("pandera."))
    sys.exit(", ".join(new) or None)


def _preview(settings: Settings, credential_id: int) -> None:
    """What the process does: one preview of everything."""
    with open_database(settings) as database:
        preview(
            settings,
            database,
            credential_id=credential_id,
            entities=[entity.name for entity in ENTITIES.values()],
            season=None,
            run_id="killed",
            requested_by=None,
            progress=lambda _: None,
        )


def _apply(settings: Settings, credential_id: int, plan_id: int, run_id: str) -> None:
    """What the process does: a sync that applies a stored plan of teams and players."""
    with open_database(settings) as database:
        stored = plans.get(database.engine, plan_id)
        chosen = decided_plans.chosen(database.engine, plan_id, credential_id=credential_id)
        with SyncSession(
            settings=settings,
            database=database,
            credential_id=credential_id,
            season=stored.season,
            run_id=run_id,
            narrowing=Narrowing(chosen=chosen),
        ) as session:
            session.to_map = {"teams", "players"}
            for step in STEPS:
                step(session)


@contextmanager
def forked(target: Callable[..., None], *given: object) -> Iterator[BaseProcess]:
    """A process that does this, and does not outlive the context."""
    process = FORKS.Process(target=target, args=given)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()
        process.close()


def started(
    world: SyncWorld, credential_id: int, run_id: str, steps: Sequence[Step] = STEPS
) -> AbstractContextManager[BaseProcess]:
    """The process of a sync."""
    return forked(_sync, world.settings, credential_id, world.season, run_id, steps)


def importing_nothing(world: SyncWorld, credential_id: int) -> AbstractContextManager[BaseProcess]:
    """The process of a sync, which ends with 0 if it found imported all that it does."""
    return forked(_sync_and_import_nothing, world.settings, credential_id, world.season)


def previewing(world: SyncWorld, credential_id: int) -> AbstractContextManager[BaseProcess]:
    """The process of a preview."""
    return forked(_preview, world.settings, credential_id)


def applying(
    world: SyncWorld, credential_id: int, plan_id: int, run_id: str = "killed"
) -> AbstractContextManager[BaseProcess]:
    """The process of a sync that applies a stored plan."""
    return forked(_apply, world.settings, credential_id, plan_id, run_id)


def killed(process: BaseProcess) -> None:
    """SIGKILL: nothing of the process runs any more when this returns."""
    assert process.is_alive(), "it ended too early"
    process.kill()
    process.join()


def wait_until(happened: Callable[[], object], process: BaseProcess | None = None) -> None:
    """Returns as soon as it happened; fails if it does not, or if the process ends before."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        assert process is None or process.is_alive(), "the process ended before"
        time.sleep(0.02)  # a question to the server costs a tenth of that


@contextmanager
def locked(world: SyncWorld, *tables: str, mode: str = "SHARE") -> Iterator[None]:
    """Another client holds a lock on these tables: in SHARE mode they can be read and not written."""
    with world.connected() as other, other.transaction():
        for table in tables:
            other.execute(f"LOCK TABLE {table} IN {mode} MODE")
        yield


@contextmanager
def watching(world: SyncWorld, table: str | None = None) -> Iterator[Callable[[], bool]]:
    """Says whether a session of the pipeline waits for a lock: of that table, not of a row that a heartbeat holds."""
    of_it = (
        f" AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND relation = '{table}'::regclass AND NOT granted)"
    )
    waits = (
        "SELECT EXISTS (SELECT FROM pg_stat_activity a WHERE application_name = 'twizzit-pipeline'"
        f" AND datname = current_database() AND wait_event_type = 'Lock'{of_it if table else ''})"
    ).encode()
    with world.connected() as watcher:

        def waiting() -> bool:
            row = watcher.execute(waits).fetchone()
            return bool(row and row[0])

        yield waiting


def emptied(world: SyncWorld) -> None:
    """Makes the database as it was before the first credential."""
    with world.connected() as connection, suppress(StopIteration):
        connection.execute(
            "TRUNCATE twizzit_credentials, clubs, seasons, twizzit_sync_changes RESTART IDENTITY CASCADE"
        )
