"""A transaction in which no sync of an organization works: its leases are taken and given back within it.

They are never seen by others: a sync that wants one waits for the end of the transaction.
"""

import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, delete, insert, select, text
from sqlalchemy.exc import DBAPIError

from twizzit_pipeline.runs.in_progress import in_progress
from twizzit_pipeline.runs.lease import HELD, PATIENCE_SECONDS, make_free
from twizzit_pipeline.runs.processes import this_process
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.tables import leases


@contextmanager
def alone(engine: Engine, keys: Collection[str], *, credential_id: int) -> Iterator[Connection]:
    """A transaction that holds these leases, and whichever the credential has; it sees one moment of the database.

    It fails where another transaction wrote the same rows meanwhile (`sync.rewrites` tries again).

    Raises:
        SyncInProgress: a living process holds one of them.
    """
    connected = engine.connect().execution_options(isolation_level="REPEATABLE READ")
    with connected as connection, connection.begin():
        held = _hold(engine, connection, keys, credential_id)
        yield connection
        connection.execute(delete(leases).where(among(leases.c.organization, held)))


def _hold(engine: Engine, connection: Connection, keys: Collection[str], credential_id: int) -> list[str]:
    values = {"credential_id": credential_id, "dagster_run_id": f"decision {uuid.uuid4()}", "holder": this_process()}
    wanted = sorted(keys)
    try:
        connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE_SECONDS}s'"))
        known = select(leases.c.organization).where(leases.c.credential_id == credential_id)
        for key in sorted({*wanted, *connection.scalars(known)}):
            make_free(connection, key)
        connection.execute(insert(leases), [{"organization": key, "token": uuid.uuid4(), **values} for key in wanted])
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in HELD:
            raise
        with engine.connect() as other:
            raise in_progress(other, among(leases.c.organization, wanted)) from None
    return wanted
