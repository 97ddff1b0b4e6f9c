"""docs/checks.md tells of each check what it means and what to do."""

from pathlib import Path

from twizzit_pipeline.definitions import build_definitions

CHECKS = Path(__file__).parents[2] / "docs" / "checks.md"


def test_the_documentation_tells_of_every_check_and_of_no_other() -> None:
    told = set()
    for line in CHECKS.read_text().splitlines():
        if line.startswith("| `"):
            assets, checks, severity, means, what_to_do = (cell.strip() for cell in line.strip("|").split("|"))
            assert severity.startswith(("WARN", "ERROR"))
            assert means
            assert what_to_do
            told |= {(asset, check) for asset in assets.split(", ") for check in checks.split(", ")}
    keys = build_definitions().resolve_asset_graph().asset_check_keys
    assert told == {(f"`{key.asset_key.to_user_string()}`", f"`{key.name}`") for key in keys}
