"""What the rules make of a club: a model beside the pipeline, of which it uses nothing.

It remembers, person by person, what Twizzit said at the last sync, what ShotSpot is to hold, and what became of those
who left; from that follows what the next sync, decision or undo must give. Its time is in days.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from tests.support.club_doubts import Doubts, Row
from tests.support.club_teams_model import TeamsModel
from tests.support.listed_model import GRACE, Known, ListedModel, Values

FIELDS = ("first_name", "last_name", "gender")
AGAIN = 30.0  # days


@dataclass(frozen=True)
class Seen:
    """What a sync saw: whom with which words; and what was found out of each of those who are missing.

    Attributes:
        teams: the teams in which each was read.
        is_complete: whether all rosters were read.
        found: remote id → present, absent or unproved; who is not in it was not asked for, or in vain.
    """

    said: Mapping[str, Values]
    teams: Mapping[str, Collection[str]]
    is_complete: bool = True
    found: Mapping[str, str] = field(default_factory=dict)


@dataclass
class ClubModel(ListedModel):
    """A club's people, and its teams."""

    doubts: Doubts = field(default_factory=Doubts)
    teams: TeamsModel = field(default_factory=TeamsModel)

    @property
    def people(self) -> dict[str, Known]:
        """Who was brought."""
        return self.known

    def entities(self) -> dict[str, ListedModel]:
        """Entity → its model."""
        return {"players": self, "teams": self.teams}

    def sync(self, seen: Seen, local_id: Callable[[str], int]) -> None:
        """A sync of the running season; `local_id` says which row of ShotSpot one that was not known has become."""
        rows = self._rows()
        back = {one.local_id for name, one in self.people.items() if name in seen.said and not one.is_mapped}
        self._forget_questions_of_the_unmapped()
        before, of = self.counted()
        for remote_id, said in seen.said.items():
            if (one := self.people.get(remote_id)) is None:
                one = self.people[remote_id] = Known(local_id(remote_id), dict(said), dict(said))
            else:
                self._is_listed(remote_id, one, said)
            if one.team not in (teams := seen.teams[remote_id]):  # they keep the team that they have
                one.team = min(teams, key=int)
        if seen.is_complete:
            missing = {name for name, one in self.people.items() if one.plays and name not in seen.said}
            due = {name for name in seen.found if name in self.people and name not in missing}
            self._are_missing(missing, self._proved(seen.found), before, of)
            for remote_id in due:
                self._is_asked_again(self.people[remote_id], seen.found[remote_id])
        self._forget_touches()
        self.doubts.sync(seen.said, rows, {name: self.people[name].local_id for name in seen.said}, back)

    def _proved(self, found: Mapping[str, str]) -> Mapping[str, str]:
        """docs/departures.md: "While it is not proved what became of a team that is not listed, a contact in no other
        team may be in that one: the departure waits."
        """
        said = {one: "unproved" if said == "present" else said for one, said in found.items()}
        return said if self.teams.doubtful else found

    def go_over(self, teams: Mapping[str, str]) -> None:
        """Teams have another id from now on; who is in them stays."""
        for one in self.people.values():
            one.team = teams.get(one.team or "", one.team)

    def _rows(self) -> dict[int, Row]:
        """ShotSpot's players as they are."""
        rows = {one: Row(dict(row.held), row.is_active) for one, row in self.doubts.bystanders.items()}
        for remote_id, one in self.people.items():
            rows[one.local_id] = Row(dict(one.held), one.is_active, remote_id if one.is_mapped else None)
        return rows

    def _is_asked_again(self, one: Known, said: str) -> None:
        away = one.away
        if away is None or away.status != "applied" or said == "unproved":
            return
        away.proved = self.now
        if said == "absent" and away.kind == "gone":
            away.status, one.is_mapped = "closed", False
        else:
            away.kind = "gone" if said == "absent" else "no_team"

    def is_due(self, remote_id: str) -> bool:
        """Whether Twizzit is asked once more for a person who has left."""
        away = self.people[remote_id].away
        if away is None or away.status != "applied" or away.proved is None or self.people[remote_id].plays:
            return False
        if away.is_taken_back or not self.can_ask:
            return False
        return self.now - away.proved >= (GRACE if away.kind == "gone" else AGAIN)

    def is_asked(self, remote_id: str) -> bool:
        """Whether Twizzit is asked for one who is missing: of what a person is to decide, or has refused, it is not.

        Nor of those whose team is missing itself, while it is not proved that it is gone.
        """
        one = self.people[remote_id]
        if one.team in self.teams.unclear and self.can_ask:
            return False
        return one.plays and (one.away is None or one.away.status not in ("held", "refused"))
