"""Two teams of one club meet: a game where ShotSpot's database takes one, else set aside."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.memory_calendar import MemoryCalendar
from tests.support.memory_shotspot import CLUB
from twizzit_pipeline.plan import Aside, Plan
from twizzit_pipeline.plan.matches import plan_matches
from twizzit_pipeline.plan.rows import Opponent, RemoteMatch

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEAMS = {"1": "Senioren 1", "2": "Senioren 2", "3": "U15 1", "4": "U15 2"}


@pytest.fixture
def calendar() -> MemoryCalendar:
    """A club with four teams; the club is KC Duinen, the local id of a team is the remote one."""
    made = MemoryCalendar()
    for remote_id, name in TEAMS.items():
        made.add_own_team(CLUB, remote_id, name)
    return made


def match(
    home: str | None, away: str | None, home_name: str = "", away_name: str = "", id_: str = "100"
) -> RemoteMatch:
    names = (home_name or TEAMS[home or ""], away_name or TEAMS[away or ""])
    return RemoteMatch(id_, None, home, names[0], away, names[1], NOON, "scheduled", None, None)


def sync(calendar: MemoryCalendar, *matches: RemoteMatch) -> Plan:
    plan = plan_matches(calendar.match_state(list(matches)))
    calendar.apply(plan)
    return plan


def sides(calendar: MemoryCalendar) -> list[tuple[int, int | None, int, int | None]]:
    return [
        (game.home_club_id, game.home_team_id, game.away_club_id, game.away_team_id) for game in calendar.games.values()
    ]


def test_a_derby_is_a_game_with_both_teams(calendar: MemoryCalendar) -> None:
    plan = sync(calendar, match("1", "2"))
    assert (plan.failed, plan.set_aside, plan.items) == ([], [], 1)
    assert sides(calendar) == [(1, 1, 1, 2)]
    assert sync(calendar, match("1", "2")).changes == []


def test_where_the_database_takes_none_it_is_set_aside_and_nothing_is_made(calendar: MemoryCalendar) -> None:
    calendar.derbies_allowed = False
    derbies = [match("1", "2"), match("1", None, "", "KC Duinen 2", "101"), match("1", None, "", "KC Duinen B", "102")]
    plan = sync(calendar, *derbies)
    assert plan.set_aside == [Aside("100", "same_club"), Aside("101", "same_club"), Aside("102", "same_club")]
    assert (plan.failed, plan.changes, plan.items) == ([], [], 0)


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [
        ("1", "KC Duinen Senioren 2", 2),
        ("1", "Senioren 2 KC Duinen", None),
        ("1", "KC Duinen 2", 2),
        ("3", "KC Duinen 2", 4),
        ("3", "K.C. DUINEN U15 2", 4),
        ("3", "KC Duinen Senioren 1", 1),
        ("4", "KC Duinen", 3),
    ],
)
def test_a_team_known_by_name_alone_is_the_own_team_that_fits(
    calendar: MemoryCalendar, own: str, other: str, expected: int | None
) -> None:
    plan = sync(calendar, match(own, None, "", other), match(None, own, other, "", "101"))
    assert plan.failed == []
    if expected is None:  # begins with another name than the club's: an opponent
        assert plan.made("clubs") == 1
        return
    assert sides(calendar) == [(1, int(own), 1, expected), (1, expected, 1, int(own))]
    assert plan.made("teams") == plan.made("twizzit_opponents") == 0
    assert sync(calendar, match(own, None, "", other), match(None, own, other, "", "101")).changes == []


def test_the_same_name_means_another_team_in_another_match(calendar: MemoryCalendar) -> None:
    sync(calendar, match("1", None, "", "KC Duinen 2"), match("3", None, "", "KC Duinen 2", "101"))
    assert sides(calendar) == [(1, 1, 1, 2), (1, 3, 1, 4)]


def test_a_team_that_was_renamed_in_shotspot_is_found_by_twizzits_name(calendar: MemoryCalendar) -> None:
    calendar.teams[2] = replace(calendar.teams[2], name="Reserven")
    sync(calendar, match("1", None, "", "KC Duinen Senioren 2"))
    assert sides(calendar) == [(1, 1, 1, 2)]


def test_several_own_teams_that_fit_are_doubtful(calendar: MemoryCalendar) -> None:
    calendar.add_own_team(CLUB, "5", "U15 3")
    plan = sync(calendar, match("3", None, "", "KC Duinen"))
    assert [(item.reason, item.local_ids) for item in plan.failed] == [("opponent_doubtful", (4, 5))]


def test_a_team_of_the_club_that_the_account_does_not_list_is_made_in_it(calendar: MemoryCalendar) -> None:
    plan = sync(calendar, match("1", None, "", "KC Duinen Recreanten"))
    assert (plan.failed, plan.made("clubs"), plan.made("teams")) == ([], 0, 1)
    assert sides(calendar) == [(1, 1, 1, 5)]
    assert calendar.teams[5].name == "KC Duinen Recreanten"
    assert sync(calendar, match("1", None, "", "KC Duinen Recreanten")).changes == []


def test_a_team_does_not_play_itself(calendar: MemoryCalendar) -> None:
    plan = sync(calendar, match("1", "1"))
    assert plan.set_aside == [Aside("100", "same_club")]
    assert plan.changes == []


def test_a_match_that_becomes_a_derby_never_breaks_the_database(calendar: MemoryCalendar) -> None:
    """A user emptied the team; then Twizzit changes the opponent to another own team."""
    sync(calendar, match("1", None, "", "AKC Zand 1"))
    calendar.games[1] = replace(calendar.games[1], home_team_id=None)
    sync(calendar, match("1", "2"))
    assert sides(calendar) == [(1, 1, 1, 2)]


def test_a_game_of_both_teams_that_is_there_is_found(calendar: MemoryCalendar) -> None:
    sync(calendar, match("1", "2"))
    calendar.mappings["matches"].clear()
    moved = replace(match("1", "2"), starts_at=NOON + timedelta(hours=2))
    assert sync(calendar, moved).count("link") == 1
    assert len(calendar.games) == 1


def test_a_name_that_is_remembered_as_the_team_itself_is_set_aside(calendar: MemoryCalendar) -> None:
    """A user merged the opponent's club into the own one: its name means the team that it plays against."""
    calendar.twizzit_opponents[1] = (CLUB.credential_id, "2026-2027", Opponent("akc zand 1", 1, 1))
    plan = sync(calendar, match("1", None, "", "AKC Zand 1"))
    assert plan.set_aside == [Aside("100", "same_club")]
    assert plan.changes == []


@pytest.mark.parametrize("allowed", [True, False])
def test_another_club_whose_name_begins_with_the_own_ones_is_no_derby(calendar: MemoryCalendar, allowed: bool) -> None:
    calendar.derbies_allowed = allowed
    played = [match("1", None, "", "KC Duinen Zuid 1"), match("1", None, "", "KC DUINEN ZUID 1", "101")]
    plan = sync(calendar, *played)
    assert (plan.failed, plan.set_aside) == ([], [])
    assert (plan.made("clubs"), plan.made("teams"), plan.count("create")) == (1, 1, 2)
    assert calendar.clubs[2].name == "KC Duinen Zuid"
    assert calendar.teams[5].name == "KC Duinen Zuid 1"
    assert sync(calendar, *played).changes == []


def test_an_own_team_that_is_known_by_its_name_alone_is_no_opponent(calendar: MemoryCalendar) -> None:
    plan = sync(calendar, match("3", None, "", "Senioren 1"), match(None, "3", "KC Duinen Senioren 2", "", "101"))
    assert (plan.failed, plan.made("clubs"), plan.made("teams")) == ([], 0, 0)
    assert sides(calendar) == [(1, 3, 1, 1), (1, 2, 1, 3)]


def test_a_match_without_any_id_is_of_the_own_team_that_it_names(calendar: MemoryCalendar) -> None:
    plan = sync(
        calendar,
        match(None, None, "KC Duinen U15 1", "AKC Zand U15"),
        match(None, None, "AKC Zand U15", "U15 2", "101"),
    )
    assert (plan.failed, plan.set_aside) == ([], [])
    assert [(home, away) for _, home, _, away in sides(calendar)] == [(3, 5), (5, 4)]


def test_a_match_of_others_is_set_aside_where_own_teams_are_named_elsewhere(calendar: MemoryCalendar) -> None:
    others = match(None, None, "AKC Zand", "KC Berg", "101")
    own = match(None, None, "KC Duinen", "KC Berg", "102")  # the club plays, and nothing says with which team
    plan = sync(calendar, match("1", None, "", "KC Berg"), others, own)
    assert [(one.twizzit_id, one.reason) for one in plan.set_aside] == [("101", "no_own_team")]
    assert [(one.twizzit_id, one.reason) for one in plan.failed] == [("102", "no_own_team")]
    assert sync(calendar, others).failed[0].twizzit_id == "101"
