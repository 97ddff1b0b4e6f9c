"""Which seasons an account has, and what they are called here."""

from datetime import date

import pytest

from twizzit_pipeline.sync.seasons import listed, season_of
from twizzit_pipeline.twizzit.records import Season

DAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("day", "label"),
    [(date(2026, 6, 30), "2025-2026"), (date(2026, 7, 1), "2026-2027"), (date(2027, 1, 1), "2026-2027")],
)
def test_a_season_runs_from_july(day: date, label: str) -> None:
    assert season_of(day, "07-01").label == label


def test_the_running_season_has_both_its_ends() -> None:
    season = season_of(DAY, "08-15")
    assert (season.start_date, season.end_date) == (date(2026, 8, 15), date(2027, 8, 14))


def test_an_account_without_seasons_has_the_running_one() -> None:
    assert [season.label for season in listed([], day=DAY, season_start="07-01")] == ["2026-2027"]


def test_labels_can_be_keys_of_partitions() -> None:
    raw = Season("1", "26|27, [indoor]... \n", date(2026, 7, 1), None)
    (season,) = listed([raw], day=DAY, season_start="07-01")
    assert not set(season.label) & set("|,[]\n")
    assert "..." not in season.label


def test_two_seasons_of_one_label_stay_apart() -> None:
    seasons = [Season(str(i), "2026-2027", date(2026, 7, i), None) for i in (1, 2)]
    assert [season.label for season in listed(seasons, day=DAY, season_start="07-01")] == ["2026-2027", "2026-2027-2"]


def test_a_long_label_is_cut() -> None:
    (season,) = listed([Season("1", "x" * 80, None, None)], day=DAY, season_start="07-01")
    assert len(season.label) == 50
