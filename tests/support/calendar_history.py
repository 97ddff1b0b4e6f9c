"""A club's calendar in a database: what becomes of its matches in Twizzit and in ShotSpot, and what must be so then.

What must be so is said by `calendar_model`; here it is done for real, and compared.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC
from functools import partial
from typing import Any

import pytest

from tests.support.calendar_model import FIELDS, CalendarModel
from tests.support.calendar_world import CALENDAR as STEPS
from tests.support.club_life import ClubLife, Decision
from tests.support.club_rows import CALENDAR, same
from tests.support.memory_account import MemoryAccount, Person, Spoiled
from tests.support.sync_world import STEPS as PEOPLE
from twizzit_pipeline.errors import ServiceUnavailable
from twizzit_pipeline.storage import tables
from twizzit_pipeline.twizzit.records import Match, Side

MATCHES = tuple(str(number) for number in range(501, 507))
ANEW = 100  # a match that is made anew has an id so much higher
_OPPONENTS = ("Korfbal Leie 1", "Korfbal Dender 1", "Korfbal Schelde 1")
_WORDS = {"cancelled": "afgelast", "to_reschedule": "uitgesteld", "completed": "gespeeld", "scheduled": None}
_COLUMN = "name"


@dataclass
class CalendarHistory(ClubLife):
    """A club with matches; a match is named by the id that it had first.

    Attributes:
        ids: the first id of a match → the one that Twizzit has for it now.
    """

    WRITTEN = CALENDAR
    STEPS = STEPS
    ENTITIES = ("competitions", "matches")
    EXCEPTIONS = ("matches.status", "competitions.name")

    model: CalendarModel = field(default_factory=CalendarModel)
    ids: dict[str, str] = field(default_factory=dict)

    def begin(self) -> None:
        """Teams and players come once, then the calendar."""
        self.run(steps=PEOPLE)
        self.sync()

    def id_of(self, match: str) -> str:
        """What Twizzit calls it now."""
        return self.ids.get(match, match)

    # --- what happens in Twizzit ---

    def match_is_moved(self, match: str, day: int) -> None:
        self._says(match, starts_at=_wire(day))

    def match_stands(self, match: str, status: str) -> None:
        """It is called off, put off, or on again."""
        self._says(match, status=_WORDS[status], home_score=None, away_score=None)

    def match_is_played(self, match: str, goals: tuple[int, int]) -> None:
        self._says(match, status=_WORDS["completed"], home_score=goals[0], away_score=goals[1])

    def matches_leave(self, matches: Collection[str]) -> None:
        """They vanish from the calendar."""
        for match in matches:
            self.account.matches.pop(self.id_of(match), None)

    def leave_for_good(self, matches: Collection[str]) -> None:
        """They vanish, and are gone when the grace is over."""
        self.matches_leave(matches)
        self.sync()
        self.time_passes(8)
        self.sync()

    def match_comes(self, match: str) -> None:
        """It is listed, once more by the same id."""
        self.account.matches.setdefault(self.id_of(match), replace(first_match(match), id=self.id_of(match)))

    def matches_are_made_anew(self, matches: Collection[str]) -> None:
        """They are deleted and made once more, and have other ids from then on."""
        for match in sorted(matches):
            earlier = self.id_of(match)
            self.ids[match] = remote_id = str(int(earlier) + ANEW)
            one = self.account.matches.pop(earlier, first_match(match))
            self.account.matches[remote_id] = replace(one, id=remote_id)

    def competition_is_called(self, word: str) -> None:
        self.account.competitions["1"] = word

    def _says(self, match: str, **words: Any) -> None:
        if (one := self.account.matches.get(self.id_of(match))) is not None:
            self.account.matches[self.id_of(match)] = replace(one, **words)

    # --- what people do ---

    def game_is_edited(self, match: str, column: str, word: str) -> None:
        """A person changes a game: its day, its status, a score; or begins with it."""
        one = self.model.matches.known.get(self.id_of(match))
        if one is not None:
            value = self.value_of(column, word)
            self.write(tables.games, one.local_id, **{column: value})
            one.held[column] = value

    def game_is_played(self, match: str, goals: tuple[int, int]) -> None:
        """A person begins with a game, or enters its result."""
        if (one := self.model.matches.known.get(self.id_of(match))) is not None:
            values = {"status": "completed", "home_score": goals[0], "away_score": goals[1]}
            self.write(tables.games, one.local_id, **values)
            one.held |= values

    def both_change(self, match: str, column: str, words: tuple[str, str]) -> None:
        """Twizzit and ShotSpot move a match, or enter its result, each in its own way."""
        if column == "date":
            self.match_is_moved(match, _DAYS[words[0]])
        elif column == "status":
            self.match_stands(match, _STATUSES[words[0]])
        else:
            self.match_is_played(match, (_GOALS[words[0]], _GOALS[words[0]]))
        self.game_is_edited(match, column, words[1])

    def competition_is_edited(self, word: str) -> None:
        for one in self.model.competitions.known.values():
            self.write(tables.competitions, one.local_id, name=word)
            one.held[_COLUMN] = word

    def decides(self, match: str, decision: Decision) -> None:
        self.decides_about("matches", self.id_of(match), decision)

    def value_of(self, column: str, word: str) -> Any:
        if column in ("home_score", "away_score"):
            return _GOALS[word]
        if column == "date":
            return f"2027-03-{_DAYS[word]:02}T13:00:00+00:00"
        return _STATUSES[word] if column == "status" else word

    # --- what must be so ---

    def sync(self, spoiled: Spoiled | None = None) -> None:
        self.account.spoiled = replace(spoiled or Spoiled())
        if self.account.spoiled.fails == "calendar":
            before = self.written()
            with pytest.raises(ServiceUnavailable):
                self.run()
            assert self.written() == before
        else:
            self.run()
            self._learn(self.account.spoiled)
        self.account.spoiled = Spoiled()
        self.check()

    def _learn(self, spoiled: Spoiled) -> None:
        account, model = self.account, self.model
        listed = account.matches
        named = {match.competition_id for match in listed.values()}
        names = {one: {_COLUMN: name} for one, name in account.competitions.items() if one in named}
        model.competitions.sync(names, partial(self.mapped_to, tables.competition_mappings, "competition"))
        missing = {one for one in model.matches.known if model.matches.is_asked(one, listed)}
        if spoiled.fails != "questions":
            same(dict.fromkeys(account.found_matches), dict.fromkeys(missing), "what Twizzit was asked for")
        sides = {
            one: (match.home.name or "", match.away.name or "", match.competition_id) for one, match in listed.items()
        }
        said = {one: said_of(match) for one, match in listed.items()}
        model.matches.sync(
            said, sides, account.found_matches, partial(self.mapped_to, tables.match_mappings, "game", remote="match")
        )

    def check(self) -> None:
        matches, competitions = self.model.matches.known, self.model.competitions.known
        rows = {row["id"]: row for row in self.rows(tables.games)}
        same(dict.fromkeys(rows, 1), dict.fromkeys((one.local_id for one in matches.values()), 1), "games")
        mapped = {row["twizzit_match_id"]: row["local_game_id"] for row in self.rows(tables.match_mappings)}
        same(mapped, {remote_id: one.local_id for remote_id, one in matches.items()}, "matches")
        for remote_id, one in matches.items():
            row = {**rows[one.local_id], "date": rows[one.local_id]["date"].astimezone(UTC).isoformat()}
            same({name: row[name] for name in FIELDS}, one.held, f"match {remote_id}")
        names = {row["id"]: row["name"] for row in self.rows(tables.competitions)}
        same(names, {one.local_id: one.held[_COLUMN] for one in competitions.values()}, "competitions")
        self.check_waiting("matches")
        self.check_waiting("competitions")


_DAYS = {"Bo": 2, "Cas": 9, "Daan": 16}
_STATUSES = {"Bo": "cancelled", "Cas": "to_reschedule", "Daan": "scheduled", "begins": "in_progress"}
_GOALS = {"Bo": 0, "Cas": 7, "Daan": 12}


def _wire(day: int) -> str:
    return f"2027-03-{day:02} 14:00:00"


def first_match(match: str) -> Match:
    """A match as it comes first; the first and the fourth are between the same two teams."""
    place = MATCHES.index(match)
    own, other = (
        Side("12" if place % 3 else "11", f"Ploeg {'12' if place % 3 else '11'}"),
        Side(None, _OPPONENTS[place % 3]),
    )
    home, away = (own, other) if place % 2 == 0 or place == 3 else (other, own)
    return Match(match, None if place == 5 else "1", home, away, _wire(20 + place))


def said_of(match: Match) -> dict[str, Any]:
    """What Twizzit says of a match, as ShotSpot has it."""
    day = str(match.starts_at)[:10]
    status = next(name for name, word in _WORDS.items() if word == match.status)
    goals = {"home_score": match.home_score or 0, "away_score": match.away_score or 0}
    return {"date": f"{day}T13:00:00+00:00", "status": status, **goals}


def list_calendar(account: MemoryAccount) -> None:
    """Two teams with a player each, a competition, and six matches."""
    account.groups = {"11": "Ploeg 11", "12": "Ploeg 12"}
    account.people = {str(100 + int(team)): Person("An", f"Proef {team}", teams={team}) for team in account.groups}
    account.competitions = {"1": "Reeks 1"}
    account.matches = {match: first_match(match) for match in MATCHES}
