"""Words of the account that are not known are counted, kept short, and read again, the most frequent first."""

from twizzit_pipeline.sync.unknown_words import UnknownWord, as_details, unknown_words_of


def test_words_are_counted_the_most_frequent_first() -> None:
    details = as_details("statuses", ["Nog te homologeren", "WO", " Nog  te homologeren", None, " "])
    assert details == {"unknown_words": {"statuses": {"Nog te homologeren": 2, "WO": 1}}}
    assert unknown_words_of(details) == [
        UnknownWord("statuses", "Nog te homologeren", 2),
        UnknownWord("statuses", "WO", 1),
    ]


def test_without_such_words_nothing_is_kept() -> None:
    assert as_details("functions", [None, ""]) == {}
    assert unknown_words_of({}) == []


def test_an_account_that_has_a_word_of_its_own_for_each_row_fills_no_history() -> None:
    details = as_details("functions", [f"{number} {'x' * 200}" for number in range(1000)])
    words = unknown_words_of(details)
    assert len(words) == 20
    assert max(len(one.word) for one in words) == 60
