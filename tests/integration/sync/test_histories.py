"""Whole histories of a club, drawn: what Twizzit decides is its truth after every sync, and the rest is ShotSpot's.

Remote changes, edits in ShotSpot, every policy and decision, spoiled answers, grace that passes, backfills, previews,
undos and their undos, in any order. To try other histories than these, as many as you like:
`TEST_SEED=7 TEST_HISTORIES=500 .venv/bin/pytest tests/integration/sync/test_histories.py`, and `TEST_SHAPE=calendar`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as drawing

from tests.support.beginnings import Beginnings
from tests.support.calendar_deeds import CALENDARS
from tests.support.calendar_history import CalendarHistory, list_calendar
from tests.support.club_deeds import HISTORIES, list_everyone, list_everyone_in_v1
from tests.support.club_namesakes import NamesakeHistory
from tests.support.memory_account import MemoryAccount, Spoiled, answered_from
from tests.support.sync_world import quick
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.storage.tables import conflicts

HISTORIES_OF_A_SEED = int(os.environ.get("TEST_HISTORIES", "5"))
# Drawn together. From the eleventh on, hypothesis takes most of a history from one before it: what it draws anew is as
# good as two and a half of those, and costs as much as one.
AT_ONCE = 10
# What a club is like: its people and teams; the same in v1; beside another club with the same ids; its calendar.
SHAPES = ("people", "people", "people", "calendar", "people", "v1", "people", "beside", "people", "calendar")
NUMBERS = [int(os.environ["TEST_SEED"])] if "TEST_SEED" in os.environ else list(range(1, 11))
SEEDS = [
    pytest.param(number, shape, id=f"seed {number}, {shape}")
    for number in NUMBERS
    for shape in [os.environ.get("TEST_SHAPE", SHAPES[(number - 1) % len(SHAPES)])]
]
_LINK, _UNDONE, _TWO = ("decides_who", 0, 0, False), ("decides_who", 0, 0, True), ("decides_who", 0, 2, False)
_TWICE = ("comes_twice", "101", "12", 9)
# Who is who, decided in every way; drawn histories come to each of them rarely.
NAMESAKES: dict[str, list[tuple[Any, ...]]] = {
    "a namesake is linked": [
        ("stands_by", "101"),
        ("sync",),
        _UNDONE,
        _LINK,
        ("sync",),
        ("says", "101", "first_name", "Bo"),
    ],
    "two namesakes are two": [
        ("stands_by", "101"),
        ("stands_by", "101"),
        ("sync",),
        _TWO,
        ("sync",),
        ("stands_by", "101"),
    ],
    "both are listed": [_TWICE, ("both_change", "101", "first_name", ("Bo", "Cas")), _UNDONE, _LINK, ("sync",)],
    "both are listed, and asked about": [
        ("sets_policy", "ask", None),
        ("both_change", "101", "last_name", ("Bo", "Cas")),
        ("sync",),
        ("resolves", 0, "twizzit", "Bo", False),
        ("sync",),
        _TWICE,
        ("is_edited", "101", "first_name", "Daan"),
        _UNDONE,
        _LINK,
        ("sync",),
    ],
    "the earlier one has left": [_TWICE, ("leave", {"101"}), ("sync",), _UNDONE, _LINK, ("sync",), ("time_passes", 8)],
    "the earlier one is closed": [
        _TWICE,
        ("leave", {"101"}),
        ("sync",),
        ("time_passes", 8),
        ("sync",),
        _UNDONE,
        _LINK,
        ("sync",),
    ],
    "the earlier one comes back": [_TWICE, ("leave", {"101"}), ("sync",), ("comes", "101", "11"), ("sync",), _LINK],
    "another name by now": [_TWICE, ("says", "101", "first_name", "Bo"), ("sync",), ("sync",), _LINK],
    "another name by now, in a sync that is undone": [
        ("stands_by", "101"),
        ("sync",),
        ("says", "101", "last_name", "Bo"),
        ("sync_that_is_undone",),
        _LINK,
    ],
    "again and again": [("stands_by", "101"), ("sync",), _LINK, ("stands_by", "101"), ("sync",), _LINK],
    "a decision that asks others itself": [("comes_twice", "104", "13", 1), ("stands_by", "104"), _UNDONE],
}
ENDED = {
    "two namesakes are two": ["open", "resolved"],
    "another name by now": ["settled"],
    "again and again": ["resolved", "resolved"],
    "a decision that asks others itself": ["open", "open", "settled", "settled"],  # what it asked is closed with it
}
# What becomes of a team that goes, with its people, and of what people did to it.
_ITS_OWN_NAME = [("sets_policy", "ask", None), ("team_both_change", "13", ("Bo", "Cas"))]
TEAMS: dict[str, list[tuple[Any, ...]]] = {
    "its departure is undone, and it is listed": [
        ("teams_leave", {"13"}),
        ("sync_that_is_undone",),
        ("team_comes", "13", None),
        ("sync",),
        ("teams_leave", {"13"}),
    ],
    "its return is undone": [
        ("team_is_switched", "13", False),
        ("teams_leave", {"13"}),
        ("sync",),
        ("team_comes", "13", None),
        ("sync_that_is_undone",),
    ],
    "its departure is undone, and it is made anew": [
        ("teams_leave", {"12"}),
        ("sync_that_is_undone",),
        ("team_is_made_anew", {"12"}),
    ],
    "it was not active, and is made anew": [
        ("team_is_switched", "13", False),
        ("teams_leave", {"13"}),
        ("sync",),
        ("team_is_made_anew", {"13"}),
        ("sync_that_is_undone",),
    ],
    "people call it otherwise, and it is made anew": [
        *_ITS_OWN_NAME,
        ("sync",),
        ("team_is_made_anew", {"13"}),
        ("sync",),
        ("resolves", 0, "twizzit", "Bo", True),
    ],
    "too many go at once": [
        ("teams_leave", {"12", "13", "14"}),
        ("sync",),
        ("decides_all", "approve"),
        ("sync",),
        ("team_comes", "12", "Bo"),
    ],
    "their team is back as they leave, on no page of the first reading": [
        ("teams_leave", {"13", "14"}),
        ("sync",),
        ("decides_all", "approve"),
        ("team_comes", "13", "Bo"),
        ("sync", Spoiled(shifted_team="13")),
    ],
    "it is made anew, and on no page of the first reading": [
        ("team_is_made_anew", {"14"}),
        ("sync", Spoiled(shifted_team="14")),
    ],
    "too many are made anew at once": [
        ("team_is_made_anew", {"12", "13", "14"}),
        ("sync",),
        ("decides_all", "approve"),
    ],
}
_BEGINS, _GONE = ("game_is_edited", "501", "status", "begins"), ("leave_for_good", {"501"})
MATCHES: dict[str, list[tuple[Any, ...]]] = {
    "its cancellation is undone, and it is listed": [
        ("matches_leave", {"501"}),
        ("sync",),
        ("time_passes", 8),
        ("sync_that_is_undone",),
        ("match_comes", "501"),
        ("sync",),
        _GONE,
    ],
    "its return is undone": [
        ("game_is_edited", "501", "status", "Cas"),
        _GONE,
        ("match_comes", "501"),
        ("sync_that_is_undone",),
    ],
    "it was put off, left, and is made anew": [
        ("game_is_edited", "501", "status", "Cas"),
        _GONE,
        ("matches_are_made_anew", {"501"}),
        ("sync_that_is_undone",),
    ],
    "it is begun and made anew": [_BEGINS, ("matches_are_made_anew", {"501"}), ("match_is_moved", "501", 2)],
    "it is made anew on another day": [("matches_are_made_anew", {"505"}), ("match_is_moved", "505", 9)],
    "both enter its result": [
        ("sets_policy", "ask", None),
        ("match_is_played", "501", (3, 1)),
        ("game_is_played", "501", (2, 1)),
        ("sync",),
        ("matches_are_made_anew", {"501"}),
        ("sync",),
        ("resolves", 0, "twizzit", "Bo", True),
        ("resolves", 0, "twizzit", "Bo", False),
    ],
    "both enter its result, it is made anew, and that sync is undone and done again": [
        ("sets_policy", "ask", None),
        ("match_is_played", "501", (3, 1)),
        ("game_is_played", "501", (2, 1)),
        ("matches_are_made_anew", {"501"}),
        ("undo_that_is_undone",),
    ],
    "too many vanish": [("leave_for_good", {"501", "502", "503"}), ("decides_all", "approve")],
    "a game begins while it is asked about": [
        ("sets_policy", "ask", None),
        ("both_change", "501", "date", ("Bo", "Cas")),
        ("sync",),
        _BEGINS,
        ("resolves", 0, "twizzit", "Bo", False),
    ],
}


def test_who_is_who_ends_with_the_truth(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = MemoryAccount()
    answered_from(account, monkeypatch)
    with begun("people", settings, database, account) as beginnings:
        for name, deeds in NAMESAKES.items():
            with named(name):
                club = beginnings.club()
                for deed, *arguments in [*deeds, ("sync",), ("sync",)]:
                    getattr(club, deed)(*arguments)
                ended = [row["status"] for row in club.rows(conflicts) if row["kind"] == "doubtful_link"]
                assert sorted(ended) == ENDED.get(name, ["resolved"])


@pytest.mark.parametrize("shape", ["people", "calendar"])
def test_what_becomes_of_teams_and_matches_ends_with_the_truth(
    shape: str, settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = MemoryAccount()
    answered_from(account, monkeypatch)
    with begun(shape, settings, database, account) as beginnings:
        for name, deeds in (TEAMS if shape == "people" else MATCHES).items():
            with named(name):
                beginnings.live([([], deed) for deed in [*deeds, ("sync",), ("sync",)]])


@contextmanager
def named(name: str) -> Iterator[None]:
    """An error says which history it is of."""
    try:
        yield
    except Exception as error:
        error.add_note(name)
        raise


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("number", "shape"), SEEDS)
def test_whole_histories_end_with_the_truth(
    number: int, shape: str, settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = MemoryAccount()
    answered_from(account, monkeypatch)
    histories: Any = CALENDARS if shape == "calendar" else HISTORIES

    @drawing(
        max_examples=min(AT_ONCE, HISTORIES_OF_A_SEED),
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(histories)
    def check(history: list[Any]) -> None:
        beginnings.live(history)

    with begun(shape, settings, database, account) as beginnings:
        for batch in range(-(-HISTORIES_OF_A_SEED // AT_ONCE)):
            seed(f"{number}, {batch}")(check)()


def begun(shape: str, settings: Settings, database: Database, account: MemoryAccount) -> Beginnings[Any]:
    """A club that has synced once, of one of the shapes."""
    kind: Any = CalendarHistory if shape == "calendar" else NamesakeHistory
    lists = {"calendar": list_calendar, "v1": list_everyone_in_v1}.get(shape, list_everyone)
    more = {"v1": {"endpoint": "https://api.twizzit.com/v1"}, "beside": {"beside": "Korfbalclub Tweede"}}
    return Beginnings(quick(settings), database, account, kind, lists, **more.get(shape, {}))
