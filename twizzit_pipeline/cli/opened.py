"""The settings and the database of one command."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from twizzit_pipeline import logs
from twizzit_pipeline.cli.output.terminal import console
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.engine import Database, driver_errors, open_database
from twizzit_pipeline.storage.revisions import is_current, require_current


@dataclass(frozen=True, slots=True)
class Opened:
    """What a command works with."""

    settings: Settings
    database: Database


@contextmanager
def announced(settings: Settings) -> Iterator[Database]:
    """The database, migrated or not; an embedded one that is made on the way says where it is.

    A wrong folder would otherwise be an empty database that looks like the right one.

    Raises:
        DatabaseUnavailable, UnsupportedDatabase, EmbeddedServerFailed: it cannot be opened.
    """
    new = settings.embedded and not _is_there(settings.home / "postgres")
    with open_database(settings) as database:
        if new:
            where = f"Made a new, empty database in {settings.home.absolute()}; another TWIZZIT_HOME has another one."
            console(stderr=True).print(where, soft_wrap=True)
        yield database


def _is_there(path: Path) -> bool:
    """Whether a file is there; a name that no file can have is none, and is refused where it would be made."""
    try:
        return path.exists()
    except OSError:
        return False


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Opened]:
    """The database, at its newest migration.

    The embedded one is ours alone and is migrated on the way; a server of your own never is by itself.

    Raises:
        MigrationsPending: your own server is behind; says what to run.
        DatabaseUnavailable, UnsupportedDatabase, EmbeddedServerFailed: it cannot be opened.
    """
    settings = settings or load_settings()
    logs.configure(settings, quiet=True)
    with announced(settings) as database, driver_errors():
        if not settings.embedded:
            require_current(database.engine)
        elif not is_current(database.engine):
            from twizzit_pipeline.storage.migrate import migrate  # noqa: PLC0415  (Alembic)

            migrate(database.engine, actor=this_user())
        yield Opened(settings, database)


def say_if_not_noted(what: str, why: str | None) -> None:
    """A line where something that changes nothing could be done, and could not be put into the audit log."""
    if why is not None:
        console(stderr=True).print(f"This {what} is not in the audit log: {why}", soft_wrap=True)
