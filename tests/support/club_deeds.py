"""Histories of a club, drawn: how a club begins, the deeds that may follow, and living through them."""

import copy
from typing import Any, Self

from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import Computed, text

from tests.support.club_history import ANCHOR, TEAMS, copied, person
from tests.support.club_model import FIELDS
from tests.support.club_namesakes import NamesakeHistory
from tests.support.listed_model import LEAST
from tests.support.memory_account import MemoryAccount, Person, Spoiled
from twizzit_pipeline.credentials import store
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

PEOPLE = tuple(str(number) for number in range(101, 107))
NEW = ("107", "108")


class Beginnings:
    """Clubs that have synced once: the first one for real, the others as copies of its rows.

    Four teams, one or two players in each, and one who played the season before.
    """

    def __init__(self, settings: Settings, database: Database, account: MemoryAccount) -> None:
        self._database, self._account = database, account
        _list_everyone(account)
        assert settings.encryption_key is not None
        credential_id = store.add(
            database.engine,
            settings.encryption_key,
            organization_name="Korfbalclub Proef",
            api_username="proef",
            password=SecretStr("proef"),
        )
        few = settings.model_copy(update={"departure_least": LEAST})
        self._reader = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._club = NamesakeHistory(self._reader, few, database, account, credential_id)
        self._club.sync()
        self._listed = copy.deepcopy((account.people, account.groups))
        with database.engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA begun"))
            for name in _columns():
                connection.execute(text(f'CREATE TABLE begun."{name}" AS TABLE "{name}"'))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def club(self) -> NamesakeHistory:
        """The club as it was after its first sync, whatever was done to it since."""
        with self._database.engine.begin() as connection:
            connection.exec_driver_sql(_restart())
        self._account.people, self._account.groups = copy.deepcopy(self._listed)
        club = copied(self._club)
        club.made, club.retired = dict(self._club.made), set()
        return club


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


def _list_everyone(account: MemoryAccount) -> None:
    account.groups = {team: f"Ploeg {team}" for team in TEAMS}
    account.groups_before = {"1": "Ploeg van toen"}
    account.people = {}
    for place, remote_id in enumerate((ANCHOR, *PEOPLE)):
        one = person(remote_id)
        one.teams = {TEAMS[place % len(TEAMS)]}
        one.before = {"1"} if place % 2 else set()
        account.people[remote_id] = one
    account.people["900"] = Person("Oud", "Speler 900", before={"1"})


_people = st.sampled_from((*PEOPLE, *NEW[:1]))
_teams = st.sampled_from(TEAMS)
_leaving = st.sampled_from(TEAMS[1:])  # the running season decides by the first one
_words = st.sampled_from(["Bo", "Cas", "Daan"])
_policies = st.sampled_from(["twizzit", "shotspot", "newest", "ask", "ask"])
_decisions = st.sampled_from(["approve", "refuse"])
_spoiled = st.one_of(
    st.builds(Spoiled, unread=st.sampled_from(TEAMS)),
    st.builds(Spoiled, shifted=_people),
    st.builds(Spoiled, shifted_team=_leaving, half=st.one_of(st.none(), st.sampled_from(range(4)))),
    st.builds(Spoiled, half=st.sampled_from(range(4)), drops_filter=st.booleans()),
    st.just(Spoiled(drops_filter=True)),
    st.builds(Spoiled, fails=st.sampled_from(["teams", "rosters", "questions"])),
)


def _deed(name: str, *arguments: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(st.just(name), *arguments)


_QUIET = st.one_of(
    _deed("says", _people, st.sampled_from(FIELDS[:2]), _words),
    _deed("is_edited", _people, st.sampled_from(FIELDS[:2]), _words),
    _deed("both_change", _people, st.sampled_from(FIELDS), st.tuples(_words, _words)),
    _deed("both_change", _people, st.sampled_from(FIELDS), st.tuples(_words, _words)),
    _deed("is_taken_back", st.integers(0, 3), st.sampled_from(["shotspot", "shotspot", "twizzit", "both"])),
    _deed("takes_number", _people, st.sampled_from([None, 1, 2, 3, 4])),
    _deed("plays_in", _people, st.sets(st.sampled_from(TEAMS), max_size=2)),
    _deed("leave", st.sets(_people, min_size=1, max_size=1)),
    _deed("leave", st.sets(_people, min_size=LEAST - 1, max_size=LEAST + 1)),
    _deed("comes", _people, st.sampled_from(TEAMS)),
    _deed("is_switched", _people, st.booleans()),
    _deed("team_says", _teams, _words),
    _deed("team_is_edited", _teams, _words),
    _deed("team_both_change", _teams, st.tuples(_words, _words)),
    _deed("team_is_switched", _teams, st.booleans()),
    _deed("teams_leave", st.sets(_leaving, min_size=1, max_size=1)),
    _deed("teams_leave", st.sets(_leaving, min_size=1, max_size=3)),
    _deed("team_comes", _leaving, st.one_of(st.none(), _words)),
    _deed("team_is_made_anew", st.sets(_teams, min_size=1, max_size=3)),
    _deed("decides_team", _leaving, _decisions),
    _deed("sets_policy", _policies, st.one_of(st.none(), _policies)),
    _deed("time_passes", st.sampled_from([1.5, 8, 31])),
    _deed("stands_by", _people),
    _deed("comes_twice", _people, st.sampled_from(TEAMS), st.sampled_from([None, 1, 9])),
    _deed("decides_who", st.integers(0, 2), st.integers(0, 2), st.booleans()),
    _deed("decides", _people, _decisions),
    _deed("decides_all", _decisions),
)
_TAKEN_BACK = _deed(
    "asks_and_is_taken_back",
    _people,
    st.sampled_from(FIELDS),
    st.sampled_from([("Bo", "Cas"), ("Cas", "Daan"), ("Daan", "Bo")]),
    st.sampled_from(["shotspot", "twizzit", "both", "shotspot"]),
    st.one_of(_words, st.none()),
)
_RUNNING = st.one_of(
    _deed("sync"),
    _deed("sync"),
    _deed("sync", _spoiled),
    _deed("sync", _spoiled),
    _deed("backfill"),
    _deed("sync_that_is_undone"),
    _deed("undo_that_is_undone"),
    _deed("preview_and_sync"),
    _deed("resolves", st.integers(0, 3), st.sampled_from(["twizzit", "shotspot", "value"]), _words, st.booleans()),
    _deed("decides_who", st.integers(0, 2), st.integers(0, 2), st.booleans()),
    *[_TAKEN_BACK] * 2,
    _deed("is_doubtful", st.just(NEW[1]), st.integers(0, 2)),
)
# Some things happen, then a sync or a decision, once or twice; a sync is at the end of all.
HISTORIES = st.lists(st.tuples(st.lists(_QUIET, min_size=1, max_size=5), _RUNNING), min_size=1, max_size=2)
_WHOLE = ("sync",)


def live(club: NamesakeHistory, history: list[tuple[list[tuple[Any, ...]], tuple[Any, ...]]]) -> None:
    """Does everything in its order."""
    for quiet, running in history:
        for name, *arguments in [*quiet, running]:
            getattr(club, name)(*arguments)
    if history[-1][1] != _WHOLE:
        club.sync()
