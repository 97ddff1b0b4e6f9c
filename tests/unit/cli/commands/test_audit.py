"""The details of an entry of the audit log, as a terminal shows them."""

import pytest

from twizzit_pipeline.cli.commands.audit import in_words


@pytest.mark.parametrize(
    ("details", "shown"),
    [
        ({}, ""),
        ({"only": None, "season": "2026-2027"}, "season: 2026-2027"),
        (
            {"from": {"limit": None, "auto": False}, "to": {"limit": 5000, "auto": True}},
            "limit: – → 5000, auto: no → yes",
        ),
        ({"from": {}, "to": {"teams.name": "newest"}}, "teams.name: – → newest"),
        ({"from": {"rules": {}}, "to": {"rules": {"name": "ask"}}}, "rules: none → name ask"),
        ({"from": None, "to": "0019"}, "– → 0019"),
        ({"from": [1, 2], "to": []}, "1, 2 → none"),
        ({"to": "0019", "rows": 3}, "to: 0019, rows: 3"),
        ({"without": [["teams", "6"], ["players", "10"]]}, "without: teams:6, players:10"),
    ],
)
def test_an_entry_says_what_was_and_what_is(details: dict[str, object], shown: str) -> None:
    assert ", ".join(in_words(details)) == shown
