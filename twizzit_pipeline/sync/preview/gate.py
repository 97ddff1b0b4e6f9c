"""Before a sync writes anything: whether it stops at its plan, so that a person looks at it first.

Two syncs do. An automatic one of a credential whose configuration asks for it (`review`): it has read everything, its
plan is stored, and it ends well. And a first sync that finds almost none of its people in a club that has players
already, the sign of a wrong club or a broken match: it fails, and says what to do.

A sync that goes through takes back what an earlier one stopped at. One that applies a plan is not asked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import exists, select

from twizzit_pipeline.entities import ENTITIES, EntityName
from twizzit_pipeline.errors import FirstSyncHeld
from twizzit_pipeline.runs import decided_plans, plans
from twizzit_pipeline.runs.details import PLAN_WAITS
from twizzit_pipeline.runs.plans import Reason, StoredPlan
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import players, sync_config
from twizzit_pipeline.sync.preview import document as documents
from twizzit_pipeline.sync.preview.making import stored
from twizzit_pipeline.sync.preview.rehearsal import (
    People,
    RehearsalSession,
    Rehearsed,
    owns_a_player,
    rehearse,
    rolled_back,
)
from twizzit_pipeline.sync.rewrites import rewrites
from twizzit_pipeline.sync.session import SyncSession

# Of the people whom a first sync lists, ShotSpot has at least this share, or they are held to be others.
LEAST_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Why a sync is looked at more closely; `has_held`: whether an earlier one stopped at its plan."""

    is_first: bool
    reviews: bool
    has_held: bool


class Gate:
    """The gate of one run: it is decided once, before the first mapping."""

    def __init__(self, session: SyncSession) -> None:
        self._session = session
        self._decided = False
        self._held: FirstSyncHeld | None = None
        self._plan: StoredPlan | None = None

    def stop(self, entity: str) -> StoredPlan | None:
        """The plan that the mapping of `entity` stops at; None where it goes on.

        Raises:
            FirstSyncHeld: a first sync that a person must look at.
        """
        session = self._session
        if session.narrowing.chosen is not None:
            return self._stopped(entity)
        if not self._decided:
            wanted = self._wanted()
            if wanted.is_first or wanted.reviews:
                with session.recording(entity):
                    self._plan = self._decide(wanted)
            elif wanted.has_held:
                self._let_through()
            self._decided = True
        return self._stopped(entity)

    def _stopped(self, entity: str) -> StoredPlan | None:
        """An entity that is not mapped, since its plan waits, is done: its scan is what there was to do."""
        if self._plan is not None:
            with self._session.recording(entity) as counts:
                counts.details[PLAN_WAITS] = self._plan.id
            self._session.to_map.discard(entity)
        return self._plan

    def _decide(self, wanted: _Wanted) -> StoredPlan | None:
        session = self._session
        if self._held is not None:  # the step before found that out
            raise self._held.with_traceback(None)
        found = self._rehearsed()
        if found is not None and wanted.is_first and is_held(found.people, session.settings.first_sync_players):
            plan = self._store(found, "first_sync")
            self._held = FirstSyncHeld(_held(plan, found.people))
            raise self._held
        if found is None or not wanted.reviews:
            self._let_through()
            return None
        document = documents.document(found, calls=session.calls)
        if documents.counts(document)["changes"]:
            return self._store(found, "review")
        # Nothing is to be done: it goes on, and what has come up this very moment is the next one's.
        session.narrowing = replace(session.narrowing, chosen=decided_plans.of_document(None, document))
        self._let_through()
        return None

    def _wanted(self) -> _Wanted:
        """One question, which costs every other run next to nothing."""
        session, mine = self._session, self._session.credential.id
        asks = select(sync_config.c.review).where(sync_config.c.credential_id == mine)
        # As many players as may hold a first sync: where there are fewer, no club has them.
        enough = select(players.c.id).offset(session.settings.first_sync_players - 1).limit(1)
        question = select(asks.scalar_subquery(), exists(enough), owns_a_player(mine), plans.is_held(mine))
        with driver_errors(), session.reading() as connection:
            review, may_hold, is_known, has_held = connection.execute(question).one()
        is_first = "players" in session.to_map and may_hold and not is_known
        return _Wanted(is_first, bool(review) and session.automatic, has_held)

    def _let_through(self) -> None:
        with driver_errors(), self._session.begun() as connection:
            decided_plans.withdraw(connection, self._session.credential.id)

    def _store(self, found: Rehearsed, reason: Reason) -> StoredPlan:
        session = self._session
        with session.begun() as connection:
            made = stored(connection, found, session.credential.id, reason, session.calls, None, session.run_id)
        return made.plan

    def _rehearsed(self) -> Rehearsed | None:
        """What the sync would do, from what it has scanned; None where the account has no such season."""
        session = self._session
        season = session.stored_season()
        entities = list(_to_come(session))
        if season is None or not entities:
            return None
        counted = {name: counts for name in entities if (counts := session.counted(name)) is not None}
        more: dict[str, Any] = {"run_id": session.run_id, "day": session.day, "scanned": counted}
        for attempt in rewrites(session.engine):
            with (
                attempt,
                rolled_back(session.engine) as connection,
                RehearsalSession(
                    connection,
                    session.lease,
                    None,
                    settings=session.settings,
                    database=session.database,
                    credential_id=session.credential.id,
                    season=season.label,
                    **more,
                ) as rehearsal,
            ):
                rehearsal.narrowing = session.narrowing
                rehearsal.repair = session.repair
                rehearsal.found_out(session)
                rehearsal.to_map.update(entities)
                return rehearse(rehearsal, entities, scans=False)
        raise AssertionError("unreachable: the last attempt returns or raises")


def is_held(people: People | None, least_players: int) -> bool:
    """Whether a first sync waits for a person: its clubs have players, and almost none of them is one of its people."""
    if people is None or not people.is_first or not people.scanned or people.there < least_players:
        return False
    return people.found == 0 or people.found < LEAST_SHARE * people.scanned


def _to_come(session: SyncSession) -> Iterable[EntityName]:
    """The entities that the run is to map and whose scans, if there were any, have not failed."""
    return (entity.name for entity in ENTITIES.values() if entity.name in session.to_map - session.broken)


def _held(plan: StoredPlan, people: People | None) -> str:
    mine = plan.credential_id
    return (
        f"First sync held, nothing was written to ShotSpot: {documents.share(people)}. Look at its plan: "
        f"twizzit plans show {plan.id}; if it is right: twizzit sync {mine} --apply {plan.id}; "
        f"if the club is another one: twizzit credentials set-club {mine} CLUB"
    )
