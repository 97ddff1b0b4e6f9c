"""What the last sync of players says of one team: whom it saw, whom it rejected or set aside, and why.

What belongs here: reading that from the snapshot, the history and the rejected rows. Twizzit is not asked.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, false, func, or_, select

from twizzit_pipeline.runs.details import PLACES, PLAYERS_NOT_READ, SET_ASIDE
from twizzit_pipeline.runs.recorded import newest
from twizzit_pipeline.storage import bulk
from twizzit_pipeline.storage.tables import (
    rejected_rows,
    sync_history,
    team_mappings,
    teams,
    twizzit_players,
    twizzit_seasons,
    twizzit_teams,
)
from twizzit_pipeline.storage.tables.views import running_seasons


@dataclass(frozen=True, slots=True)
class Listed:
    """A person of a snapshot: whom Twizzit listed in a team, and who keeps the contract."""

    first_name: str
    last_name: str
    jersey_number: int | None


@dataclass(frozen=True, slots=True)
class LastSync:
    """What a credential's last sync of players says, as far as it was about the team.

    Attributes:
        season: its label; `at`: when it ended (UTC).
        here: remote id → the person, of the team itself; `elsewhere`: remote id → names of the other remote teams that
            list a person who is mapped to a player of the local team.
        rejected: remote id → the rules that it broke; rows without an id under the empty text.
        aside: remote id → the reason why the person was set aside, with the account's word.
        unapplied: remote id → the reason why a person who was listed was not brought into ShotSpot.
        places: remote id of a person who was rejected or set aside → the remote teams that list them.
        doubtful: local players of whom several fit one in Twizzit; `not_read`: remote teams whose players could not be
            read.
    """

    season: str
    at: datetime | None
    here: Mapping[str, Listed] = field(default_factory=dict)
    elsewhere: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rejected: Mapping[str, Sequence[str]] = field(default_factory=dict)
    aside: Mapping[str, str] = field(default_factory=dict)
    unapplied: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, Sequence[str]] = field(default_factory=dict)
    doubtful: frozenset[int] = frozenset()
    not_read: frozenset[str] = frozenset()


def last_syncs(
    connection: Connection, *, club_id: int, twizzit_team_id: str | None, mapped: Sequence[tuple[int | None, str]]
) -> dict[int, LastSync]:
    """Credential → its last sync of players of the season that is played, as far as it was about one remote team.

    That is the one that runs, else the latest of all: once an indoor season is over, the outdoor one around it goes on.
    Of the credentials that feed the club, and of those that keep players of the team.

    Args:
        mapped: credential and remote id of each mapped player of the local team.
    """
    of_club = (
        select(team_mappings.c.credential_id)
        .join(teams, teams.c.id == team_mappings.c.local_team_id)
        .where(teams.c.club_id == club_id)
    )
    keepers = sorted({credential_id for credential_id, _ in mapped if credential_id is not None})
    season = twizzit_seasons.c
    runs = func.coalesce(running_seasons.c.season == season.label, false())
    listed = (
        select(season.credential_id, season.id, season.label)
        .join(running_seasons, running_seasons.c.credential_id == season.credential_id, isouter=True)
        .where(or_(season.credential_id.in_(of_club), bulk.among(season.credential_id, keepers)))
        .order_by(season.credential_id, runs.desc(), season.start_date.desc().nulls_last(), season.id.desc())
    )
    ids = [twizzit_id for _, twizzit_id in mapped]
    found: dict[int, LastSync] = {}
    for one in connection.execute(listed).all():
        if one.credential_id not in found and (row := _newest(connection, one, twizzit_team_id)) is not None:
            found[one.credential_id] = _last_sync(connection, one, row, twizzit_team_id, ids)
    return found


def _newest(connection: Connection, season: Any, team_id: str | None) -> Any:
    """The newest sync of players in a season of a credential, of all or of that team."""
    history = sync_history.c
    about = history.details["group_id"].astext
    wanted = newest(
        select(history.id, history.completed_at, history.details),
        season.credential_id,
        "players",
        history.details["season"].astext == season.label,
        history.status.in_(("success", "partial_success")),
        history.details["season_exists"].astext.is_(None),
        or_(about.is_(None), about == team_id),
    )
    return connection.execute(wanted.limit(1)).one_or_none()


def _last_sync(connection: Connection, season: Any, row: Any, team_id: str | None, mapped: Sequence[str]) -> LastSync:
    details: Mapping[str, Any] = row.details
    failed: Mapping[str, Any] = details.get("failed") or {}
    here, elsewhere = _listed(connection, season, team_id, mapped)
    return LastSync(
        season=season.label,
        at=None if row.completed_at is None else row.completed_at.replace(tzinfo=UTC),
        here=here,
        elsewhere=elsewhere,
        rejected=_rejected(connection, row.id),
        aside=_reasons(details.get(SET_ASIDE) or {}),
        unapplied=_reasons({reason: items for reason, items in failed.items() if reason != PLAYERS_NOT_READ}),
        places=details.get(PLACES) or {},
        doubtful=frozenset(
            local_id for local_ids in details.get("fitting_local_ids", {}).values() for local_id in local_ids
        ),
        not_read=frozenset(failed.get(PLAYERS_NOT_READ, {}).get("twizzit_ids", ())),
    )


def _listed(
    connection: Connection, season: Any, team_id: str | None, mapped: Collection[str]
) -> tuple[dict[str, Listed], dict[str, list[str]]]:
    """See `LastSync`: `here` and `elsewhere`."""
    seen, names = twizzit_players.c, twizzit_teams.c
    wanted = (
        select(
            seen.twizzit_player_id,
            seen.twizzit_team_id,
            names.name,
            seen.first_name,
            seen.last_name,
            seen.jersey_number,
        )
        .join(
            twizzit_teams,
            (names.credential_id == seen.credential_id)
            & (names.season_id == seen.season_id)
            & (names.twizzit_team_id == seen.twizzit_team_id),
            isouter=True,
        )
        .where(
            seen.credential_id == season.credential_id,
            seen.season_id == season.id,
            or_(seen.twizzit_team_id == team_id, bulk.among(seen.twizzit_player_id, list(mapped))),
        )
        .order_by(seen.twizzit_player_id, seen.twizzit_team_id)
    )
    here: dict[str, Listed] = {}
    elsewhere: dict[str, list[str]] = defaultdict(list)
    for person, listed_in, name, first_name, last_name, number in connection.execute(wanted):
        if listed_in == team_id:
            here[person] = Listed(first_name, last_name, number)
        else:
            elsewhere[person].append(name or f"team {listed_in}")
    return here, elsewhere


def _rejected(connection: Connection, history_id: int) -> dict[str, list[str]]:
    rejected: dict[str, list[str]] = {}
    broken = select(rejected_rows.c.twizzit_id, rejected_rows.c.rule).where(rejected_rows.c.history_id == history_id)
    for twizzit_id, rule in connection.execute(broken.order_by(rejected_rows.c.id)):
        rules = rejected.setdefault(twizzit_id or "", [])
        if rule not in rules:
            rules.append(rule)
    return rejected


def _reasons(found: Mapping[str, Any]) -> dict[str, str]:
    """Remote id → the first reason that names it."""
    reasons: dict[str, str] = {}
    for reason, items in found.items():
        for person in items.get("twizzit_ids", ()):
            reasons.setdefault(str(person), reason)
    return reasons
