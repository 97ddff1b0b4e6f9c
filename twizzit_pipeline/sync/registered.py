"""A coach's question before Saturday: who of this team is registered, who is not, and why?

Whoever has a mapping is registered (ShotSpot's own rule, kept by a trigger). The reasons come from the mappings, from
the snapshot, and from what the last sync of players wrote into its history; Twizzit is not asked.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, Engine, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from twizzit_pipeline.errors import UnknownTeam
from twizzit_pipeline.storage import bulk
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import (
    credentials,
    player_mappings,
    players,
    rejected_rows,
    sync_history,
    team_mappings,
    teams,
    twizzit_players,
    twizzit_seasons,
)
from twizzit_pipeline.sync.history import PLAYERS_NOT_READ
from twizzit_pipeline.transform.names import normalised_name

Code = Literal[
    "registered",
    "inactive",
    "without_credential",
    "credential_inactive",
    "rejected",
    "not_listed",
    "doubtful_link",
    "namesake_registered",
    "team_not_mapped",
    "team_without_credential",
    "never_synced",
    "roster_not_read",
    "not_in_twizzit",
]

_REASONS: Mapping[Code, str] = {
    "registered": "Registered: Twizzit lists this player",
    "inactive": "Registered, but not active in ShotSpot",
    "without_credential": "Registered, but the credential was deleted: nothing keeps this up to date until another one"
    " of the same organization syncs",
    "credential_inactive": "Registered, but the credential is switched off: nothing keeps this up to date",
    "rejected": "Registered, but the last sync rejected the row in Twizzit: {rules}",
    "not_listed": "Registered, though the last sync did not find this player in a team of Twizzit",
    "doubtful_link": "Not registered: several players fit somebody in Twizzit, so nobody was linked; tell them apart by"
    " name or gender, then sync",
    "namesake_registered": "Not registered: Twizzit lists another player of this name, who is registered",
    "team_not_mapped": "Not registered: this team is none of Twizzit's, as far as it was synced",
    "team_without_credential": "Not registered: no active credential syncs this team",
    "never_synced": "Not registered: the players of this team were never synced",
    "roster_not_read": "Not registered: the last sync could not read the players of this team; sync again",
    "not_in_twizzit": "Not registered: the last sync found nobody of this name in this team of Twizzit{rejected}",
}
_LARGEST_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Registration:
    """Whether a player of a team is registered, and why or why not.

    Attributes:
        registered: whether they may play an official match.
        reason: for people; `code`: the same for programs.
    """

    player_id: int
    first_name: str
    last_name: str
    jersey_number: int | None
    registered: bool
    reason: str
    code: Code


@dataclass(frozen=True, slots=True)
class _LastSync:
    """What a credential's last sync of players says.

    `rejected`: remote id → the rules that it broke; `listed`: remote ids in the snapshot of that season.
    """

    rejected: Mapping[str, Sequence[str]] = field(default_factory=dict)
    doubtful: frozenset[int] = frozenset()
    not_read: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Team:
    """A local team, and its mapping if it has one."""

    id: int
    club_id: int
    twizzit_id: str | None
    credential_id: int | None
    credential_active: bool | None


def registered(engine: Engine, team_id: int) -> list[Registration]:
    """The players of a local team, those who are not registered first, then by name.

    Raises:
        UnknownTeam: ShotSpot has no team of that id.
    """
    with driver_errors(), engine.connect() as connection:
        team = _team(connection, team_id)
        people = _players(connection, team_id)
        syncs = _last_syncs(connection, team, {row.credential_id for row in people} - {None})
    mapped = {_name(row) for row in people if row.twizzit_player_id is not None}
    found = [
        _mapped(row, syncs) if row.twizzit_player_id is not None else _unmapped(row, team, mapped, syncs)
        for row in people
    ]
    return sorted(found, key=lambda one: (one.registered, one.last_name, one.first_name, one.player_id))


def _mapped(row: Any, syncs: Mapping[int, _LastSync]) -> Registration:
    last = syncs.get(row.credential_id)
    rules = () if last is None else last.rejected.get(row.twizzit_player_id, ())
    code: Code
    if row.player_active is False:
        code = "inactive"
    elif row.credential_id is None:
        code = "without_credential"
    elif row.credential_active is False:
        code = "credential_inactive"
    elif rules:
        code = "rejected"
    elif last is not None and row.twizzit_player_id not in last.listed:
        code = "not_listed"
    else:
        code = "registered"
    return _registration(row, code, registered=True, rules=", ".join(rules))


def _unmapped(row: Any, team: _Team, mapped: Collection[str], syncs: Mapping[int, _LastSync]) -> Registration:
    last = None if team.credential_id is None else syncs.get(team.credential_id)
    code: Code
    if any(row.player_id in sync.doubtful for sync in syncs.values()):
        code = "doubtful_link"
    elif _name(row) in mapped:
        code = "namesake_registered"
    elif team.twizzit_id is None:
        code = "team_not_mapped"
    elif team.credential_id is None or team.credential_active is False:
        code = "team_without_credential"
    elif last is None:
        code = "never_synced"
    elif team.twizzit_id in last.not_read:
        code = "roster_not_read"
    else:
        code = "not_in_twizzit"
    count = 0 if last is None else len(last.rejected)
    rejected = f", or rejected the row: it rejected {count}" if count else ""
    return _registration(row, code, registered=False, rejected=rejected)


def _registration(row: Any, code: Code, *, registered: bool, **details: str) -> Registration:
    return Registration(
        player_id=row.player_id,
        first_name=row.first_name,
        last_name=row.last_name,
        jersey_number=row.jersey_number,
        registered=registered,
        reason=_REASONS[code].format(**details),
        code=code,
    )


def _name(row: Any) -> str:
    return normalised_name(f"{row.first_name} {row.last_name}")


def _team(connection: Connection, team_id: int) -> _Team:
    if 0 < team_id <= _LARGEST_ID:
        wanted = (
            select(
                teams.c.id,
                teams.c.club_id,
                team_mappings.c.twizzit_team_id,
                team_mappings.c.credential_id,
                credentials.c.is_active,
            )
            .join(team_mappings, team_mappings.c.local_team_id == teams.c.id, isouter=True)
            .join(credentials, credentials.c.id == team_mappings.c.credential_id, isouter=True)
            .where(teams.c.id == team_id)
        )
        row = connection.execute(wanted).one_or_none()
        if row is not None:
            return _Team(*row)
    raise UnknownTeam(f"No team of ShotSpot has the id {team_id}; see: twizzit mappings teams")


def _players(connection: Connection, team_id: int) -> Sequence[Any]:
    wanted = (
        select(
            players.c.id.label("player_id"),
            players.c.first_name,
            players.c.last_name,
            players.c.jersey_number,
            players.c.is_active.label("player_active"),
            player_mappings.c.twizzit_player_id,
            player_mappings.c.credential_id,
            credentials.c.is_active.label("credential_active"),
        )
        .join(player_mappings, player_mappings.c.local_player_id == players.c.id, isouter=True)
        .join(credentials, credentials.c.id == player_mappings.c.credential_id, isouter=True)
        .where(players.c.team_id == team_id)
    )
    return connection.execute(wanted).all()


def _last_syncs(connection: Connection, team: _Team, others: Collection[int]) -> dict[int, _LastSync]:
    """Credential → its last sync of players of the newest season, as far as it was about this team.

    Of the credentials that feed this club, and of `others`.
    """
    of_club = (
        select(team_mappings.c.credential_id)
        .join(teams, teams.c.id == team_mappings.c.local_team_id)
        .where(teams.c.club_id == team.club_id)
    )
    history = sync_history.c
    about = history.details["group_id"].astext
    wanted = (
        select(history.id, history.credential_id, history.details, twizzit_seasons.c.id.label("season_id"))
        .ext(distinct_on(history.credential_id))
        .join(
            twizzit_seasons,
            (twizzit_seasons.c.credential_id == history.credential_id)
            & (twizzit_seasons.c.label == history.details["season"].astext),
        )
        .where(
            history.sync_type == "players",
            history.status.in_(("success", "partial_success")),
            history.details["season_exists"].astext.is_(None),
            or_(history.credential_id.in_(of_club), bulk.among(history.credential_id, list(others))),
            or_(about.is_(None), about == team.twizzit_id),
        )
        .order_by(
            history.credential_id,
            twizzit_seasons.c.start_date.desc().nulls_last(),
            history.started_at.desc(),
            history.id.desc(),
        )
    )
    return {row.credential_id: _last_sync(connection, row) for row in connection.execute(wanted).all()}


def _last_sync(connection: Connection, row: Any) -> _LastSync:
    rejected: dict[str, list[str]] = {}
    broken = select(rejected_rows.c.twizzit_id, rejected_rows.c.rule).where(rejected_rows.c.history_id == row.id)
    for twizzit_id, rule in connection.execute(broken.order_by(rejected_rows.c.id)):
        rules = rejected.setdefault(str(twizzit_id), [])
        if rule not in rules:
            rules.append(rule)
    listed = select(twizzit_players.c.twizzit_player_id).where(
        twizzit_players.c.credential_id == row.credential_id, twizzit_players.c.season_id == row.season_id
    )
    fitting = row.details.get("fitting_local_ids", {})
    unread = row.details.get("failed", {}).get(PLAYERS_NOT_READ, {})
    return _LastSync(
        rejected,
        frozenset(local_id for local_ids in fitting.values() for local_id in local_ids),
        frozenset(unread.get("twizzit_ids", ())),
        frozenset(connection.scalars(listed)),
    )
