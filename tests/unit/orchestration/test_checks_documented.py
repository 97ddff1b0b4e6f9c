"""docs/checks.md says of each rule which check it makes, how bad it is, what it means and what to do."""

from pathlib import Path

from twizzit_pipeline.definitions import build_definitions
from twizzit_pipeline.orchestration.checks.rules import RULES_OF

CHECKS = Path(__file__).parents[3] / "docs" / "checks.md"


def test_the_documentation_names_every_rule_and_no_other() -> None:
    documented = set()
    for line in CHECKS.read_text().splitlines():
        if line.startswith("| `twizzit_"):
            assets, check, rules, severity, means, what_to_do = (cell.strip() for cell in line.strip("|").split("|"))
            assert severity.startswith(("WARN", "ERROR"))
            assert means
            assert what_to_do
            documented |= {(asset, check, rule) for asset in assets.split(", ") for rule in rules.split(", ")}
    known = {(f"`{asset}`", f"`{rule.check}`", f"`{rule.name}`") for asset, rules in RULES_OF.items() for rule in rules}
    assert documented == known


def test_dagster_shows_the_checks_that_the_rules_make_and_at_most_four_an_asset() -> None:
    shown: dict[str, set[str]] = {}
    for key in build_definitions().resolve_asset_graph().asset_check_keys:
        shown.setdefault(key.asset_key.to_user_string(), set()).add(key.name)
    assert shown == {asset: {rule.check for rule in rules} for asset, rules in RULES_OF.items()}
    assert set().union(*shown.values()) == {"contract", "completeness", "volume", "consistency"}
    assert sum(map(len, shown.values())) == 26
