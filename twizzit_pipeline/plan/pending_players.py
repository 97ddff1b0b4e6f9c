"""One player's change, before it is known whether their shirt number is free.

What belongs here: what one person's row should be, by what Twizzit says, what ShotSpot holds and what the mapping
remembers. Who is meant by whom, and who gets which number, is in `players`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypedDict, cast

from twizzit_pipeline.plan import Action, Change, ownership
from twizzit_pipeline.plan.decisions import NOTHING_DECIDED, Decisions
from twizzit_pipeline.plan.merge import Move, merge
from twizzit_pipeline.plan.person_names import full_name, same_words, split_otherwise
from twizzit_pipeline.plan.rows import PERSONAL, SAID_OF_PLAYER, LocalPlayer, MappedTeam, MappingRow, RemotePlayer
from twizzit_pipeline.plan.states import PlayerState

COLUMNS = ("club_id", "team_id", *SAID_OF_PLAYER, "is_active")
_NAMES = ("first_name", "last_name")
_TEAM = "team_id"


@dataclass(frozen=True, slots=True)
class Person:
    """One remote person with every mapped team that they play in, in order; at least one."""

    remote: RemotePlayer
    teams: tuple[tuple[str, MappedTeam], ...]

    def team(self, local: LocalPlayer | None, base: Mapping[str, object] | None) -> tuple[str, MappedTeam]:
        """The team they have, if it is one of theirs; else the one of the last sync; else the first by group id."""
        if len(self.teams) == 1:
            return self.teams[0]
        held = [(remote, team) for remote, team in self.teams if local is not None and team.team_id == local.team_id]
        before = [(remote, team) for remote, team in self.teams if base and remote == base.get("twizzit_team_id")]
        return next(iter([*held, *before, *self.teams]))


class Merged(TypedDict):
    """What was merged, as `Asking.look` wants it."""

    base: Mapping[str, object] | None
    remote: Mapping[str, object]
    held: Mapping[str, object]
    conflicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PendingChange:
    """One player's change; `values` have the shirt number that they want."""

    action: Action
    person: Person
    row_id: int
    values: Mapping[str, object]
    base: Mapping[str, object] | None
    team_mapping_id: int | None
    name: str
    local: LocalPlayer | None = None
    mapping: MappingRow | None = None
    conflicts: tuple[str, ...] = ()
    own_number: bool = False  # the number in ShotSpot is not Twizzit's: it stays where Twizzit's is taken
    repaired: tuple[str, ...] = ()  # columns that held what ShotSpot's own sync writes
    merged: Merged | None = None  # None where Twizzit's words were not merged with ShotSpot's

    @property
    def before(self) -> dict[str, object]:
        return {} if self.local is None else {column: getattr(self.local, column) for column in COLUMNS}

    @property
    def had_number(self) -> bool:
        """Whether the last sync that wrote their number gave them, in the same club, the one that they want."""
        if self.local is None or self.mapping is None or self.local.club_id not in (None, self.values["club_id"]):
            return False
        base = (self.mapping.last_values if self.merged is None else self.merged["base"]) or {}
        number = self.values["jersey_number"]
        return number is not None and number == base.get("jersey_number") and not base.get("number_withheld")

    @property
    def move(self) -> Move | None:
        """The shirt number given up and the one asked for; None where nothing changes."""
        leaves = None if self.local is None else slot(self.local.club_id, self.local.jersey_number)
        wants = slot(self.values["club_id"], self.values["jersey_number"])
        return None if leaves == wants else Move(self.row_id, leaves, wants, stays=self.own_number)


def decided(
    person: Person,
    local: LocalPlayer,
    base: Mapping[str, object] | None,
    *,
    repairs: bool = False,
    based_team_id: int | None = None,
    follows: bool = False,
    decisions: Decisions = NOTHING_DECIDED,
) -> PendingChange:
    """What the deciding season makes of a player who is in ShotSpot already.

    Args:
        repairs: what Twizzit says is written, edited in ShotSpot or not.
        based_team_id: the local team that Twizzit had them in at the last sync.
        follows: whether that is the team that they stand in, and its mapping was corrected by hand since.
        decisions: who wins where both sides changed something.
    """
    remote = person.remote
    remote_team, team = person.team(None if follows else local, base)
    columns = _repaired(local, remote) if repairs else frozenset[str]()
    said = {column: getattr(remote, column) for column in SAID_OF_PLAYER}
    held = {column: getattr(local, column) for column in SAID_OF_PLAYER}
    is_newer, newer = decisions.is_newer(local.updated_at), decisions.newer_than_asked(local.updated_at, remote.id)
    known = decisions.base_of(remote.id, _known(base, local), said, held)
    based_team_id = local.team_id if follows else based_team_id
    asked = decisions.reopened(remote.id, _TEAM, base=based_team_id, said=team.team_id, held=local.team_id)
    policies = decisions.policies
    merged, conflicts = merge(
        known, said, held, repairs=columns, policies=policies, local_is_newer=is_newer, newer=newer
    )
    if base is None and split_otherwise(local, remote):
        merged |= {"first_name": remote.first_name, "last_name": remote.last_name}
    moved = repairs or follows or base is None or base.get("twizzit_team_id") != remote_team
    if asked is not None:
        based_team_id = cast("int | None", asked.base)
        moved = repairs or team.team_id != based_team_id
    if moved and base is not None and based_team_id is not None and local.team_id not in (based_team_id, team.team_id):
        conflicts = (*conflicts, _TEAM)
        moved = repairs or not policies.keeps(_TEAM, local_is_newer=newer.get(_TEAM, is_newer))
    active = repairs or base is None or base.get("is_active") is not True
    values = {
        "club_id": team.club_id if moved or local.club_id is None else local.club_id,
        "team_id": team.team_id if moved else local.team_id,
        **merged,
        "is_active": True if active else local.is_active,
    }
    return PendingChange(
        "update",
        person,
        local.id,
        values,
        {**said, **_membership(remote, remote_team, active=True)},
        team.mapping_id,
        full_name(remote),
        local,
        conflicts=conflicts,
        own_number=values["club_id"] == local.club_id
        and (base is None or local.jersey_number != (known or {}).get("jersey_number")),
        merged={
            "base": {**(known or {}), _TEAM: based_team_id},
            "remote": {**said, _TEAM: team.team_id},
            "held": {**held, _TEAM: local.team_id},
            "conflicts": conflicts,
        },
    )


def _known(base: Mapping[str, object] | None, local: LocalPlayer) -> Mapping[str, object] | None:
    """The base; a number that was withheld and is still missing is one that was not said: it may be free by now."""
    withheld = base is not None and base.get("number_withheld") and local.jersey_number is None
    return {**base, "jersey_number": None} if base is not None and withheld else base


def _repaired(local: LocalPlayer, remote: RemotePlayer) -> frozenset[str]:
    """The columns of which Twizzit says something: of a whole name alone it does not say where it falls into two."""
    guessed = remote.name_guessed and same_words(local, remote)
    return frozenset(SAID_OF_PLAYER) - frozenset(_NAMES if guessed else ())


def link(state: PlayerState, person: Person, local: LocalPlayer) -> PendingChange:
    """The change for a person without a mapping whom one player of ShotSpot fits, or whom a person chose."""
    if state.season.decides:
        base = state.bases.get(person.remote.id)
        decisions = NOTHING_DECIDED if base is None else state.decisions
        one = decided(person, local, base, repairs=state.season.repairs, decisions=decisions)
        return replace(one, action="link")
    kept = {column: getattr(local, column) for column in COLUMNS}
    _, team = person.team(local, None)
    # no base: no sync of the deciding season has planned this player yet
    return PendingChange("link", person, local.id, kept, None, team.mapping_id, full_name(person.remote), local)


def new(state: PlayerState, person: Person, *, row_id: int) -> PendingChange:
    """The change for a person who is to be made."""
    remote = person.remote
    remote_team, team = person.team(None, None)
    decides = state.season.decides
    said = {column: getattr(remote, column) for column in PERSONAL}
    # A player known from an older season alone is not active, and takes no shirt number from those who are.
    number = remote.jersey_number if decides else None
    values = {
        "club_id": team.club_id,
        "team_id": team.team_id,
        **said,
        "jersey_number": number,
        "is_active": decides,
    }
    membership = _membership(replace(remote, jersey_number=number), remote_team, active=decides)
    return PendingChange("create", person, row_id, values, {**said, **membership}, team.mapping_id, full_name(remote))


def _membership(remote: RemotePlayer, remote_team: str, *, active: bool) -> dict[str, object]:
    return {"jersey_number": remote.jersey_number, "twizzit_team_id": remote_team, "is_active": active}


def without_number(pending: PendingChange) -> PendingChange:
    """The same player without the shirt number that another player of the club has."""
    number = pending.local.jersey_number if pending.own_number and pending.local is not None else None
    base = pending.base
    # Who keeps a number of ShotSpot's that only a repair would change is not waiting for Twizzit's.
    if base is not None and not (pending.had_number and number is not None):
        base = {**base, "number_withheld": True}
    return replace(pending, values={**pending.values, "jersey_number": number}, base=base)


def change_of(pending: PendingChange, state: PlayerState) -> Change | None:
    """The change as the plan has it; None where everything is as it should be."""
    return ownership.change_of(
        "players",
        pending.action,
        pending.row_id,
        pending.person.remote.id,
        pending.values,
        pending.before,
        ownership.mapping_values(state.owner, pending.name, pending.base, team_mapping_id=pending.team_mapping_id),
        pending.mapping,
        pending.conflicts,
    )


def slot(club_id: object, number: object) -> tuple[object, object] | None:
    """What ShotSpot allows only once: a shirt number in a club."""
    return None if club_id is None or number is None else (club_id, number)
