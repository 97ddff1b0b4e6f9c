"""Columns, values, days and syncs as people read them."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from twizzit_pipeline.http_api.pages import moments
from twizzit_pipeline.http_api.pages.reasons import reason_of
from twizzit_pipeline.http_api.pages.syncs import by_run
from twizzit_pipeline.http_api.pages.texts import texts_of
from twizzit_pipeline.http_api.pages.values import Field, fields_of
from twizzit_pipeline.runs.history import HistoryRow
from twizzit_pipeline.storage.ends_of_time import FIRST_DAY, LAST_MOMENT

DUTCH, ENGLISH = texts_of("nl"), texts_of("en")
NAMES = {("team_id", 3): "U19 1", ("team_id", 4): "Senioren 1"}


def test_a_changed_row_shows_what_it_was_and_is() -> None:
    before = {
        "team_id": 3,
        "is_active": True,
        "gender": "male",
        "jersey_number": None,
        "date": "2026-12-12T12:00:00+00:00",
    }
    after = {
        "team_id": 4,
        "is_active": False,
        "gender": "female",
        "jersey_number": 7,
        "date": "2026-12-13T12:00:00+00:00",
    }
    assert fields_of(before, after, NAMES, DUTCH) == [
        Field("Ploeg", "U19 1", "Senioren 1"),
        Field("Actief", "ja", "nee"),
        Field("Geslacht", "man", "vrouw"),
        Field("Rugnummer", "–", "7"),
        Field("Begin", "za 12 dec 2026, 13:00", "zo 13 dec 2026, 13:00"),
    ]


def test_a_new_row_shows_what_it_holds_and_one_that_is_gone_what_it_held() -> None:
    row = {"first_name": "Ann", "jersey_number": None, "team_id": 99, "created_at": "x", "odd_column": "<b>"}
    shown = [("First name", "Ann"), ("Team", "99"), ("odd column", "<b>")]
    assert fields_of(None, row, NAMES, ENGLISH) == [Field(name, None, value) for name, value in shown]
    assert fields_of(row, None, NAMES, ENGLISH) == [Field(name, value, None) for name, value in shown]
    assert fields_of(None, None, NAMES, ENGLISH) == []


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ("infinity", "no real day (infinity, or after the year 9999)"),
        ("-infinity", "no real day (minus infinity, or before the year 1)"),
        (LAST_MOMENT.isoformat(), "no real day (infinity, or after the year 9999)"),
        (FIRST_DAY.isoformat(), "no real day (minus infinity, or before the year 1)"),
        ("9998-12-29T00:00:00+00:00", "Tue 29 Dec 9998, 01:00"),
    ],
)
def test_a_day_that_no_calendar_has_is_said_in_words(odd: str, said: str) -> None:
    assert fields_of({"date": odd}, {"date": "2026-12-12"}, {}, ENGLISH)[0].before == said


@pytest.mark.parametrize("odd", ["yesterday", "9999-99-99", "9999-12-31T23:30:00+00:00", ""])
def test_a_time_that_is_none_stays_as_it_is(odd: str) -> None:
    assert fields_of({"date": odd}, {"date": "2026-12-12"}, {}, ENGLISH)[0].before == (odd or "–")


def test_times_are_those_of_belgian_clocks_in_summer_and_winter() -> None:
    assert moments.moment(datetime(2026, 7, 1, 22, 30, tzinfo=UTC), ENGLISH) == "Thu 2 Jul 2026, 00:30"
    assert moments.moment(datetime(2026, 12, 31, 23, 30), ENGLISH) == "Fri 1 Jan 2027, 00:30"  # noqa: DTZ001
    assert moments.day(date(2026, 3, 1), DUTCH) == "zo 1 mrt 2026"


@pytest.mark.parametrize(
    ("minutes", "said"), [(5, "5 minuten"), (60, "1 uur"), (90, "90 minuten"), (1440, "1 dag"), (2880, "2 dagen")]
)
def test_a_length_is_said_in_the_largest_unit_that_fits(minutes: int, said: str) -> None:
    assert moments.length(minutes, DUTCH) == said


def test_a_reason_is_said_of_its_entity_with_the_accounts_own_word() -> None:
    assert reason_of(DUTCH, "players", "last_name_length") == "de achternaam is langer dan 50 letters"
    assert reason_of(ENGLISH, "matches", "team_not_mapped") != reason_of(ENGLISH, "players", "team_not_mapped")
    assert reason_of(DUTCH, "players", "not_a_player: Trainer") == "geen functie van een speler (“Trainer”)"
    assert reason_of(texts_of("fr"), "players", "not_a_player: Coach").endswith(
        "joueur («\N{NO-BREAK SPACE}Coach\N{NO-BREAK SPACE}»)"
    )
    assert reason_of(DUTCH, "players", "a_reason_to_come") == "a reason to come"


def test_rows_of_a_run_are_one_sync_with_the_worst_status() -> None:
    rows = [_row(4, "b", "success"), _row(3, "b", "partial_success"), _row(2, None, "odd"), _row(1, None, "failed")]
    found = by_run(rows, {4: 2, 3: 5})
    assert [(one.id, one.status, one.changes) for one in found] == [
        (3, "partial_success", 7),
        (2, "odd", 0),
        (1, "failed", 0),
    ]


def test_what_a_person_decided_or_undid_is_no_sync() -> None:
    decided, undone = _row(3, "d", "success", "decision"), _row(2, "u", "success", "undo")
    stopped = [_row(5, "s", "success"), replace(_row(4, "s", "success"), details={"plan_waits": 7})]
    found = by_run([*stopped, decided, undone], {})
    assert [(one.kind, one.stopped_at) for one in found] == [("sync", 7), ("decision", None), ("undo", None)]


def _row(number: int, run_id: str | None, status: str, direction: str = "import") -> HistoryRow:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return HistoryRow(number, 1, "teams", direction, status, 0, 0, 0, None, now, now, run_id, {})
