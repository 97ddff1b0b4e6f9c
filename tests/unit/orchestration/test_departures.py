"""What a mapping step says of those who left, who returned, and who is held back."""

from tests.unit.orchestration.test_results import NOTHING, by_rule, failed, values
from twizzit_pipeline.orchestration.checks.rules import RULES_OF
from twizzit_pipeline.orchestration.run.results import mapping_result
from twizzit_pipeline.sync.reports import MappingReport

PLAYER_MAPPING_RULES = RULES_OF["twizzit_player_mappings"]


def test_departures_that_are_held_back_fail_the_check_of_completeness() -> None:
    report = MappingReport("players", season_exists=True, departed=2, returned=1, held=("7", "8"))
    result = mapping_result(report, PLAYER_MAPPING_RULES, NOTHING)
    assert {name: values(result.metadata)[name] for name in ("departed", "returned", "held_back")} == {
        "departed": 2,
        "returned": 1,
        "held_back": 2,
    }
    assert set(failed(result)) == {"departures_decided"}
    assert by_rule(result)["departures_decided"][1]["twizzit_ids"] == ["7", "8"]
