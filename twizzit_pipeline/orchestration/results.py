"""From a step's report to what Dagster records: metadata, check results, and failures that a person can read.

What belongs here: numbers for the plots, under names that stay the same from run to run. Counts and ids only.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg

from twizzit_pipeline.errors import PermanentError, TwizzitPipelineError
from twizzit_pipeline.orchestration.checks import Check, mapping_results, scan_results
from twizzit_pipeline.sync.reports import MappingReport, ScanReport

ERROR = "error"

Metadata = dict[str, dg.MetadataValue]

if TYPE_CHECKING:
    Materialized = dg.MaterializeResult[None]
else:
    # Dagster looks for the bare class in an asset's annotation.
    Materialized = dg.MaterializeResult


@contextmanager
def readable_failures() -> Iterator[None]:
    """Turns our errors into a step's failure: the one line, the error's name, and whether trying again may help.

    Errors that are none of ours pass: they are mistakes of the program, and keep their traceback.
    """
    try:
        yield
    except TwizzitPipelineError as error:
        permanent = isinstance(error, PermanentError)
        raise dg.Failure(
            description=str(error),
            metadata={ERROR: type(error).__name__, "permanent": permanent},
            allow_retries=not permanent,
        ) from None


def scan_result(report: ScanReport, checks: Iterable[Check]) -> Materialized:
    """What a scan did to its snapshot table, with the results of its checks."""
    rejected = {twizzit_id for ids in report.rejected.values() for twizzit_id in ids}
    counts = {
        "rows": report.rows,
        "created": report.written.inserted,
        "updated": report.written.updated,
        "removed": report.written.deleted,
        "unchanged": report.rows - report.written.inserted - report.written.updated,
        "rejected": len(rejected),
        "warnings": _count(report.warnings),
        "failed": len(report.failed),
        "calls": report.calls,
    }
    return dg.MaterializeResult(
        metadata=_metadata(report.season_exists, report.rows, counts, report.seconds),
        check_results=list(scan_results(report, checks)),
    )


def mapping_result(report: MappingReport) -> Materialized:
    """What a mapping step did to ShotSpot's table and to the mappings, with the results of its checks."""
    counts = {
        "created": report.created,
        "linked": report.linked,
        "updated": report.updated,
        "adopted": report.adopted,
        "unchanged": report.unchanged,
        "warnings": _count(report.warnings),
        "failed": _count(report.failed),
    }
    metadata = _metadata(report.season_exists, report.mappings, counts, report.seconds)
    metadata["deciding_season"] = dg.MetadataValue.bool(report.deciding)
    return dg.MaterializeResult(metadata=metadata, check_results=list(mapping_results(report)))


def _metadata(season_exists: bool, rows: int, counts: Mapping[str, int], seconds: Mapping[str, float]) -> Metadata:
    metadata: Metadata = {"dagster/row_count": dg.MetadataValue.int(rows)}
    metadata |= {name: dg.MetadataValue.int(count) for name, count in counts.items()}
    metadata |= {f"seconds_{phase}": dg.MetadataValue.float(round(took, 3)) for phase, took in seconds.items()}
    metadata["season_exists"] = dg.MetadataValue.bool(season_exists)
    return metadata


def _count(ids: Mapping[str, Iterable[str]]) -> int:
    return sum(len(tuple(of_one)) for of_one in ids.values())
