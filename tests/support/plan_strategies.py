"""Strategies for the properties of plans: what Twizzit may list, and what ShotSpot may hold before the first sync."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from hypothesis import strategies as st

from tests.support.memory_calendar import MemoryCalendar
from tests.support.memory_shotspot import CLUB, SEASON, MemoryShotSpot
from twizzit_pipeline.plan import Plan
from twizzit_pipeline.plan.rows import (
    LocalClub,
    LocalCompetition,
    LocalGame,
    LocalPlayer,
    LocalSeason,
    LocalTeam,
    RemoteCompetition,
    RemoteMatch,
    RemotePlayer,
    RemoteTeam,
)

Remote = TypeVar("Remote")
State = TypeVar("State")

TEAM_NAMES = st.sampled_from(["U15", "u15", "U15 A", "Senioren", "Sénioren", "U17"])
FIRST = st.sampled_from(["Noë", "Noe", "Lotte", "José"])
LAST = st.sampled_from(["Van den Broeck", "D'Hondt", "D’Hondt", "Peeters"])
GENDERS = st.sampled_from(["male", "female", None])
NUMBERS = st.one_of(st.none(), st.integers(0, 4))


@st.composite
def remote_teams(draw: st.DrawFn) -> list[RemoteTeam]:
    ids = draw(st.lists(st.integers(1, 6), unique=True, max_size=5))
    club = st.sampled_from([None, None, "Boeckenberg"])
    return [RemoteTeam(str(i), draw(TEAM_NAMES), draw(club), None, draw(GENDERS)) for i in ids]


@st.composite
def remote_players(draw: st.DrawFn) -> list[RemotePlayer]:
    people = {
        str(i): (draw(FIRST), draw(LAST), draw(GENDERS), draw(NUMBERS))
        for i in draw(st.lists(st.integers(100, 107), unique=True, max_size=6))
    }
    places = st.lists(st.sampled_from(["1", "2", "3", "9"]), unique=True, min_size=1, max_size=2)
    return [RemotePlayer(team, i, *person) for i, person in people.items() for team in draw(places)]


@st.composite
def shotspots(draw: st.DrawFn) -> MemoryShotSpot:
    """Rows that were typed in before the first sync."""
    shotspot = MemoryShotSpot()
    if draw(st.booleans()):
        shotspot.clubs[1] = LocalClub(1, draw(st.sampled_from(["KC Duinen", "kc duinen", "KC Düinen"])))
        if draw(st.booleans()):
            shotspot.seasons[1] = LocalSeason(1, "2026-2027", SEASON.start_date, SEASON.end_date)
        names = draw(st.lists(TEAM_NAMES, unique=True, max_size=3))
        for i, name in enumerate(names, 1):
            season = 1 if bool(shotspot.seasons) and draw(st.booleans()) else None
            shotspot.teams[i] = LocalTeam(i, 1, name, None, draw(GENDERS), season, True, False)
        numbers = draw(st.lists(st.integers(0, 4), unique=True, max_size=4))
        for i, number in enumerate(numbers, 1):
            held = number if draw(st.booleans()) else None
            team = draw(st.sampled_from([None, *shotspot.teams]))
            shotspot.players[i] = LocalPlayer(
                i, 1, team, draw(FIRST), draw(LAST), draw(GENDERS), held, draw(st.booleans()), False
            )
    shotspot.check()
    return shotspot


OPPONENTS = st.sampled_from(
    [
        "AKC Zand 1",
        "AKC ZAND  1",
        "A.K.C. Zand 2",
        "AKC Zand",
        "AKC Zand Kern",
        "AKC Zand Kern 2",
        "Corfbal Val-Doré U15",
        "CORFBAL VAL DORE U15",
        "KC Duinen U15",
        "KC Duinen 2",
        "KC Duinen",
    ]
)
COMPETITION_NAMES = st.sampled_from(["Reeks 1", "reeks 1", "Beker"])
STATUSES = st.sampled_from(["scheduled", "completed", "cancelled", "to_reschedule"])
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@st.composite
def competitions(draw: st.DrawFn) -> list[RemoteCompetition]:
    ids = draw(st.lists(st.integers(1, 4), unique=True, max_size=3))
    ends = st.sampled_from([SEASON.end_date, date(2026, 10, 1), None])
    return [RemoteCompetition(str(i), draw(COMPETITION_NAMES), "league", SEASON.start_date, draw(ends)) for i in ids]


@st.composite
def matches(draw: st.DrawFn, teams: tuple[str, ...] = ("1", "2", "9")) -> list[RemoteMatch]:
    ids = draw(st.lists(st.integers(100, 106), unique=True, max_size=6))
    found = []
    for i in ids:
        own, other = (draw(st.sampled_from(teams)), "Ours"), (None, draw(OPPONENTS))
        home, away = draw(st.permutations([own, other]))
        score = draw(st.one_of(st.none(), st.integers(0, 3)))
        starts = NOON + timedelta(days=draw(st.integers(0, 3)))
        competition = draw(st.sampled_from([None, "1", "2", "3"]))
        found.append(RemoteMatch(str(i), competition, *home, *away, starts, draw(STATUSES), score, score))
    return found


@st.composite
def calendars(draw: st.DrawFn) -> MemoryCalendar:
    """Two mapped teams of the club, and what was typed in before the first sync."""
    calendar = MemoryCalendar(derbies_allowed=draw(st.booleans()))
    calendar.add_own_team(CLUB, "1", "Senioren")
    calendar.add_own_team(CLUB, "2", "U15")
    if draw(st.booleans()):
        calendar.clubs[7] = LocalClub(7, draw(st.sampled_from(["AKC Zand", "akc zand"])))
        for i, name in enumerate(draw(st.lists(st.sampled_from(["1", "2", "AKC Zand 1"]), unique=True)), 70):
            season = draw(st.sampled_from([1, None]))
            calendar.teams[i] = LocalTeam(i, 7, name, None, None, season, True, False)
        if draw(st.booleans()):
            status = draw(st.sampled_from(["scheduled", "in_progress"]))
            calendar.games[5] = LocalGame(
                5, 1, 7, None, None, None, None, NOON, status, 0, 0, False, draw(st.booleans())
            )
    for i, name in enumerate(draw(st.lists(COMPETITION_NAMES, max_size=2)), 1):
        season = draw(st.sampled_from([1, None]))
        calendar.competitions[i] = LocalCompetition(
            i, name, "league", season, SEASON.start_date, None, draw(st.sampled_from([None, "cancelled"])), False
        )
    calendar.check()
    return calendar


def outcome(plan: Plan) -> tuple[object, ...]:
    """All that a plan says, whatever the order."""
    return (
        sorted(map(repr, plan.changes)),
        sorted(map(repr, plan.failed)),
        sorted(map(repr, plan.warned)),
        plan.unchanged,
    )


def planned_in_any_order(
    plan: Callable[[State], Plan], state_of: Callable[[list[Remote]], State], rows: list[Remote], chance: random.Random
) -> Plan:
    """The plan of these rows, which does not depend on their order."""
    shuffled = list(rows)
    chance.shuffle(shuffled)
    planned = plan(state_of(rows))
    assert outcome(planned) == outcome(plan(state_of(shuffled)))
    return planned


def assert_settled(first: tuple[Plan, Plan], second: tuple[Plan, Plan]) -> None:
    """The second of two equal syncs changes nothing, and fails what the first failed."""
    for before, after in zip(first, second, strict=True):
        assert list(after.changes) == []
        assert after.items == before.items
        assert sorted(map(repr, after.failed)) == sorted(map(repr, before.failed))
