"""What a report becomes in Dagster: metadata, check results, failures."""

from typing import Any

import dagster as dg
import pytest

from twizzit_pipeline.errors import LoginRefused, QuotaSpent, RateLimited, SyncInProgress, TwizzitPipelineError
from twizzit_pipeline.orchestration.checks import PLAYER_SCAN_CHECKS, TEAM_SCAN_CHECKS
from twizzit_pipeline.orchestration.results import mapping_result, readable_failures, scan_result
from twizzit_pipeline.storage.bulk import Written
from twizzit_pipeline.sync.reports import MappingReport, ScanReport


def values(metadata: Any) -> dict[str, Any]:
    return {name: value.value for name, value in metadata.items()}


def failed(result: dg.MaterializeResult[None]) -> dict[str, dict[str, Any]]:
    return {check.check_name or "": values(check.metadata) for check in result.check_results or () if not check.passed}


def test_the_numbers_of_a_scan() -> None:
    report = ScanReport(
        "players",
        season_exists=True,
        rows=10,
        rejected={"first_name_present": ("7", "8"), "last_name_present": ("7",)},
        warnings={"gender_known": ("1", "2", "3")},
        failed={"100": "Twizzit took too long", "101": "Twizzit took too long"},
        written=Written(inserted=4, updated=1, deleted=2),
        calls=6,
        seconds={"fetch": 1.23456, "write": 0.1},
    )
    assert values(scan_result(report, PLAYER_SCAN_CHECKS).metadata) == {
        "dagster/row_count": 10,
        "rows": 10,
        "created": 4,
        "updated": 1,
        "removed": 2,
        "unchanged": 5,
        "rejected": 2,
        "warnings": 3,
        "failed": 2,
        "calls": 6,
        "seconds_fetch": 1.235,
        "seconds_write": 0.1,
        "season_exists": True,
    }
    assert failed(scan_result(report, PLAYER_SCAN_CHECKS)) == {
        "first_name_present": {"count": 2, "twizzit_ids": ["7", "8"]},
        "last_name_present": {"count": 1, "twizzit_ids": ["7"]},
        "gender_known": {"count": 3, "twizzit_ids": ["1", "2", "3"]},
        "every_roster_was_read": {
            "count": 2,
            "twizzit_ids": ["100", "101"],
            "reasons": {"Twizzit took too long": 2},
        },
    }


def test_every_check_of_a_scan_has_a_result_and_is_a_warning() -> None:
    result = scan_result(ScanReport("teams", season_exists=True), TEAM_SCAN_CHECKS)
    assert [check.check_name for check in result.check_results or ()] == [check.name for check in TEAM_SCAN_CHECKS]
    assert all(check.passed for check in result.check_results or ())
    assert {check.severity for check in result.check_results or ()} == {dg.AssetCheckSeverity.WARN}


def test_of_many_ids_the_first_are_shown_and_all_are_counted() -> None:
    ids = tuple(str(number) for number in range(2_000))
    report = ScanReport("teams", season_exists=True, rejected={"name_present": ids})
    assert failed(scan_result(report, TEAM_SCAN_CHECKS)) == {
        "name_present": {"count": 2_000, "twizzit_ids": list(ids[:50])}
    }


def test_a_season_that_does_not_exist_is_said_in_every_result() -> None:
    scan = scan_result(ScanReport("teams", season_exists=False), TEAM_SCAN_CHECKS)
    mapping = mapping_result(MappingReport("teams", season_exists=False))
    for result in (scan, mapping):
        assert values(result.metadata)["season_exists"] is False
        assert all(values(check.metadata)["season_exists"] is False for check in result.check_results or ())


def test_the_numbers_of_a_mapping_step() -> None:
    report = MappingReport(
        "players",
        season_exists=True,
        deciding=True,
        created=1,
        linked=2,
        adopted=3,
        updated=4,
        unchanged=5,
        failed={"doubtful_link": ("1", "2"), "taken": ("3",)},
        warnings={"jersey_number_taken": ("4",)},
        mappings=15,
        seconds={"plan": 0.5},
    )
    result = mapping_result(report)
    assert values(result.metadata) == {
        "dagster/row_count": 15,
        "created": 1,
        "linked": 2,
        "updated": 4,
        "adopted": 3,
        "unchanged": 5,
        "warnings": 1,
        "failed": 3,
        "seconds_plan": 0.5,
        "season_exists": True,
        "deciding_season": True,
    }
    assert failed(result) == {
        "every_item_was_applied": {"count": 1, "twizzit_ids": ["3"], "reasons": {"taken": 1}},
        "no_doubtful_link": {"count": 2, "twizzit_ids": ["1", "2"], "reasons": {"doubtful_link": 2}},
        "nothing_to_look_at": {"count": 1, "twizzit_ids": ["4"], "reasons": {"jersey_number_taken": 1}},
    }


@pytest.mark.parametrize(
    ("error", "permanent"),
    [
        (LoginRefused("wrong username or password"), True),
        (QuotaSpent("no calls left"), True),
        (RateLimited("slow down"), False),
        (SyncInProgress(), False),
    ],
)
def test_an_error_of_ours_becomes_one_line_without_its_history(error: TwizzitPipelineError, permanent: bool) -> None:
    with pytest.raises(dg.Failure) as raised, readable_failures():
        try:
            raise ValueError("somebody's name")
        except ValueError:
            raise error from None
    failure = raised.value
    assert failure.description == str(error)
    assert values(failure.metadata) == {"error": type(error).__name__, "permanent": permanent}
    assert failure.allow_retries is not permanent
    assert failure.__cause__ is None
    assert failure.__suppress_context__


def test_a_mistake_of_the_program_stays_what_it_is() -> None:
    with pytest.raises(ZeroDivisionError), readable_failures():
        _ = 1 / 0
