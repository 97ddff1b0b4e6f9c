"""A rotation in a process of its own, for the tests that end such a process from outside."""

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess

from tests.integration.sync_process import FORKS
from twizzit_pipeline.credentials.rotation import rotate
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import open_database


def _rotate(of_database: Settings, of_keys: Settings) -> None:
    """What the process does."""
    with open_database(of_database) as database:
        rotate(database.engine, of_keys)


@contextmanager
def rotating(of_database: Settings, of_keys: Settings) -> Iterator[BaseProcess]:
    """The process of a rotation, which does not outlive the context.

    Args:
        of_database: name the database.
        of_keys: hold the environment's keys, or name the home of the kept one.
    """
    process = FORKS.Process(target=_rotate, args=(of_database, of_keys))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()
        process.close()
