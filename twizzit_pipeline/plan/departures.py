"""What becomes of those whom Twizzit does not list any more, and of those who are back. Pure functions.

The rules (docs/departures.md): only what a complete scan missed and Twizzit, asked for that very id, confirmed is
believed. Who is in no team is taken out of theirs and is not active; the mapping of a contact that is gone is closed
after a grace, a team's never is. More than a share of a club within a day is held back for a person to approve, and so
is what Twizzit cannot be asked for. Who returns is what they were.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from twizzit_pipeline.plan import Change, Table, id_order
from twizzit_pipeline.plan.departed import DONE, OPEN, Departure, Departures, Due, Kind, Missing, Record, Status
from twizzit_pipeline.plan.rows import LocalPlayer

# What a base remembers of a row that has departed: it is not missed again.
DEPARTED = "departed"
# A remark of each team or player that was listed, where Twizzit lists none at all: that proves of none that it is gone.
NONE_LISTED = "none_listed"


@dataclass(frozen=True, slots=True)
class Leaving:
    """The changes of those who leave, what becomes of the rows of `twizzit_departures`, and who is held back after it.

    `waiting`: remote ids of those of whom Twizzit gave no clear answer yet, or whose grace is not over.
    """

    changes: Sequence[Change] = ()
    records: Sequence[Record] = ()
    held: Sequence[str] = ()
    waiting: Sequence[str] = ()
    closed: Sequence[str] = ()

    @property
    def row_ids(self) -> frozenset[int]:
        """The local rows that leave."""
        return frozenset(change.row_id for change in self.changes)


def plan_departures(state: Departures, change: Callable[[Missing], Change], *, grace: bool = False) -> Leaving:
    """What becomes of those who are missing, and of what is due.

    Args:
        change: what a departure does to the local row and its mapping.
        grace: whether a departure waits between its first proof and the next one, before anything is written.
    """
    decided = _within_the_limit(
        state, [(one, _decided(one, state, grace=grace)) for one in _in_order(state.missing) if _is_asked(one, state)]
    )
    changes = {one.twizzit_id: change(one) for one, status in decided if status == "applied"}
    records = [_record(one, state, status, changes.get(one.twizzit_id)) for one, status in decided]
    records += [_looked_at_again(due) for due in state.due]
    back = returned(one for one in state.back.values() if one.status in OPEN)
    settled = {one.twizzit_id for one in back} | changes.keys()
    held = {*state.still_held, *(one.twizzit_id for one, status in decided if status == "held")} - settled
    return Leaving(
        list(changes.values()),
        [*(one for one in records if one is not None), *back],
        sorted(held, key=id_order),
        [one.twizzit_id for one, status in decided if status == "waiting"],
        [one.twizzit_id for one in records if one is not None and one.closes is not None],
    )


def _within_the_limit(state: Departures, decided: Sequence[tuple[Missing, Status]]) -> list[tuple[Missing, Status]]:
    """The same, those of whose club too many leave held back.

    Those who are missing without proof count along; what a person approved does not.
    """
    wanted = [one for one, status in decided if status == "applied" and not one.is_approved]
    unproved = [one for one, status in decided if status == "waiting" and state.kinds[one.twizzit_id] == "unproved"]
    full = _over_the_limit(state, [*wanted, *unproved])
    too_many = {one.twizzit_id for one in wanted if full & {None, *one.clubs}}
    return [(one, "held" if one.twizzit_id in too_many else status) for one, status in decided]


def _in_order(missing: Iterable[Missing]) -> list[Missing]:
    return sorted(missing, key=lambda one: id_order(one.twizzit_id))


def _is_asked(one: Missing, state: Departures) -> bool:
    """Whether something is known of it now: a person's refusal, and what is held back, stay."""
    status = None if one.departure is None else one.departure.status
    return one.twizzit_id in state.kinds and status not in ("refused", "held")


def _decided(one: Missing, state: Departures, *, grace: bool) -> Status:
    """What becomes of it, the limit aside. Of a departure that was undone a person decides."""
    if one.is_approved:
        return "applied"
    if one.departure is not None and one.departure.status in DONE:
        return "held"
    if state.kinds[one.twizzit_id] == "unproved":
        return "waiting" if state.can_ask else "held"
    was_proved = one.departure is not None and one.departure.kind != "unproved"
    return "applied" if was_proved or not grace else "waiting"


def _over_the_limit(state: Departures, wanted: Sequence[Missing]) -> set[int | None]:
    """The clubs of which too many would leave; None among them where too many of all would."""
    leaving = Counter(club for one in wanted for club in one.clubs)
    full: set[int | None] = {
        club
        for club, count in leaving.items()
        if state.limit.exceeded(
            count + state.recent.get(club, 0) + state.held.get(club, 0),
            state.active.get(club, 0) + state.recent.get(club, 0),
        )
    }
    before = _of_all(state.recent)
    if state.limit.exceeded(len(wanted) + before + _of_all(state.held), _of_all(state.active) + before):
        full.add(None)
    return full


def _of_all(by_club: Mapping[int | None, int]) -> int:
    """How many they are altogether; a match, which two clubs count, once."""
    return by_club.get(None, sum(by_club.values()))


def _record(one: Missing, state: Departures, status: Status, change: Change | None) -> Record | None:
    """The row as it is to be; None where it is so already."""
    before = one.departure
    kind: Kind = state.kinds[one.twizzit_id]
    if before is not None and kind == "unproved":
        kind = before.kind
    if before is not None and (before.status, before.kind) == (status, kind):
        return None
    return Record(
        None if before is None else before.id,
        one.twizzit_id,
        one.local_id,
        kind,
        status,
        before=None if change is None else change.before,
        base=None if change is None else one.base,
        proved=kind != "unproved",
        applied=status == "applied",
        season=state.season,
    )


def _looked_at_again(due: Due) -> Record | None:
    """What a further question made of a departure that is in ShotSpot."""
    one = due.departure
    if due.said == "unproved":
        return None
    if due.said == "absent" and one.kind == "gone":
        closed: Status = "closed"
        return Record(one.id, one.twizzit_id, one.local_id, one.kind, closed, proved=True, closes=due.mapping_id)
    kind: Kind = "gone" if due.said == "absent" else "no_team"
    return Record(one.id, one.twizzit_id, one.local_id, kind, one.status, proved=True)


def returned(departures: Iterable[Departure]) -> list[Record]:
    """The rows of those who are listed again."""
    return [Record(one.id, one.twizzit_id, one.local_id, one.kind, "returned", returned=True) for one in departures]


def player_departs(one: Missing) -> Change:
    """A player who is in no team: out of theirs, not active, their shirt number free for others."""
    base = {**one.base, "twizzit_team_id": None, "is_active": False}
    if base.get("jersey_number") is not None:
        base["number_withheld"] = True  # to be given back if it is free then
    return _departs("players", one, base, team_id=None, jersey_number=None, is_active=False)


def team_departs(one: Missing) -> Change:
    """A team that is gone: not active; its mapping stays."""
    return _departs("teams", one, {**one.base, DEPARTED: True}, is_active=False)


def match_departs(one: Missing) -> Change:
    """A match that is gone from the calendar: cancelled."""
    return _departs("games", one, {**one.base, DEPARTED: True}, status="cancelled")


def _departs(table: Table, one: Missing, base: Mapping[str, object], **values: object) -> Change:
    return Change(
        table,
        "depart",
        one.local_id,
        one.twizzit_id,
        {**one.before, **values},
        one.before,
        {**one.mapping, "last_values": base},
        one.mapping,
        one.mapping_id,
    )


def player_before(departure: Departure, local: LocalPlayer) -> tuple[LocalPlayer, Mapping[str, object] | None]:
    """The player and the base as they were before the departure, but for what was edited in ShotSpot since.

    What the departure emptied and is empty still is as it was; what is not, a person has filled meanwhile.
    """
    before, base = departure.before, departure.base
    changed: dict[str, Any] = {}
    if local.team_id is None and "team_id" in before:
        if before["team_id"] is not None and not departure.team_exists:
            base = None if base is None else {**base, "twizzit_team_id": None}  # Twizzit's team, then
        else:
            changed["team_id"] = before["team_id"]
    if local.jersey_number is None and "jersey_number" in before:
        changed["jersey_number"] = before["jersey_number"]
    if local.is_active is False and "is_active" in before:
        changed["is_active"] = before["is_active"]
    return replace(local, **changed), base
