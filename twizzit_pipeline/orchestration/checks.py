"""The asset checks: every contract rule, what the steps could not do, and whether what they left is sound.

What belongs here: the checks' specifications and their results, made from a step's report and from what `sync.quality`
found. A check is evaluated by the step of its asset, so a backfill or a single materialization brings the checks of
exactly its own partition up to date. Metadata holds counts and ids, never a name. No check stops a run, an error as
little as a warning: the other rows are right. `docs/checks.md` says of each what to do.

Another entity's checks are its contract's rules with `SCAN_QUALITY`, and `MAPPING_CHECKS`; where a name may well come
twice, without the one about names.
"""

import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from twizzit_pipeline.contracts.competitions import RULES as COMPETITION_RULES
from twizzit_pipeline.contracts.matches import MATCH_MINUTES
from twizzit_pipeline.contracts.matches import RULES as MATCH_RULES
from twizzit_pipeline.contracts.players import RULES as PLAYER_RULES
from twizzit_pipeline.contracts.rules import Rule
from twizzit_pipeline.contracts.teams import RULES as TEAM_RULES
from twizzit_pipeline.orchestration.partitions import credential_season_partitions
from twizzit_pipeline.sync.plan.matches import VANISHED
from twizzit_pipeline.sync.quality import TOLERATED, names
from twizzit_pipeline.sync.quality.findings import Finding, Quality, Tolerance, ratio
from twizzit_pipeline.sync.reports import MappingReport, ScanReport

IDS_SHOWN = 50
ROSTERS_READ = "every_roster_was_read"
ITEMS_APPLIED = "every_item_was_applied"
LINKS_CLEAR = "no_doubtful_link"
NO_WARNINGS = "nothing_to_look_at"
STILL_LISTED = "every_match_is_still_listed"
DOUBTFUL_LINK = "doubtful_link"

WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR


@dataclass(frozen=True, slots=True)
class Check:
    """A check of one asset. `column`: the column that it judges, if it judges one.

    `tolerated`: how many may fall short before it warns; None where nobody may.
    """

    name: str
    description: str
    column: str | None = None
    tolerated: Tolerance | None = None


def rule_checks(rules: Iterable[Rule]) -> tuple[Check, ...]:
    """A check for each rule of a contract; what is set aside is as it should be, and has none."""
    return tuple(
        Check(rule.name, _described(rule), rule.column, TOLERATED.get(rule.name))
        for rule in rules
        if rule.kind != "set_aside"
    )


def _described(rule: Rule) -> str:
    tolerated = TOLERATED.get(rule.name)
    return rule.description if tolerated is None else f"{rule.description}; {tolerated.share:.0%} may lack it"


SCAN_QUALITY = (
    Check(names.FEW_REJECTED, "At most 5% of what Twizzit lists breaks a rule; more than 20% is an error"),
    Check(
        names.VOLUME, "Not half of the usual number is gone, against the last ten syncs of this credential and season"
    ),
    Check(
        names.SET_ASIDE_AS_USUAL,
        "No reason sets aside a tenth of the rows more than usual, and no team lost its players to one function",
    ),
    Check(names.NAMESAKES, "Nobody has the name of another in the same club: two such rows may be one"),
)
_WITHOUT_NAMES = tuple(check for check in SCAN_QUALITY if check.name != names.NAMESAKES)
TEAM_SCAN_CHECKS = (*rule_checks(TEAM_RULES), *SCAN_QUALITY)
PLAYER_SCAN_CHECKS = (
    *rule_checks(PLAYER_RULES),
    Check(ROSTERS_READ, "The players of every team could be read; a team that could not counts as failed"),
    *SCAN_QUALITY,
)
COMPETITION_SCAN_CHECKS = (*rule_checks(COMPETITION_RULES), *_WITHOUT_NAMES)
MATCH_SCAN_CHECKS = (
    *rule_checks(MATCH_RULES),
    Check(names.HAVE_MATCHES, "Every competition of the season has a match"),
    *_WITHOUT_NAMES,
)
MAPPING_CHECKS = (
    Check(ITEMS_APPLIED, "Every valid row of the scan ended in ShotSpot's tables"),
    Check(LINKS_CLEAR, "No row fits several of ShotSpot's; where several fit, nobody is linked and nobody is made"),
    Check(NO_WARNINGS, "Nothing was applied otherwise than Twizzit has it (a shirt number left out, for example)"),
    Check(names.COMPLETE, "Every row of the scan has a mapping, or is among the items that failed"),
    Check(names.SOMEWHERE, "Every mapping points at a row of ShotSpot that is in the right place"),
    Check(
        names.OWNED, "Every mapping in the clubs of this credential belongs to a credential, which keeps it up to date"
    ),
    Check(names.VOLUME, "Not half of the usual number of mappings is gone, against the last ten syncs"),
    Check(names.SET_ASIDE_AS_USUAL, "No reason sets aside a tenth of the items more than usual"),
    Check(names.NAMESAKES, "Nobody in ShotSpot has the name of another in the same club: two such rows may be one"),
)
PLAYER_MAPPING_CHECKS = (
    *MAPPING_CHECKS,
    Check(
        names.REGISTRATION, "Whoever has a mapping is registered in ShotSpot, and nobody else", "is_twizzit_registered"
    ),
)
COMPETITION_MAPPING_CHECKS = tuple(check for check in MAPPING_CHECKS if check.name != names.NAMESAKES)
MATCH_MAPPING_CHECKS = (
    *COMPETITION_MAPPING_CHECKS,
    Check(
        STILL_LISTED, "Every match of the season that a sync brought is still in Twizzit's calendar; none is taken away"
    ),
    Check(names.TWO_CLUBS, "Every match is between two clubs: ShotSpot has no game of a club against itself"),
    Check(names.IN_SEASON, "Every game lies within its season's days, whoever moved it"),
    Check(
        names.ONE_AT_A_TIME,
        f"No team of the credential's clubs, nor who plays them, has two games within {MATCH_MINUTES} minutes",
    ),
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


def scan_results(report: ScanReport, checks: Iterable[Check], quality: Quality) -> Iterator[dg.AssetCheckResult]:
    """The results of a scan's checks: a rule passes if no row broke it, or no more than it tolerates."""
    of_quality = {names.HAVE_MATCHES, *(check.name for check in SCAN_QUALITY)}
    for check in checks:
        if check.name in of_quality:
            yield _judged(check, quality, report.season_exists)
        elif check.name == ROSTERS_READ:
            reasons = _teams_by_reason(report.failed)
            yield _found(check, tuple(report.failed), quality, report.season_exists, reasons=reasons)
        else:
            ids = (*report.rejected.get(check.name, ()), *report.warnings.get(check.name, ()))
            yield _found(check, ids, quality, report.season_exists, of=report.items)


def mapping_results(report: MappingReport, checks: Iterable[Check], quality: Quality) -> Iterator[dg.AssetCheckResult]:
    """The results of a mapping step's checks."""
    doubtful = {DOUBTFUL_LINK: report.failed.get(DOUBTFUL_LINK, ())}
    other = {reason: ids for reason, ids in report.failed.items() if reason != DOUBTFUL_LINK}
    vanished = {VANISHED: report.warnings.get(VANISHED, ())}
    warned = {reason: ids for reason, ids in report.warnings.items() if reason != VANISHED}
    found = {ITEMS_APPLIED: other, LINKS_CLEAR: doubtful, NO_WARNINGS: warned, STILL_LISTED: vanished}
    for check in checks:
        if check.name in found:
            by_reason = found[check.name]
            ids = tuple(twizzit_id for ids in by_reason.values() for twizzit_id in ids)
            yield _found(check, ids, quality, report.season_exists, reasons=by_reason)
        else:
            yield _judged(check, quality, report.season_exists)


def _teams_by_reason(failed: Mapping[str, str]) -> dict[str, list[str]]:
    """{team id: reason} turned round."""
    teams: dict[str, list[str]] = {}
    for team_id, reason in failed.items():
        teams.setdefault(reason, []).append(team_id)
    return teams


def _found(
    check: Check,
    ids: Sequence[str],
    quality: Quality,
    season_exists: bool,
    *,
    reasons: Mapping[str, Collection[str]] | None = None,
    of: int = 0,
) -> dg.AssetCheckResult:
    """The result of what the step itself reports."""
    tolerated = check.tolerated
    passed = not ids if tolerated is None else not tolerated.exceeded(len(ids), of)
    numbers = {} if tolerated is None else {"share": ratio(len(ids), of), "tolerated": tolerated.share}
    counts = {reason: len(of_it) for reason, of_it in (reasons or {}).items()}
    finding = Finding(check.name, quality.report_speaks_of, tuple(ids), reasons=counts, numbers=numbers, passed=passed)
    return _result(check, finding, season_exists)


def _judged(check: Check, quality: Quality, season_exists: bool) -> dg.AssetCheckResult:
    """The result of what was judged afterwards. What this step could not judge passes, and says so."""
    finding = quality.findings.get(check.name)
    if finding is not None:
        return _result(check, finding, season_exists)
    why = None if quality.error is None else f"it could not be judged: {quality.error}"
    metadata = {"judged": dg.MetadataValue.bool(False), **_season(season_exists)}
    return dg.AssetCheckResult(
        check_name=check.name, passed=why is None, severity=WARN, description=why, metadata=metadata
    )


def _result(check: Check, finding: Finding, season_exists: bool) -> dg.AssetCheckResult:
    """One result. Of many ids the first are shown; the count is always of all."""
    ids = finding.ids
    metadata: dict[str, dg.MetadataValue] = {"count": dg.MetadataValue.int(len(ids))}
    if ids:
        metadata["local_ids" if finding.local else "twizzit_ids"] = dg.MetadataValue.json(list(ids[:IDS_SHOWN]))
    reasons = {reason: count for reason, count in finding.reasons.items() if count}
    if reasons:
        metadata["reasons"] = dg.MetadataValue.json(reasons)
    if finding.ids_of:
        shown = {reason: list(of_it[:IDS_SHOWN]) for reason, of_it in finding.ids_of.items()}
        metadata["ids_by_reason"] = dg.MetadataValue.json(shown)
    for name, number in finding.numbers.items():
        is_whole = isinstance(number, int)
        metadata[name] = dg.MetadataValue.int(int(number)) if is_whole else dg.MetadataValue.float(float(number))
    if season_exists:
        metadata["speaks_of"] = dg.MetadataValue.text(finding.speaks_of)
    return dg.AssetCheckResult(
        check_name=check.name,
        passed=finding.fine,
        severity=ERROR if finding.grave else WARN,
        description=None if finding.fine else f"{len(ids)} × {check.name}" if ids else check.name,
        metadata={**metadata, **_season(season_exists)},
    )


def _season(season_exists: bool) -> dict[str, dg.MetadataValue]:
    return {} if season_exists else {"season_exists": dg.MetadataValue.bool(False)}
