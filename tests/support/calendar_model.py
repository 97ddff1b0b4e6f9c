"""What the rules make of a club's calendar: a model beside the pipeline, of which it uses nothing."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.support.listed_model import GRACE, Away, Known, ListedModel, Values

FIELDS = ("date", "status", "home_score", "away_score")
COMING = ("scheduled", "to_reschedule")
Meeting = tuple[str, str, str | None]  # the two sides, home first, and the competition


@dataclass
class MatchesModel(ListedModel):
    """The matches of the running season.

    `sides`: remote id → who meets, as Twizzit says it; of those that are gone as well.
    """

    KINDS: ClassVar[Mapping[str, str]] = {"absent": "gone"}

    sides: dict[str, Meeting] = field(default_factory=dict)

    def sync(
        self,
        said: Mapping[str, Values],
        sides: Mapping[str, Meeting],
        found: Mapping[str, str],
        local_id: Callable[[str], int],
    ) -> None:
        """A sync of the running season.

        Args:
            found: of each that is missing and was asked for, what Twizzit says.
        """
        self.sides |= sides
        self._forget_questions_of_the_unmapped()
        missing = {one for one in self.known if self.is_missing(one, said) and found.get(one) != "present"}
        before, of = self.counted()
        gone_over = self._go_over(said)
        gone_over |= self._go_over_moved(said, found, gone_over)
        self._are_missing(missing, found, before, of, stay=gone_over.keys())
        for earlier, remote_id in gone_over.items():
            self.known[remote_id] = self.known.pop(earlier)
            for asked in [key for key in self.questions if key[0] == earlier]:
                self.questions[remote_id, asked[1]] = self.questions.pop(asked)
        for remote_id, words in said.items():
            if (one := self.known.get(remote_id)) is None:
                self.known[remote_id] = Known(local_id(remote_id), dict(words), dict(words))
            elif one.held["status"] == "in_progress":
                self._is_shotspots(remote_id, one, words)
            else:
                self._is_listed(remote_id, one, words)

    def is_missing(self, remote_id: str, said: Collection[str]) -> bool:
        """docs/departures.md: "A game that was played, has a score or any event, or was called off in ShotSpot, is left
        alone."
        """
        one = self.known[remote_id]
        return remote_id not in said and one.plays and self._is_coming(one)

    def is_asked(self, remote_id: str, said: Collection[str]) -> bool:
        """Whether its day is read anew: not in its grace, nor where a person is to decide, or has refused.

        docs/departures.md: "once its day was read anew twice, the grace apart, with a match that is known in it".
        """
        if not said:
            return False
        away = self.known[remote_id].away
        if not self.is_missing(remote_id, said) or (away is not None and away.status in ("held", "refused")):
            return False
        in_grace = away is not None and away.status == "waiting" and away.proved is not None
        return away is None or not in_grace or self.now - (away.proved or 0.0) >= GRACE

    @staticmethod
    def _is_coming(one: Known) -> bool:
        scores = {one.held["home_score"], one.held["away_score"]}
        return one.held["status"] in COMING and scores == {0}

    def counted(self) -> tuple[int, int]:
        recent = self._recent()
        return recent + self._with("held"), recent + sum(
            one.plays and self._is_coming(one) for one in self.known.values()
        )

    def _goes_at_once(self, away: Away) -> bool:
        return away.kind == "gone"  # proved before, the grace ago

    def _is_in_the_way(self, one: Known, column: str, value: object) -> bool:
        return bool(one.held["status"] == "in_progress")

    def _stays(self, column: str, *, is_touched: bool) -> bool:
        return super()._stays(column, is_touched=False)  # a game has no time of its last change

    def _go_over(self, said: Mapping[str, Values]) -> dict[str, str]:
        """docs/departures.md: "a new one of the same season has the same two teams at the same time, it is the same
        game".
        """
        wanted = Counter((self.sides[one], words["date"]) for one, words in said.items() if one not in self.known)
        found = {}
        for remote_id, words in said.items():
            meeting = (self.sides[remote_id], words["date"])
            fitting = [
                one
                for one, row in self.known.items()
                if one not in said and (self.sides[one], row.base["date"]) == meeting
            ]
            if remote_id not in self.known and wanted[meeting] == 1 and len(fitting) == 1:
                found[fitting[0]] = remote_id
        return found

    def _go_over_moved(
        self, said: Mapping[str, Values], found: Mapping[str, str], gone_over: Mapping[str, str]
    ) -> dict[str, str]:
        """docs/departures.md: "A match that also got another time keeps its game, moved, where nothing else can be
        meant", which is in a competition.
        """
        new = said.keys() - self.known.keys() - {*gone_over.values()}
        gone = [one for one in self.known.keys() - gone_over.keys() if one not in said]
        times = Counter(self.sides[one] for one in (*new, *gone))
        pairs = {self.sides[one]: one for one in new}
        return {
            one: pairs[self.sides[one]]
            for one in gone
            if found.get(one) == "absent" and self._is_coming(self.known[one])
            if self.sides[one] in pairs and times[self.sides[one]] == 2 and self.sides[one][2] is not None
        }

    def _is_shotspots(self, remote_id: str, one: Known, words: Values) -> None:
        """A game in progress is ShotSpot's: its mapping alone follows Twizzit."""
        one.base, one.away, one.plays = dict(words), None, True
        for key in [key for key in self.questions if key[0] == remote_id]:
            del self.questions[key]

    def _leaves(self, one: Known, away: Away) -> None:
        super()._leaves(one, away)
        if one.away is not None:
            one.away.was_held = one.held["status"]
        one.held["status"] = "cancelled"

    def _returns(self, one: Known) -> None:
        if one.away is not None and one.held["status"] == "cancelled":
            one.held["status"] = one.away.was_held


@dataclass
class CompetitionsModel(ListedModel):
    """The competitions of the running season; Twizzit says their names, and lists those of which it lists a match."""

    def _stays(self, column: str, *, is_touched: bool) -> bool:
        return super()._stays(column, is_touched=False)

    def sync(self, said: Mapping[str, Values], local_id: Callable[[str], int]) -> None:
        """A sync of the running season."""
        self._forget_questions_of_the_unmapped()
        for remote_id, words in said.items():
            if (one := self.known.get(remote_id)) is None:
                self.known[remote_id] = Known(local_id(remote_id), dict(words), dict(words))
            else:
                self._is_listed(remote_id, one, words)


@dataclass
class CalendarModel:
    """Both."""

    matches: MatchesModel = field(default_factory=MatchesModel)
    competitions: CompetitionsModel = field(default_factory=CompetitionsModel)

    def entities(self) -> dict[str, Any]:
        """Entity → its model."""
        return {"matches": self.matches, "competitions": self.competitions}
