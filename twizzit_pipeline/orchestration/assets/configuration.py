"""The configuration as an asset, where every sync begins, and its checks: which credentials are late or cannot sync.

What belongs here: the asset that no run materializes (people and the API write it), its two checks, and the sensor that
keeps them up to date. What late and broken mean is decided in `scheduling.freshness` and `scheduling.due`. Dagster's
own freshness policies look at an asset as a whole: they could not distinguish a late credential from the others.

A person may evaluate the checks at any moment; the sensor does it each minute, and records a result when it is another
one than before, or an hour old, so that the event log stays small.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
from sqlalchemy import Engine

from twizzit_pipeline.orchestration.assets.catalogue import CONFIGURATION, definition_metadata
from twizzit_pipeline.orchestration.assets.step import OWNERS
from twizzit_pipeline.orchestration.assets.teams_and_players import GROUP
from twizzit_pipeline.orchestration.checks.asset_checks import DESCRIPTIONS, ERROR, IDS_SHOWN, rules_table
from twizzit_pipeline.orchestration.checks.rules import BROKEN, CONFIGURATION_RULES, LATE, AssetRule
from twizzit_pipeline.orchestration.checks.unjudged import WARN
from twizzit_pipeline.scheduling.due import Broken, broken
from twizzit_pipeline.scheduling.freshness import Late, late
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.engine import Database, open_database

_LOOK_SECONDS = 60
_RECORDED_ANEW = timedelta(hours=1)

CONFIGURATION_ASSET = dg.AssetSpec(
    CONFIGURATION,
    description="When each credential syncs by itself, and what. People write it, through the API or in the database.",
    tags={"stage": "configuration"},
    metadata=definition_metadata(CONFIGURATION),
    group_name=GROUP,
    kinds={"postgres"},
    owners=OWNERS,
)
_RULES = {rule.name: rule for rule in CONFIGURATION_RULES}
_SPECS = [
    dg.AssetCheckSpec(rule.check, asset=CONFIGURATION, description=f"{DESCRIPTIONS[rule.check]}: {rule.holds}")
    for rule in CONFIGURATION_RULES
]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one of the rules, each a check by itself: ids of credentials, and why. No names."""

    rule: AssetRule
    credential_ids: tuple[int, ...]
    reasons: Mapping[str, object]
    severity: dg.AssetCheckSeverity

    @property
    def check(self) -> str:
        """The check that the rule makes."""
        return self.rule.check

    @property
    def passed(self) -> bool:
        """Whether all is well."""
        return not self.credential_ids

    @property
    def metadata(self) -> dict[str, dg.MetadataValue]:
        """The count by rule, the first of the ids, and why."""
        count = len(self.credential_ids)
        result = "passed" if self.passed else self.severity.value
        found: dict[str, dg.MetadataValue] = {
            "count": dg.MetadataValue.int(count),
            "rules": rules_table([{"rule": self.rule.name, "count": count, "result": result, "speaks_of": "all"}]),
        }
        if self.credential_ids:
            found["credential_ids"] = dg.MetadataValue.json(list(self.credential_ids[:IDS_SHOWN]))
            found["reasons"] = dg.MetadataValue.json(dict(self.reasons))
        return found

    @property
    def description(self) -> str | None:
        """One line, where something is wrong."""
        return None if self.passed else f"{len(self.credential_ids)} × {self.rule.name}"

    @property
    def fingerprint(self) -> str:
        """Equal for equal results."""
        content = json.dumps([self.credential_ids, self.reasons, self.severity.value], sort_keys=True, default=str)
        return hashlib.sha256(content.encode()).hexdigest()[:16]


def check_results(engine: Engine, settings: Settings) -> tuple[CheckResult, ...]:
    """Both checks at this moment; two statements, however many credentials there are.

    Raises:
        DatabaseUnavailable, MigrationsPending: the database is not ready.
    """
    cannot = broken(engine, season_start=settings.season_start)
    return (_of_late(late(engine)), _of_broken(cannot))


def _of_late(found: Sequence[Late]) -> CheckResult:
    """An error where a credential is due and no run starts: the cause is on this machine. Otherwise a warning."""
    reasons = Counter(one.because for one in found)
    severity = ERROR if reasons["overdue"] else WARN
    return CheckResult(_RULES[LATE], tuple(one.credential_id for one in found), dict(reasons.items()), severity)


def _of_broken(found: Sequence[Broken]) -> CheckResult:
    reasons = {str(one.credential_id): one.reason for one in found[:IDS_SHOWN]}
    return CheckResult(_RULES[BROKEN], tuple(one.credential_id for one in found), reasons, ERROR)


def configuration_checks(
    settings: Settings | None = None, database: Database | None = None
) -> dg.AssetChecksDefinition:
    """The checks of the configuration, to be evaluated by hand.

    Args:
        settings: instead of the environment of the run.
        database: an open one, instead of one of the run's own.
    """

    @dg.multi_asset_check(
        name="configuration_checks",
        specs=_SPECS,
        can_subset=True,  # else the UI would offer neither
        description="Which credentials are late, and which configurations cannot work; the sensor evaluates them each "
        "minute, too.",
    )
    def evaluate(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        wanted = {key.name for key in context.selected_asset_check_keys}
        known = settings or load_settings()
        with _opened(known, database) as opened:
            found = [one for one in check_results(opened.engine, known) if one.check in wanted]
        for one in found:
            yield dg.AssetCheckResult(
                asset_key=CONFIGURATION,
                check_name=one.check,
                passed=one.passed,
                severity=one.severity,
                description=one.description,
                metadata=one.metadata,
            )

    return evaluate


def configuration_sensor(settings: Settings | None = None) -> dg.SensorDefinition:
    """The sensor `configuration_checks_sensor`.

    `settings`: instead of the environment of the tick.
    """

    @dg.sensor(
        name="configuration_checks_sensor",
        description="Evaluates the checks of the configuration: which credentials are late, and which cannot sync.",
        minimum_interval_seconds=_LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def look(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        known = settings or load_settings()
        with open_database(known) as database:
            found = check_results(database.engine, known)
        recorded = _recorded(context.cursor)
        now = datetime.now(UTC)
        new = [one for one in found if _is_new(one, recorded.get(one.check), now)]
        if not new:
            return dg.SkipReason("Nothing changed since the checks were recorded")
        recorded |= {one.check: (one.fingerprint, now.isoformat()) for one in new}
        return dg.SensorResult(asset_events=[_evaluation(one) for one in new], cursor=json.dumps(recorded))

    return look


@contextmanager
def _opened(settings: Settings, database: Database | None) -> Iterator[Database]:
    if database is not None:
        yield database
        return
    with open_database(settings) as opened:
        yield opened


def _recorded(cursor: str | None) -> dict[str, tuple[str, str]]:
    """Check → the fingerprint of the result that was recorded last, and when."""
    found = json.loads(cursor) if cursor else {}
    return {str(check): (str(fingerprint), str(at)) for check, (fingerprint, at) in found.items()}


def _is_new(result: CheckResult, recorded: tuple[str, str] | None, now: datetime) -> bool:
    if recorded is None:
        return True
    fingerprint, at = recorded
    # What lies ahead is of before the clock was put back.
    lately = timedelta() <= now - datetime.fromisoformat(at) < _RECORDED_ANEW
    return fingerprint != result.fingerprint or not lately


def _evaluation(result: CheckResult) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(CONFIGURATION),
        check_name=result.check,
        passed=result.passed,
        severity=result.severity,
        description=result.description,
        metadata=result.metadata,
    )
