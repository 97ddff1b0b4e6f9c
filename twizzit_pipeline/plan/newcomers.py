"""Players whom Twizzit lists under another id than before: a contact that was removed and added again. Pure.

ShotSpot's player is the same, and the mapping goes over to the new id, where all speaks for it: the earlier contact is
proved to be gone, it alone has that name in the club, one new contact has it, and no gender contradicts. Where
something is missing the new contact has a player of their own, so that they can play, and the pair is reported.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from twizzit_pipeline.plan import Warned
from twizzit_pipeline.plan.departed import Departure, Departures
from twizzit_pipeline.plan.pending_players import PendingChange, Person
from twizzit_pipeline.plan.person_names import local_name, remote_name
from twizzit_pipeline.plan.rows import LocalPlayer, MappingRow
from twizzit_pipeline.plan.states import PlayerState

# Remarks: the player has another id in Twizzit from now on; a player of that name is not listed any more, and it is
# not certain that both are one person.
MADE_ANEW = "made_anew"
MAYBE_THE_SAME = "maybe_the_same"


@dataclass(frozen=True, slots=True)
class Earlier:
    """A player of ShotSpot's whose contact is not listed any more; `departure`: one that is in ShotSpot already."""

    local: LocalPlayer
    mapping: MappingRow
    departure: Departure | None


@dataclass(frozen=True, slots=True)
class Newcomers:
    """Remote id of a person without a mapping → whom they were before, and of whom that is not certain."""

    were: Mapping[str, Earlier] = field(default_factory=dict)
    doubtful: Sequence[str] = ()

    def stays(self, departures: Departures) -> Departures:
        """The departures, without those whose mapping goes over: they do not leave."""
        earlier = {one.mapping.twizzit_id for one in self.were.values()}
        return replace(departures, missing=[one for one in departures.missing if one.twizzit_id not in earlier])

    def remarks(self, pending: Sequence[PendingChange]) -> list[Warned]:
        """What is to be reported of those of them who are applied."""
        applied = [one.person.remote.id for one in pending]
        return [
            Warned(remote_id, MADE_ANEW if remote_id in self.were else MAYBE_THE_SAME)
            for remote_id in applied
            if remote_id in self.were or remote_id in self.doubtful
        ]


def newcomers(state: PlayerState, unmapped: Sequence[Person]) -> Newcomers:
    """Who of these had another id before, by the deciding season; not whom a person has decided about."""
    if not (state.season.decides and state.unlisted):
        return Newcomers()
    local = {player.id: player for player in state.local}
    alike: dict[tuple[int | None, str], list[Earlier]] = defaultdict(list)
    for mapping in state.unlisted:
        player = local.get(mapping.local_id)
        if player is not None:
            earlier = Earlier(player, mapping, state.departures.left.get(mapping.twizzit_id))
            alike[player.club_id, local_name(player)].append(earlier)
    free = {(player.club_id, local_name(player)) for player in state.local if not player.mapped}
    fitting = {
        person.remote.id: (
            person,
            places,
            [
                one
                for place in places
                for one in alike.get(place, ())
                if not state.decisions.are_two(person.remote.id, one.local.id)
            ],
        )
        for person in unmapped
        if person.remote.id not in state.decisions.links
        for places in [{(team.club_id, remote_name(person.remote)) for _, team in person.teams}]
    }
    wanted = Counter(one.local.id for _, _, found in fitting.values() for one in found)
    were = {
        remote_id: found[0]
        for remote_id, (person, places, found) in fitting.items()
        if len(found) == 1
        and wanted[found[0].local.id] == 1
        and not places & free
        and (None in (genders := {found[0].local.gender, person.remote.gender}) or len(genders) == 1)
        and _is_gone(found[0], state.departures)
    }
    doubtful = [remote_id for remote_id, (_, _, found) in fitting.items() if found and remote_id not in were]
    return Newcomers(were, doubtful)


def _is_gone(earlier: Earlier, departures: Departures) -> bool:
    """Whether Twizzit, asked for the earlier id, does not have it: in this run, or when the player left."""
    said = departures.kinds.get(earlier.mapping.twizzit_id)
    if said is not None:
        return said == "gone" and any(one.twizzit_id == earlier.mapping.twizzit_id for one in departures.missing)
    return earlier.departure is not None and earlier.departure.kind == "gone"
