"""Teams that Twizzit lists under another id than before: the earlier one is gone, and the name is the same. Pure.

A group that is deleted and made anew has another id, and ShotSpot's team is the same: its mapping goes over to the new
id. Only a mapping of the credential's own is taken, and only where the absence of the earlier id is proved, or a person
said that it is the same team; in an account that cannot be asked for an id, where two readings lack the earlier one and
most people of the club are listed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from twizzit_pipeline.plan.departed import OPEN, Record
from twizzit_pipeline.plan.departures import DEPARTED, Leaving, returned
from twizzit_pipeline.plan.ownership import same_organization
from twizzit_pipeline.plan.rows import LocalTeam, MappingRow, RemoteTeam
from twizzit_pipeline.plan.states import TeamState


@dataclass(frozen=True, slots=True)
class Vacated:
    """A team of ShotSpot's whose remote one is gone, and its mapping."""

    local: LocalTeam
    mapping: MappingRow


class Successions:
    """The teams that were vacated; each is taken once, by the team of its name, club and season."""

    def __init__(self, state: TeamState, leaving: Leaving, season_id: int) -> None:
        self.taken: set[int] = set()
        self._takes = state.takes
        self._departures = state.departures
        self._moved_on: set[str] = set()  # those of the departures that were taken
        listed = {remote.id for remote in state.remote}
        local = {team.id: team for team in state.local}
        self._vacated = [
            Vacated(local[mapping.local_id], mapping)
            for mapping in state.mappings
            if state.season.decides
            and mapping.twizzit_id not in listed
            and mapping.credential_id == state.owner.credential_id
            and same_organization(mapping, state.owner)
            and mapping.local_id in local
            and local[mapping.local_id].season_id == season_id
            and (
                mapping.local_id in leaving.row_ids
                or (mapping.last_values or {}).get(DEPARTED)
                or mapping.local_id in state.takes.values()
                or mapping.twizzit_id in state.departures.moved_on
            )
        ]

    def take(self, remote: RemoteTeam, club_id: int, alike: Callable[[str], bool]) -> Vacated | None:
        """The team that `remote` is from now on; of several the one of the very name, else none.

        Args:
            alike: whether a name may be its own: ShotSpot's of the team, or the one that Twizzit said last.
        """
        free = [one for one in self._vacated if one.local.club_id == club_id and one.local.id not in self.taken]
        if remote.id in self._takes:
            free = [one for one in free if one.local.id == self._takes[remote.id]]
        fitting = [one for one in free if alike(one.local.name) or alike(one.mapping.twizzit_name or "")]
        exact = [one for one in fitting if one.local.name == remote.name]
        found = exact if len(fitting) > 1 else fitting
        if len(found) != 1:
            return None
        self.taken.add(found[0].local.id)
        self._moved_on |= {found[0].mapping.twizzit_id} & set(self._departures.moved_on)
        return found[0]

    def stays(self, leaving: Leaving) -> Leaving:
        """What leaves, without those that were taken: they do not leave, and what waited about them is over."""
        stay = {change.twizzit_id for change in leaving.changes if change.row_id in self.taken} | self._moved_on
        records = list(_without(leaving.records, stay))
        said, unlisted = {one.twizzit_id for one in records}, self._departures.unlisted
        waited = [unlisted[one] for one in sorted(self._moved_on & unlisted.keys() - said)]
        return replace(
            leaving,
            changes=[change for change in leaving.changes if change.row_id not in self.taken],
            records=[*records, *returned(one for one in waited if one.status in OPEN)],
            held=[one for one in leaving.held if one not in self._moved_on],
            waiting=[one for one in leaving.waiting if one not in self._moved_on],
        )


def _without(records: Iterable[Record], stay: set[str | None]) -> Iterable[Record]:
    for one in records:
        if one.twizzit_id not in stay:
            yield one
        elif one.id is not None:  # a person approved it, or it waited for its proof: it is over
            yield Record(one.id, one.twizzit_id, one.local_id, one.kind, "returned", returned=True)
