"""What the sensor and its runs do with requests, for the tests of the HTTP API: in a thread and without Dagster."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tests.support.calendar_world import CALENDAR, EVERYTHING
from tests.support.sync_world import STEPS, Step, SyncWorld
from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.runs import decided_plans, seasons
from twizzit_pipeline.scheduling import claims, due, turns
from twizzit_pipeline.scheduling.fulfilment import Fulfilment
from twizzit_pipeline.scheduling.standing import Asked
from twizzit_pipeline.scheduling.turns import Turn
from twizzit_pipeline.sync.entities.teams import map_teams, scan_teams
from twizzit_pipeline.sync.preview.making import preview

_TEAMS_ALONE: tuple[Step, ...] = (scan_teams, map_teams)


def _steps(entities: frozenset[str]) -> tuple[Step, ...]:
    """Those of the job that brings these entities."""
    if entities == {"teams"}:
        return _TEAMS_ALONE
    if {"players", "competitions"} <= entities:
        return EVERYTHING
    if "competitions" in entities:
        return (*_TEAMS_ALONE, *CALENDAR) if "teams" in entities else CALENDAR
    return STEPS


class Orchestrator:
    """One that works as long as its context."""

    def __init__(self, world: SyncWorld) -> None:
        self._world = world
        self._over = threading.Event()
        self._numbers = itertools.count(1)
        self._thread = threading.Thread(target=self._work, daemon=True)

    @contextmanager
    def working(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join()

    def _work(self) -> None:
        engine = self._world.database.engine
        while not self._over.wait(0.05):
            line = turns.next_in_line(due.look(engine), day=seasons.today(), season_start="07-01")
            taken = claims.take(engine, [turn.asked.id for turn in line if turn.asked is not None], [])
            for turn in line:
                if turn.asked is not None and turn.asked.id in taken.requests:
                    self._run(turn, turn.asked)

    def _run(self, turn: Turn, asked: Asked) -> None:
        run_id = f"of-request-{next(self._numbers)}"
        try:
            if asked.options.preview:
                self._preview(turn, asked, run_id)
            else:
                self._sync(turn, asked, run_id)
        except TwizzitPipelineError:
            return  # the session has closed the request

    def _sync(self, turn: Turn, asked: Asked, run_id: str) -> None:
        entities = turn.entities(asked.season or self._world.season)
        narrowing = asked.options.narrowing
        if asked.options.applied is not None:
            plan_id, without = asked.options.applied
            narrowing = replace(
                narrowing, chosen=decided_plans.chosen(self._world.database.engine, plan_id, without=without)
            )
        with self._world.session(
            turn.credential_id, asked.season, run_id=run_id, narrowing=narrowing, request_id=asked.id
        ) as session:
            for step in _steps(entities):
                step(session)

    def _preview(self, turn: Turn, asked: Asked, run_id: str) -> None:
        preview(
            self._world.settings,
            self._world.database,
            credential_id=turn.credential_id,
            entities=[one.name for one in ENTITIES.values() if one.sync_type in asked.wish.entities],
            season=asked.season,
            run_id=run_id,
            requested_by="token:12",
            progress=lambda _: None,
            fulfilment=Fulfilment(asked.id, run_id),
        )
