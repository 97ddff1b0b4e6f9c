"""Which seasons an account has, and what they are called here."""

from dataclasses import replace
from datetime import date

import pytest

from twizzit_pipeline.plan.places import find_season
from twizzit_pipeline.plan.rows import LocalSeason, WantedSeason
from twizzit_pipeline.runs.seasons import Kept, called, listed, of_rows, running, season_of, settle, today
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


JULY, JUNE = date(2026, 7, 1), date(2027, 6, 30)
AUGUST, NEXT_JULY = date(2026, 8, 1), date(2027, 7, 31)


def settled(seasons: list[Season], *kept: Kept) -> list[tuple[int | None, str]]:
    found = settle(listed(seasons, day=DAY, season_start="07-01"), kept)
    return [(row_id, season.label) for row_id, season in found]


def test_a_new_season_is_called_by_its_two_years() -> None:
    assert settled([Season("7", "Saison\u00a02026 – 2027", AUGUST, NEXT_JULY)]) == [(None, "2026-2027")]


def test_a_season_that_was_known_under_another_label_keeps_it() -> None:
    now = [Season("7", "2026-2027", JULY, JUNE)]
    assert settled(now, Kept(3, "Saison 2026-2027", "7", JULY, JUNE)) == [(3, "Saison 2026-2027")]
    assert settled(now, Kept(3, "2026/27", None, JULY, JUNE)) == [(3, "2026/27")]
    assert settled(now, Kept(3, "2026/27", "6", AUGUST, JUNE)) == [(3, "2026/27")], "it was made anew in Twizzit"


def test_the_season_that_was_computed_is_the_one_that_the_account_lists_later() -> None:
    computed = season_of(DAY, "07-01")
    kept = Kept(3, computed.label, None, computed.start_date, computed.end_date)
    assert settled([Season("7", "Saison 2026-2027", AUGUST, NEXT_JULY)], kept) == [(3, "2026-2027")]
    assert settled([], kept) == [(3, "2026-2027")], "an account without seasons computes it every time"


def test_a_label_that_no_partition_can_have_had_is_made_anew() -> None:
    kept = Kept(3, "Saison\u00a02026-2027", "7", JULY, JUNE)
    assert settled([Season("7", "Saison\u00a02026-2027", JULY, JUNE)], kept) == [(3, "2026-2027")]


def test_an_id_that_names_other_years_now_is_another_season() -> None:
    kept = Kept(3, "2025-2026", "7", None, None)
    assert settled([Season("7", "2026-2027", JULY, JUNE)], kept) == [(None, "2026-2027")]


def test_two_seasons_of_the_same_years_stay_two_and_keep_their_rows() -> None:
    both = [Season("7", "Indoor 2026-2027", AUGUST, JUNE), Season("8", "Outdoor 2026-2027", JULY, JUNE)]
    assert settled(both) == [(None, "Outdoor 2026-2027"), (None, "Indoor 2026-2027")]
    same = [Season("7", "2026-2027", JULY, JUNE), Season("8", "2026/27", AUGUST, JUNE)]
    assert settled(same) == [(None, "2026-2027"), (None, "2026-2027-8")]
    kept = (Kept(1, "2026-2027", "8", AUGUST, JUNE),)
    assert settled(same, *kept) == [(None, "2026-2027-7"), (1, "2026-2027")]


@pytest.mark.parametrize(
    ("label", "labels", "meant"),
    [
        ("2026-2027", ["Saison 2026-2027"], "Saison 2026-2027"),
        ("2026/27", ["2025-2026", "2026-2027"], "2026-2027"),
        ("Indoor 26-27", ["2026-2027", "Indoor 2026-2027"], "Indoor 2026-2027"),
        ("2026/27", [], "2026-2027"),
        ("Zaal", ["2026-2027"], "Zaal"),
    ],
)
def test_a_season_is_called_as_the_credential_calls_it(label: str, labels: list[str], meant: str) -> None:
    assert called(label, labels) == meant


@pytest.mark.parametrize(
    ("label", "start", "end", "found"),
    [
        ("2026-2027", AUGUST, NEXT_JULY, 1),
        ("Saison\u00a02026-2027", AUGUST, NEXT_JULY, 1),
        ("2026-27", JULY, JUNE, 1),
        ("Indoor 2026-2027", AUGUST, JUNE, 3),
        ("Zaal", AUGUST, JUNE, -1),
        ("Zaal", JULY, JUNE, 1),
        ("2026", AUGUST, NEXT_JULY, 1),
        ("2025/26", AUGUST, JUNE, 2),
        ("2027-2028", AUGUST, JUNE, -1),
    ],
)
def test_shotspots_season_is_found_by_the_years_and_then_by_the_dates(
    label: str, start: date, end: date, found: int
) -> None:
    local = [
        LocalSeason(1, "2026-2027", JULY, JUNE),
        LocalSeason(2, "Seizoen 2025-2026", date(2025, 7, 1), date(2026, 6, 30)),
        LocalSeason(3, "Indoor 2026-2027", date(2026, 11, 1), date(2027, 2, 28)),
    ]
    assert find_season(WantedSeason(label, start, end, True, False), local) == found


def test_a_season_of_shotspots_that_is_called_as_another_one_of_the_account_is_not_found_by_its_dates() -> None:
    local = [LocalSeason(1, "Outdoor 2026-2027", JULY, JUNE), LocalSeason(2, "Huidig seizoen", JULY, JUNE)]
    indoor = WantedSeason("Indoor 2026-2027", JULY, JUNE, True, False)

    assert find_season(indoor, local[:1]) == 1  # of another club's account, which calls it so
    listed_too = replace(indoor, others=frozenset({"2026-2027 outdoor"}))
    assert find_season(listed_too, local[:1]) == -1
    assert find_season(listed_too, local) == 2


FIRST = (1, "2025-2026", "a", date(2025, 7, 1), date(2026, 6, 30), None)
SECOND = (2, "2026-2027", "b", date(2026, 7, 1), date(2027, 6, 30), None)


@pytest.mark.parametrize(
    ("day", "label"),
    [
        (date(2025, 7, 1), "2025-2026"),
        (date(2026, 6, 30), "2025-2026"),
        (date(2026, 7, 1), "2026-2027"),
        (date(2027, 6, 30), "2026-2027"),
        (date(2027, 7, 1), "2026-2027"),  # all are over: the last
    ],
)
def test_a_season_runs_from_its_first_day_to_its_last(day: date, label: str) -> None:
    assert running(of_rows([SECOND, FIRST], "07-01"), day) == label


@pytest.mark.parametrize(("day", "believed"), [(date(2026, 10, 2), False), (date(2026, 10, 3), True)])
def test_a_season_that_is_not_listed_gives_way_on_the_second_day_where_another_runs(day: date, believed: bool) -> None:
    copy = (3, "2026-2027 kopie", "c", date(2026, 9, 1), date(2027, 6, 30), date(2026, 10, 1))
    assert running(of_rows([SECOND, copy], "07-01"), day) == ("2026-2027" if believed else "2026-2027 kopie")
    assert running(of_rows([FIRST, copy], "07-01"), day) == "2026-2027 kopie", "the other one is over"


@pytest.mark.parametrize(
    ("start", "end"),
    [(None, None), (date(2026, 8, 1), None), (None, date(2027, 5, 1)), (date(2027, 5, 1), date(2026, 8, 1))],
)
def test_dates_that_are_left_out_or_impossible_follow_from_the_label(start: date | None, end: date | None) -> None:
    (season,) = of_rows([(1, "2026-2027", None, start, end, None)], "08-15")
    assert (season.start_date, season.end_date) == (date(2026, 8, 15), date(2027, 8, 14))
    (of_a_day,) = of_rows([(1, "Beker", None, date(2026, 8, 1), date(2026, 8, 1), None)], "08-15")
    assert (of_a_day.start_date, of_a_day.end_date) == (date(2026, 8, 1), date(2026, 8, 1))
    (without_years,) = of_rows([(1, "Zomer", None, None, None, None)], "07-01")
    assert without_years.runs(today())
