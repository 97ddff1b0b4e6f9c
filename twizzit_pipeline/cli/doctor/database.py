"""The database: which it is, whether it may be written, its migrations, its room, its clock."""

from collections.abc import Iterator

from twizzit_pipeline.cli.doctor.finding import Finding, Installation, listed, ok, problem, warning
from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.inspection import Server, inspect_server
from twizzit_pipeline.storage.revisions import are_pending
from twizzit_pipeline.storage.suited import unsuited

_CLOCKS_APART_SECONDS = 5.0
_CLOCKS_FAR_APART_SECONDS = 60.0
_BUSY = 0.8


def look_at_server(installation: Installation) -> Iterator[Finding]:
    server = inspect_server(installation.database.engine)
    with driver_errors(), installation.database.engine.connect() as connection:
        wrong = unsuited(connection)
    yield _server(server, wrong, embedded=installation.settings.embedded)
    if server.missed_standbys is not None:
        yield problem(
            "standby",
            f"What is written waits, without end, for a standby (synchronous_standby_names = {server.missed_standbys})",
            "Start the standby, or take it out of synchronous_standby_names and reload the server: all goes on at once",
        )
    yield _clock(server)


def look_at_migrations(installation: Installation) -> Iterator[Finding]:
    from twizzit_pipeline.storage.migrate import check  # noqa: PLC0415  (Alembic)

    state = check(installation.database.engine)
    if state.pending:
        at = f"at migration {state.current}" if state.current else "not migrated yet"
        message = f"The database is {at}, and {are_pending(len(state.pending))}"
        with driver_errors(), installation.database.engine.connect() as connection:
            todo = "twizzit migrate" if unsuited(connection) is None else "Repair the database first, as said above"
        yield problem("migrations", message, todo)
    elif state.differences:
        message = f"The tables are not what the newest migration makes: {listed(state.differences)}"
        todo = "twizzit attach puts back what is ours; undo the rest: twizzit check-migrations lists it"
        yield warning("migrations", message, todo)
    else:
        yield ok("migrations", f"At the newest one, {state.head}")


def _server(server: Server, wrong: TwizzitPipelineError | None, *, embedded: bool) -> Finding:
    which = "the embedded one" if embedded else "your own"
    size = f"{server.bytes / 1e6:,.0f} MB"
    message = (
        f"PostgreSQL {server.version}, {which}, {size}, {server.connections} of {server.most_connections} connections"
    )
    if wrong is not None:
        return problem("database", str(wrong))
    if server.connections > _BUSY * server.most_connections:
        todo = "Raise max_connections, or see which clients hold them: SELECT * FROM pg_stat_activity"
        return warning("database", message, todo)
    return ok("database", message)


def _clock(server: Server) -> Finding:
    ahead = server.seconds_ahead
    message = f"The database's clock is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    if abs(ahead) <= _CLOCKS_APART_SECONDS:
        return ok("clock", message)
    todo = "Let both machines keep time by NTP (timedatectl set-ntp true)"
    if abs(ahead) <= _CLOCKS_FAR_APART_SECONDS:
        return warning("clock", message, todo)
    return problem("clock", message, todo)
