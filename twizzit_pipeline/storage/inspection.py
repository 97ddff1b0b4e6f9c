"""What can be asked of a database server about itself: version, rights, room, clock. Reads, and changes nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, text

from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import metadata

_OWN_PREFIX = "twizzit_"
_SERVER = text("""
    SELECT current_setting('server_version') AS version,
           current_setting('server_encoding') AS encoding,
           current_setting('transaction_read_only') = 'on' AS read_only,
           pg_database_size(current_database()) AS bytes,
           (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
           current_setting('max_connections')::int AS most_connections,
           has_schema_privilege(current_schema(), 'CREATE') AS may_make_tables
""")
_LACKING = text("""
    SELECT privilege || ' on ' || name AS lacking
    FROM unnest(CAST(:names AS text[]), CAST(:privileges AS text[])) AS wanted(name, privilege)
    WHERE to_regclass(quote_ident(name)) IS NOT NULL AND NOT has_table_privilege(quote_ident(name), privilege)
    ORDER BY name, privilege
""")


@dataclass(frozen=True, slots=True)
class Server:
    """A database as its server describes it.

    Attributes:
        version: as PostgreSQL writes it ("18.4").
        read_only: nothing can be written: a standby, or a setting of the database or the user.
        bytes: how much room this database takes.
        connections, most_connections: open to the whole server now, and how many there may be.
        may_make_tables: the user may make tables in the schema that is in use; migrations need that.
        lacking: rights on tables that the pipeline needs and the user does not have ("INSERT on teams").
        seconds_ahead: how far the server's clock is ahead of this machine's, as far as the round trip lets one tell.
    """

    version: str
    encoding: str
    read_only: bool
    bytes: int
    connections: int
    most_connections: int
    may_make_tables: bool
    lacking: tuple[str, ...]
    seconds_ahead: float


def inspect_server(engine: Engine) -> Server:
    """The server behind an engine.

    Raises:
        DatabaseUnavailable: it cannot be reached.
    """
    needed = [(name, privilege) for name in sorted(metadata.tables) for privilege in _needed(name)]
    wanted = {"names": [name for name, _ in needed], "privileges": [privilege for _, privilege in needed]}
    with driver_errors(), engine.connect() as connection:
        row = connection.execute(_SERVER).one()
        lacking = tuple(connection.scalars(_LACKING, wanted))
        asked = datetime.now(UTC)
        theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        answered = datetime.now(UTC)
    ahead = theirs - (asked + (answered - asked) / 2)
    return Server(**row._mapping, lacking=lacking, seconds_ahead=ahead.total_seconds())


def _needed(table: str) -> tuple[str, ...]:
    """Nothing of ShotSpot's is ever deleted."""
    return ("SELECT", "INSERT", "UPDATE", *(("DELETE",) if table.startswith(_OWN_PREFIX) else ()))
