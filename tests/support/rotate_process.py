"""A rotation in a process of its own, for the tests that end such a process from outside."""

from contextlib import AbstractContextManager
from multiprocessing.process import BaseProcess

from tests.support.sync_process import forked
from twizzit_pipeline.credentials.rotation import rotate
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import open_database


def _rotate(of_database: Settings, of_keys: Settings) -> None:
    """What the process does."""
    with open_database(of_database) as database:
        rotate(database.engine, of_keys)


def rotating(of_database: Settings, of_keys: Settings) -> AbstractContextManager[BaseProcess]:
    """The process of a rotation.

    Args:
        of_database: name the database.
        of_keys: hold the environment's keys, or name the home of the kept one.
    """
    return forked(_rotate, of_database, of_keys)
