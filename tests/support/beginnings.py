"""How a drawn history begins, and living through it."""

import copy
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar

from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import Computed, text

from tests.support.club_life import ClubLife
from tests.support.listed_model import LEAST
from tests.support.memory_account import MemoryAccount
from tests.support.sync_world import Rows
from twizzit_pipeline.credentials import store
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.twizzit.dialects import LIVE_ENDPOINT

Club = TypeVar("Club", bound=ClubLife)
Deed = tuple[Any, ...]
History = list[tuple[list[Deed], Deed]]
_WHOLE = ("sync",)


class Beginnings(Generic[Club]):
    """Clubs that have synced once: the first one for real, the others as copies of its rows.

    Where `beside` is given, another club of that name has come before, whose teams and people have the same ids and
    names; nothing may become of it.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        account: MemoryAccount,
        kind: Callable[..., Club],
        lists: Callable[[MemoryAccount], None],
        *,
        endpoint: str = LIVE_ENDPOINT,
        beside: str | None = None,
    ) -> None:
        self._settings = settings.model_copy(update={"departure_least": LEAST})
        self._database, self._account, self._endpoint = database, account, endpoint
        self._reader = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._other: Club | None = None
        if beside is not None:
            is_called = account.id, account.name
            account.id, account.name = "8", beside
            lists(account)
            self._other = self._begun(kind)
            self._beside = self._of_other()
            account.id, account.name = is_called
        lists(account)
        self._club = self._begun(kind)
        self._listed = copy.deepcopy(account.listed_by_name())
        with database.engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA begun"))
            for name in _columns():
                connection.execute(text(f'CREATE TABLE begun."{name}" AS TABLE "{name}"'))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def _begun(self, kind: Callable[..., Club]) -> Club:
        key = self._settings.encryption_key
        assert key is not None
        credential_id = store.add(
            self._database.engine,
            key,
            organization_name=self._account.name,
            api_username="proef",
            password=SecretStr("proef"),
            api_endpoint=self._endpoint,
        )
        club = kind(self._reader, self._settings, self._database, self._account, credential_id)
        club.begin()
        return club

    def _of_other(self) -> dict[str, Rows]:
        other = self._other
        own = (
            ()
            if other is None
            else (table for table in other.WRITTEN if {"club_id", "credential_id"} & {*table.c.keys()})
        )
        return {} if other is None else {table.name: other.rows(table) for table in own}

    def live(self, history: History) -> None:
        """Lives through it from the beginning; nothing becomes of a club that stands beside."""
        live(self.club(), history)
        if self._other is not None:
            assert self._of_other() == self._beside

    def club(self) -> Club:
        """The club as it was after its first sync, without all that was done since."""
        with self._database.engine.begin() as connection:
            connection.exec_driver_sql(_restart())
        for name, listed in copy.deepcopy(self._listed).items():
            setattr(self._account, name, listed)
        return self._club.again()


def _columns() -> dict[str, list[str]]:
    """Table → its columns that can be written."""
    return {
        table.name: [f'"{column.name}"' for column in table.c if not isinstance(column.server_default, Computed)]
        for table in tables.metadata.sorted_tables
    }


def _restart() -> str:
    """Empties every table and fills it as it was; sequences go on."""
    parts = ["SET LOCAL session_replication_role = replica"]
    for name, columns in _columns().items():
        listed = ", ".join(columns)
        parts.append(f'DELETE FROM "{name}"')
        parts.append(f'INSERT INTO "{name}" ({listed}) OVERRIDING SYSTEM VALUE SELECT {listed} FROM begun."{name}"')
    return "; ".join(parts)


def deed(name: str, *arguments: Any) -> st.SearchStrategy[Deed]:
    """A method of a club, and its arguments."""
    return st.tuples(st.just(name), *arguments)


def histories(quiet: st.SearchStrategy[Deed], running: st.SearchStrategy[Deed]) -> st.SearchStrategy[History]:
    """Many things happen, then a sync or a decision, once to three times; a sync is at the end of all.

    Most deeds cost far less than a sync, and what may go wrong is what one deed makes of another.
    """
    return st.lists(st.tuples(st.lists(quiet, min_size=7, max_size=16), running), min_size=1, max_size=3)


def live(club: ClubLife, history: History) -> None:
    """Does everything in its order."""
    for quiet, running in history:
        for name, *arguments in [*quiet, running]:
            getattr(club, name)(*arguments)
    if history[-1][1] != _WHOLE:
        club.sync()
