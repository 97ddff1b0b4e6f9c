"""How a credential is doing, in one word of a closed set: pure rules over what the database holds of it.

What belongs here: the states, and which one it is. Where the facts come from is `overview`'s part; what people see of
them is the command line's, the metrics' and the documents'. The states, the first that fits being the one:

=============  =========================================================================
inactive       the credential is switched off
running        a sync of it is under way
broken         automatic syncs are on, and something keeps them from ever coming
paused         automatic syncs wait: the month's calls are used up
failing        its last sync of the running season failed, or automatic ones go on failing
late           automatic syncs are on, and none has succeeded for twice the interval
partial        its last sync of the running season left something out
due            automatic syncs are on, and the next one is to start now
waiting        automatic syncs are on, and the first one is still to come
ok             automatic syncs are on, and the last sync succeeded
unsynced       automatic syncs are off, and nothing of the running season was ever synced
off            automatic syncs are off, and the last sync succeeded
=============  =========================================================================

What it follows is, for each entity that is turned on, the newest sync that spoke of the running season: a sync of
another season, of one team alone, or of a season that the account has not changes nothing. While a sync is under way,
the state that the last ones left stays true: whether it needs attention is judged as if there was none.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from twizzit_pipeline.scheduling.schedule import QUOTA_SPENT


class Signal(StrEnum):
    """What a state asks of a person, as the colour of a traffic light; `words` say the same."""

    words: str

    def __new__(cls, value: str, words: str) -> Self:
        """A member with its words."""
        made = str.__new__(cls, value)
        made._value_, made.words = value, words
        return made

    RED = ("red", "needs attention now")
    AMBER = ("amber", "have a look")
    GREEN = ("green", "fine")


class CredentialState(StrEnum):
    """How a credential is doing; its value is the word that people read, here and in `docs/operations.md`.

    Attributes:
        meaning: what the word says, in a line.
        what_to_do: for the operator, in a line.
        signal: red stays so until a person acts, amber is worth a look, green is fine.
        needs_attention: it stays so, or goes on failing, until a person acts.
    """

    meaning: str
    what_to_do: str
    signal: Signal
    needs_attention: bool

    def __new__(
        cls,
        value: str,
        meaning: str,
        what_to_do: str,
        signal: Signal = Signal.GREEN,
        needs_attention: bool = False,
    ) -> Self:
        """A member with its words."""
        made = str.__new__(cls, value)
        made._value_ = value
        made.meaning, made.what_to_do = meaning, what_to_do
        made.signal, made.needs_attention = signal, needs_attention
        return made

    @property
    def urgency(self) -> int:
        """The smaller, the sooner a person should look; of those with one signal in the order of the set."""
        return list(Signal).index(self.signal) * len(CredentialState) + list(CredentialState).index(self)

    INACTIVE = (
        "inactive",
        "the credential is switched off: nothing syncs it",
        "Nothing, or switch it on: twizzit credentials activate ID",
    )
    RUNNING = ("running", "a sync of it is under way", "Nothing: it ends by itself")
    BROKEN = (
        "broken",
        "automatic syncs are on, and something keeps them from ever coming",
        "Put right what it says: twizzit config set ID …, or the credential itself",
        Signal.RED,
        True,
    )
    PAUSED = (
        "paused",
        "automatic syncs wait for the first of the next month: its calls are used up",
        "Wait, raise the limit (twizzit config set ID --limit …), or ask the federation for more calls",
        Signal.AMBER,
        True,
    )
    FAILING = (
        "failing",
        "its last sync of the running season failed; automatic ones come at longer intervals until one succeeds",
        "Read why, and what helps: twizzit history ID; once that is done: twizzit sync ID",
        Signal.RED,
        True,
    )
    LATE = (
        "late",
        "automatic syncs are on, and none has succeeded for twice the interval",
        "See that Dagster's daemon runs and its queue moves, then: twizzit history ID",
        Signal.RED,
        True,
    )
    PARTIAL = (
        "partial",
        "its last sync of the running season left something out: rows broke a rule, or could not be applied",
        "Read what: twizzit history ID; put it right in Twizzit or ShotSpot, the next sync takes it along",
        Signal.AMBER,
    )
    DUE = ("due", "the next automatic sync is to start now", "Nothing: the orchestrator starts it within a minute")
    WAITING = ("waiting", "automatic syncs are on, and the first one is still to come", "Nothing")
    OK = ("ok", "automatic syncs are on, and the last sync succeeded", "Nothing")
    UNSYNCED = (
        "unsynced",
        "automatic syncs are off, and nothing of the running season was ever synced",
        "Sync it: twizzit sync ID; or let it sync by itself: twizzit config set ID --auto",
        Signal.AMBER,
    )
    OFF = (
        "off",
        "automatic syncs are off, and the last sync succeeded",
        "Nothing, or let it sync by itself: twizzit config set ID --auto",
    )


@dataclass(frozen=True, slots=True)
class CredentialFacts:
    """What the database holds of a credential; times are UTC with zone, and None where there was or will be none.

    Attributes:
        is_running: a process holds a lease for it.
        last_sync_status: the worst of the newest sync of each entity, of the running season.
        last_sync_error: what that sync said about what failed: ids and counts.
        last_success_at: when everything that it is to sync had last ended as `success` or `partial_success`.
        next_sync_at: of the next automatic sync; None is now, where `auto_sync_enabled`. `as_they_count` makes it None
            too where there will be none, and not before the end of a pause.
        consecutive_failures: of automatic syncs, since one succeeded.
        paused_until, paused_because: no automatic sync before then, and why.
        total_syncs, successful, success_rate_pct: the history rows of the last 30 days, how many ended as `success`,
            and the items that arrived in each on average, in per cent (None where there were no items).
        rejected_rows, items_failed: of the last whole sync of each entity.
        calls_this_month: to Twizzit, in this UTC month.
        monthly_call_limit: None where there is none.
        running_season: its label, as the account has it.
    """

    credential_id: int
    organization_name: str
    is_active: bool = True
    auto_sync_enabled: bool = False
    sync_interval_minutes: int = 60
    sync_teams: bool = True
    sync_players: bool = True
    sync_competitions: bool = True
    is_running: bool = False
    last_sync_status: str | None = None
    last_sync_started_at: datetime | None = None
    last_sync_completed_at: datetime | None = None
    last_sync_error: str | None = None
    last_success_at: datetime | None = None
    next_sync_at: datetime | None = None
    consecutive_failures: int = 0
    paused_until: datetime | None = None
    paused_because: str | None = None
    total_syncs: int = 0
    successful: int = 0
    success_rate_pct: float | None = None
    rejected_rows: int = 0
    items_failed: int = 0
    calls_this_month: int = 0
    monthly_call_limit: int | None = None
    running_season: str | None = None

    @property
    def quota_spent(self) -> bool:
        """Whether Twizzit itself answered that the month's calls are spent; it may be a month ago."""
        return self.paused_because == QUOTA_SPENT


def as_they_count(facts: CredentialFacts, *, stopped: bool, now: datetime) -> CredentialFacts:
    """The facts without a next sync that will not come and without a pause that is over, as `config` shows them.

    The columns stay as they were where another program switches a credential or its automatic syncs off.

    Args:
        stopped: automatic syncs are on, and something keeps them from ever coming.
        now: UTC with zone, of the same clock as the facts.
    """
    pause = facts.paused_until if facts.paused_until is not None and facts.paused_until > now else None
    start = facts.next_sync_at if facts.auto_sync_enabled and facts.is_active and not stopped else None
    if pause is not None and facts.auto_sync_enabled and facts.is_active and not stopped:
        start = max(start or pause, pause)
    because = facts.paused_because if pause is not None else None
    return replace(facts, next_sync_at=start, paused_until=pause, paused_because=because)


def state_of(facts: CredentialFacts, *, broken: bool, late: bool, now: datetime) -> CredentialState:
    """The state of a credential; the table in this module's docstring says in which order.

    Args:
        broken: automatic syncs are on and cannot be, as `due` judges it.
        late: as `freshness` judges it.
        now: UTC with zone, of the same clock as the facts.
    """
    automatic, status = facts.auto_sync_enabled, facts.last_sync_status
    first_that_fits = (
        (CredentialState.INACTIVE, not facts.is_active),
        (CredentialState.RUNNING, facts.is_running),
        (CredentialState.BROKEN, broken),
        (CredentialState.PAUSED, automatic and facts.paused_until is not None and facts.paused_until > now),
        (CredentialState.FAILING, status == "failed" or (automatic and facts.consecutive_failures > 0)),
        (CredentialState.LATE, automatic and late),
        (CredentialState.PARTIAL, status == "partial_success"),
        (CredentialState.DUE, automatic and (facts.next_sync_at is None or facts.next_sync_at <= now)),
        (CredentialState.WAITING, automatic and status is None),
        (CredentialState.OK, automatic),
        (CredentialState.UNSYNCED, status is None),
        (CredentialState.OFF, True),
    )
    return next(state for state, fits in first_that_fits if fits)


def why(facts: CredentialFacts, state: CredentialState, trouble: str | None = None) -> str:
    """What is behind a state, in a line: what the sync said, or what the state means. Ids and counts, no names.

    Args:
        trouble: what keeps automatic syncs from coming, where they are broken or late.
    """
    said = " ".join((facts.last_sync_error or "").split())
    if state in {CredentialState.BROKEN, CredentialState.LATE}:
        return trouble or state.meaning
    if state is CredentialState.PAUSED:
        return facts.paused_because or state.meaning
    if state is CredentialState.FAILING:
        failed = facts.consecutive_failures
        times = f"{failed} automatic syncs failed in a row; " if failed > 1 else ""
        return f"{times}{said or 'its last sync failed'}"
    if state is CredentialState.PARTIAL:
        return said or state.meaning
    return state.meaning


def what_to_do(facts: CredentialFacts, state: CredentialState, now: datetime) -> str:
    """What its operator does, in a line; of one that fails, when another try helps, as far as that is known.

    Args:
        now: UTC with zone, of the same clock as the facts.
    """
    said = state.what_to_do.replace("ID", str(facts.credential_id))
    if state is not CredentialState.FAILING:
        return said
    if facts.quota_spent and facts.paused_until is not None and facts.paused_until > now:
        return (
            f"Wait for the next month ({_moment(facts.paused_until)}), or ask Twizzit for more calls; a try before "
            f"that fails as well. Once there are more: twizzit sync {facts.credential_id}"
        )
    if facts.auto_sync_enabled and facts.next_sync_at is not None and facts.next_sync_at > now:
        return f"{said}. It asks again by itself at {_moment(facts.next_sync_at)}"
    return said


def _moment(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
