"""Every credential and what goes on, in a handful of queries, however many credentials there are.

What belongs here: reading the present. What a credential's state is called is decided in `credential_state`; what the
views say of syncs that are over is read in `monitoring_views`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, ScalarSelect, func, select

from twizzit_pipeline.queries import credential_state, hanging
from twizzit_pipeline.queries.credential_state import CredentialFacts, CredentialState, as_they_count, state_of, why
from twizzit_pipeline.queries.hanging import Hanging
from twizzit_pipeline.queries.monitoring_views import of_view, reading, with_float
from twizzit_pipeline.queries.none_listed import none_listed
from twizzit_pipeline.runs import plans
from twizzit_pipeline.runs.lease import close_interrupted
from twizzit_pipeline.runs.plans import StoredPlan
from twizzit_pipeline.scheduling import due, freshness
from twizzit_pipeline.scheduling.freshness import Late
from twizzit_pipeline.scheduling.heartbeat import DEAD_AFTER_SECONDS
from twizzit_pipeline.storage.tables import conflicts, departures, leases, orchestrators, sync_requests
from twizzit_pipeline.storage.tables.views import credential_status

# What a whole month's history must be read for.
_OF_A_MONTH = ("total_syncs", "successful", "success_rate_pct")
_LATE_BECAUSE = {
    "running": "late, and a sync is under way",
    "failing": "late, for its syncs fail",
    "waiting": "no sync has succeeded for twice the interval; the next one is planned for later",
    "overdue": "no sync has succeeded for twice the interval, and no orchestrator starts the next one",
}


@dataclass(frozen=True, slots=True)
class CredentialStatus:
    """A credential and how it is doing.

    Attributes:
        lasting: the same, but for a sync that is under way: what the last ones left.
        late: how late it is; None where it is not. It may be so while it fails, or runs.
        trouble: what keeps its automatic syncs from ever coming; None where nothing does, or they are off.
        now: the moment of all this, by the database's clock.
        hanging: the sync under way, where that hangs.
        plan: the one that a sync stopped at and that waits for a person.
        held: how many departures are held back until a person approves or refuses them.
        questions_of: kind → how many questions wait for a person; see `runs.asked`.
        none_listed: the entity of which the account lists none in the running season; see `queries.none_listed`.
    """

    facts: CredentialFacts
    state: CredentialState
    lasting: CredentialState
    late: Late | None
    trouble: str | None
    now: datetime
    hanging: Hanging | None = None
    plan: StoredPlan | None = None
    held: int = 0
    questions_of: Mapping[str, int] = field(default_factory=dict)
    none_listed: str | None = None

    @property
    def questions(self) -> int:
        """How many questions wait for a person."""
        return sum(self.questions_of.values())

    @property
    def needs_attention(self) -> bool:
        """Whether it stays as it is, or goes on failing, until a person acts; a sync under way is no answer yet."""
        waits = self.plan is not None or self.held > 0 or self.none_listed is not None
        return self.lasting.needs_attention or waits

    @property
    def why(self) -> str:
        """What is behind the state, in a line; while a sync is under way, what the last ones left if that is bad."""
        if self._plan_alone is not None:
            return f"a plan waits: {self._plan_alone.counted}; nothing of it is written until it is applied"
        overdue = None if self.late is None else _LATE_BECAUSE[self.late.because]
        said = why(self.facts, self._decisive, self.trouble or overdue)
        if self.held:
            said = f"{said}; {self.held} {'departure is' if self.held == 1 else 'departures are'} held back"
        if self.none_listed:
            what = "team" if self.none_listed == "teams" else "player in any team"
            said = f"{said}; Twizzit lists no {what} of this season, which proves nothing: everyone stays as they are"
        if self.hanging is not None:
            return f"{said}; {self.hanging.why}" if self.lasting.needs_attention else self.hanging.why
        return f"{said} (a sync is under way)" if self.state is not self._decisive else said

    @property
    def what_to_do(self) -> str:
        """What its operator can do about the state, in a line."""
        if self._plan_alone is not None:
            plan = self._plan_alone
            apply = f"apply it: twizzit sync {plan.credential_id} --apply {plan.id}"
            return f"Look at it: twizzit plans show {plan.id}; {apply}; or leave it: twizzit plans discard {plan.id}"
        if self.hanging is not None:
            return self.hanging.what_to_do
        if self.held and not self.lasting.needs_attention:
            return (
                f"Look at who is to leave, and approve or refuse it: twizzit departures list {self.facts.credential_id}"
            )
        if self.none_listed and not self.lasting.needs_attention:
            return (
                "See in Twizzit whether the teams and their players are there, and whether the account may read them; "
                f"then: twizzit sync {self.facts.credential_id}"
            )
        return credential_state.what_to_do(self.facts, self._decisive, self.now)

    @property
    def _plan_alone(self) -> StoredPlan | None:
        """The plan where nothing worse is to be said; a state that needs attention says why by itself."""
        return None if self.lasting.needs_attention or self.hanging is not None else self.plan

    @property
    def _decisive(self) -> CredentialState:
        return self.lasting if self.lasting.needs_attention else self.state


@dataclass(frozen=True, slots=True)
class Activity:
    """What goes on at this moment, by the database's clock.

    Attributes:
        last_heartbeat: the last sign of life of any orchestrator; None where there never was one.
        requests_queued, requests_started: syncs that were asked for and are not over.
        leases_held: syncs under way.
    """

    now: datetime
    last_heartbeat: datetime | None
    requests_queued: int
    requests_started: int
    leases_held: int

    @property
    def heartbeat_age(self) -> float | None:
        """Seconds since the last sign of life."""
        return None if self.last_heartbeat is None else max((self.now - self.last_heartbeat).total_seconds(), 0.0)

    @property
    def orchestrator_alive(self) -> bool:
        """Whether there was one within the last minute; one that lies ahead is of before the clock was put back."""
        return self.last_heartbeat is not None and abs(self.now - self.last_heartbeat) < timedelta(
            seconds=DEAD_AFTER_SECONDS
        )


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything at one moment; credentials by id."""

    activity: Activity
    credentials: list[CredentialStatus]

    @property
    def orchestrator_missing(self) -> bool:
        """Whether something waits for an orchestrator, and there is none."""
        automatic = any(one.facts.is_active and one.facts.auto_sync_enabled for one in self.credentials)
        return (automatic or self.activity.requests_queued > 0) and not self.activity.orchestrator_alive

    @property
    def needs_attention(self) -> bool:
        """Whether anything stays as it is, or goes on failing, until a person acts."""
        return self.orchestrator_missing or any(one.needs_attention for one in self.credentials)


def read(engine: Engine, *, season_start: str, with_month: bool = True) -> Overview:
    """Every credential and what goes on; syncs whose process died are closed before they are shown.

    Args:
        season_start: of the settings: month and day on which a season without dates begins.
        with_month: False leaves out what counts the syncs of the last 30 days: the one part that takes long.

    Raises:
        MigrationsPending: a view is missing.
    """
    names = [name for name in CredentialFacts.__dataclass_fields__ if with_month or name not in _OF_A_MONTH]
    wanted = of_view(credential_status, names).order_by(credential_status.c.credential_id)
    with reading():
        close_interrupted(engine)
        late = {one.credential_id: one for one in freshness.late(engine)}
        hung = {one.credential_id: one for one in hanging.hanging(engine)}
        troubles = {one.credential_id: one.reason for one in due.broken(engine, season_start=season_start)}
        with engine.connect() as connection:
            activity = _activity(connection)
            questions = _questions(connection)
            found = [CredentialFacts(**with_float(dict(row._mapping))) for row in connection.execute(wanted)]
            waiting = {one.credential_id: one for one in plans.held_in(connection)}
            held = _held(connection)
            unlisted = none_listed(connection, season_start=season_start)
    judged = []
    for facts in found:
        overdue, trouble = late.get(facts.credential_id), troubles.get(facts.credential_id)
        one = _judged(facts, overdue, trouble, hung.get(facts.credential_id), activity.now)
        asked, held_back = questions.get(facts.credential_id, {}), held.get(facts.credential_id, 0)
        plan, none = waiting.get(facts.credential_id), _synced(unlisted.get(facts.credential_id), facts)
        judged.append(replace(one, questions_of=asked, held=held_back, plan=plan, none_listed=none))
    return Overview(activity, judged)


def _synced(entity: str | None, facts: CredentialFacts) -> str | None:
    """The entity, where the credential is on and is to sync it."""
    wanted = {"teams": facts.sync_teams, "players": facts.sync_players}
    return entity if entity is not None and facts.is_active and wanted[entity] else None


def _held(connection: Connection) -> dict[int, int]:
    """How many departures are held back, by credential."""
    row = departures.c
    counted = select(row.credential_id, func.count()).where(row.status == "held").group_by(row.credential_id)
    return {found[0]: found[1] for found in connection.execute(counted)}


def _questions(connection: Connection) -> dict[int, dict[str, int]]:
    """What waits for a person, by credential and kind."""
    row = conflicts.c
    counted = select(row.credential_id, row.kind, func.count()).where(row.status == "open")
    found: dict[int, dict[str, int]] = {}
    for credential_id, kind, count in connection.execute(counted.group_by(row.credential_id, row.kind)):
        found.setdefault(credential_id, {})[kind] = count
    return found


def _judged(
    facts: CredentialFacts, late: Late | None, trouble: str | None, hung: Hanging | None, now: datetime
) -> CredentialStatus:
    facts = as_they_count(facts, stopped=trouble is not None, now=now)

    def state(of: CredentialFacts) -> CredentialState:
        return state_of(of, broken=trouble is not None, late=late is not None, now=now)

    return CredentialStatus(facts, state(facts), state(replace(facts, is_running=False)), late, trouble, now, hung)


def _activity(connection: Connection) -> Activity:
    def requests(status: str) -> ScalarSelect[int]:
        return (
            select(func.count())
            .where(sync_requests.c.completed_at.is_(None), sync_requests.c.status == status)
            .scalar_subquery()
        )

    row = connection.execute(
        select(
            func.clock_timestamp(),
            select(func.max(orchestrators.c.heartbeat_at)).scalar_subquery(),
            requests("queued"),
            requests("started"),
            select(func.count()).select_from(leases).scalar_subquery(),
        )
    ).one()
    return Activity(*row)
