"""What becomes of a season's players: who is linked, made or updated, in which team, and with which shirt number.

The rules (design: "rules that keep people on the pitch"): the deciding season alone says which team a player is in and
whether they are active; an older one adds people never seen and overwrites nothing. Somebody in two teams keeps the one
that they have. A shirt number taken in the club never stops a player.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from twizzit_pipeline.sync.plan import Action, Change, Failed, Plan, Warned, id_order
from twizzit_pipeline.sync.plan.merge import Move, denied, merge
from twizzit_pipeline.sync.plan.ownership import (
    by_remote_id,
    claim,
    current_mapping,
    mapping_values,
    refused,
    takeovers,
)
from twizzit_pipeline.sync.plan.person_names import full_name, local_name, remote_name, split_otherwise
from twizzit_pipeline.sync.plan.shotspot_sync import REPAIRED, shotspot_ran, undone
from twizzit_pipeline.sync.rows import LocalPlayer, MappedTeam, MappingRow, PlayerState, RemotePlayer
from twizzit_pipeline.transform.names import normalised_name

NAME_PUT_RIGHT = "name_put_right"
COLUMNS = ("club_id", "team_id", "first_name", "last_name", "gender", "jersey_number", "is_active")


@dataclass(frozen=True, slots=True)
class _Person:
    """One remote person with every mapped team that they play in, in order; at least one."""

    remote: RemotePlayer
    teams: tuple[tuple[str, MappedTeam], ...]

    def team(self, local: LocalPlayer | None, base: Mapping[str, object] | None) -> tuple[str, MappedTeam]:
        """The team they have, if it is one of theirs; else the one of the last sync; else the first by group id."""
        held = [(remote, team) for remote, team in self.teams if local is not None and team.team_id == local.team_id]
        before = [(remote, team) for remote, team in self.teams if base and remote == base.get("twizzit_team_id")]
        return next(iter([*held, *before, *self.teams]))


@dataclass(frozen=True, slots=True)
class _Draft:
    """One player's change before it is known whether their shirt number is free."""

    action: Action
    person: _Person
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

    @property
    def before(self) -> dict[str, object]:
        return {} if self.local is None else {column: getattr(self.local, column) for column in COLUMNS}

    @property
    def move(self) -> Move | None:
        """The shirt number given up and the one asked for; None where nothing changes."""
        leaves = None if self.local is None else _slot(self.local.club_id, self.local.jersey_number)
        wants = _slot(self.values["club_id"], self.values["jersey_number"])
        return None if leaves == wants else Move(self.row_id, leaves, wants, stays=self.own_number)


def plan_players(state: PlayerState) -> Plan:
    """The plan for the players of one credential and season."""
    people, failed = _people(state)
    drafts, unusable = _drafts(state, people)
    held = {_slot(player.club_id, player.jersey_number) for player in state.local} - {None}
    # Whose number ShotSpot's own sync emptied had it first, and is asked first.
    in_turn = sorted(drafts, key=lambda draft: "jersey_number" not in draft.repaired)
    losers = denied(held, [move for draft in in_turn if (move := draft.move) is not None])

    changes: list[Change] = []
    warned: list[Warned] = []
    unchanged = 0
    for draft in drafts:
        settled = _without_number(draft) if draft.row_id in losers else draft
        if settled.base is not None and settled.base.get("number_withheld"):
            warned.append(Warned(draft.person.remote.id, "number_taken"))
        if any(settled.values[column] != settled.before[column] for column in settled.repaired):
            warned.append(Warned(draft.person.remote.id, REPAIRED))
        if (change := _change(settled, state)) is None:
            unchanged += 1
        else:
            changes.append(change)
    warned += takeovers(changes, {player.id: full_name(player) for player in state.local})
    warned += [Warned(str(change.twizzit_id), NAME_PUT_RIGHT) for change in changes if _put_right(change)]
    seen = [draft.mapping.id for draft in drafts if draft.mapping is not None and draft.mapping.unseen]
    return Plan(
        "players",
        changes=changes,
        failed=[*failed, *unusable],
        warned=warned,
        unchanged=unchanged,
        seen=seen if state.season.decides else (),
    )


def _slot(club_id: object, number: object) -> tuple[object, object] | None:
    """What ShotSpot allows only once: a shirt number in a club."""
    return None if club_id is None or number is None else (club_id, number)


def _people(state: PlayerState) -> tuple[list[_Person], list[Failed]]:
    rows: dict[str, list[RemotePlayer]] = defaultdict(list)
    for row in sorted(state.remote, key=lambda player: (id_order(player.id), id_order(player.team_id))):
        rows[row.id].append(row)
    people, failed = [], []
    for remote_id, rosters in rows.items():
        teams = tuple((row.team_id, state.teams[row.team_id]) for row in rosters if row.team_id in state.teams)
        if teams:
            people.append(_Person(rosters[0], teams))
        else:
            failed.append(Failed(remote_id, "team_not_mapped"))
    return people, failed


def _drafts(state: PlayerState, people: Sequence[_Person]) -> tuple[list[_Draft], list[Failed]]:
    mappings = by_remote_id(state.mappings, state.owner)
    local = {player.id: player for player in state.local}
    drafts: list[_Draft] = []
    failed: list[Failed] = []
    unmapped: list[_Person] = []
    for person in people:
        mapping = mappings.get(person.remote.id)
        if mapping is None:
            unmapped.append(person)
            continue
        draft = _mapped(state, person, mapping, local[mapping.local_id])
        if isinstance(draft, Failed):
            failed.append(draft)
        else:
            drafts.append(draft)
    found, doubtful = _found_or_new(state, unmapped)
    return [*drafts, *found], [*failed, *doubtful]


def _mapped(state: PlayerState, person: _Person, mapping: MappingRow, local: LocalPlayer) -> _Draft | Failed:
    """The draft for somebody who has a mapping; failed where that is another organization's, or may be."""
    base = mapping.last_values
    _, team = person.team(local, base)
    name = remote_name(person.remote)
    same_name = name in (local_name(local), normalised_name(mapping.twizzit_name or ""))
    # ShotSpot's own mapping says one player, and the name another one of the club: nobody can say who is meant.
    others = () if same_name or mapping.dialect is not None else _namesakes(state, team.club_id, name)
    same_club = local.club_id in (None, team.club_id)
    may_feed = local.club_id is None or state.rights.may_feed(local.club_id)
    verdict = claim(mapping, state.owner, may_be_same=may_feed and (same_name or (same_club and not others)))
    if (failed := refused(verdict, person.remote.id, local.id, *others)) is not None:
        return failed
    action: Action = "adopt" if verdict == "adoptable" else "update"
    if not state.season.decides:
        return _Draft(
            action,
            person,
            local.id,
            {column: getattr(local, column) for column in COLUMNS},
            base,
            mapping.team_mapping_id,
            mapping.twizzit_name or full_name(person.remote),
            local,
            mapping,
        )
    as_left = undone(mapping, person.remote, local) if shotspot_ran(state, mapping) else local
    repaired = tuple(column for column in COLUMNS if getattr(as_left, column) != getattr(local, column))
    decided = _decided(person, as_left, base)
    return replace(decided, action=action, mapping=mapping, local=local, repaired=repaired)


def _namesakes(state: PlayerState, club_id: int, name: str) -> tuple[int, ...]:
    """The club's players without a mapping who have this name."""
    found = (one.id for one in state.local if not one.mapped and one.club_id == club_id and local_name(one) == name)
    return tuple(sorted(found))


def _decided(person: _Person, local: LocalPlayer, base: Mapping[str, object] | None) -> _Draft:
    """What the deciding season makes of somebody who is in ShotSpot already."""
    remote = person.remote
    remote_team, team = person.team(local, base)
    held = {"first_name": local.first_name, "last_name": local.last_name, "gender": local.gender}
    said = {"first_name": remote.first_name, "last_name": remote.last_name, "gender": remote.gender}
    merged, conflicts = merge(base, said, held)
    if base is None and split_otherwise(local, remote):
        merged |= {"first_name": remote.first_name, "last_name": remote.last_name}
    number, number_conflict = merge(
        base, {"jersey_number": remote.jersey_number}, {"jersey_number": local.jersey_number}
    )
    if base and base.get("number_withheld") and local.jersey_number is None:
        number["jersey_number"] = remote.jersey_number  # it may be free by now
    moved = base is None or base.get("twizzit_team_id") != remote_team
    active = base is None or base.get("is_active") is not True
    values = {
        "club_id": team.club_id if moved or local.club_id is None else local.club_id,
        "team_id": team.team_id if moved else local.team_id,
        **merged,
        **number,
        "is_active": True if active else local.is_active,
    }
    return _Draft(
        "update",
        person,
        local.id,
        values,
        {**said, **_membership(remote, remote_team, active=True)},
        team.mapping_id,
        full_name(remote),
        local,
        conflicts=(*conflicts, *number_conflict),
        own_number=values["club_id"] == local.club_id
        and (base is None or local.jersey_number != base.get("jersey_number")),
    )


def _found_or_new(state: PlayerState, unmapped: Sequence[_Person]) -> tuple[list[_Draft], list[Failed]]:
    """Links each person to the one local player that fits, makes those that none fits, and reports the doubtful."""
    free: dict[tuple[int | None, str], list[LocalPlayer]] = defaultdict(list)
    for player in state.local:
        if not player.mapped:
            free[player.club_id, local_name(player)].append(player)
    fitting = {
        person.remote.id: [
            player
            for club_id in {team.club_id for _, team in person.teams}
            for player in free[club_id, remote_name(person.remote)]
            if None in (player.gender, person.remote.gender) or player.gender == person.remote.gender
        ]
        for person in unmapped
    }
    wanted = Counter(player.id for players in fitting.values() for player in players)
    drafts: list[_Draft] = []
    failed: list[Failed] = []
    for place, person in enumerate(unmapped):
        players = fitting[person.remote.id]
        if not players:
            drafts.append(_new(state, person, row_id=-1 - place))
        elif len(players) > 1 or wanted[players[0].id] > 1:
            ids = tuple(sorted(player.id for player in players))
            failed.append(Failed(person.remote.id, "doubtful_link", ids))
        else:
            drafts.append(_link(state, person, players[0]))
    return drafts, failed


def _link(state: PlayerState, person: _Person, local: LocalPlayer) -> _Draft:
    if state.season.decides:
        return replace(_decided(person, local, None), action="link")
    kept = {column: getattr(local, column) for column in COLUMNS}
    _, team = person.team(local, None)
    # no base: the deciding season has yet to say its word about this player
    return _Draft("link", person, local.id, kept, None, team.mapping_id, full_name(person.remote), local)


def _new(state: PlayerState, person: _Person, *, row_id: int) -> _Draft:
    remote = person.remote
    remote_team, team = person.team(None, None)
    decides = state.season.decides
    said = {"first_name": remote.first_name, "last_name": remote.last_name, "gender": remote.gender}
    # Somebody known from an older season alone is not active, and takes no shirt number from those who are.
    number = remote.jersey_number if decides else None
    values = {
        "club_id": team.club_id,
        "team_id": team.team_id,
        **said,
        "jersey_number": number,
        "is_active": decides,
    }
    membership = _membership(replace(remote, jersey_number=number), remote_team, active=decides)
    return _Draft("create", person, row_id, values, {**said, **membership}, team.mapping_id, full_name(remote))


def _membership(remote: RemotePlayer, remote_team: str, *, active: bool) -> dict[str, object]:
    return {"jersey_number": remote.jersey_number, "twizzit_team_id": remote_team, "is_active": active}


def _without_number(draft: _Draft) -> _Draft:
    """The same player without the shirt number that somebody else in the club has."""
    keeps = draft.own_number and draft.local is not None
    number = draft.local.jersey_number if keeps and draft.local is not None else None
    base = None if draft.base is None else {**draft.base, "number_withheld": True}
    return replace(draft, values={**draft.values, "jersey_number": number}, base=base)


def _change(draft: _Draft, state: PlayerState) -> Change | None:
    """The draft as a change; None where everything is as it should be."""
    mapping = draft.mapping
    after = mapping_values(state.owner, draft.name, draft.base, team_mapping_id=draft.team_mapping_id)
    before = {} if mapping is None else current_mapping(mapping)
    if draft.values == draft.before and after == before:
        return None
    return Change(
        "players",
        draft.action,
        draft.row_id,
        draft.person.remote.id,
        draft.values,
        draft.before,
        None if after == before else after,
        before,
        None if mapping is None else mapping.id,
        draft.conflicts,
    )


def _put_right(change: Change) -> bool:
    """Whether the change moves a word between first and last name, of somebody of whom no sync had known the names."""
    renamed = {"first_name", "last_name"} & change.changed.keys()
    return (
        change.action in ("link", "adopt", "update") and bool(renamed) and not change.mapping_before.get("last_values")
    )
