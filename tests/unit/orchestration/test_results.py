"""What a report becomes in Dagster: metadata and check results."""

from typing import Any

import dagster as dg
import pytest

from twizzit_pipeline.contracts.counts import RowCounts
from twizzit_pipeline.orchestration.checks.rules import (
    MAPPING_RULES,
    RULES_OF,
    AssetRule,
)
from twizzit_pipeline.orchestration.run.results import mapping_result, one_by_one, scan_result
from twizzit_pipeline.quality.findings import Finding, Quality
from twizzit_pipeline.storage.bulk import Written
from twizzit_pipeline.sync.reports import MappingReport, ScanReport
from twizzit_pipeline.twizzit.records import SetAside


def values(metadata: Any) -> dict[str, Any]:
    return {name: value.value for name, value in metadata.items()}


def by_rule(result: dg.MaterializeResult[None]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Rule → its result (``passed``, ``WARN``, ``ERROR``, ``not judged``), and its metadata."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for check in result.check_results or ():
        metadata = values(check.metadata)
        rules = check.metadata["rules"]
        assert isinstance(rules, dg.TableMetadataValue)
        for record in rules.records:
            row: dict[str, Any] = dict(record.data)
            rule, came = row.pop("rule"), row.pop("result")
            found[rule] = came, row | metadata.get("details", {}).get(rule, {})
    return found


def failed(result: dg.MaterializeResult[None]) -> dict[str, dict[str, Any]]:
    return {rule: details for rule, (came, details) in by_rule(result).items() if came in ("WARN", "ERROR")}


def check(result: dg.MaterializeResult[None], name: str) -> dg.AssetCheckResult:
    (found,) = [one for one in result.check_results or () if one.check_name == name]
    return found


SCANNED = Quality(
    {
        "few_rows_rejected": Finding("few_rows_rejected", "season", ("7", "8"), passed=True, numbers={"share": 0.2}),
        "volume_as_usual": Finding("volume_as_usual", "season", numbers={"rows": 4, "usual": 10.0}, passed=False),
        "no_namesakes": Finding("no_namesakes", "season"),
    },
    seconds=0.5,
)

TEAM_SCAN_RULES = RULES_OF["twizzit_teams"]
PLAYER_SCAN_RULES = RULES_OF["twizzit_players"]
MATCH_SCAN_RULES = RULES_OF["twizzit_matches"]
PLAYER_MAPPING_RULES = RULES_OF["twizzit_player_mappings"]
MATCH_MAPPING_RULES = RULES_OF["twizzit_match_mappings"]
NOTHING = Quality()


def test_the_numbers_of_a_scan() -> None:
    report = ScanReport(
        "players",
        season_exists=True,
        rows=10,
        items=10,
        rejected={"first_name_present": ("7", "8"), "last_name_present": ("7",)},
        warnings={"gender_known": ("1", "2", "3")},
        failed={"100": "Twizzit took too long", "101": "Twizzit took too long"},
        counts=RowCounts(15, 10, 2, 3),
        set_aside=(
            SetAside("5", "not_a_player", "Trainer", "100"),
            SetAside("4", "not_a_player", "Trainer", "100"),
            SetAside("6", "other_season", None, "100"),
        ),
        written=Written(inserted=4, updated=1, deleted=2),
        calls=6,
        seconds={"fetch": 1.23456, "write": 0.1},
    )
    result = scan_result(report, PLAYER_SCAN_RULES, SCANNED)
    assert values(result.metadata) == {
        "dagster/row_count": 10,
        "rows": 10,
        "created": 4,
        "updated": 1,
        "removed": 2,
        "unchanged": 5,
        "rejected": 2,
        "rejected_share": 0.2,
        "rows_read": 15,
        "rows_kept": 10,
        "rows_rejected": 2,
        "set_aside": 3,
        "set_aside_share": 0.2,
        "set_aside_reasons": {
            "not_a_player: Trainer": {"count": 2, "twizzit_ids": ["4", "5"]},
            "other_season": {"count": 1, "twizzit_ids": ["6"]},
        },
        "warnings": 3,
        "failed": 2,
        "calls": 6,
        "seconds": 1.8346,
        "seconds_fetch": 1.2346,
        "seconds_validate": 0.0,
        "seconds_write": 0.1,
        "seconds_checks": 0.5,
        "season_exists": True,
    }
    of_all = {"speaks_of": "season"}
    assert failed(result) == {
        "first_name_present": {"count": 2, "twizzit_ids": ["7", "8"], **of_all},
        "last_name_present": {"count": 1, "twizzit_ids": ["7"], **of_all},
        "gender_known": {"count": 3, "twizzit_ids": ["1", "2", "3"], "share": 0.3, "tolerated": 0.05, **of_all},
        "every_roster_was_read": {
            "count": 2,
            "twizzit_ids": ["100", "101"],
            "reasons": {"Twizzit took too long": 2},
            **of_all,
        },
        "volume_as_usual": {"count": 0, "rows": 4, "usual": 10.0, **of_all},
    }


def numbers(result: dg.MaterializeResult[None]) -> set[str]:
    """The names of what a plot can show."""
    found = values(result.metadata).items()
    return {name for name, value in found if isinstance(value, int | float) and not isinstance(value, bool)}


SECONDS = {"seconds_read", "seconds_plan", "seconds_apply"}


@pytest.mark.parametrize("season_exists", [True, False])
def test_every_number_is_there_every_time(season_exists: bool) -> None:
    scan = scan_result(ScanReport("teams", season_exists=season_exists), TEAM_SCAN_RULES, NOTHING)
    mapping = mapping_result(MappingReport("teams", season_exists=season_exists), MAPPING_RULES, NOTHING)
    common = {"dagster/row_count", "rows", "created", "updated", "unchanged", "rejected", "rejected_share"}
    common |= {"warnings", "failed", "calls", "seconds", "seconds_checks", "set_aside", "set_aside_share"}
    rows = {"rows_read", "rows_kept", "rows_rejected"}
    assert numbers(scan) == common | rows | {"removed", "seconds_fetch", "seconds_validate", "seconds_write"}
    of_mapping = common | {"linked", "adopted", "departed", "returned", "held_back", "questions"} | SECONDS
    assert numbers(mapping) == of_mapping
    matches = mapping_result(MappingReport("matches", season_exists=season_exists), MATCH_MAPPING_RULES, NOTHING)
    assert numbers(matches) == of_mapping | {"moved", "cancelled", "postponed", "finished", "reinstated"}
    assert values(matches.metadata)["moved"] == values(matches.metadata)["finished"] == 0


def test_many_rules_make_a_few_checks_which_are_warnings() -> None:
    result = scan_result(ScanReport("teams", season_exists=True), TEAM_SCAN_RULES, NOTHING)
    assert [one.check_name for one in result.check_results or ()] == ["contract", "volume", "consistency"]
    assert all(one.passed and one.description is None for one in result.check_results or ())
    assert {one.severity for one in result.check_results or ()} == {dg.AssetCheckSeverity.WARN}
    assert set(by_rule(result)) == {rule.name for rule in TEAM_SCAN_RULES}, "each rule is counted in some check"
    with_rosters = scan_result(ScanReport("players", season_exists=True), PLAYER_SCAN_RULES, NOTHING)
    names = [one.check_name for one in with_rosters.check_results or ()]
    assert names == ["contract", "completeness", "volume", "consistency"]


def test_a_check_says_in_one_line_which_rules_fell_short_and_counts_every_rule() -> None:
    rejected = {"name_present": ("1",), "id_length": ("2", "3", "4")}
    result = scan_result(ScanReport("teams", season_exists=True, items=9, rejected=rejected), TEAM_SCAN_RULES, NOTHING)
    contract = check(result, "contract")
    assert (contract.passed, contract.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert contract.description == "3 × id_length; 1 × name_present"
    metadata = values(contract.metadata)
    assert (metadata["count"], metadata["judged"]) == (4, True)
    rows = [record.data for record in metadata["rules"].records]
    assert rows[:3] == [
        {"rule": "id_length", "count": 3, "result": "WARN", "speaks_of": "season"},
        {"rule": "name_present", "count": 1, "result": "WARN", "speaks_of": "season"},
        {"rule": "id_present", "count": 0, "result": "passed", "speaks_of": "season"},
    ]
    assert len(rows) == len([rule for rule in TEAM_SCAN_RULES if rule.check == "contract"])
    assert metadata["details"] == {
        "id_length": {"twizzit_ids": ["2", "3", "4"]},
        "name_present": {"twizzit_ids": ["1"]},
    }
    assert check(result, "consistency").passed, "one check does not affect another"


def test_a_check_is_as_bad_as_the_worst_of_its_rules() -> None:
    many = Finding("few_rows_rejected", "season", ("1",), passed=False, grave=True)
    less = Finding("volume_as_usual", "season", passed=False)
    result = scan_result(ScanReport("teams", True), TEAM_SCAN_RULES, Quality({one.check: one for one in (less, many)}))
    volume = check(result, "volume")
    assert (volume.passed, volume.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert volume.description == "1 × few_rows_rejected; volume_as_usual", "the worst first"
    kept = Finding("few_rows_rejected", "season", ("1",), passed=True, grave=True)
    result = scan_result(ScanReport("teams", True), TEAM_SCAN_RULES, Quality({one.check: one for one in (less, kept)}))
    assert check(result, "volume").severity is dg.AssetCheckSeverity.WARN, "rules that are kept make no check worse"


def test_another_rule_is_one_line() -> None:
    rules = (*TEAM_SCAN_RULES, AssetRule("a_new_rule", "volume", "Not suddenly twice as many are set aside"))
    finding = Finding("a_new_rule", "season", ("5",))
    result = scan_result(ScanReport("teams", True), rules, Quality({finding.check: finding}))
    assert check(result, "volume").description == "1 × a_new_rule"
    assert failed(result) == {"a_new_rule": {"count": 1, "twizzit_ids": ["5"], "speaks_of": "season"}}


def test_of_many_ids_the_first_are_shown_and_all_are_counted() -> None:
    ids = tuple(str(number) for number in range(2_000))
    report = ScanReport("teams", season_exists=True, rejected={"name_present": ids})
    assert failed(scan_result(report, TEAM_SCAN_RULES, NOTHING)) == {
        "name_present": {"count": 2_000, "twizzit_ids": list(ids[:50]), "speaks_of": "season"}
    }


@pytest.mark.parametrize(("rule", "few", "many"), [("gender_known", 5, 6), ("jersey_number_given", 25, 26)])
def test_what_a_few_may_lack_warns_beyond_a_share_of_all(rule: str, few: int, many: int) -> None:
    for count, is_failure in ((few, False), (many, True)):
        ids = tuple(str(number) for number in range(count))
        report = ScanReport("players", season_exists=True, rows=100, items=100, warnings={rule: ids})
        result = scan_result(report, PLAYER_SCAN_RULES, NOTHING)
        assert (rule in failed(result)) is is_failure
        assert by_rule(result)[rule][1]["count"] == count, "how many lack it is shown in either case"


def test_two_of_a_small_team_are_no_share_worth_a_warning() -> None:
    report = ScanReport("players", season_exists=True, rows=4, items=4, warnings={"gender_known": ("1", "2")})
    assert failed(scan_result(report, PLAYER_SCAN_RULES, NOTHING)) == {}


def test_a_season_that_does_not_exist_is_said_in_every_result() -> None:
    scan = scan_result(ScanReport("teams", season_exists=False), TEAM_SCAN_RULES, NOTHING)
    mapping = mapping_result(MappingReport("teams", season_exists=False), MAPPING_RULES, NOTHING)
    for result in (scan, mapping):
        assert values(result.metadata)["season_exists"] is False
        assert all(values(one.metadata)["season_exists"] is False for one in result.check_results or ())
        assert all(one.passed for one in result.check_results or ())


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
        questions=6,
        seconds={"plan": 0.5},
    )
    result = mapping_result(report, PLAYER_MAPPING_RULES, Quality(seconds=0.25, report_speaks_of="one team"))
    assert values(result.metadata) == {
        "dagster/row_count": 15,
        "rows": 15,
        "created": 1,
        "linked": 2,
        "updated": 4,
        "adopted": 3,
        "questions": 6,
        "unchanged": 5,
        "departed": 0,
        "returned": 0,
        "held_back": 0,
        "rejected": 0,
        "rejected_share": 0.0,
        "set_aside": 0,
        "set_aside_share": 0.0,
        "warnings": 1,
        "failed": 3,
        "calls": 0,
        "seconds": 0.75,
        "seconds_read": 0.0,
        "seconds_plan": 0.5,
        "seconds_apply": 0.0,
        "seconds_checks": 0.25,
        "season_exists": True,
        "deciding_season": True,
    }
    of_one = {"speaks_of": "one team"}
    assert failed(result) == {
        "every_item_was_applied": {"count": 1, "twizzit_ids": ["3"], "reasons": {"taken": 1}, **of_one},
        "no_doubtful_link": {"count": 2, "twizzit_ids": ["1", "2"], "reasons": {"doubtful_link": 2}, **of_one},
        "nothing_to_look_at": {"count": 1, "twizzit_ids": ["4"], "reasons": {"jersey_number_taken": 1}, **of_one},
    }


def test_what_happened_to_matches_is_counted_by_kind_and_what_vanished_has_a_check_of_its_own() -> None:
    ids = tuple(str(number) for number in range(60))
    report = MappingReport(
        "matches",
        season_exists=True,
        news={"moved": ids, "cancelled": ("7",)},
        warnings={"vanished": ("8", "9"), "something_else": ("10",)},
    )
    result = mapping_result(report, MATCH_MAPPING_RULES, NOTHING)
    metadata = values(result.metadata)
    assert [metadata[word] for word in ("moved", "cancelled", "postponed", "finished")] == [60, 1, 0, 0]
    assert metadata["news_twizzit_ids"] == {"moved": list(ids[:50]), "cancelled": ["7"]}
    of_all = {"speaks_of": "season"}
    assert failed(result) == {
        "every_match_is_still_listed": {
            "count": 2,
            "twizzit_ids": ["8", "9"],
            "reasons": {"vanished": 2},
            **of_all,
        },
        "nothing_to_look_at": {"count": 1, "twizzit_ids": ["10"], "reasons": {"something_else": 1}, **of_all},
    }


def test_what_was_repaired_on_request_is_as_twizzit_has_it_and_nothing_to_look_at() -> None:
    report = MappingReport("teams", season_exists=True, warnings={"repaired_on_request": ("8", "9")})
    result = mapping_result(report, MAPPING_RULES, NOTHING)
    assert failed(result) == {}
    assert values(result.metadata)["warnings"] == 2


def test_a_competition_without_matches_is_what_was_judged_and_no_rule() -> None:
    empty = Finding("every_competition_has_matches", "season", ("5",))
    report = ScanReport("matches", season_exists=True, rows=1, items=1, warnings={"one_match_at_a_time": ("1",)})
    result = scan_result(report, MATCH_SCAN_RULES, Quality({empty.check: empty}))
    assert set(failed(result)) == {"every_competition_has_matches", "one_match_at_a_time"}


def test_what_keeps_a_player_out_now_is_an_error_and_shows_the_ids() -> None:
    kept_off = Finding(
        "registration_in_step",
        "credential",
        ("4", "9"),
        local=True,
        reasons={"mapped_but_not_registered": 2, "registered_without_mapping": 0},
        grave=True,
    )
    quality = Quality({kept_off.check: kept_off})
    result = mapping_result(MappingReport("players", season_exists=True), PLAYER_MAPPING_RULES, quality)
    assert check(result, "consistency").severity is dg.AssetCheckSeverity.ERROR
    assert by_rule(result)["registration_in_step"][0] == "ERROR"
    assert failed(result) == {
        "registration_in_step": {
            "count": 2,
            "local_ids": ["4", "9"],
            "reasons": {"mapped_but_not_registered": 2},
            "speaks_of": "credential",
        }
    }


def test_what_was_not_judged_says_so_and_warns_only_where_something_went_wrong() -> None:
    report = MappingReport("teams", season_exists=True)
    older, broken = (mapping_result(report, MAPPING_RULES, quality) for quality in (NOTHING, Quality(error="Oops")))
    assert failed(older) == {}
    reported = {"every_item_was_applied", "no_doubtful_link", "nothing_to_look_at", "departures_decided"}
    judged_afterwards = {rule.name for rule in MAPPING_RULES} - reported
    assert {rule for rule, (came, _) in by_rule(older).items() if came == "not judged"} == judged_afterwards
    assert [values(one.metadata)["judged"] for one in older.check_results or ()] == [True, False, True]
    assert set(failed(broken)) == judged_afterwards
    volume = check(broken, "volume")
    assert (volume.passed, volume.severity) == (False, dg.AssetCheckSeverity.WARN)
    said = ("volume_as_usual could not be judged: Oops", "set_aside_as_usual could not be judged: Oops")
    assert volume.description == "; ".join(said)
    assert values(volume.metadata)["judged"] is False


def test_dagster_gets_the_materialization_and_then_each_check_under_its_full_name() -> None:
    result = scan_result(ScanReport("teams", season_exists=True, rows=3), TEAM_SCAN_RULES, NOTHING)
    asset = dg.AssetKey("twizzit_teams")
    made, *checks = one_by_one(asset, result)
    assert isinstance(made, dg.MaterializeResult)
    assert (made.metadata, made.check_results) == (result.metadata, [])
    assert checks == [one._replace(asset_key=asset) for one in result.check_results or ()]
