"""The database: which it is, what its user may, its migrations, its room, its clock."""

from collections.abc import Iterator

from twizzit_pipeline.cli.doctor.finding import Finding, Patient, listed, ok, problem, warning
from twizzit_pipeline.cli.guides import more
from twizzit_pipeline.storage.inspection import Server, inspect_server

_CLOCKS_APART_SECONDS = 5.0
_CLOCKS_FAR_APART_SECONDS = 60.0
_BUSY = 0.8


def look_at_server(patient: Patient) -> Iterator[Finding]:
    server = inspect_server(patient.database.engine)
    yield from _server(server, embedded=patient.settings.embedded)
    yield _clock(server)


def look_at_migrations(patient: Patient) -> Iterator[Finding]:
    from twizzit_pipeline.storage.migrate import check  # noqa: PLC0415  (Alembic)

    state = check(patient.database.engine)
    if state.pending:
        at = f"at migration {state.current}" if state.current else "not migrated yet"
        message = f"The database is {at}, and {len(state.pending)} are pending"
        yield problem("migrations", message, "twizzit migrate")
    elif state.differences:
        message = f"The tables are not what the newest migration makes: {listed(state.differences)}"
        yield warning("migrations", message, "Undo what was changed by hand: twizzit check-migrations lists it")
    else:
        yield ok("migrations", f"At the newest one, {state.head}")


def _server(server: Server, *, embedded: bool) -> Iterator[Finding]:
    which = "the embedded one" if embedded else "your own"
    size = f"{server.bytes / 1e6:,.0f} MB"
    message = (
        f"PostgreSQL {server.version}, {which}, {size}, {server.connections} of {server.most_connections} connections"
    )
    if server.encoding != "UTF8":
        yield problem(
            "database",
            f"Its encoding is {server.encoding}, which cannot hold every name",
            f"Dump it into one with encoding UTF8: twizzit database --help{more('operations.md', 'Backup')}",
        )
    elif server.read_only:
        yield problem("database", f"{message}; nothing can be written", "Name the primary in TWIZZIT_DATABASE_URL")
    elif server.connections > _BUSY * server.most_connections:
        yield warning(
            "database", message, "Raise max_connections, or see who holds them: SELECT * FROM pg_stat_activity"
        )
    else:
        yield ok("database", message)
    if server.lacking:
        todo = "As the owner of the tables: GRANT them to the user of TWIZZIT_DATABASE_URL"
        yield problem("privileges", f"The database's user lacks {listed(server.lacking)}", todo)
    elif not server.may_make_tables:
        todo = "Before the next upgrade: GRANT CREATE ON SCHEMA, or run twizzit migrate as another user"
        yield warning("privileges", "The database's user may not make tables: migrations need that", todo)
    else:
        yield ok("privileges", "The database's user may do what is needed")


def _clock(server: Server) -> Finding:
    ahead = server.seconds_ahead
    message = f"The database's clock is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    if abs(ahead) <= _CLOCKS_APART_SECONDS:
        return ok("clock", message)
    todo = "Let both machines keep time by NTP (timedatectl set-ntp true)"
    if abs(ahead) <= _CLOCKS_FAR_APART_SECONDS:
        return warning("clock", message, todo)
    return problem("clock", message, todo)
