"""What Prometheus reads, made from the database at the moment of a scrape; nothing is counted in this process.

What belongs here: the names of the metrics and their labels. Labels are ids, types and states; the name of an
organization is in one metric alone, to be joined by id. What the history holds goes up and down (it is pruned), so all
of this are gauges.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine

from twizzit_pipeline.queries import monitoring_views, overview
from twizzit_pipeline.queries.credential_state import CredentialState
from twizzit_pipeline.queries.monitoring_views import LastSync, TypeRate
from twizzit_pipeline.queries.overview import Activity, CredentialStatus, Overview

_MONTH_KEPT_SECONDS = 60.0

_ID = ("credential_id",)
_ID_AND_TYPE = ("credential_id", "type")


class Metrics:
    """The metrics of one database, with a registry of their own. Safe between threads."""

    def __init__(self, engine: Engine, *, season_start: str) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(SyncCollector(engine, season_start))

    def exposition(self) -> bytes:
        """The text that a scrape gets, in version 0.0.4 of the format.

        Raises:
            MigrationsPending: a view is missing.
            DatabaseUnavailable, DatabaseRefused: the database is away.
        """
        return generate_latest(self._registry)


class SyncCollector(Collector):
    """Reads the database whenever it is asked; the counts of 30 days, which take long, once a minute at most."""

    def __init__(self, engine: Engine, season_start: str) -> None:
        self._engine = engine
        self._season_start = season_start
        self._lock = threading.Lock()
        self._rates: tuple[float, list[TypeRate]] | None = None

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: to be registered must not ask the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All metrics, of one moment."""
        seen = overview.read(self._engine, season_start=self._season_start, with_month=False)
        last = monitoring_views.last_whole_syncs(self._engine)
        rates = self._recent_rates()
        build = InfoMetricFamily("twizzit_build", "The version of twizzit-pipeline that answers")
        build.add_metric((), {"version": version("twizzit-pipeline")})
        yield build
        yield from _of_activity(seen.activity)
        yield from _of_states(seen)
        yield from _of_credentials(seen.credentials)
        yield from _of_last_syncs(last)
        yield from _of_rates(rates)

    def _recent_rates(self) -> list[TypeRate]:
        with self._lock:
            if self._rates is None or time.monotonic() - self._rates[0] > _MONTH_KEPT_SECONDS:
                self._rates = (time.monotonic(), monitoring_views.rates(self._engine))
            return self._rates[1]


def _of_activity(activity: Activity) -> Iterator[Metric]:
    if activity.heartbeat_age is not None:
        yield GaugeMetricFamily(
            "twizzit_orchestrator_heartbeat_age_seconds",
            "Since the last sign of life of any orchestrator; absent where there never was one",
            value=activity.heartbeat_age,
        )
    requests = GaugeMetricFamily("twizzit_sync_requests", "Syncs asked for and not over", labels=("status",))
    requests.add_metric(("queued",), activity.requests_queued)
    requests.add_metric(("started",), activity.requests_started)
    yield requests
    yield GaugeMetricFamily("twizzit_leases_held", "Syncs under way", value=activity.leases_held)


def _of_states(seen: Overview) -> Iterator[Metric]:
    counted = GaugeMetricFamily("twizzit_credentials", "Credentials by state", labels=("state",))
    for state in CredentialState:
        counted.add_metric((state.value,), sum(one.state is state for one in seen.credentials))
    yield counted
    named = InfoMetricFamily("twizzit_credential", "Whose credential it is, to be joined by its id", labels=_ID)
    state_of = GaugeMetricFamily("twizzit_sync_state", "1 for the state that it is in", labels=(*_ID, "state"))
    needs = GaugeMetricFamily(
        "twizzit_sync_lasting_state",
        "1 for the state that it is in but for a sync under way, which is no answer yet: what alerts look at",
        labels=(*_ID, "state"),
    )
    for one in seen.credentials:
        credential_id = str(one.facts.credential_id)
        named.add_metric((credential_id,), {"organization_name": one.facts.organization_name})
        state_of.add_metric((credential_id, one.state.value), 1)
        needs.add_metric((credential_id, one.lasting.value), 1)
    yield from (named, state_of, needs)


# What there is one number of for each credential; None is absent.
_BY_CREDENTIAL: Sequence[tuple[str, str, Callable[[CredentialStatus], float | None]]] = (
    (
        "twizzit_sync_last_success_timestamp_seconds",
        "When everything that it is to sync, of the running season, had last ended as success or partial success",
        lambda one: None if one.facts.last_success_at is None else one.facts.last_success_at.timestamp(),
    ),
    (
        "twizzit_sync_next_timestamp_seconds",
        "When the next automatic sync is to start; absent where it is to start now, or where there will be none",
        lambda one: None if one.facts.next_sync_at is None else one.facts.next_sync_at.timestamp(),
    ),
    (
        "twizzit_sync_interval_seconds",
        "The interval of automatic syncs; absent where they are off",
        lambda one: one.facts.sync_interval_minutes * 60 if one.facts.auto_sync_enabled else None,
    ),
    (
        "twizzit_sync_late",
        "1 where automatic syncs are on and none has succeeded for twice the interval",
        lambda one: int(one.late is not None),
    ),
    (
        "twizzit_sync_consecutive_failures",
        "Automatic syncs that failed since one succeeded",
        lambda one: one.facts.consecutive_failures,
    ),
    (
        "twizzit_calls_this_month",
        "Calls to Twizzit in this UTC month",
        lambda one: one.facts.calls_this_month,
    ),
    (
        "twizzit_calls_monthly_limit",
        "Calls that a month may take; absent where there is no limit",
        lambda one: one.facts.monthly_call_limit,
    ),
    ("twizzit_departures_held", "Departures that are held back until a person decides", lambda one: one.held),
    (
        "twizzit_open_questions",
        "Conflicts and doubtful links that wait for a person",
        lambda one: one.questions,
    ),
    (
        "twizzit_plans_waiting",
        "1 where a sync stopped at its plan, which waits for a person",
        lambda one: int(one.plan is not None),
    ),
)


def _of_credentials(credentials: Sequence[CredentialStatus]) -> Iterator[Metric]:
    for name, meaning, number in _BY_CREDENTIAL:
        family = GaugeMetricFamily(name, meaning, labels=_ID)
        for one in credentials:
            value = number(one)
            if value is not None:
                family.add_metric((str(one.facts.credential_id),), value)
        yield family


_BY_LAST_SYNC: Sequence[tuple[str, str, Callable[[LastSync], float]]] = (
    ("twizzit_sync_last_duration_seconds", "How long the last whole sync took", lambda one: one.seconds),
    ("twizzit_sync_last_processed_items", "Items that it saw", lambda one: one.items_processed),
    ("twizzit_sync_last_failed_items", "Items of it that did not arrive", lambda one: one.items_failed),
    ("twizzit_sync_last_rejected_rows", "Broken rules of its contract, row by row", lambda one: one.rejected_rows),
)


def _of_last_syncs(last: Sequence[LastSync]) -> Iterator[Metric]:
    for name, meaning, number in _BY_LAST_SYNC:
        family = GaugeMetricFamily(name, meaning, labels=_ID_AND_TYPE)
        for one in last:
            family.add_metric((str(one.credential_id), one.entity), number(one))
        yield family


def _of_rates(rates: Sequence[TypeRate]) -> Iterator[Metric]:
    ended = GaugeMetricFamily(
        "twizzit_syncs_30_days", "Syncs that ended in the last 30 days", labels=("type", "status")
    )
    arrived = GaugeMetricFamily(
        "twizzit_sync_success_30_days_ratio", "Items that arrived, the mean of those syncs", labels=("type",)
    )
    for rate in rates:
        ended.add_metric((rate.sync_type, "success"), rate.successful)
        ended.add_metric((rate.sync_type, "partial_success"), rate.partly_successful)
        ended.add_metric((rate.sync_type, "failed"), rate.failed)
        if rate.success_rate_pct is not None:
            arrived.add_metric((rate.sync_type,), rate.success_rate_pct / 100)
    yield from (ended, arrived)
