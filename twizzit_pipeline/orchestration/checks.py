"""The asset checks: every contract rule, and what the mapping steps could not do, each with counts and remote ids.

What belongs here: the checks' specifications and their results, made from a step's report. A check is evaluated by the
step of its asset, so a backfill or a single materialization brings the checks of exactly its own partition up to date.
Metadata holds counts and ids, never a name. A failed check is a warning: the other rows are right.
"""

import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from twizzit_pipeline.contracts.players import RULES as PLAYER_RULES
from twizzit_pipeline.contracts.teams import RULES as TEAM_RULES
from twizzit_pipeline.orchestration.partitions import credential_season_partitions
from twizzit_pipeline.sync.reports import MappingReport, ScanReport

IDS_SHOWN = 50
ROSTERS_READ = "every_roster_was_read"
ITEMS_APPLIED = "every_item_was_applied"
LINKS_CLEAR = "no_doubtful_link"
NO_WARNINGS = "nothing_to_look_at"
DOUBTFUL_LINK = "doubtful_link"


@dataclass(frozen=True, slots=True)
class Check:
    """A check of one asset. `column`: the column that it judges, if it judges one."""

    name: str
    description: str
    column: str | None = None


TEAM_SCAN_CHECKS = tuple(Check(rule.name, rule.description, rule.column) for rule in TEAM_RULES)
PLAYER_SCAN_CHECKS = (
    *(Check(rule.name, rule.description, rule.column) for rule in PLAYER_RULES),
    Check(ROSTERS_READ, "The players of every team could be read; a team that could not counts as failed"),
)
MAPPING_CHECKS = (
    Check(ITEMS_APPLIED, "Every valid row of the scan ended in ShotSpot's tables"),
    Check(LINKS_CLEAR, "No row fits several of ShotSpot's; where several fit, nobody is linked and nobody is made"),
    Check(NO_WARNINGS, "Nothing was applied otherwise than Twizzit has it (a shirt number left out, for example)"),
)


def specs(asset: str, checks: Iterable[Check]) -> list[dg.AssetCheckSpec]:
    """The specifications of an asset's checks, partitioned like the asset.

    Were they not, the pass of one club would hide the failure of another.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Specifying a partitions_def on an AssetCheckSpec", category=dg.PreviewWarning
        )
        return [
            dg.AssetCheckSpec(
                check.name,
                asset=asset,
                description=check.description,
                metadata={"column": check.column} if check.column else None,
                partitions_def=credential_season_partitions,
            )
            for check in checks
        ]


def scan_results(report: ScanReport, checks: Iterable[Check]) -> Iterator[dg.AssetCheckResult]:
    """The results of a scan's checks: a rule passes if no row broke it."""
    for check in checks:
        if check.name == ROSTERS_READ:
            yield _result(check, tuple(report.failed), report.season_exists, reasons=_teams_by_reason(report.failed))
        else:
            ids = (*report.rejected.get(check.name, ()), *report.warnings.get(check.name, ()))
            yield _result(check, ids, report.season_exists)


def mapping_results(report: MappingReport) -> Iterator[dg.AssetCheckResult]:
    """The results of a mapping step's checks."""
    doubtful = {DOUBTFUL_LINK: report.failed.get(DOUBTFUL_LINK, ())}
    other = {reason: ids for reason, ids in report.failed.items() if reason != DOUBTFUL_LINK}
    found = {ITEMS_APPLIED: other, LINKS_CLEAR: doubtful, NO_WARNINGS: report.warnings}
    for check in MAPPING_CHECKS:
        by_reason = found[check.name]
        ids = tuple(twizzit_id for ids in by_reason.values() for twizzit_id in ids)
        yield _result(check, ids, report.season_exists, reasons=by_reason)


def _teams_by_reason(failed: Mapping[str, str]) -> dict[str, list[str]]:
    """{team id: reason} turned round."""
    teams: dict[str, list[str]] = {}
    for team_id, reason in failed.items():
        teams.setdefault(reason, []).append(team_id)
    return teams


def _result(
    check: Check,
    ids: Sequence[str],
    season_exists: bool,
    *,
    reasons: Mapping[str, Collection[str]] | None = None,
) -> dg.AssetCheckResult:
    """One result. Of many ids the first are shown; the count is always of all."""
    metadata: dict[str, dg.MetadataValue] = {"count": dg.MetadataValue.int(len(ids))}
    if ids:
        metadata["twizzit_ids"] = dg.MetadataValue.json(list(ids[:IDS_SHOWN]))
    if reasons and ids:
        metadata["reasons"] = dg.MetadataValue.json({reason: len(of_it) for reason, of_it in reasons.items() if of_it})
    if not season_exists:
        metadata["season_exists"] = dg.MetadataValue.bool(False)
    return dg.AssetCheckResult(
        check_name=check.name,
        passed=not ids,
        severity=dg.AssetCheckSeverity.WARN,
        description=None if not ids else f"{len(ids)} × {check.name}",
        metadata=metadata,
    )
