"""The connections and transactions of one run, all to ShotSpot's database.

What belongs here: how a step reads and writes, whatever it reads and writes. A rehearsal has another class of its own.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from sqlalchemy import Connection, Engine, Table, text
from tenacity import Retrying

from twizzit_pipeline.runs.lease import BEAT_SECONDS, Lease
from twizzit_pipeline.storage.bulk import analyse
from twizzit_pipeline.sync.rewrites import rewrites


class Transactions(ABC):
    """What a session reads and writes with."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @property
    @abstractmethod
    def lease(self) -> Lease:
        """The lease under which is written."""

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read with."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def begun(self) -> Iterator[Connection]:
        """A short transaction for what a run writes of itself."""
        with self.engine.begin() as connection:
            yield connection

    def attempts(self) -> Retrying:
        """The tries of one transaction of this run, see `rewrites`."""
        return rewrites(self.engine)

    def analyse(self, found: Sequence[Table]) -> None:
        """Gives tables of ours, of which many rows were written, their statistics."""
        analyse(self.engine, found)

    @contextmanager
    def writing(self, alone_with: Collection[Table] = ()) -> Iterator[Connection]:
        """A transaction in which the lease is surely ours until it commits.

        It fails where another transaction wrote the same rows meanwhile (`attempts` tries again).

        Args:
            alone_with: tables that no other transaction may write meanwhile; what was written before is seen.

        Raises:
            LeaseLost: another process took over.
        """
        connected = self.engine.connect().execution_options(isolation_level="REPEATABLE READ")
        with connected as connection, connection.begin():
            if alone_with:  # before the first statement that fixes what this transaction sees
                names = ", ".join(f'"{table.name}"' for table in sorted(alone_with, key=lambda table: table.name))
                connection.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))
            self.lease.confirm(connection)
            confirmed = monotonic()
            yield connection
            if monotonic() - confirmed > BEAT_SECONDS:  # a long one has kept the heartbeat waiting
                self.lease.confirm(connection)
