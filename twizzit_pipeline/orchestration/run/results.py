"""From a step's report to what Dagster records: metadata, check results, and failures that a person can read.

What belongs here: numbers for the plots, under names that stay the same from run to run. Counts and ids only.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg

from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.errors import PermanentError, TwizzitPipelineError
from twizzit_pipeline.orchestration.checks.asset_checks import IDS_SHOWN, mapping_results, scan_results
from twizzit_pipeline.orchestration.checks.rules import Rules
from twizzit_pipeline.quality.findings import Quality, ratio
from twizzit_pipeline.runs.troubles import safe_message
from twizzit_pipeline.sync.reports import MappingReport, ScanReport, by_label

ERROR = "error"

# Dagster needs a number; whether a step is retried is decided each time, by `retries`.
_MOST_RETRIES = 1000

# The names of the steps' timed phases.
SCAN_PHASES = ("fetch", "validate", "write")
MAPPING_PHASES = ("read", "plan", "apply")

Metadata = dict[str, dg.MetadataValue]

if TYPE_CHECKING:
    Materialized = dg.MaterializeResult[None]
else:
    Materialized = dg.MaterializeResult
Results = Iterator[Materialized | dg.AssetCheckResult]


@contextmanager
def readable_failures(try_again: Callable[[TwizzitPipelineError], bool] | None = None) -> Iterator[None]:
    """Turns our errors into a step's failure: the one line, the error's name, and whether trying again may help.

    Errors that are none of ours are defects of the program: see `unquoted_failures`.

    Args:
        try_again: whether Dagster is to run the step once more.
    """
    try:
        with unquoted_failures():
            yield
    except TwizzitPipelineError as error:
        permanent = isinstance(error, PermanentError)
        failure = dg.Failure(
            description=str(error),
            metadata={ERROR: type(error).__name__, "permanent": permanent},
            allow_retries=not permanent,
        )
        if try_again is None or not try_again(error):
            raise failure from None
        raise dg.RetryRequested(max_retries=_MOST_RETRIES) from failure


@contextmanager
def unquoted_failures() -> Iterator[None]:
    """Turns an unexpected error into a failure with its kind and traceback, and without its message.

    Dagster stores the message of an error and of its causes, which may quote a row. Our own errors, and Dagster's, are
    left as they are.
    """
    try:
        yield
    except (TwizzitPipelineError, dg.DagsterError, dg.Failure, dg.RetryRequested):
        raise
    except Exception as error:
        failure = dg.Failure(
            description=safe_message(error),
            metadata={ERROR: type(error).__name__, "permanent": True},
            allow_retries=False,
        )
        raise failure.with_traceback(error.__traceback__) from None


def scan_result(report: ScanReport, rules: Rules, quality: Quality) -> Materialized:
    """What a scan did to its snapshot table, with the results of its checks."""
    rejected = len({twizzit_id for ids in report.rejected.values() for twizzit_id in ids})
    counts = {
        "rows": report.rows,
        "created": report.written.inserted,
        "updated": report.written.updated,
        "removed": report.written.deleted,
        "unchanged": report.rows - report.written.inserted - report.written.updated,
        "rejected": rejected,
        "warnings": _count(report.warnings),
        "failed": len(report.failed),
        "calls": report.calls,
        "rows_read": report.counts.read,
        "rows_kept": report.counts.kept,
        "rows_rejected": report.counts.rejected,
        "set_aside": report.counts.set_aside,
    }
    shares = {
        "rejected_share": ratio(rejected, report.items),
        "set_aside_share": ratio(report.counts.set_aside, report.counts.read),
    }
    numbers = _numbers(counts, shares, report.seconds, SCAN_PHASES, quality)
    return dg.MaterializeResult(
        metadata=numbers | _rows_metadata(report.rows, by_label(report.set_aside), season_exists=report.season_exists),
        check_results=scan_results(report, rules, quality),
    )


def mapping_result(report: MappingReport, rules: Rules, quality: Quality) -> Materialized:
    """What a mapping step did to ShotSpot's table and to the mappings, with the results of its checks.

    It rejects nothing and makes no call: those numbers are there, and 0, so that every asset has them.
    """
    counts = {
        "rows": report.mappings,
        "created": report.created,
        "linked": report.linked,
        "updated": report.updated,
        "adopted": report.adopted,
        "unchanged": report.unchanged,
        "departed": report.departed,
        "returned": report.returned,
        "held_back": len(report.held),
        "rejected": 0,
        "warnings": _count(report.warnings),
        "failed": _count(report.failed),
        "calls": 0,
        "set_aside": _count(report.set_aside),
        "questions": report.questions,
        **{word: len(report.news.get(word, ())) for word in ENTITIES[report.entity].news},
    }
    shares = {"rejected_share": 0.0, "set_aside_share": ratio(_count(report.set_aside), report.items)}
    numbers = _numbers(counts, shares, report.seconds, MAPPING_PHASES, quality)
    more = _rows_metadata(report.mappings, report.set_aside, season_exists=report.season_exists)
    more["deciding_season"] = dg.MetadataValue.bool(report.deciding)
    if report.news:
        news = {word: list(ids[:IDS_SHOWN]) for word, ids in report.news.items()}
        more["news_twizzit_ids"] = dg.MetadataValue.json(news)
    return dg.MaterializeResult(metadata=numbers | more, check_results=mapping_results(report, rules, quality))


def plan_waits(plan_id: int) -> str:
    """Why a step that stopped at its plan judged nothing."""
    return f"plan {plan_id} waits for a person, and nothing was written"


def with_plan(result: Materialized, plan_id: int) -> Materialized:
    """A step's result with the plan that the step stopped at."""
    return result._replace(metadata={**(result.metadata or {}), "plan_id": dg.MetadataValue.int(plan_id)})


def one_by_one(asset: dg.AssetKey, result: Materialized) -> Results:
    """What a step yields: the materialization, and then each check under its full name.

    Of a check that comes within a materialization, or does not name its asset, Dagster asks its storage twice which
    materialization it is about.
    """
    yield result._replace(check_results=[])
    for check in result.check_results:
        yield check._replace(asset_key=asset)


def _numbers(
    counts: Mapping[str, int],
    of_all: Mapping[str, float],
    seconds: Mapping[str, float],
    phases: Iterable[str],
    quality: Quality,
) -> Metadata:
    """The numbers of the plots. Each is there every time, 0 where nothing was, so that no plot has gaps."""
    took = {phase: seconds.get(phase, 0.0) for phase in phases} | {"checks": quality.seconds}
    shares = {**of_all, "seconds": sum(took.values())}
    shares |= {f"seconds_{phase}": long for phase, long in took.items()}
    return {
        **{name: dg.MetadataValue.int(count) for name, count in counts.items()},
        **{name: dg.MetadataValue.float(round(float(share), 4)) for name, share in shares.items()},
    }


def _rows_metadata(rows: int, set_aside: Mapping[str, tuple[str, ...]], *, season_exists: bool) -> Metadata:
    found: Metadata = {
        "dagster/row_count": dg.MetadataValue.int(rows),
        "season_exists": dg.MetadataValue.bool(season_exists),
    }
    if set_aside:
        reasons = {label: {"count": len(ids), "twizzit_ids": list(ids[:IDS_SHOWN])} for label, ids in set_aside.items()}
        found["set_aside_reasons"] = dg.MetadataValue.json(reasons)
    return found


def _count(ids: Mapping[str, Iterable[str]]) -> int:
    return sum(len(tuple(of_one)) for of_one in ids.values())
