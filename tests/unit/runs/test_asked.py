"""What the questions that wait are called, by their kind."""

import pytest

from twizzit_pipeline.runs.asked import asked, counted, in_words, waiting


@pytest.mark.parametrize(
    ("counts", "entity", "said"),
    [
        ({}, "players", ""),
        ({"opponent": 1}, "matches", "1 opponent"),
        ({"opponent": 2, "field": 1}, "matches", "2 opponents and 1 conflict of matches"),
        ({"field": 1200}, "players", "1,200 conflicts of players"),
        ({"doubtful_link": 1}, "teams", "1 doubtful link of teams"),
        (counted(["field", "doubtful_link", "opponent", "field"]), "", "1 opponent, 1 doubtful link and 2 conflicts"),
    ],
)
def test_each_kind_has_its_noun(counts: dict[str, int], entity: str, said: str) -> None:
    assert in_words(counts, entity) == said


def test_the_history_of_an_earlier_version_has_their_number_alone() -> None:
    details = {"questions": 2, "new_questions": 1}
    assert in_words(waiting(details), "players") == "2 questions of players"
    assert in_words(asked(details)) == "1 question"
    assert (waiting({}), asked({})) == ({}, {})
