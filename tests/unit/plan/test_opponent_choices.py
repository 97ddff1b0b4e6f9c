"""Opponents whose name several clubs or teams of ShotSpot have: what is asked, and what an answer does."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.memory_calendar import MemoryCalendar
from tests.support.memory_shotspot import CLUB, SEASON
from twizzit_pipeline.plan import Aside, Plan, Question
from twizzit_pipeline.plan.decisions import Decisions, OpenQuestion
from twizzit_pipeline.plan.matches import plan_matches
from twizzit_pipeline.plan.opponent_choices import OpponentChoice, OpponentKey, club_doubt, team_doubt
from twizzit_pipeline.plan.rows import LocalClub, LocalTeam, RemoteMatch

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOORD: OpponentKey = ("club_id", "koninklijke korfbalclub noord")
U15: OpponentKey = ("team_id", f"{SEASON.label}: kc leuven u15 1")
Choices = Mapping[OpponentKey, OpponentChoice]


def matches(*names: str, own: str = "1") -> list[RemoteMatch]:
    days = [NOON + timedelta(days=i) for i in range(len(names))]
    return [
        RemoteMatch(str(100 + i), None, own, "Ours", None, name, day, "scheduled", None, None)
        for i, (name, day) in enumerate(zip(names, days, strict=True))
    ]


@pytest.fixture
def calendar() -> MemoryCalendar:
    """The own club is 1; KC Noord and KKC Noord share a name, and so do two teams of KC Leuven."""
    made = MemoryCalendar()
    made.add_own_team(CLUB, "1", "Senioren 1")
    made.clubs |= {7: LocalClub(7, "KC Noord"), 8: LocalClub(8, "KKC Noord"), 9: LocalClub(9, "KC Leuven")}
    made.teams |= {70: LocalTeam(70, 9, "U15 1", None, None, 1, True, False)}
    made.teams |= {71: LocalTeam(71, 9, "KC Leuven U15 1", None, None, 1, True, False)}
    return made


def plan_of(calendar: MemoryCalendar, *names: str, opponents: Choices | None = None, **decided: Any) -> Plan:
    state = calendar.match_state(matches(*names))
    return plan_matches(replace(state, decisions=Decisions(opponents=opponents or {}, **decided)))


def opponents(calendar: MemoryCalendar) -> list[tuple[int, int | None]]:
    return [(game.away_club_id, game.away_team_id) for game in calendar.games.values()]


def waits(one: Question, question_id: int = 5, **changed: Any) -> OpenQuestion:
    asked = OpenQuestion(
        question_id, one.kind, one.twizzit_id, one.column, remote=one.remote, candidates=one.candidates
    )
    return replace(asked, **changed)


def test_one_question_is_about_all_matches_against_a_club(calendar: MemoryCalendar) -> None:
    plan = plan_of(calendar, "Koninklijke Korfbalclub Noord 1", "Koninklijke Korfbalclub Noord U13 2")
    said = {
        "name": "Koninklijke Korfbalclub Noord",
        "season": SEASON.label,
        "match": "Ours - Koninklijke Korfbalclub Noord 1",
    }
    assert plan.questions == [Question("opponent", NOORD[1], "club_id", remote=said, candidates=(7, 8))]
    assert [(item.twizzit_id, item.local_ids) for item in plan.failed] == [("100", (7, 8)), ("101", (7, 8))]
    assert plan.changes == []


def test_the_club_that_was_chosen_is_the_opponent_of_each_of_them(calendar: MemoryCalendar) -> None:
    names = "Koninklijke Korfbalclub Noord 1", "Koninklijke Korfbalclub Noord U13 2"
    plan = plan_of(calendar, *names, opponents={NOORD: OpponentChoice((7, 8), 8)})
    calendar.apply(plan)
    assert (plan.failed, plan.questions) == ([], [])
    assert [club_id for club_id, _ in opponents(calendar)] == [8, 8]
    assert plan_of(calendar, *names, opponents={NOORD: OpponentChoice((7, 8), 8)}).changes == []
    assert plan_of(calendar, *names).changes == []  # what the games remember counts without it


def test_another_club_of_that_name_is_asked_about_anew(calendar: MemoryCalendar) -> None:
    calendar.clubs[10] = LocalClub(10, "K.K.C. Noord")
    chosen = {NOORD: OpponentChoice((7, 8), 8)}
    plan = plan_of(calendar, "Koninklijke Korfbalclub Noord 1", opponents=chosen)
    assert [one.candidates for one in plan.questions] == [(7, 8, 10)]
    del calendar.clubs[10]
    assert plan_of(calendar, "Koninklijke Korfbalclub Noord 1", opponents=chosen).questions == []


def test_where_the_chosen_club_is_gone_the_others_are_asked_about(calendar: MemoryCalendar) -> None:
    calendar.clubs[10] = LocalClub(10, "K.K.C. Noord")
    del calendar.clubs[8]
    plan = plan_of(calendar, "Koninklijke Korfbalclub Noord 1", opponents={NOORD: OpponentChoice((7, 8, 10), 8)})
    assert [one.candidates for one in plan.questions] == [(7, 10)]


def test_a_club_is_made_once_and_is_the_opponent_from_then_on(calendar: MemoryCalendar) -> None:
    names = "Koninklijke Korfbalclub Noord 1", "Koninklijke Korfbalclub Noord U13 2"
    calendar.apply(plan_of(calendar, *names, opponents={NOORD: OpponentChoice((7, 8), None, is_made=True)}))
    assert {club_id for club_id, _ in opponents(calendar)} == {10}
    assert calendar.clubs[10].name == "Koninklijke Korfbalclub Noord"
    made = {NOORD: OpponentChoice((7, 8), 10, is_made=True)}
    calendar.clubs[10] = LocalClub(10, "Koninklijke K.C. Noord")  # by a person, so that three fit
    later = plan_of(calendar, *names, "Koninklijke Korfbalclub Noord 3", opponents=made)
    assert (later.made("clubs"), later.questions) == (0, [])
    calendar.apply(later)
    assert {club_id for club_id, _ in opponents(calendar)} == {10}


def test_a_team_that_was_chosen_is_remembered_and_one_of_the_name_is_made_with_a_number(
    calendar: MemoryCalendar,
) -> None:
    (asked,) = plan_of(calendar, "KC Leuven U15 1").questions
    assert (asked.column, asked.twizzit_id, asked.candidates) == (*U15, (70, 71))
    made = plan_of(calendar, "KC Leuven U15 1", opponents={U15: OpponentChoice((70, 71), None, is_made=True)})
    assert [one.values["name"] for one in made.changes if one.table == "teams"] == ["KC Leuven U15 1 (2)"]
    calendar.apply(plan_of(calendar, "KC Leuven U15 1", opponents={U15: OpponentChoice((70, 71), 71)}))
    assert opponents(calendar) == [(9, 71)]
    assert [one.team_id for _, _, one in calendar.twizzit_opponents.values()] == [71]
    assert plan_of(calendar, "KC Leuven U15 1").questions == []


def test_a_club_that_was_chosen_may_have_two_such_teams(calendar: MemoryCalendar) -> None:
    calendar.teams |= {one: LocalTeam(one, 8, "Dames", None, None, None, True, False) for one in (80, 81)}
    plan = plan_of(calendar, "Koninklijke Korfbalclub Noord Dames", opponents={NOORD: OpponentChoice((7, 8), 8)})
    assert [(one.column, one.candidates) for one in plan.questions] == [("team_id", (80, 81))]


def test_what_is_asked_is_not_asked_again_until_other_rows_fit(calendar: MemoryCalendar) -> None:
    (asked,) = plan_of(calendar, "KC Leuven U15 1").questions
    assert plan_of(calendar, "KC Leuven U15 1", open=[waits(asked)]).questions == []
    assert plan_of(calendar, "KC Leuven U15 1", open=[waits(asked)]).settled == {}
    calendar.teams[72] = replace(calendar.teams[71], id=72, name="K.C. Leuven U15 1")
    calendar.teams[73] = replace(calendar.teams[71], id=73, name="kc leuven u15 1")
    (anew,) = plan_of(calendar, "KC Leuven U15 1", open=[waits(asked)]).questions
    assert anew.candidates == (70, 71, 73)


def test_a_question_is_settled_where_one_row_is_left_or_no_match_of_its_season_names_it(
    calendar: MemoryCalendar,
) -> None:
    (asked,) = plan_of(calendar, "KC Leuven U15 1").questions
    of_other_season = waits(asked, 6, twizzit_id="kc west", remote={"name": "KC West", "season": "2025-2026"})
    assert plan_of(calendar, "KC Gent 1", open=[waits(asked), of_other_season]).settled == {5: "row_gone"}
    del calendar.teams[70]
    assert plan_of(calendar, "KC Leuven U15 1", open=[waits(asked), of_other_season]).settled == {5: "certain"}


def test_within_the_own_club_the_answer_is_about_who_it_plays_against(calendar: MemoryCalendar) -> None:
    for remote_id, name in (("3", "U15 1"), ("4", "U15 2"), ("5", "U15 3"), ("6", "Senioren 2")):
        calendar.add_own_team(CLUB, remote_id, name)
    ids = {name: team.id for team in calendar.teams.values() if (name := team.name) and team.club_id == 1}
    facing, second, third = ids["U15 1"], ids["U15 2"], ids["U15 3"]
    key: OpponentKey = ("team_id", f"{SEASON.label}: kc duinen against {facing}")

    def plan(chosen: Choices) -> Plan:
        played = [*matches("KC Duinen", own="3"), replace(matches("KC Duinen")[0], id="101")]
        return plan_matches(replace(calendar.match_state(played), decisions=Decisions(opponents=chosen)))

    asked = plan({})
    assert [(one.column, one.twizzit_id, one.candidates) for one in asked.questions] == [(*key, (second, third))]
    made = plan({key: OpponentChoice((second, third), None, is_made=True)})
    assert (made.failed, made.made("teams"), made.made("twizzit_opponents")) == ([], 1, 0)
    calendar.apply(plan({key: OpponentChoice((second, third), third)}))
    assert opponents(calendar) == [(1, third), (1, ids["Senioren 2"])]


def test_nothing_is_asked_about_matches_of_others(calendar: MemoryCalendar) -> None:
    others = RemoteMatch("200", None, None, "KC Gent 1", None, "KC Leuven U15 1", NOON, "scheduled", None, None)
    plan = plan_matches(calendar.match_state([*matches("KC Gent 1"), others]))
    assert (plan.set_aside, plan.questions) == ([Aside("200", "no_own_team")], [])


def test_a_key_has_room_in_its_column_and_stays_apart() -> None:
    long = "Koninklijke Korfbalclub " + "Voorwaarts " * 6 + "Antwerpen"
    keys = [team_doubt(f"{long}{end}", "2026-2027", (1, 2), against=3).key for end in (" 1", " 2")]
    assert len({*keys}) == 2
    assert all(len(key) == 100 for key in keys)
    assert club_doubt("K.C.  Noord", (1, 2)).key == "k.c. noord"


@pytest.mark.parametrize(
    ("choice", "fitting", "holds"),
    [
        (OpponentChoice((7, 8), 7), (7, 8), True),
        (OpponentChoice((7, 8), 7), (7,), True),
        (OpponentChoice((7, 8), 7), (8,), False),  # the one that was chosen is gone
        (OpponentChoice((7, 8), 7), (7, 8, 9), False),  # one that the person has not seen
        (OpponentChoice((7, 8), None, is_made=True), (7, 8), True),
        (OpponentChoice((7, 8), 9, is_made=True), (7, 8, 9), True),
        (OpponentChoice((7, 8), None, is_made=True), (7, 9), False),
    ],
)
def test_how_long_an_answer_counts(choice: OpponentChoice, fitting: tuple[int, ...], holds: bool) -> None:
    assert choice.holds_for(club_doubt("KC Noord", fitting)) is holds


def test_a_row_that_was_made_for_an_answer_is_made_again_where_it_is_gone() -> None:
    choice = OpponentChoice((7, 8), 9, is_made=True)
    assert (choice.row({7, 9}), choice.row({7})) == (9, None)
