"""The asset checks: a few that a person reads, each folded from the rules about its asset (`rules`).

What belongs here: specifications and results, made from a step's report and from what `quality` found. A check is
evaluated by the step of its asset, so a backfill or a single materialization brings the checks of exactly its own
partition up to date. It passes where none of its rules falls short, and is as bad as the worst that does. Metadata
holds counts and ids, never a name. No check stops a run, an error as little as a warning: the other rows are right.
`docs/checks.md` says of each rule what to do.
"""

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from twizzit_pipeline.orchestration.checks.rules import (
    COMPLETENESS,
    CONSISTENCY,
    CONTRACT,
    DEPARTURES_DECIDED,
    ITEMS_APPLIED,
    LINKS_CLEAR,
    NO_WARNINGS,
    ROSTERS_READ,
    STILL_LISTED,
    VOLUME,
    AssetRule,
    Rules,
    checks_of,
)
from twizzit_pipeline.orchestration.checks.unjudged import JUDGED, WARN, Metadata
from twizzit_pipeline.orchestration.partitions import credential_season_partitions
from twizzit_pipeline.plan import DOUBTFUL_LINK
from twizzit_pipeline.plan.departures import DEPARTED
from twizzit_pipeline.plan.matches import VANISHED
from twizzit_pipeline.plan.repair import REPAIRED_ON_REQUEST
from twizzit_pipeline.quality.findings import Finding, Quality, ratio
from twizzit_pipeline.sync.reports import MappingReport, ScanReport

IDS_SHOWN = 50
DESCRIPTIONS = {
    CONTRACT: "Every row keeps the rules of its contract",
    COMPLETENESS: "Everything came that was to come",
    VOLUME: "There is about as much as usual, and little of it was rejected",
    CONSISTENCY: "What is there fits together, and points at the right rows",
}

_JUDGED = ("rule", "count", "result", "speaks_of")
_DEFINED = ("rule", "column", "holds")

ERROR = dg.AssetCheckSeverity.ERROR

Row = Mapping[str, str | int | float | bool]


@dataclass(frozen=True, slots=True)
class RuleResult:
    """The result of one rule for one step. `finding`: None where the step could not judge it.

    `why_not`: what kept it from being judged, if that is worth a warning.
    """

    rule: AssetRule
    finding: Finding | None
    why_not: str | None = None

    @property
    def passed(self) -> bool:
        """Whether its check may pass."""
        return self.why_not is None if self.finding is None else self.finding.fine

    @property
    def is_error(self) -> bool:
        """Whether it makes its check an error."""
        return not self.passed and self.finding is not None and self.finding.grave

    @property
    def count(self) -> int:
        """How many fall short, those that are tolerated too."""
        return 0 if self.finding is None else len(self.finding.ids)

    @property
    def said(self) -> str:
        """For the check's description: ``2 × first_name_present``."""
        if self.finding is None:
            return f"{self.rule.name} could not be judged: {self.why_not}"
        return f"{self.count} × {self.rule.name}" if self.count else self.rule.name

    @property
    def row(self) -> Row:
        """For the check's table of rules."""
        result = "passed" if self.passed else "ERROR" if self.is_error else "WARN"
        if self.finding is None and self.passed:
            result = "not judged"
        speaks_of = "" if self.finding is None else self.finding.speaks_of
        return {"rule": self.rule.name, "count": self.count, "result": result, "speaks_of": speaks_of}

    @property
    def details(self) -> dict[str, Any]:
        """Which rows fall short, why, and what was compared; of many ids the first."""
        if self.finding is None:
            return {} if self.why_not is None else {"error": self.why_not}
        ids, found = self.finding.ids, dict[str, Any]()
        if ids:
            found["local_ids" if self.finding.local else "twizzit_ids"] = list(ids[:IDS_SHOWN])
        reasons = {reason: count for reason, count in self.finding.reasons.items() if count}
        if reasons:
            found["reasons"] = reasons
        if self.finding.ids_of:
            found["ids_by_reason"] = {reason: list(some[:IDS_SHOWN]) for reason, some in self.finding.ids_of.items()}
        return found | dict(self.finding.numbers)


def specs(asset: str, rules: Rules) -> list[dg.AssetCheckSpec]:
    """The specifications of an asset's checks, partitioned like the asset.

    Were they not, the pass of one club would hide the failure of another.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Specifying a partitions_def on an AssetCheckSpec", category=dg.PreviewWarning
        )
        return [
            dg.AssetCheckSpec(
                check,
                asset=asset,
                description=DESCRIPTIONS[check],
                metadata={"rules": _table(_DEFINED, [_defined(rule) for rule in rules if rule.check == check])},
                partitions_def=credential_season_partitions,
            )
            for check in checks_of(rules)
        ]


def scan_results(report: ScanReport, rules: Rules, quality: Quality) -> list[dg.AssetCheckResult]:
    """The results of a scan's checks: a rule is kept if no row broke it, or no more than it tolerates."""
    return _folded(rules, [_of_scan(rule, report, quality) for rule in rules], report.season_exists)


def _of_scan(rule: AssetRule, report: ScanReport, quality: Quality) -> RuleResult:
    if rule.check == CONTRACT:
        ids = (*report.rejected.get(rule.name, ()), *report.warnings.get(rule.name, ()))
        return RuleResult(rule, _found(rule, ids, quality, of=report.items))
    if rule.name == ROSTERS_READ:
        return RuleResult(rule, _found(rule, tuple(report.failed), quality, reasons=_teams_by_reason(report.failed)))
    return _judged(rule, quality)


def mapping_results(report: MappingReport, rules: Rules, quality: Quality) -> list[dg.AssetCheckResult]:
    """The results of a mapping step's checks."""
    doubtful = {DOUBTFUL_LINK: report.failed.get(DOUBTFUL_LINK, ())}
    other = {reason: ids for reason, ids in report.failed.items() if reason != DOUBTFUL_LINK}
    held = {"held": report.held}
    vanished = {VANISHED: report.warnings.get(VANISHED, ())}
    # What was repaired is as Twizzit has it, as a person asked for; who has left plays in an older season alone.
    expected = (VANISHED, REPAIRED_ON_REQUEST, DEPARTED)
    warned = {reason: ids for reason, ids in report.warnings.items() if reason not in expected}
    reported = {ITEMS_APPLIED: other, LINKS_CLEAR: doubtful, NO_WARNINGS: warned, STILL_LISTED: vanished}
    reported[DEPARTURES_DECIDED] = held

    def result_of(rule: AssetRule) -> RuleResult:
        by_reason = reported.get(rule.name)
        if by_reason is None:
            return _judged(rule, quality)
        ids = tuple(twizzit_id for ids in by_reason.values() for twizzit_id in ids)
        return RuleResult(rule, _found(rule, ids, quality, reasons=by_reason))

    return _folded(rules, [result_of(rule) for rule in rules], report.season_exists)


def _teams_by_reason(failed: Mapping[str, str]) -> dict[str, list[str]]:
    """{team id: reason} inverted: {reason: team ids}."""
    teams: dict[str, list[str]] = {}
    for team_id, reason in failed.items():
        teams.setdefault(reason, []).append(team_id)
    return teams


def _found(
    rule: AssetRule,
    ids: Sequence[str],
    quality: Quality,
    *,
    reasons: Mapping[str, Collection[str]] | None = None,
    of: int = 0,
) -> Finding:
    """What the step itself reports."""
    tolerated = rule.tolerated
    passed = not ids if tolerated is None else not tolerated.exceeded(len(ids), of)
    numbers = {} if tolerated is None else {"share": ratio(len(ids), of), "tolerated": tolerated.share}
    counts = {reason: len(of_it) for reason, of_it in (reasons or {}).items()}
    return Finding(rule.name, quality.report_speaks_of, tuple(ids), reasons=counts, numbers=numbers, passed=passed)


def _judged(rule: AssetRule, quality: Quality) -> RuleResult:
    """What was judged afterwards. What this step could not judge passes, and says so."""
    finding = quality.findings.get(rule.name)
    return RuleResult(rule, finding, quality.error if finding is None else None)


def _folded(rules: Rules, results: Sequence[RuleResult], season_exists: bool) -> list[dg.AssetCheckResult]:
    return [
        _check(check, [result for result in results if result.rule.check == check], season_exists)
        for check in checks_of(rules)
    ]


def _check(check: str, results: Sequence[RuleResult], season_exists: bool) -> dg.AssetCheckResult:
    """One result of all its rules: what falls short comes first, and the worst of it decides."""
    worst_first = sorted(results, key=lambda one: (one.passed, not one.is_error, one.finding is not None, -one.count))
    short = [one for one in worst_first if not one.passed]
    metadata: Metadata = {
        "count": dg.MetadataValue.int(sum(one.count for one in short)),
        JUDGED: dg.MetadataValue.bool(any(one.finding is not None for one in results)),
        "rules": rules_table([one.row for one in worst_first]),
    }
    details = {one.rule.name: found for one in worst_first if (found := one.details)}
    if details:
        metadata["details"] = dg.MetadataValue.json(details)
    if not season_exists:
        metadata["season_exists"] = dg.MetadataValue.bool(False)
    return dg.AssetCheckResult(
        check_name=check,
        passed=not short,
        severity=ERROR if any(one.is_error for one in short) else WARN,
        description="; ".join(one.said for one in short) or None,
        metadata=metadata,
    )


def rules_table(rows: Sequence[Row]) -> dg.TableMetadataValue:
    """The table of what each rule of a check says: `rule`, `count`, `result`, `speaks_of`."""
    return _table(_JUDGED, rows)


def _defined(rule: AssetRule) -> Row:
    return {"rule": rule.name, "column": rule.column or "", "holds": rule.holds}


def _table(columns: Sequence[str], rows: Sequence[Row]) -> dg.TableMetadataValue:
    schema = dg.TableSchema([dg.TableColumn(name, "int" if name == "count" else "string") for name in columns])
    return dg.MetadataValue.table([dg.TableRecord(row) for row in rows], schema=schema)
