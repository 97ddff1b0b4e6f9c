"""What can be asked of a database server about itself: version, room, clock. Reads, and changes nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, text

from twizzit_pipeline.storage.engine import driver_errors

_SERVER = text("""
    SELECT current_setting('server_version') AS version,
           pg_database_size(current_database()) AS bytes,
           (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
           current_setting('max_connections')::int AS most_connections,
           CASE WHEN current_setting('synchronous_commit') NOT IN ('off', 'local')
                     AND (NOT EXISTS (SELECT FROM pg_stat_replication)
                          OR EXISTS (SELECT FROM pg_stat_activity
                                     WHERE datname = current_database() AND wait_event = 'SyncRep'
                                       AND state_change < clock_timestamp() - INTERVAL '5 seconds'))
                THEN nullif(current_setting('synchronous_standby_names'), '') END AS missed_standbys
""")


@dataclass(frozen=True, slots=True)
class Server:
    """A database as its server describes it.

    Attributes:
        version: as PostgreSQL writes it ("18.4").
        bytes: how much room this database takes.
        connections, most_connections: open to the whole server now, and how many there may be.
        missed_standbys: the server's synchronous_standby_names, where none is there, or a commit has waited for one for
            seconds; None where commits do not wait. Of other users' sessions no server says what they wait for.
        seconds_ahead: how far the server's clock is ahead of this machine's, within the time of a round trip.
    """

    version: str
    bytes: int
    connections: int
    most_connections: int
    missed_standbys: str | None
    seconds_ahead: float


def inspect_server(engine: Engine) -> Server:
    """The server behind an engine.

    Raises:
        DatabaseUnavailable: it cannot be reached.
    """
    with driver_errors(), engine.connect() as connection:
        row = connection.execute(_SERVER).one()
        asked = datetime.now(UTC)
        theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        answered = datetime.now(UTC)
    ahead = theirs - (asked + (answered - asked) / 2)
    return Server(**row._mapping, seconds_ahead=ahead.total_seconds())
