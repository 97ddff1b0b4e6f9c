"""What the rules make of a club's teams: a model beside the pipeline, of which it uses nothing."""

import copy
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from tests.support.listed_model import Known, ListedModel, Values


@dataclass
class TeamsModel(ListedModel):
    """The teams of the running season; Twizzit says their names.

    `unclear`: those that the last sync missed, and of which it was not proved what became of them; `doubtful`: those of
    them that Twizzit was asked for, and of a sync that proves nothing those about which no person decides.
    """

    KINDS: ClassVar[Mapping[str, str]] = {"absent": "gone"}

    unclear: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)

    def sync(
        self,
        said: Mapping[str, Values],
        found: Mapping[str, str] | None,
        local_id: Callable[[str], int],
        moved_on: Collection[str] = (),
    ) -> Mapping[str, str]:
        """A sync of the running season.

        Args:
            said: remote id → the words of each team that is listed.
            found: of each that is missing what Twizzit says; None where the scan proves nothing.
            moved_on: those that two readings lack, where it cannot be asked and the account is the club's for certain.

        Returns: earlier id → the id of those that Twizzit calls otherwise now.
        """
        self._forget_questions_of_the_unmapped()
        missing = {one for one, row in self.known.items() if row.plays} - said.keys() if found is not None else set()
        self.unclear = {one for one in missing if (found or {}).get(one) not in ("present", "absent")}
        self.doubtful = {one for one in self.unclear if one in (found or {})}
        if found is None:
            here = {one for one, row in self.known.items() if row.plays and one not in said}
            self.doubtful = {one for one in here if not self._is_decided(one)}
        self.doubtful = self.doubtful if self.can_ask else set()
        missing = {one for one in missing if (found or {}).get(one) != "present"}
        before, of = self.counted()
        vacated = {one for one, row in self.known.items() if one not in said and not row.plays}
        vacated |= {one for one in missing & set(moved_on) if not self.is_refused(one)}
        self._are_missing(missing, found or {}, before, of)
        vacated |= {one for one in missing if not self.known[one].plays}
        gone_over = self._go_over(said, vacated)
        for remote_id, words in said.items():
            if (one := self.known.get(remote_id)) is not None:
                self._is_named(remote_id, one, words)
            elif not self.is_taken(str(words["name"])):
                self.known[remote_id] = Known(local_id(remote_id), dict(words), dict(words))
        self._forget_touches()
        return gone_over

    def is_refused(self, remote_id: str) -> bool:
        """Whether a person said that it has not left."""
        away = self.known[remote_id].away
        return away is not None and away.status == "refused"

    def _is_decided(self, remote_id: str) -> bool:
        """Whether its departure is a person's to decide, or was refused."""
        away = self.known[remote_id].away
        return away is not None and away.status in ("held", "refused")

    def _go_over(self, said: Mapping[str, Values], vacated: Collection[str]) -> Mapping[str, str]:
        """docs/departures.md: "a group that was deleted and made anew, it is the same team of ShotSpot's".

        By the name that Twizzit gave it last, or that ShotSpot has by now; of several by ShotSpot's.
        """
        found: dict[str, str] = {}
        for remote_id in sorted(said.keys() - self.known.keys(), key=int):
            name = said[remote_id]["name"]
            alike = [one for one in vacated if one not in found and name in _names(self.known[one])]
            exact = [one for one in alike if self.known[one].held["name"] == name]
            if len(fitting := exact if len(alike) > 1 else alike) == 1:
                found[fitting[0]] = remote_id
        for earlier, remote_id in found.items():
            self.known[remote_id] = self.known.pop(earlier)
            for asked in [key for key in self.questions if key[0] == earlier]:
                self.questions[remote_id, asked[1]] = self.questions.pop(asked)
        return found

    def _is_named(self, remote_id: str, one: Known, words: Values) -> None:
        """A team that finds its name taken stays what it is, its base included: the next sync tries again."""
        before, asked = copy.deepcopy(one), dict(self.questions)
        self._is_listed(remote_id, one, words)
        if one.held != before.held and self.is_taken(str(one.held["name"]), but=one):
            self.known[remote_id], self.questions = before, asked

    def _is_in_the_way(self, one: Known, column: str, value: object) -> bool:
        return self.is_taken(str(value), but=one)

    def is_taken(self, name: str, but: Known | None = None) -> bool:
        """A club has each name once in a season."""
        return any(one.held["name"] == name for one in self.known.values() if one is not but)


def _names(one: Known) -> set[str | None]:
    return {one.held["name"], one.base["name"]}
