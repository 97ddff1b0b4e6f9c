"""What becomes of a season's players: who is linked, made or updated, in which team, and with which shirt number.

The rules (docs/architecture.md, Seasons): the deciding season alone says which team a player is in and whether they are
active; an older one adds people never seen and overwrites nothing. A person in two teams keeps the one that they have,
also where a scan lacks them in it and it is not proved that they left it.
A shirt number taken in the club never stops a player.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from twizzit_pipeline.plan import DOUBTFUL_LINK, Action, Change, Failed, Plan, Warned, id_order
from twizzit_pipeline.plan.asking import Asking
from twizzit_pipeline.plan.departed import DONE, Departure, Record
from twizzit_pipeline.plan.departures import (
    DEPARTED,
    NONE_LISTED,
    plan_departures,
    player_before,
    player_departs,
    returned,
)
from twizzit_pipeline.plan.merge import denied
from twizzit_pipeline.plan.newcomers import Earlier, Newcomers, newcomers
from twizzit_pipeline.plan.ownership import (
    by_remote_id,
    claim,
    refused,
    takeovers,
)
from twizzit_pipeline.plan.partners import player_partners
from twizzit_pipeline.plan.pending_players import (
    COLUMNS,
    PendingChange,
    Person,
    change_of,
    decided,
    link,
    new,
    slot,
    without_number,
)
from twizzit_pipeline.plan.person_names import full_name, local_name, remote_name, same_gender
from twizzit_pipeline.plan.rows import LocalPlayer, MappingRow, RemotePlayer
from twizzit_pipeline.plan.shotspot_sync import REPAIRED, shotspot_ran, undone
from twizzit_pipeline.plan.states import PlayerState
from twizzit_pipeline.transform.names import normalised_name

NAME_PUT_RIGHT = "name_put_right"


def plan_players(state: PlayerState) -> Plan:
    """The plan for the players of one credential and season."""
    people, failed, away = _people(state)
    pending, unusable, found = _pending(state, people)
    leaving = plan_departures(found.stays(state.departures), player_departs)
    gone = {change.row_id for change in leaving.changes}
    held = {slot(one.club_id, one.jersey_number) for one in state.local if one.id not in gone} - {None}
    # Who had the number first, before ShotSpot's own sync or a person changed it, is asked first.
    in_turn = sorted(pending, key=lambda one: not ("jersey_number" in one.repaired or one.had_number))
    losers = denied(held, [move for one in in_turn if (move := one.move) is not None])

    changes: list[Change] = []
    warned: list[Warned] = []
    unchanged = state.unchanged
    asking, partners = Asking(state.decisions), player_partners(state, pending, unusable, found)
    for one in pending:
        settled = without_number(one) if one.row_id in losers else one
        if settled.merged is not None:
            asking.look(
                settled.person.remote.id,
                settled.row_id,
                values=settled.values,
                mapped_as=None if settled.mapping is None else settled.mapping.twizzit_id,
                **settled.merged,
            )
        # An older season asks for no number: what the base says of one is the deciding season's, or a departure's.
        withheld = state.season.decides and settled.base is not None and settled.base.get("number_withheld")
        if one.row_id in losers or withheld:
            warned.append(Warned(one.person.remote.id, "number_taken"))
        if any(settled.values[column] != settled.before[column] for column in settled.repaired):
            warned.append(Warned(one.person.remote.id, REPAIRED))
        if (change := change_of(settled, state)) is None:
            unchanged += 1
        else:
            changes.append(change)
    warned += takeovers(changes, {player.id: full_name(player) for player in state.local})
    warned += [Warned(remote_id, NONE_LISTED) for remote_id in state.none_listed]
    warned += [Warned(str(change.twizzit_id), NAME_PUT_RIGHT) for change in changes if _put_right(change)]
    seen = [one.mapping.id for one in pending if one.mapping is not None and one.mapping.unseen]
    return Plan(
        "players",
        changes=[*leaving.changes, *changes],
        failed=[*failed, *unusable],
        warned=[*warned, *found.remarks(pending), *(Warned(remote_id, DEPARTED) for remote_id in away)],
        unchanged=unchanged,
        seen=seen if state.season.decides else (),
        departures=[*leaving.records, *_back(state, pending)],
        held=leaving.held,
        waiting=leaving.waiting,
        closed=leaving.closed,
        questions=[*asking.questions, *partners.questions],
        settled={**asking.settled, **partners.settled},
    )


def _back(state: PlayerState, pending: Sequence[PendingChange]) -> list[Record]:
    """The departures of those who play again, as the deciding season says, or whose departure was undone."""
    back = state.departures.back if state.season.decides else {}
    ids = {one.person.remote.id: None for one in pending}
    if state.unchanged:  # who is listed and was not even read is as they should be
        ids |= dict.fromkeys(sorted(back.keys() - {player.id for player in state.remote}, key=id_order))
    return returned(back[remote_id] for remote_id in ids if remote_id in back and back[remote_id].status in DONE)


def _people(state: PlayerState) -> tuple[list[Person], list[Failed], list[str]]:
    """Those who are planned, those who cannot be, and who is left alone: an older season brings no one back."""
    rows: dict[str, list[RemotePlayer]] = defaultdict(list)
    for row in sorted(state.remote, key=lambda player: (id_order(player.id), id_order(player.team_id))):
        rows[row.id].append(row)
    people, failed, away = [], [], []
    for remote_id, rosters in rows.items():
        departure = state.departures.back.get(remote_id)
        if departure is not None and departure.status == "closed" and not state.season.decides:
            away.append(remote_id)
            continue
        stays = state.stay.get(remote_id)
        listed = [stays] if stays is not None and stays in state.teams else [row.team_id for row in rosters]
        teams = tuple((team, state.teams[team]) for team in listed if team in state.teams)
        if teams:
            people.append(Person(rosters[0], teams))
        else:
            failed.append(Failed(remote_id, "team_not_mapped"))
    return people, failed, away


def _pending(state: PlayerState, people: Sequence[Person]) -> tuple[list[PendingChange], list[Failed], Newcomers]:
    mappings = by_remote_id(state.mappings, state.owner)
    local = {player.id: player for player in state.local}
    pending: list[PendingChange] = []
    failed: list[Failed] = []
    unmapped: list[Person] = []
    for person in people:
        mapping = mappings.get(person.remote.id)
        if mapping is None:
            unmapped.append(person)
            continue
        one = _mapped(state, person, mapping, local[mapping.local_id])
        if isinstance(one, PendingChange):
            pending.append(one)
        elif state.decisions.settles(one):
            unmapped.append(person)
        else:
            failed.append(one)
    anew = newcomers(state, unmapped)
    pending += [
        one
        for person in unmapped
        if (earlier := anew.were.get(person.remote.id)) is not None
        and isinstance(one := _under_another_id(state, person, earlier), PendingChange)
    ]
    found, doubtful = _found_or_new(state, [person for person in unmapped if person.remote.id not in anew.were])
    return [*pending, *found], [*failed, *doubtful], anew


def _under_another_id(state: PlayerState, person: Person, earlier: Earlier) -> PendingChange | Failed:
    """The change for a person whose mapping goes over to the id that they have now."""
    if earlier.departure is not None and _is_away(earlier.departure, earlier.mapping.last_values):
        return replace(_again(state, person, earlier.departure, earlier.local), mapping=earlier.mapping)
    decisions = state.decisions.gone_over(earlier.mapping.twizzit_id, person.remote.id)
    return _mapped(replace(state, decisions=decisions), person, earlier.mapping, earlier.local)


def _mapped(state: PlayerState, person: Person, mapping: MappingRow, local: LocalPlayer) -> PendingChange | Failed:
    """The change for a person who has a mapping; failed where that is another organization's, or may be."""
    base = mapping.last_values
    _, team = person.team(local, base)
    name = remote_name(person.remote)
    same_name = name in (local_name(local), normalised_name(mapping.twizzit_name or ""))
    # ShotSpot's own mapping says one player, and the name another one of the club: it is not clear who is meant.
    others = () if same_name or mapping.dialect is not None else _namesakes(state, team.club_id, name)
    same_club = local.club_id in (None, team.club_id)
    may_feed = local.club_id is None or state.rights.may_feed(local.club_id)
    decided_so = state.decisions.names(person.remote.id, local.id)
    may_be_same = may_feed and (same_name or (same_club and not others))
    claimed = claim(mapping, state.owner, may_be_same=may_be_same, decided=decided_so)
    if (failed := refused(claimed, person.remote.id, local.id, *others)) is not None:
        return failed
    action: Action = "adopt" if claimed == "adoptable" else "update"
    if not state.season.decides:
        return PendingChange(
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
    departure = state.departures.back.get(person.remote.id)
    if departure is not None and _is_away(departure, base) and departure.local_id == local.id:
        return replace(_again(state, person, departure, local), mapping=mapping)
    as_left = undone(mapping, person.remote, local) if shotspot_ran(state, mapping) else local
    repaired = tuple(column for column in COLUMNS if getattr(as_left, column) != getattr(local, column))
    one = decided(
        person,
        as_left,
        base,
        repairs=state.season.repairs,
        based_team_id=mapping.based_team_id,
        follows=local.id in state.left_behind,
        decisions=state.decisions,
    )
    return replace(one, action=action, mapping=mapping, local=local, repaired=repaired)


def _again(state: PlayerState, person: Person, departure: Departure, local: LocalPlayer) -> PendingChange:
    """The change for a person who had departed: as if they had been listed all the time."""
    before, base = player_before(departure, local)
    one = decided(person, before, base, repairs=state.season.repairs, decisions=state.decisions)
    return replace(one, action="return", local=local)


def _is_away(departure: Departure, base: Mapping[str, object] | None) -> bool:
    """Whether a departure is in ShotSpot still: after an undo of it the base says that they are there."""
    return departure.status in DONE and (base is None or base.get("is_active") is not True)


def _namesakes(state: PlayerState, club_id: int, name: str) -> tuple[int, ...]:
    """The club's players without a mapping who have this name."""
    found = (one.id for one in state.local if not one.mapped and one.club_id == club_id and local_name(one) == name)
    return tuple(sorted(found))


def _found_or_new(state: PlayerState, unmapped: Sequence[Person]) -> tuple[list[PendingChange], list[Failed]]:
    """Links each person to the one local player that fits, makes those that none fits, and reports the doubtful."""
    back, unmapped = _reopened(state, unmapped)
    taken = {one.row_id for one in back}
    clubs_of = {person.remote.id: {team.club_id for _, team in person.teams} for person in unmapped}
    chosen = state.decisions.chosen(
        (person.remote for person in unmapped),
        (player for player in state.local if not player.mapped and player.id not in taken),
        lambda remote, player: player.club_id in clubs_of[remote.id],
    )
    free: dict[tuple[int | None, str], list[LocalPlayer]] = defaultdict(list)
    for player in state.local:
        if not player.mapped and player.id not in taken and player not in chosen.values():
            free[player.club_id, local_name(player)].append(player)
    clubs = {club_id for club_id, _ in free}
    fitting = {
        person.remote.id: [
            player
            for club_id in {team.club_id for _, team in person.teams} & clubs
            for player in free.get((club_id, remote_name(person.remote)), ())
            if same_gender(player, person.remote) and not state.decisions.are_two(person.remote.id, player.id)
        ]
        for person in unmapped
    } | {remote_id: [] if player is None else [player] for remote_id, player in chosen.items()}
    wanted = Counter(player.id for players in fitting.values() for player in players)
    pending: list[PendingChange] = back
    failed: list[Failed] = []
    for place, person in enumerate(unmapped):
        players = fitting[person.remote.id]
        if not players:
            pending.append(new(state, person, row_id=-1 - place))
        elif len(players) > 1 or wanted[players[0].id] > 1:
            ids = tuple(sorted(player.id for player in players))
            failed.append(Failed(person.remote.id, DOUBTFUL_LINK, ids))
        else:
            pending.append(link(state, person, players[0]))
    return pending, failed


def _reopened(state: PlayerState, unmapped: Sequence[Person]) -> tuple[list[PendingChange], list[Person]]:
    """Those whose mapping was closed and whose player is there still get it back; and the others."""
    free = {player.id: player for player in state.local if not player.mapped}
    back: list[PendingChange] = []
    others: list[Person] = []
    for person in unmapped:
        departure = state.departures.back.get(person.remote.id)
        local = None if departure is None or departure.status != "closed" else free.get(departure.local_id)
        if departure is None or local is None:
            others.append(person)
        else:
            back.append(_again(state, person, departure, local))
    return back, others


def _put_right(change: Change) -> bool:
    """Whether the change moves a word between first and last name, of a player whose names no sync had known."""
    if change.action not in ("link", "adopt", "update") or change.mapping_before.get("last_values"):
        return False
    before, after = (
        (normalised_name(f"{row['first_name']} {row['last_name']}"), normalised_name(str(row["first_name"])))
        for row in (change.before, change.values)
    )
    return before[0] == after[0] and before[1] != after[1]
