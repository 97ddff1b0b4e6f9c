"""A rehearsal: what a sync does, done in one transaction that is always rolled back, and what it planned.

What belongs here: the session of such a sync, whose steps are those of every other. What it planned goes out as plain
values; nothing else leaves the transaction.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date
from graphlib import TopologicalSorter

from sqlalchemy import ColumnElement, Connection, Engine, Table, exists, select, text
from tenacity import Retrying, TryAgain, retry_if_exception_type, stop_after_attempt

from twizzit_pipeline.accounts.naming import naming
from twizzit_pipeline.entities import COMPETITIONS, ENTITIES, MATCHES, PLAYERS, EntityName
from twizzit_pipeline.errors import (
    CalendarRefused,
    FormatChanged,
    MatchTypeNotFound,
    TeamsNotScanned,
    TwizzitAnswerError,
    TwizzitPipelineError,
)
from twizzit_pipeline.plan import Plan
from twizzit_pipeline.plan.references import Key, Names, pointers
from twizzit_pipeline.plan.rows import RemoteMatch
from twizzit_pipeline.plan.states import EntityState, PlayerState
from twizzit_pipeline.runs.entity_counts import EntityCounts
from twizzit_pipeline.runs.lease import Lease
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync.entities import map_of, scan_of
from twizzit_pipeline.sync.names import names_of
from twizzit_pipeline.sync.players_there import players_there
from twizzit_pipeline.sync.reports import MappingReport, ScanReport
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.twizzit.client import TwizzitClient

# ShotSpot is not kept waiting behind a rehearsal that waits itself.
LOCK_SECONDS = 2

# In the order in which a run maps them: after those that they need.
_IN_TURN = tuple(TopologicalSorter({name: each.needs for name, each in ENTITIES.items()}).static_order())
# What ends the steps of one entity, and leaves the others their own.
_OF_A_STEP = (TwizzitAnswerError, CalendarRefused, MatchTypeNotFound, FormatChanged, TeamsNotScanned)


@dataclass(frozen=True, slots=True)
class People:
    """How many of the people whom Twizzit lists were found in ShotSpot.

    Attributes:
        is_first: the credential owned no player's mapping before.
        scanned: people who were planned; `found`: those who are there already.
        there: players whom ShotSpot has in the clubs that they go to.
    """

    is_first: bool
    scanned: int
    found: int
    there: int


@dataclass(frozen=True, slots=True)
class Planned:
    """What was planned of one entity.

    Attributes:
        plan: None where its rows could not be read (`error` says why) or the account has no such season.
        counts: what its scan and its plan counted; None where there was neither.
        labels: remote id → what Twizzit calls it.
    """

    entity: EntityName
    plan: Plan | None = None
    names: Names = field(default_factory=lambda: Names({}))
    labels: Mapping[str, str] = field(default_factory=dict)
    counts: EntityCounts | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a whole sync planned."""

    season: str
    season_exists: bool
    entities: Sequence[Planned]
    people: People | None


class RehearsalSession(SyncSession):
    """The session of a rehearsal: all of its steps work in the transaction of `connection`, which is not its own.

    Args:
        lease: the one under which the rehearsal takes place; its row is not touched.
        client: None where nothing is scanned.
        scanned: what the sync that is rehearsed has counted in its scans.
    """

    def __init__(
        self,
        connection: Connection,
        lease: Lease,
        client: TwizzitClient | None,
        *,
        settings: Settings,
        database: Database,
        credential_id: int,
        season: str,
        run_id: str,
        day: date,
        scanned: Mapping[str, EntityCounts] | None = None,
    ) -> None:
        super().__init__(
            settings=settings, database=database, credential_id=credential_id, season=season, run_id=run_id, day=day
        )
        self._connection = connection
        self._lease = lease
        self._client = client
        self._scanned = scanned or {}
        self._made: set[Key] = set()
        self.is_first = not connection.scalar(select(owns_a_player(credential_id)))
        self.found: dict[str, Planned] = {}
        self.people: People | None = None

    def _end(self, error: BaseException | None) -> None:
        """Nothing is this session's to end."""

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        yield self._connection

    @contextmanager
    def begun(self) -> Iterator[Connection]:
        yield self._connection

    @contextmanager
    def writing(self, alone_with: object = ()) -> Iterator[Connection]:
        """The one transaction. It locks no table: what it writes is seen by no other, and is taken back."""
        yield self._connection

    def attempts(self) -> Retrying:
        """What else ends the one transaction is settled where that is begun."""
        return Retrying(retry=retry_if_exception_type(TryAgain), stop=stop_after_attempt(5), reraise=True)

    def analyse(self, found: Sequence[Table]) -> None:
        """Statistics of what is taken back would be wrong."""

    @contextmanager
    def recording(self, entity: str) -> Iterator[EntityCounts]:
        with self._troubles.noting(entity), naming(self.credential.id):
            is_new = self._entries.counts(entity) is None
            opened = self._open(entity)
            if is_new and entity in self._scanned:
                opened.counts = deepcopy(self._scanned[entity])
            yield opened.counts

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A step whose failure leaves what was done before it."""
        with self._connection.begin_nested():
            yield

    def planned(self, connection: Connection, plan: Plan, state: EntityState, made: Mapping[Key, int]) -> None:
        self._made |= {(table, real) for (table, _), real in made.items()}
        real = {key: (key[0], row_id) for key, row_id in made.items()}
        names = names_of(connection, {*pointers(plan), *real.values()})
        provisional = {key: names[target] for key, target in real.items() if target in names}
        labels = {str(row.id): _label(plan.entity, row) for row in state.remote}
        self.found[plan.entity] = Planned(plan.entity, plan, Names({**names, **provisional}, set(self._made)), labels)
        if plan.entity == PLAYERS.name and isinstance(state, PlayerState):
            self.people = _people(connection, plan, state, is_first=self.is_first)

    def _begin(self, connection: Connection, lease: Lease, history_id: int) -> None:
        """The lease's row is other transactions' to touch."""

    def _count_usage(self) -> None:
        """The code that opened the client counts its calls."""


@contextmanager
def rolled_back(engine: Engine) -> Iterator[Connection]:
    """A transaction of which nothing stays, however it ends."""
    connected = engine.connect().execution_options(isolation_level="REPEATABLE READ")
    with connected as connection, connection.begin() as transaction:
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
        try:
            yield connection
        finally:
            transaction.rollback()


def rehearse(session: RehearsalSession, entities: Sequence[EntityName], *, scans: bool) -> Rehearsed:
    """Scans (or takes the last scan) and maps these entities, as a sync would.

    Raises:
        TwizzitPipelineError: nothing of them could be read; the first reason.
    """
    work = _Work(session)
    if scans:
        for entity in ENTITIES:
            if entity in entities and not (entity == MATCHES.name and COMPETITIONS.name in work.failed):
                work.do(entity, scan_of(entity))
    for name in _IN_TURN:
        if name in entities:
            work.do(name, map_of(name), (name, *ENTITIES[name].needs))
    if len(work.failed) == len(entities):
        raise next(iter(work.failed.values()))
    found = [_planned(session, entity, work.failed.get(entity)) for entity in ENTITIES if entity in entities]
    return Rehearsed(session.season_label, work.season_exists, found, session.people)


class _Work:
    """The steps of a rehearsal, and which entities' steps could not be done."""

    def __init__(self, session: RehearsalSession) -> None:
        self._session = session
        self.failed: dict[str, TwizzitPipelineError] = {}
        self.season_exists = False

    def do(
        self, entity: str, act: Callable[[SyncSession], ScanReport | MappingReport], needs: Sequence[str] = ()
    ) -> None:
        """One step; one that cannot do without what failed fails for the same reason."""
        blocked = next((self.failed[need] for need in needs if need in self.failed), None)
        if blocked is not None:
            self.failed.setdefault(entity, blocked)
            return
        try:
            with self._session.savepoint():
                self.season_exists |= act(self._session).season_exists
        except _OF_A_STEP as error:
            self.failed[entity] = error


def _planned(session: RehearsalSession, entity: str, error: TwizzitPipelineError | None) -> Planned:
    found = session.found.get(entity, Planned(ENTITIES[entity].name))
    return replace(found, counts=session.counted(entity), error=None if error is None else str(error))


def owns_a_player(credential_id: int) -> ColumnElement[bool]:
    """Whether a sync of the credential has brought a player; until then the next one is a first sync."""
    mappings = tables.player_mappings.c
    return exists(select(mappings.id).where(mappings.credential_id == credential_id))


def _people(connection: Connection, plan: Plan, state: PlayerState, *, is_first: bool) -> People:
    clubs = {team.club_id for team in state.teams.values()}
    there = sum(player.club_id in clubs for player in state.local)
    if state.unchanged:  # whom the plan need not read may be in other clubs, and in these
        there = players_there(connection, state.owner, state.season.label)
    made = plan.count("create")
    return People(is_first, plan.items, plan.items - made - len({one.twizzit_id for one in plan.failed}), there)


def _label(entity: EntityName, row: object) -> str:
    """What a remote row is called: by its names; a match, which has none, by its sides."""
    if isinstance(row, RemoteMatch):
        return f"{row.home_name} - {row.away_name}"
    return " ".join(str(part) for name in ENTITIES[entity].names if (part := getattr(row, name)) is not None)
