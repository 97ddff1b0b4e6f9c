"""A match under another id in Twizzit: the same game of ShotSpot's where the same teams meet at the same time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.memory_calendar import MemoryCalendar
from tests.support.memory_shotspot import CLUB, OLDER, OTHER_CLUB, SEASON
from twizzit_pipeline.plan import Plan, Question
from twizzit_pipeline.plan.competitions import plan_competitions
from twizzit_pipeline.plan.decisions import Decisions, OpenQuestion
from twizzit_pipeline.plan.departed import Departure, Departures, Missing
from twizzit_pipeline.plan.matches import plan_matches
from twizzit_pipeline.plan.ownership import current_mapping
from twizzit_pipeline.plan.rows import RemoteCompetition, RemoteMatch
from twizzit_pipeline.policies import Policies, Policy

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def match(id_: str, away: str = "Korfbal Leie U15", starts_at: datetime = NOON, **said: object) -> RemoteMatch:
    made = RemoteMatch(id_, None, "1", "U15", None, away, starts_at, "scheduled", None, None)
    return replace(made, **said)  # type: ignore[arg-type]


@pytest.fixture
def calendar() -> MemoryCalendar:
    """A club whose team has one match."""
    made = MemoryCalendar()
    made.add_own_team(CLUB, "1", "U15")
    made.add_own_team(CLUB, "2", "U17")
    sync(made, match("100"))
    return made


def planned(calendar: MemoryCalendar, *matches: RemoteMatch, departures: Departures | None = None) -> Plan:
    state = calendar.match_state(list(matches))
    return plan_matches(state if departures is None else replace(state, departures=departures))


def sync(calendar: MemoryCalendar, *matches: RemoteMatch, departures: Departures | None = None) -> Plan:
    plan = planned(calendar, *matches, departures=departures)
    calendar.apply(plan)
    return plan


def ids(calendar: MemoryCalendar) -> dict[str, int]:
    return {one.twizzit_id: one.local_id for one in calendar.mappings["matches"].values()}


def gone(calendar: MemoryCalendar, departure: Departure | None = None) -> Departures:
    """The match 100 is missing, and proved to be gone."""
    (mapping,) = (one for one in calendar.mappings["matches"].values() if one.twizzit_id == "100")
    missing = Missing("100", 1, mapping.id, current_mapping(mapping), {"status": "scheduled"}, (1, 2), departure)
    unlisted = {} if departure is None else {"100": departure}
    return Departures([missing], {"100": "gone"}, active={1: 99, 2: 99}, unlisted=unlisted)


def test_its_game_stays_and_its_mapping_goes_over(calendar: MemoryCalendar) -> None:
    game = calendar.games[1]
    plan = sync(calendar, match("900"))
    (change,) = plan.changes
    assert (change.action, change.row_id, change.changed) == ("update", 1, {})
    assert (change.mapping_before["remote_id"], (change.mapping or {})["remote_id"]) == ("100", "900")
    assert (plan.warned, plan.failed, calendar.games) == ([], [], {1: game})
    assert ids(calendar) == {"900": 1}
    assert planned(calendar, match("900")).changes == []


def test_a_result_and_the_id_of_the_game_are_kept_and_a_new_result_is_written(calendar: MemoryCalendar) -> None:
    calendar.games[1] = replace(calendar.games[1], home_score=3, away_score=2)  # typed in ShotSpot
    sync(calendar, match("900"))
    assert (calendar.games[1].home_score, calendar.games[1].away_score) == (3, 2)
    sync(calendar, match("901", status="completed", home_score=9, away_score=8))
    assert (len(calendar.games), ids(calendar)) == (1, {"901": 1})
    assert (calendar.games[1].status, calendar.games[1].home_score) == ("completed", 9)


def test_what_is_asked_about_it_is_asked_under_its_new_id(calendar: MemoryCalendar) -> None:
    """Both sides had moved it to another day: ShotSpot's stays until a person decides, as before."""
    typed, said = NOON + timedelta(days=1), NOON + timedelta(days=2)
    calendar.games[1] = replace(calendar.games[1], date=typed)
    (mapping,) = calendar.mappings["matches"].values()
    base = {**(mapping.last_values or {}), "starts_at": said.isoformat()}
    calendar.mappings["matches"][mapping.id] = replace(mapping, last_values=base)
    words: dict[str, Any] = {"base": NOON.isoformat(), "local": typed.isoformat(), "remote": said.isoformat()}
    asked = OpenQuestion(7, "field", "100", "date", 1, **words)

    def plan(policy: Policy, remote: RemoteMatch) -> Plan:
        state = calendar.match_state([remote])
        return plan_matches(replace(state, decisions=Decisions(Policies(policy), [asked])))

    gone_over = plan("ask", match("900", starts_at=said))
    assert [one.changed for one in gone_over.changes] == [{}]
    assert list(gone_over.questions) == [Question("field", "900", "date", 1, **words)]
    assert gone_over.settled == {7: "row_gone"}
    assert plan("ask", match("100", starts_at=said)).settled == {}
    decided = plan("twizzit", match("900", starts_at=said))
    assert ([one.changed for one in decided.changes], decided.questions) == ([{"date": said}], [])
    assert decided.settled == {7: "other_policy"}
    calendar.games[1] = replace(calendar.games[1], has_events=True)
    assert plan("ask", match("900", starts_at=said)).settled == {7: "row_gone"}


def test_a_team_that_is_made_anew_as_well_has_its_matches_once(calendar: MemoryCalendar) -> None:
    calendar.own["9"] = calendar.own.pop("1")
    sync(calendar, match("900", home_team_id="9"))
    assert (len(calendar.games), ids(calendar)) == (1, {"900": 1})


@pytest.mark.parametrize("status", ["in_progress", "completed"])
def test_a_game_that_is_played_keeps_everything(calendar: MemoryCalendar, status: str) -> None:
    calendar.games[1] = replace(calendar.games[1], status=status, has_events=True, home_score=5)
    game = calendar.games[1]
    sync(calendar, match("900"))
    assert (calendar.games, ids(calendar)) == ({1: game}, {"900": 1})


@pytest.mark.parametrize(
    "other",
    [
        match("900", starts_at=NOON + timedelta(minutes=30)),
        match("900", away="Korfbal Maas U15"),
        match("900", home_team_id="2", home_name="U17"),
    ],
    ids=["another time", "another opponent", "another team"],
)
def test_another_match_is_a_game_of_its_own(calendar: MemoryCalendar, other: RemoteMatch) -> None:
    plan = sync(calendar, other)
    assert set(ids(calendar)) == {"100", "900"}
    assert len(set(ids(calendar).values())) == 2
    assert [(one.twizzit_id, one.reason) for one in plan.warned] == [("100", "vanished")]


def test_a_match_that_is_listed_still_keeps_its_game(calendar: MemoryCalendar) -> None:
    sync(calendar, match("100"), match("900"))
    assert ids(calendar)["100"] == 1 != ids(calendar)["900"]


def test_two_that_are_new_at_once_take_none(calendar: MemoryCalendar) -> None:
    plan = sync(calendar, match("900"), match("901"))
    assert ids(calendar)["100"] == 1
    assert [one.reason for one in plan.warned] == ["vanished"]


def test_a_mapping_of_another_credential_or_season_is_left_alone(calendar: MemoryCalendar) -> None:
    (mapping,) = calendar.mappings["matches"].values()
    for other in (
        replace(mapping, credential_id=OTHER_CLUB.credential_id),
        replace(mapping, last_values={**(mapping.last_values or {}), "season": OLDER.label}),
    ):
        calendar.mappings["matches"] = {mapping.id: other}
        (change,) = [one for one in planned(calendar, match("900")).changes if one.table == "games"]
        assert change.action == "create"


def test_one_that_waits_to_be_cancelled_is_not_and_its_departure_is_over(calendar: MemoryCalendar) -> None:
    departure = Departure(7, "100", 1, "gone", "waiting", proved_at=NOON)
    plan = sync(calendar, match("900"), departures=gone(calendar, departure))
    assert [one.action for one in plan.changes] == ["update"]
    assert [(one.id, one.status, one.returned) for one in plan.departures] == [(7, "returned", True)]
    assert (plan.waiting, plan.held, calendar.games[1].status) == ([], [], "scheduled")


def test_one_that_was_just_missed_leaves_no_trace(calendar: MemoryCalendar) -> None:
    assert sync(calendar, match("900"), departures=gone(calendar)).departures == []


def test_one_that_was_cancelled_for_it_is_played_again(calendar: MemoryCalendar) -> None:
    departure = Departure(7, "100", 1, "gone", "waiting", proved_at=NOON)
    sync(calendar, departures=gone(calendar, departure))
    assert calendar.games[1].status == "cancelled"
    applied = replace(departure, status="applied")
    plan = sync(calendar, match("900"), departures=Departures(unlisted={"100": applied}))
    assert [one.action for one in plan.changes] == ["return"]
    assert [(one.id, one.status) for one in plan.departures] == [(7, "returned")]
    assert (calendar.games[1].status, ids(calendar)) == ("scheduled", {"900": 1})


LATER = NOON + timedelta(days=8)


@pytest.fixture
def of_competition(calendar: MemoryCalendar) -> MemoryCalendar:
    """The match is of a competition."""
    first, last = SEASON.start_date, SEASON.end_date
    listed = [RemoteCompetition(id_, f"Reeks {id_}", "league", first, last) for id_ in ("5", "6")]
    calendar.apply(plan_competitions(calendar.competition_state(listed)))
    sync(calendar, in_competition("100"))
    return calendar


def in_competition(id_: str, starts_at: datetime = NOON, **said: Any) -> RemoteMatch:
    return match(id_, starts_at=starts_at, **{"competition_id": "5"} | said)


def test_one_that_has_moved_as_well_keeps_its_game_where_the_earlier_id_is_proved_gone(
    of_competition: MemoryCalendar,
) -> None:
    plan = sync(of_competition, in_competition("900", LATER), departures=gone(of_competition))
    (change,) = plan.changes
    assert (change.action, change.row_id, change.changed) == ("update", 1, {"date": LATER})
    assert (ids(of_competition), len(of_competition.games)) == ({"900": 1}, 1)
    assert (plan.news["moved"], plan.warned, plan.departures, plan.waiting) == (("900",), [], [], [])
    assert planned(of_competition, in_competition("900", LATER)).changes == []


def test_a_day_that_a_person_moved_it_to_is_asked_about_as_ever(of_competition: MemoryCalendar) -> None:
    typed = NOON + timedelta(days=1)
    of_competition.games[1] = replace(of_competition.games[1], date=typed)
    state = of_competition.match_state([in_competition("900", LATER)])
    policies = Decisions(Policies("ask"))
    plan = plan_matches(replace(state, departures=gone(of_competition), decisions=policies))
    assert [(one.twizzit_id, one.column, one.local_id) for one in plan.questions] == [("900", "date", 1)]
    assert [one.changed for one in plan.changes] == [{}]


@pytest.mark.parametrize(
    "others",
    [
        (in_competition("900", LATER), in_competition("901", LATER + timedelta(days=1))),
        (in_competition("900", LATER, competition_id=None),),
        (in_competition("900", LATER, competition_id="6"),),
        (in_competition("900", LATER, away_name="Korfbal Maas U15"),),
        (
            in_competition(
                "900", LATER, home_team_id=None, home_name="Korfbal Leie U15", away_team_id="1", away_name="U15"
            ),
        ),
    ],
    ids=["two that are new", "no competition", "another competition", "another opponent", "the return match"],
)
def test_one_that_may_be_another_match_is_a_game_of_its_own(
    of_competition: MemoryCalendar, others: tuple[RemoteMatch, ...]
) -> None:
    plan = sync(of_competition, *others, departures=gone(of_competition))
    assert ids(of_competition)["100"] == 1
    assert (of_competition.games[1].date, plan.made("games"), plan.waiting) == (NOON, len(others), ["100"])


def test_of_two_that_are_gone_none_is_taken(of_competition: MemoryCalendar) -> None:
    sync(of_competition, in_competition("100"), in_competition("101", NOON + timedelta(days=1)))
    both = replace(gone(of_competition), kinds={"100": "gone", "101": "gone"})
    assert sync(of_competition, in_competition("900", LATER), departures=both).made("games") == 1


@pytest.mark.parametrize(
    "changed", [{"status": "completed"}, {"status": "cancelled"}, {"has_events": True}, {"status": "in_progress"}]
)
def test_a_game_that_is_not_to_be_played_any_more_does_not_move(
    of_competition: MemoryCalendar, changed: dict[str, Any]
) -> None:
    of_competition.games[1] = replace(of_competition.games[1], **changed)
    assert sync(of_competition, in_competition("900", LATER), departures=gone(of_competition)).made("games") == 1
    assert of_competition.games[1].date == NOON


@pytest.mark.parametrize("kinds", [{}, {"100": "unproved"}])
def test_without_proof_it_does_not_move(of_competition: MemoryCalendar, kinds: Any) -> None:
    departures = replace(gone(of_competition), kinds=kinds, missing=[])
    assert sync(of_competition, in_competition("900", LATER), departures=departures).made("games") == 1


def test_one_at_the_same_time_comes_first(of_competition: MemoryCalendar) -> None:
    plan = sync(of_competition, in_competition("900"), in_competition("901", LATER), departures=gone(of_competition))
    assert (ids(of_competition)["900"], plan.made("games")) == (1, 1)


def test_a_cancellation_that_was_undone_is_over_once_the_match_is_listed(calendar: MemoryCalendar) -> None:
    departure = Departure(5, "100", 1, "gone", "applied", {"status": "scheduled"})
    plan = planned(calendar, match("100"), departures=Departures(back={"100": departure}))
    assert (plan.changes, [(one.id, one.status) for one in plan.departures]) == ([], [(5, "returned")])


def test_one_that_was_cancelled_for_want_of_its_match_has_the_status_of_before(calendar: MemoryCalendar) -> None:
    calendar.games[1] = replace(calendar.games[1], status="to_reschedule")
    sync(calendar, departures=gone(calendar, Departure(5, "100", 1, "gone", "approved")))
    assert calendar.games[1].status == "cancelled"
    departure = Departure(5, "100", 1, "gone", "applied", {"status": "to_reschedule"})
    sync(calendar, match("900"), departures=Departures(unlisted={"100": departure}))
    assert (calendar.games[1].status, ids(calendar)) == ("to_reschedule", {"900": 1})
