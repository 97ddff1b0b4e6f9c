"""Every rule and reason has a sentence that a person understands, in one place."""

import re

import pytest

from twizzit_pipeline.contracts import competitions, matches, players, teams
from twizzit_pipeline.runs.sentences import REASONS, Line, lines, sentence

RULES = [
    (entity, rule)
    for entity, module in (("teams", teams), ("players", players), ("competitions", competitions), ("matches", matches))
    for rule in module.RULES
]


def test_every_rule_says_what_is_wrong_with_a_row_that_breaks_it() -> None:
    for entity, rule in RULES:
        assert sentence(entity, rule.name) == rule.broken, (entity, rule.name)
        assert rule.broken != rule.description, "what holds is not what is wrong"
        assert len(rule.broken.split()) >= 4, rule.broken
        assert not rule.broken[0].isupper(), rule.broken
        assert not rule.broken.endswith("."), rule.broken


def test_every_reason_is_a_sentence() -> None:
    said = {reason: sentence("players", reason) for reason in REASONS}
    assert [reason for reason, one in said.items() if not one or re.search(r"_|\bNone\b", one)] == []


@pytest.mark.parametrize(
    ("entity", "reason", "said"),
    [
        ("players", "last_name_length", "the last name is longer than 50 characters"),
        ("players", "first_name_present", "the first name is missing"),
        ("players", "jersey_number_range", "the shirt number is not between 0 and 999"),
        ("teams", "name_length", "the name is longer than 100 characters"),
        ("competitions", "name_length", "the name is longer than 255 characters"),
        ("matches", "inside_season", "the day is outside of the season"),
        (
            "matches",
            "status_allowed",
            "the status is none of scheduled, to_reschedule, in_progress, completed, cancelled",
        ),
        ("players", "team_not_mapped", "none of the player's teams is in ShotSpot"),
        ("matches", "team_not_mapped", "the team is not in ShotSpot; a sync of teams brings it"),
        ("", "id_present", "the id is missing"),
        ("players", "never_heard_of", "never heard of"),
    ],
)
def test_the_sentence_is_of_the_entity(entity: str, reason: str, said: str) -> None:
    assert sentence(entity, reason) == said


def test_the_details_of_a_sync_are_listed_by_kind_and_reason() -> None:
    details = {
        "rejected": {"name_present": {"count": 300, "twizzit_ids": ["1", "2"]}},
        "failed": {"doubtful_link": {"count": 1, "twizzit_ids": ["7"]}},
        "create": 3,
    }
    assert list(lines("teams", details)) == [
        Line("teams", "rejected", "name_present", "the name is missing", 300, ("1", "2")),
        Line(
            "teams",
            "failed",
            "doubtful_link",
            "which row of ShotSpot it is is not certain, so none was linked and none made",
            1,
            ("7",),
        ),
    ]
    assert list(lines("teams", {})) == []


def test_no_reason_is_called_like_a_rule() -> None:
    # Reasons are looked up first, since the rules take pandas.
    assert {rule.name for _, rule in RULES} & set(REASONS) == set()
