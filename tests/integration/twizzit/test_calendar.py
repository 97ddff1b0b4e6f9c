"""The calendar read over real HTTP: exactly what is true, in both dialects, after any change."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from tests.integration.twizzit.test_truth import client_of
from twizzit_pipeline.contracts.matches import check_matches
from twizzit_pipeline.simulator import Organization, SimulatorServer
from twizzit_pipeline.simulator.calendar_truth import CalendarTruth, calendar_truth
from twizzit_pipeline.simulator.quirks import QUIRKS, Quirk
from twizzit_pipeline.transform.matches import matches_frame
from twizzit_pipeline.transform.names import normalised_name
from twizzit_pipeline.twizzit.records import Calendar, Season

SMALL = {"clubs": 2, "teams": 4, "players_per_team": 3, "other_contacts": 2, "today": date(2026, 11, 23)}
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
# With these an account answers about its calendar as without them, in both dialects; and with the others in v1.
ELSEWHERE: frozenset[Quirk] = frozenset(
    {
        *("many_team_types", "odd_function", "old_seasons_in_rosters", "relation_ids", "youth_functions"),
        *("session_ends_403", "empty_204", "empty_404"),
    }
)
OF_V2: frozenset[Quirk] = frozenset(
    {
        *("both_sides_in_groups", "opponent_first", "kebab_event_groups", "string_home_flag", "score_objects"),
        *("hand_written_names", "several_match_types", "tournament_names", "low_cap"),
    }
)
HABITS = [
    *(("v1", one) for one in [*QUIRKS, "all"] if one not in ELSEWHERE | OF_V2),
    *(("v2", one) for one in [*QUIRKS, "all"] if one not in ELSEWHERE | {"season_labels"}),
]


def season_of(server: SimulatorServer) -> Season:
    season = server.world.running_season
    return Season(str(season.id), season.label, season.start, season.end)


def read(server: SimulatorServer, organization: Organization, dialect: str) -> Calendar:
    with client_of(server, organization, dialect=dialect) as client:
        return client.calendar(season_of(server))


def assert_true(calendar: Calendar, truth: CalendarTruth) -> None:
    assert {one.id: one.name for one in calendar.competitions} == truth.competitions
    frame = matches_frame(calendar.matches, now=NOW)
    season = {"season_start": date(2026, 7, 1), "season_end": date(2027, 6, 30)}
    checked = check_matches(frame, **season)
    assert checked.rejected_ids == truth.rejected
    assert {one.twizzit_id: one.rule for one in checked.set_aside} == truth.set_aside
    assert checked.warned("score_readable") == truth.unread_scores
    assert checked.warned("status_known") == truth.unknown_statuses
    assert checked.warned("hour_known") == {id_ for id_, match in truth.matches.items() if not match.hour_known}
    rows = checked.valid.astype(object).to_dict("records")
    assert len(rows) == len(truth.matches)
    for row in rows:
        true = truth.matches[row["twizzit_match_id"]]
        own, other = ("home", "away") if true.is_home else ("away", "home")
        assert row[f"{own}_team_id"] == true.own_team_id
        assert _known(row[f"{other}_team_id"]) == true.other_team_id
        assert normalised_name(row[f"{other}_name"]) == normalised_name(true.opponent)
        assert row["starts_at"].to_pydatetime() == true.starts_at
        assert row["status"] == true.status
        assert [_known(row["home_score"]), _known(row["away_score"])] == list(true.score or (None, None))
        assert _known(row["twizzit_competition_id"]) == true.competition_id


def _known(value: Any) -> Any:
    return None if pd.isna(value) else value


@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_the_calendar_is_the_simulators(simulate: Callable[..., SimulatorServer], dialect: str) -> None:
    server = simulate(**SMALL)
    for organization in server.world.organizations:
        truth = calendar_truth(server.world, organization, friendlies=dialect == "v2")
        assert_true(read(server, organization, dialect), truth)
    statuses = {match.status for match in truth.matches.values()}
    assert statuses == {"scheduled", "completed", "cancelled", "to_reschedule"}


@pytest.mark.parametrize(("dialect", "quirk"), HABITS)
def test_the_calendar_is_the_simulators_whatever_the_habits_of_the_account(
    simulate: Callable[..., SimulatorServer], dialect: str, quirk: str
) -> None:
    clubs = SMALL["clubs"] if quirk == "all" else 1
    server = simulate(**{**SMALL, "clubs": clubs}, quirks=frozenset(QUIRKS if quirk == "all" else {quirk}))
    for organization in server.world.organizations:
        truth = calendar_truth(server.world, organization, friendlies=dialect == "v2", now=NOW)
        calendar = read(server, organization, dialect)
        assert_true(calendar, truth)
        assert not calendar.set_aside


def test_quirks_at_a_federation(simulate: Callable[..., SimulatorServer]) -> None:
    server = simulate(**SMALL, federation=True, federation_clubs=3, federation_contacts=60, quirks=frozenset(QUIRKS))
    organization = server.world.organizations[-1]
    assert_true(read(server, organization, "v2"), calendar_truth(server.world, organization, now=NOW))


def test_an_account_that_ignores_the_type_brings_no_trainings(simulate: Callable[..., SimulatorServer]) -> None:
    server = simulate(**SMALL, ignored_filters=frozenset({"event-types[]"}))
    organization = server.world.organizations[0]
    assert_true(read(server, organization, "v2"), calendar_truth(server.world, organization))


def test_matches_are_played_on_both_days_on_which_clocks_change(simulate: Callable[..., SimulatorServer]) -> None:
    server = simulate(**SMALL)
    matches = calendar_truth(server.world, server.world.organizations[0]).matches.values()
    local_hours = {
        day: {match.starts_at.hour for match in matches if match.starts_at.date() == day}
        for day in (date(2026, 10, 25), date(2027, 3, 28))
    }
    assert all(local_hours.values())
    assert local_hours[date(2026, 10, 25)] <= {12, 14, 16}  # winter time: an hour less than the local 13, 15, 17
    assert local_hours[date(2027, 3, 28)] <= {11, 13, 15}


@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_what_changes_is_read(simulate: Callable[..., SimulatorServer], dialect: str) -> None:
    server = simulate(**SMALL)
    organization = server.world.organizations[0]
    before = calendar_truth(server.world, organization).matches
    moved, cancelled, postponed, finished, removed = _coming(before.items(), 5)
    server.changes.move_match(int(moved), "2027-04-01 20:00")
    server.changes.cancel_match(int(cancelled))
    server.changes.postpone_match(int(postponed))
    server.changes.finish_match(int(finished), 12, 9)
    server.changes.remove_match(int(removed))
    truth = calendar_truth(server.world, organization, friendlies=dialect == "v2")
    assert removed not in truth.matches
    assert truth.matches[moved].starts_at == datetime(2027, 4, 1, 18, tzinfo=UTC)
    with pytest.raises(KeyError):
        server.changes.cancel_match(1)
    calendar = read(server, organization, dialect)
    rows = matches_frame(calendar.matches, now=NOW + timedelta(days=365)).set_index("twizzit_match_id")
    assert list(rows.loc[[moved, cancelled, postponed, finished], "status"]) == [
        "scheduled",
        "cancelled",
        "to_reschedule",
        "completed",
    ]
    assert list(rows.loc[finished, ["home_score", "away_score"]]) == [12, 9]
    assert removed not in rows.index


def _coming(matches: Iterable[tuple[str, object]], count: int) -> list[str]:
    coming = [id_ for id_, match in matches if getattr(match, "status", None) == "scheduled"]
    return coming[:count]
