"""The database's user: what it may, what it lacks before and after the migrations, and what stands in between."""

from collections.abc import Iterator, Sequence

from twizzit_pipeline.cli.doctor.finding import Finding, Installation, listed, ok, problem, warning
from twizzit_pipeline.cli.output.guides import more
from twizzit_pipeline.storage.dagster_schema import missing_schema
from twizzit_pipeline.storage.engine import DAGSTER_SCHEMA, driver_errors
from twizzit_pipeline.storage.roles import (
    Lack,
    is_migrated,
    lacking_for_dagster,
    lacking_to_migrate,
    lacking_to_sync,
    lacking_to_undo,
    sight_to_undo,
    unreadable_to_owner,
)

_AS = "As the tables' owner or a superuser"


def look_at_privileges(installation: Installation) -> Iterator[Finding]:
    """Before the migrations: whether they may run. After them: whether syncs may, and ShotSpot's `pg_dump`."""
    with driver_errors(), installation.database.engine.connect() as connection:
        migrated = is_migrated(connection)
        to_migrate = lacking_to_migrate(connection)
        to_sync = lacking_to_sync(connection) if migrated else []
        to_undo = lacking_to_undo(connection) + sight_to_undo(connection) if migrated else []
        if installation.settings.dagster_postgres_url is None:
            to_sync += lacking_for_dagster(connection, DAGSTER_SCHEMA)
        unreadable = unreadable_to_owner(connection, DAGSTER_SCHEMA)
    if to_migrate and not migrated:
        yield problem("privileges", _wrong(to_migrate), _statements(to_migrate))
    elif to_sync:
        lacks = [*to_sync, *(lack for lack in to_undo if lack not in to_sync)]
        yield problem("privileges", f"The database's user lacks {_wrong(lacks)}", _statements(lacks))
    elif to_migrate:
        yield warning(
            "privileges",
            f"The database's user may sync, and may not migrate: {_wrong(to_migrate)}",
            f"Before the next upgrade run twizzit migrate as another user, or: {_statements(to_migrate)}",
        )
    elif not to_undo:
        yield ok("privileges", "The database's user may do what is needed")
    if to_undo and not to_sync:
        yield warning("undo", f"twizzit undo is refused: the user lacks {_wrong(to_undo)}", _statements(to_undo))
    if unreadable:
        yield warning("dump", _wrong(unreadable), _statements(unreadable))


def look_at_pooler(installation: Installation) -> Iterator[Finding]:
    """Whether connection options arrive: without them Dagster's tables would land among ShotSpot's."""
    if not installation.database.options_dropped:
        yield ok("connection options", "They arrive at the server")
    elif installation.settings.dagster_postgres_url is None:
        message = "A pooler in front of the database drops them: Dagster's tables would land among ShotSpot's"
        todo = f"Name PostgreSQL itself in DAGSTER_POSTGRES_URL{more('beside-shotspot-database.md', 'PgBouncer')}"
        yield problem("connection options", message, todo)
    else:
        yield ok(
            "connection options", "A pooler drops them: each transaction sets its own, and Dagster has a URL of its own"
        )


def look_at_dagsters_tables(installation: Installation) -> Iterator[Finding]:
    """Whether the schema that DAGSTER_POSTGRES_URL names is there; any other is made by what needs it."""
    if installation.settings.dagster_postgres_url is None:
        yield ok("Dagster's tables", f"In the schema {DAGSTER_SCHEMA} of the same database; what needs it makes it")
        return
    missing = missing_schema(installation.database)
    if missing is None:
        yield ok("Dagster's tables", "The schema that DAGSTER_POSTGRES_URL names is there")
    else:
        message = f"The schema {missing} of DAGSTER_POSTGRES_URL is not there: Dagster's own programs cannot start"
        yield problem("Dagster's tables", message, "Make it: twizzit migrate")


def _wrong(lacks: Sequence[Lack]) -> str:
    return listed([lack.wrong for lack in lacks])


def _statements(lacks: Sequence[Lack]) -> str:
    return f"{_AS}: {'; '.join(lack.statement for lack in lacks)}"
