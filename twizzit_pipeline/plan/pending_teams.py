"""One team's change, before it is known whether its name is free.

What belongs here: what one team's row and its mapping should be. Who is meant by whom, and who gets which name, is in
`teams`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twizzit_pipeline.plan import Action, Change, ownership
from twizzit_pipeline.plan.merge import Move, merge
from twizzit_pipeline.plan.rows import LocalTeam, MappingRow, RemoteTeam
from twizzit_pipeline.plan.states import TeamState

_SAID = ("name", "age_group", "gender")  # what Twizzit says of a team


@dataclass(frozen=True, slots=True)
class PendingTeam:
    """One team's change before it is known whether its name is free.

    `base`: what its mapping will remember; `merged`: whether Twizzit's words were merged with ShotSpot's.
    """

    action: Action
    remote: RemoteTeam
    row_id: int
    club_id: int
    values: Mapping[str, object]
    base: Mapping[str, object] | None
    local: LocalTeam | None = None
    mapping: MappingRow | None = None
    conflicts: tuple[str, ...] = ()
    merged: bool = False

    @property
    def before(self) -> dict[str, object]:
        return {} if self.local is None else {column: getattr(self.local, column) for column in self.values}

    @property
    def move(self) -> Move | None:
        """The name that this change asks for, where the database allows it only once (not for teams without season)."""
        wants = name_slot(self.club_id, self.values["name"], self.values["season_id"])
        leaves = None if self.local is None else name_slot(self.club_id, self.local.name, self.local.season_id)
        return None if wants == leaves else Move(self.row_id, leaves, wants, stays=True)


def name_slot(club_id: object, name: object, season_id: object) -> tuple[object, object, object] | None:
    """What ShotSpot allows only once: a name in a club and season; a team without season may share its name."""
    return None if season_id is None else (club_id, name, season_id)


def said_of(remote: RemoteTeam) -> dict[str, object]:
    """What Twizzit says of a team, by ShotSpot's columns."""
    return {column: getattr(remote, column) for column in _SAID}


def repairs_of(state: TeamState) -> tuple[str, ...]:
    """The columns that a repair brings to Twizzit's values."""
    return _SAID if state.season.repairs else ()


def base_of(state: TeamState, remote: RemoteTeam) -> dict[str, object]:
    """What a mapping remembers."""
    return {**said_of(remote), "club_name": remote.club_name, "season": state.season.label}


def link(state: TeamState, remote: RemoteTeam, local: LocalTeam, season_id: int) -> PendingTeam:
    """The change for a team without a mapping that one team of ShotSpot fits, or that a person chose."""
    kept = {"name": local.name, "age_group": local.age_group, "gender": local.gender}
    values, _ = merge(None, said_of(remote), kept, repairs=repairs_of(state))
    values["season_id"] = season_id
    if local.is_active is None:
        values["is_active"] = not state.season.ended
    return PendingTeam("link", remote, local.id, local.club_id, values, base_of(state, remote), local)


def new(state: TeamState, remote: RemoteTeam, club_id: int, season_id: int, *, row_id: int) -> PendingTeam:
    """The change for a team that is to be made."""
    values = {**said_of(remote), "season_id": season_id, "club_id": club_id, "is_active": not state.season.ended}
    return PendingTeam("create", remote, row_id, club_id, values, base_of(state, remote))


def change_of(pending: PendingTeam, state: TeamState) -> Change | None:
    """The change as the plan has it; None where everything is as it should be."""
    return ownership.change_of(
        "teams",
        pending.action,
        pending.row_id,
        pending.remote.id,
        pending.values,
        pending.before,
        ownership.mapping_values(state.owner, pending.remote.name, pending.base),
        pending.mapping,
        pending.conflicts,
    )


def marked(pending: PendingTeam) -> Iterable[Change]:
    """Says in the mapping of a team that could not be renamed why; its base stays: the next sync tries again."""
    if pending.mapping is None:
        return
    before = ownership.current_mapping(pending.mapping)
    reason = "another team of the club has this name in this season"
    after = {**before, "sync_status": "failed", "sync_error": reason}
    if after != before:
        yield Change(
            "teams",
            "mark",
            pending.row_id,
            pending.remote.id,
            pending.before,
            pending.before,
            after,
            before,
            pending.mapping.id,
        )
