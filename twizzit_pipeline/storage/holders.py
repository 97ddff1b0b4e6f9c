"""Which sessions of the database hold tables of ours or of ShotSpot's: asked where waiting for them was in vain."""

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from twizzit_pipeline.storage.tables import metadata

_MOST = 3
# A row's holder has a lock on its table too, stronger than a reader's. Other users' sessions show their process alone.
_HOLDING = text("""
    SELECT held.pid, session.application_name, session.usename, session.state,
           extract(epoch FROM clock_timestamp() - session.xact_start)::int AS seconds,
           string_agg(DISTINCT held.relation::regclass::text, ', ') AS tables
    FROM pg_locks AS held
    LEFT JOIN pg_stat_activity AS session ON session.pid = held.pid
    WHERE held.granted AND held.locktype = 'relation' AND held.pid <> pg_backend_pid()
      AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND held.relation::regclass::text = ANY(:tables)
      AND (:readers OR held.mode <> 'AccessShareLock')
    GROUP BY 1, 2, 3, 4, 5
    ORDER BY seconds DESC NULLS LAST, held.pid
""")


def holders(engine: Engine, *, readers: bool = False) -> str:
    """Who holds locks on the pipeline's tables now, in a few words: process, program, for how long, which tables.

    Args:
        readers: count transactions that only read as well: they stand in the way of a migration.
    """
    wanted = {"tables": sorted(metadata.tables), "readers": readers}
    try:
        with engine.connect() as connection:
            found = connection.execute(_HOLDING, wanted).all()
    except SQLAlchemyError:
        return "the database does not say whose it is"
    if not found:
        return "it has just ended"
    said = [_said(*row) for row in found[:_MOST]]
    return "; ".join(said) + (f"; and {len(found) - _MOST} more" if len(found) > _MOST else "")


def _said(
    pid: int, application: str | None, user: str | None, state: str | None, seconds: int | None, tables: str
) -> str:
    who = ", ".join(part for part in (application, user and f"user {user}", state) if part)
    lasting = "" if seconds is None else f" for {seconds} s"
    return f"process {pid}{f' ({who}{lasting})' if who else ''} holds {tables}"
