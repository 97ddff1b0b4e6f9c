"""A mapping that a person moves to another row of ShotSpot: what is taken away before the link is planned.

What belongs here: the people, and what holds for every entity. The mapping of a team stays and names another row, since
those of players hang on it: `team_moves`.

The row that loses its mapping is never merged or deleted. If a sync made it for that person, it is out of use from then
on; else it stays as it is. Where the new row was mapped to another one that Twizzit still lists, that one gets the row
that became free, at once, so that both play.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, exists, func, select, update
from sqlalchemy.dialects.postgresql import JSONB

from twizzit_pipeline.decisions.opening import Deciding, Refusal
from twizzit_pipeline.decisions.resolving import Left
from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.errors import ConflictRefused
from twizzit_pipeline.plan.partners import mapped_then
from twizzit_pipeline.plan.states import EntityState, PlayerState
from twizzit_pipeline.storage.remote_ids import remote_id
from twizzit_pipeline.storage.tables import LOCAL, MAPPINGS, SNAPSHOTS, departures, sync_changes

# What a row of ShotSpot's is out of use by.
_OUT_OF_USE: Mapping[str, object] = {"is_active": False, "team_id": None, "jersey_number": None}
_ENDED = ("status", "returned_at")
_ONE_SETTLED: Mapping[str, object] = {"status": "settled", "resolution": "row_gone", "resolved_at": func.now()}
_State = TypeVar("_State", bound=EntityState)


@dataclass(frozen=True, slots=True)
class Moved:
    """What was taken away, for the plan of the link.

    Attributes:
        links: remote id → the row that it gets.
        bases: remote id → the base that its row was written by until now; of a row without one, what it has of the
            remote one's own.
        left: the row that the remote one was mapped to.
    """

    links: Mapping[str, int]
    bases: Mapping[str, Mapping[str, object] | None] = field(default_factory=dict)
    left: Left | None = None

    def seen(self, state: _State) -> _State:
        """The state with these links as a person's decision."""
        decisions = replace(state.decisions, links={**state.decisions.links, **self.links})
        state = replace(state, decisions=decisions)
        return replace(state, bases=self.bases) if isinstance(state, PlayerState) else state


def move(deciding: Deciding, local_id: int, season_id: int) -> Moved | Refusal:
    """Takes away the mapping of the conflict's row, and the one of `local_id`; the conflict is resolved.

    Args:
        season_id: of `twizzit_seasons`: the one whose scan says who is listed.

    Raises:
        ConflictRefused: that row of ShotSpot cannot be the one.
    """
    row, connection = deciding.row, deciding.connection
    table = MAPPINGS[row.entity]
    found = both_mappings(deciding, local_id)
    if isinstance(found, Refusal):
        return found
    own, theirs = found
    then = mapped_then(row.base).get(str(local_id))
    deciding.resolve("link", local_id)
    base = _shared(deciding, own, local_id) if theirs is None else theirs.last_values
    links, bases = {row.twizzit_id: local_id}, {row.twizzit_id: base}
    deciding.remove(table, own.id, own.remote)
    left = Left(row.local_id)
    if theirs is not None:
        deciding.remove(table, theirs.id, theirs.remote)
        if _is_listed(connection, row, theirs.remote, season_id):
            links[theirs.remote], bases[theirs.remote] = row.local_id, own.last_values
            return Moved(links, bases, replace(left, twizzit_id=theirs.remote))
    if then is not None:
        end_departure(deciding, then)
    if was_made(connection, row):
        _put_out_of_use(deciding)
        left = replace(left, is_inactive=True)
    return Moved(links, bases, left)


def _shared(deciding: Deciding, own: Any, local_id: int) -> dict[str, object] | None:
    """What the remote one's base says of columns in which the row of ShotSpot's, that had no mapping, is the same.

    Such a column follows Twizzit, which says another name by now where the sync that had brought it was undone.
    """
    table, base = LOCAL[deciding.row.entity], own.last_values or {}
    columns = [table.c[name] for name in ENTITIES[deciding.row.entity].compared if base.get(name) is not None]
    if not columns:
        return None
    held = deciding.connection.execute(select(*columns).where(table.c.id == local_id)).mappings().first()
    return {name: value for name, value in (held or {}).items() if value == base[name]} or None


def both_mappings(deciding: Deciding, local_id: int) -> tuple[Any, Any] | Refusal:
    """The mapping of the conflict's row, and that of `local_id`, if it has one, which is as it was asked about.

    Raises:
        ConflictRefused: that row of ShotSpot cannot be the one.
    """
    row, connection = deciding.row, deciding.connection
    word = ENTITIES[row.entity].local_one
    if local_id not in (row.candidates or ()):
        raise ConflictRefused(
            f"ShotSpot's {word} {local_id} is none of those that it may be: choose one of these (twizzit conflicts)"
        )
    if connection.scalar(select(LOCAL[row.entity].c.id).where(LOCAL[row.entity].c.id == local_id)) is None:
        raise ConflictRefused(f"ShotSpot has no {word} {local_id} any more: sync, which looks again")
    own, theirs = own_mapping(deciding), mapping_of(deciding, local_id)
    if isinstance(own, Refusal):
        return own
    then = mapped_then(row.base).get(str(local_id))
    if theirs is not None and (theirs.remote, theirs.credential_id) != (then, row.credential_id):
        raise ConflictRefused(
            f"ShotSpot's {word} {local_id} is mapped to something else already: sync, which looks again"
        )
    return own, theirs


def own_mapping(deciding: Deciding) -> Any:
    """The mapping of the conflict's row, with its remote id and its base; refused where it names something else."""
    row = deciding.row
    own = mapping_of(deciding, row.local_id)
    if own is None or (own.remote, own.credential_id) != (row.twizzit_id, row.credential_id):
        return Refusal("It is mapped to something else by now: nothing is left to decide", _ONE_SETTLED)
    return own


def mapping_of(deciding: Deciding, local_id: int) -> Any:
    """The mapping of a row of ShotSpot's, with its remote id and its base, if it has one."""
    row, connection = deciding.row, deciding.connection
    table: Table = MAPPINGS[row.entity]
    columns = (table.c.id, remote_id(table).label("remote"), table.c.credential_id, table.c.last_values)
    found = select(*columns).where(table.c[ENTITIES[row.entity].local_id] == local_id)
    return connection.execute(found.with_for_update()).one_or_none()


def _is_listed(connection: Connection, row: Any, twizzit_id: str, season_id: int) -> bool:
    seen = SNAPSHOTS[row.entity].c
    return bool(
        connection.scalar(
            select(
                exists().where(
                    seen.credential_id == row.credential_id,
                    seen.season_id == season_id,
                    seen[ENTITIES[row.entity].remote_id] == twizzit_id,
                )
            )
        )
    )


def was_made(connection: Connection, row: Any) -> bool:
    """Whether a sync made the row that loses its mapping, for that very remote one."""
    entry = sync_changes.c
    made = exists().where(
        entry.table_name == LOCAL[row.entity].name,
        entry.row_id == row.local_id,
        entry.credential_id == row.credential_id,
        entry.twizzit_id == row.twizzit_id,
        entry.action == "create",
    )
    return bool(connection.scalar(select(made)))


def _put_out_of_use(deciding: Deciding) -> None:
    table, local_id = LOCAL[deciding.row.entity], deciding.row.local_id
    after = {name: value for name, value in _OUT_OF_USE.items() if name in table.c}
    held = deciding.connection.execute(select(*(table.c[name] for name in after)).where(table.c.id == local_id)).one()
    before = {name: value for name, value in held._mapping.items() if value != after[name]}
    if before:
        changed = {name: after[name] for name in before}
        deciding.journal(table.name, local_id, before, changed)
        written = update(table).where(table.c.id == local_id).values(**changed, updated_at=func.now())
        deciding.connection.execute(written)


def end_departure(deciding: Deciding, twizzit_id: str) -> None:
    """Nothing is left to decide, or to be closed, of one who has no mapping any more."""
    row, connection = departures.c, deciding.connection
    of_it = (row.credential_id == deciding.row.credential_id, row.entity == deciding.row.entity)
    found = select(row.id).where(*of_it, row.twizzit_id == twizzit_id, row.returned_at.is_(None))
    whole = select(func.to_jsonb(departures.table_valued(), type_=JSONB))
    for one in connection.scalars(found.with_for_update()).all():
        before = connection.scalars(whole.where(row.id == one)).one()
        ended = update(departures).where(row.id == one).values(status="returned", returned_at=func.now())
        connection.execute(ended)
        after = connection.scalars(whole.where(row.id == one)).one()
        was, became = ({name: said[name] for name in _ENDED} for said in (before, after))
        deciding.journal(departures.name, one, was, became, twizzit_id)
