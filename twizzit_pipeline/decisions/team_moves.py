"""A team whose mapping a person moves to another row of ShotSpot: the mapping stays, and names that row from now on.

Its players and its games to come go along at once, so that no team stands empty until the next sync. The row that loses
the mapping is never merged or deleted: it is not active if a sync had made it for that team and nothing is left in it;
else it stays as it is. Where the new row was mapped to another team, that one gets the row that became free.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, or_, select, update

from twizzit_pipeline.decisions.following import follow
from twizzit_pipeline.decisions.moving import both_mappings, was_made
from twizzit_pipeline.decisions.opening import Deciding, Refusal
from twizzit_pipeline.decisions.resolving import Left
from twizzit_pipeline.decisions.scanned import Scanned
from twizzit_pipeline.errors import ConflictRefused
from twizzit_pipeline.plan import Change
from twizzit_pipeline.plan.departures import DEPARTED
from twizzit_pipeline.plan.places import find_season
from twizzit_pipeline.plan.rows import LocalTeam
from twizzit_pipeline.plan.states import TeamState
from twizzit_pipeline.plan.taken_names import NAME_TAKEN
from twizzit_pipeline.runs.sentences import sentence
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.mapped_teams import link_columns, name_teams
from twizzit_pipeline.storage.tables import departures, games, opponents, players, team_mappings, teams
from twizzit_pipeline.sync.apply import apply

_TO_COME = ("scheduled", "to_reschedule", "in_progress")


def move_team(
    deciding: Deciding, local_id: int, scanned: Scanned
) -> tuple[Change | None, Left, dict[str, int]] | Refusal:
    """Moves the mapping of the conflict's team to `local_id`; the conflict is resolved.

    Returns: what is written into that row, if anything, the row that lost the mapping, and who went along.

    Raises:
        ConflictRefused: that row of ShotSpot cannot be the one.
    """
    found = both_mappings(deciding, local_id)
    if isinstance(found, Refusal):
        return found
    own, theirs = found
    state: TeamState = scanned.state(deciding, "teams")
    chosen = _fitting(state, deciding.row.local_id, local_id)
    deciding.resolve("link", local_id)
    moves = {own.id: (own.remote, local_id)}
    if theirs is not None:
        moves[theirs.id] = (theirs.remote, deciding.row.local_id)
    _name_teams(deciding, moves)
    followed = follow(deciding, scanned, {local_id, deciding.row.local_id})
    left = Left(deciding.row.local_id, twizzit_id=None if theirs is None else theirs.remote)
    if theirs is None:
        _put_in_use(deciding, chosen.id)
        left = replace(left, is_inactive=_put_out_of_use(deciding, chosen))
    elif theirs.remote not in {team.id for team in state.remote}:
        _departure_goes_along(deciding, theirs, chosen.id)
    return _planned(deciding, scanned, {remote for remote, _ in moves.values()}, local_id), left, followed


def _fitting(state: TeamState, own_id: int, local_id: int) -> LocalTeam:
    """
    Raises:
        ConflictRefused: since it was asked about, the row is of another club or season, or an opponent in a calendar.
    """
    local = {team.id: team for team in state.local}
    own, chosen = local.get(own_id), local.get(local_id)
    what, choose = f"ShotSpot's team {local_id}", "choose another answer, or sync, which looks again"
    if own is None or chosen is None or own.club_id != chosen.club_id:
        raise ConflictRefused(f"{what} is of another club by now: {choose}")
    if chosen.season_id not in (None, own.season_id, find_season(state.season, state.seasons)):
        raise ConflictRefused(f"{what} is of another season by now: {choose}")
    if chosen.id in state.opponents:
        raise ConflictRefused(f"{what} is an opponent in a calendar by now: {choose}")
    return chosen


def _name_teams(deciding: Deciding, moves: Mapping[int, tuple[str, int]]) -> None:
    """Writes and journals which row each mapping (its id → remote id, row) names."""
    connection, table = deciding.connection, team_mappings
    columns = link_columns(connection)
    was = select(table.c.id, table.c.local_team_id).where(among(table.c.id, sorted(moves)))
    for mapping_id, team_id in connection.execute(was).all():
        twizzit_id, wanted = moves[mapping_id]
        before, after = (dict.fromkeys(columns, one) for one in (team_id, wanted))
        deciding.journal(table.name, mapping_id, before, after, twizzit_id)
    name_teams(connection, {mapping_id: wanted for mapping_id, (_, wanted) in moves.items()})


def _put_in_use(deciding: Deciding, team_id: int) -> None:
    """A row that a person chose is in use, as one is that a sync links."""
    _write(deciding, team_id, {"is_active": True}, only_if=teams.c.is_active.is_(False))


def _put_out_of_use(deciding: Deciding, chosen: LocalTeam) -> bool:
    """Whether the row that lost its mapping is not active now: a sync had made it, and nothing is left in it.

    It gives up its season where the chosen one, which has none yet, has the same name: ShotSpot takes it once.
    """
    row, connection = deciding.row, deciding.connection
    if not was_made(connection, row) or _is_used(connection, row.local_id):
        return False
    held = connection.execute(select(teams.c.name).where(teams.c.id == row.local_id)).scalar_one()
    gives_up = {"season_id": None} if chosen.season_id is None and chosen.name == held else {}
    _write(deciding, row.local_id, {"is_active": False, **gives_up})
    return True


def _is_used(connection: Connection, team_id: int) -> bool:
    """Whether people play in a team, it has games to come, or a calendar, of any club, has it as an opponent."""
    game = games.c
    sides: ColumnElement[bool] = or_(game.home_team_id == team_id, game.away_team_id == team_id)
    coming = or_(game.status.is_(None), game.status.in_(_TO_COME))
    found = select(
        or_(
            exists().where(players.c.team_id == team_id, players.c.is_active.is_not(False)),
            exists().where(sides, coming),
            exists().where(opponents.c.team_id == team_id),
        )
    )
    return bool(connection.scalar(found))


def _departure_goes_along(deciding: Deciding, theirs: Any, chosen_id: int) -> None:
    """A team that Twizzit does not list leaves with the row that it has now, or has left with it already."""
    row, connection = departures.c, deciding.connection
    gone = (row.credential_id == deciding.row.credential_id, row.entity == "teams", row.twizzit_id == theirs.remote)
    open_ones = select(row.id, row.before).where(*gone, row.returned_at.is_(None), row.local_id == chosen_id)
    found = connection.execute(open_ones.with_for_update()).all()
    for one in found:
        connection.execute(update(departures).where(row.id == one.id).values(local_id=deciding.row.local_id))
        before, after = {"local_id": chosen_id}, {"local_id": deciding.row.local_id}
        deciding.journal(departures.name, one.id, before, after, theirs.remote)
    if (theirs.last_values or {}).get(DEPARTED):
        was_active = next((one.before.get("is_active", True) for one in found if one.before), True)
        _write(deciding, chosen_id, {"is_active": was_active})
        _write(deciding, deciding.row.local_id, {"is_active": False})


def _write(
    deciding: Deciding, team_id: int, after: Mapping[str, object], *, only_if: ColumnElement[bool] | None = None
) -> None:
    """Writes and journals what of these columns of a team is otherwise."""
    where = [teams.c.id == team_id, *(() if only_if is None else (only_if,))]
    held = deciding.connection.execute(select(*(teams.c[name] for name in after)).where(*where)).one_or_none()
    changed = {} if held is None else {name: new for name, new in after.items() if held._mapping[name] != new}
    if held is not None and changed:
        deciding.journal(teams.name, team_id, {name: held._mapping[name] for name in changed}, changed)
        written = update(teams).where(teams.c.id == team_id).values(**changed, updated_at=func.now())
        deciding.connection.execute(written)


def _named_so(state: TeamState, local_id: int) -> int:
    """The other team of the season that has the name of this one."""
    (own,) = [team for team in state.local if team.id == local_id]
    season_id = find_season(state.season, state.seasons)
    slot = (own.club_id, own.name, season_id)
    return next((one.id for one in state.local if (one.club_id, one.name, one.season_id) == slot), local_id)


def _planned(deciding: Deciding, scanned: Scanned, remote_ids: set[str], moved_to: int) -> Change | None:
    """Applies what the last scan says of these teams in their rows: what is empty is filled, and all else stays.

    Returns: the change of the conflict's team.

    Raises:
        ConflictRefused: it cannot be the team of that row.
    """
    row = deciding.row
    state: TeamState = scanned.state(deciding, "teams")
    mappings = [replace(one, last_values=None) if one.twizzit_id in remote_ids else one for one in state.mappings]
    alone = replace(state, mappings=mappings, remote=[one for one in state.remote if one.id in remote_ids])
    plan = scanned.plan("teams", alone)
    for failed in plan.failed:
        if failed.reason == NAME_TAKEN:
            raise ConflictRefused(
                f"ShotSpot's team {_named_so(state, moved_to)} has that name in this season, and stays as it is: give "
                "it another name in ShotSpot first, then decide"
            )
        raise ConflictRefused(f"It cannot be brought into ShotSpot now: {sentence(row.entity, failed.reason)}")
    apply(
        deciding.connection,
        replace(plan, questions=(), settled={}),
        credential_id=deciding.credential.id,
        history_id=deciding.history_id,
    )
    return next((one for one in plan.changes if one.table == plan.table and one.twizzit_id == row.twizzit_id), None)
