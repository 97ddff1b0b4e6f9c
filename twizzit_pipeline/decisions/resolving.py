"""Resolving a conflict about a field: Twizzit's value, ShotSpot's, or a person's own.

The mapping remembers what Twizzit says now, so that a value that stays in ShotSpot survives every sync until Twizzit
changes the field again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Table, func, select, update

from twizzit_pipeline.decisions.opening import Deciding, Refusal, decide
from twizzit_pipeline.decisions.values import judged
from twizzit_pipeline.entities import COMPETITIONS, ENTITIES, MATCHES, PLAYERS, TEAMS
from twizzit_pipeline.errors import ConflictRefused, ValueRefused
from twizzit_pipeline.plan.decisions import plain
from twizzit_pipeline.plan.departed import DONE
from twizzit_pipeline.plan.opponent_questions import OPPONENT
from twizzit_pipeline.runs.fed_clubs import feeds
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.ends_of_time import as_postgres
from twizzit_pipeline.storage.remote_ids import remote_id
from twizzit_pipeline.storage.tables import LOCAL, MAPPINGS, departures, players, teams
from twizzit_pipeline.sync.state.calendar import has_events

FieldResolution = Literal["twizzit", "shotspot", "value"]
FIELD_RESOLUTIONS: tuple[FieldResolution, ...] = ("twizzit", "shotspot", "value")
_SETTLED: Mapping[str, object] = {"status": "settled", "resolution": "row_gone", "resolved_at": func.now()}


@dataclass(frozen=True, slots=True)
class Left:
    """The row of ShotSpot that a remote one was mapped to until a decision linked that to another row.

    Attributes:
        is_inactive: whether it is out of use: a sync had made it for that remote row.
        twizzit_id: the remote one that it is mapped to instead; None where it is to none.
    """

    local_id: int
    is_inactive: bool = False
    twizzit_id: str | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a decision did.

    Attributes:
        history_id: the history row that records it, and by which it can be undone.
        changed: column of ShotSpot's row → what it held and holds; empty where it stays as it was.
        left: the row that lost its mapping, if any did.
        made: whether a row of ShotSpot's was made.
        followed: table → how many rows went along with a team that was linked to another row, or with an opponent.
        opponent: of an opponent, what `local_id` is: club or team.
    """

    conflict_id: int
    credential_id: int
    resolution: str
    history_id: int
    entity: str
    local_id: int | None
    changed: Mapping[str, tuple[object, object]]
    left: Left | None = None
    made: bool = False
    followed: Mapping[str, int] = field(default_factory=dict)
    opponent: str | None = None


def resolve(
    engine: Engine,
    conflict_id: int,
    resolution: FieldResolution,
    *,
    value: object = None,
    actor: Actor,
    shown: str | None = None,
) -> Resolved:
    """Gives a field the value that was chosen, at once, where ShotSpot still holds what the conflict says.

    Args:
        value: of the resolution ``value``, as a person gave it; None empties the field.
        shown: the mark of what the person looked at (`Waiting.mark`); None where that is not known.

    Raises:
        UnknownConflict: there is no such conflict.
        ConflictRefused: it is no conflict about a field, is over, ShotSpot's row has changed, or the value is taken.
        ValueRefused: the field takes no such value.
        NotAsShown: it says something else by now than what was looked at.
        SyncInProgress: a sync of the organization is under way.
    """
    details = {"resolution": resolution}
    work = partial(_resolve, resolution=resolution, value=value)
    made, history_id = decide(engine, conflict_id, work, actor=actor, details=details, shown=shown)
    row, changed = made
    return Resolved(conflict_id, row.credential_id, resolution, history_id, row.entity, row.local_id, changed)


def _resolve(
    deciding: Deciding, *, resolution: FieldResolution, value: object
) -> tuple[Any, dict[str, tuple[object, object]]] | Refusal:
    row, connection = deciding.row, deciding.connection
    if row.kind != "field":
        what = "about an opponent" if row.kind == OPPONENT else "a doubtful link"
        raise ConflictRefused(f"{row.id} is {what}: link it to a row of ShotSpot, or create one")
    table = LOCAL[row.entity]
    local = connection.execute(select(table).where(table.c.id == row.local_id).with_for_update()).one_or_none()
    if local is None or not _is_mapped(connection, row):
        return Refusal("ShotSpot's row is gone, or mapped to something else: nothing is left to decide", _SETTLED)
    held = dict(local._mapping)
    if plain(held[row.column_name]) != row.local:
        return Refusal(
            "ShotSpot's value has changed since: look at the conflict again, then decide",
            {"local": plain(held[row.column_name])},
        )
    wanted = {} if resolution == "shotspot" else _wanted(connection, row, resolution, value)
    after = {column: new for column, new in wanted.items() if plain(new) != plain(held[column])}
    if after:
        if (why := _in_the_way(connection, row.entity, held | after, after)) is not None:
            raise ConflictRefused(why)
        _write(deciding, table, held, after)
    said = row.remote if resolution == "twizzit" else row.local
    deciding.resolve(resolution, plain(wanted[row.column_name]) if resolution == "value" else said)
    return row, {column: (as_postgres(plain(held[column])), as_postgres(plain(new))) for column, new in after.items()}


def _is_mapped(connection: Connection, row: Any) -> bool:
    """Whether the mapping still says that the two are one."""
    table, local_id = MAPPINGS[row.entity], ENTITIES[row.entity].local_id
    wanted = select(table.c.id).where(
        table.c[local_id] == row.local_id,
        remote_id(table) == row.twizzit_id,
        table.c.credential_id == row.credential_id,
    )
    return connection.execute(wanted).first() is not None


def _wanted(connection: Connection, row: Any, resolution: str, value: object) -> dict[str, object]:
    """The columns as they are to be; a player's club goes with the team."""
    column = row.column_name
    if resolution == "twizzit":
        wanted = {column: _typed(row.entity, column, row.remote)}
    else:
        try:
            wanted = {column: judged(row.entity, column, value)}
        except ValueRefused as error:
            raise ValueRefused(f"{column} takes {error}") from None
    if column != "team_id" or wanted[column] is None:
        return wanted
    club_id = connection.scalar(select(teams.c.club_id).where(teams.c.id == wanted[column]))
    if club_id is None:
        raise ConflictRefused(f"ShotSpot has no team {wanted[column]}: give the id of one that it has")
    if resolution == "value" and not feeds(connection, row.credential_id, club_id):
        raise ConflictRefused(
            f"Team {wanted[column]} of ShotSpot is of a club that this account does not feed: give one of its own clubs"
        )
    return {**wanted, "club_id": club_id}


def _typed(entity: str, column: str, value: object) -> object:
    """A value of JSON as the column's own type."""
    if not isinstance(value, str):
        return value
    kind = LOCAL[entity].c[column].type.python_type
    if kind is datetime:
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if kind is date else value


def _in_the_way(connection: Connection, entity: str, row: Mapping[str, Any], after: Mapping[str, object]) -> str | None:
    """Why the row cannot be so; None where it can."""
    number = row.get("jersey_number")
    if entity == PLAYERS.name and after.keys() & {"jersey_number", "team_id"} and _has_left(connection, row):
        return "The player has left: they get a team and a number once Twizzit lists them again"
    if entity == PLAYERS.name and after.keys() & {"jersey_number", "club_id"} and None not in (number, row["club_id"]):
        other = _other(connection, players, row["id"], club_id=row["club_id"], jersey_number=number)
        return None if other is None else _taken(f"Player {other} of the club has the shirt number {number}")
    if entity == TEAMS.name and "name" in after and row["season_id"] is not None:
        other = _other(
            connection, teams, row["id"], club_id=row["club_id"], name=row["name"], season_id=row["season_id"]
        )
        return None if other is None else _taken(f"Team {other} of the club has that name in that season")
    if entity == COMPETITIONS.name and row["end_date"] is not None and row["end_date"] < row["start_date"]:
        return "The last day would be before the first: give another day"
    if entity == MATCHES.name and _is_started(connection, row):
        return "The game has begun in ShotSpot, which alone writes it from then on: change it there"
    return None


def _taken(what: str) -> str:
    return f"{what}: give that one another first"


def _has_left(connection: Connection, row: Mapping[str, Any]) -> bool:
    """Whether a sync let the player go, and no person has made them active since."""
    left = (departures.c.entity == PLAYERS.name, departures.c.local_id == row["id"], departures.c.status.in_(DONE))
    found = select(departures.c.id).where(*left, departures.c.returned_at.is_(None)).limit(1)
    return row["is_active"] is False and connection.scalar(found) is not None


def _other(connection: Connection, table: Table, row_id: int, **slot: object) -> int | None:
    same = [table.c[name] == value for name, value in slot.items()]
    return connection.scalar(select(table.c.id).where(*same, table.c.id != row_id).limit(1))


def _is_started(connection: Connection, row: Mapping[str, Any]) -> bool:
    games = LOCAL[MATCHES.name]
    found = select(has_events(connection)).where(games.c.id == row["id"])
    return row["status"] == "in_progress" or bool(connection.scalar(found))


def _write(deciding: Deciding, table: Table, held: Mapping[str, Any], after: Mapping[str, object]) -> None:
    said = select(*(func.to_jsonb(table.c[column]).label(column) for column in after)).where(table.c.id == held["id"])
    before = deciding.connection.execute(said).one()  # as PostgreSQL says it, which has days that Python has not
    deciding.journal(
        table.name, held["id"], dict(before._mapping), {column: plain(new) for column, new in after.items()}
    )
    stamp = {"updated_at": func.now()} if "updated_at" in table.c else {}
    deciding.connection.execute(update(table).where(table.c.id == held["id"]).values(**after, **stamp))
