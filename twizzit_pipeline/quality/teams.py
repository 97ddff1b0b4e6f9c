"""What is asked about teams: their names, where their mappings point, and whose they are."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, select

from twizzit_pipeline.quality.findings import Finding, Scope
from twizzit_pipeline.quality.judged import KEPT, Condition, Judged, fed_clubs, nobodys, scan_of
from twizzit_pipeline.quality.names import SOMEWHERE
from twizzit_pipeline.storage.remote_ids import remote_id
from twizzit_pipeline.storage.tables import clubs, team_mappings, teams, twizzit_teams
from twizzit_pipeline.transform.names import normalised_name

_Found = Row[Any]


def _scanned_names(connection: Connection, credential_id: int, season_id: int) -> Iterable[Sequence[Any]]:
    table = twizzit_teams.c
    seen = scan_of(twizzit_teams, credential_id, season_id)
    return connection.execute(select(table.twizzit_team_id, table.club_name, table.name).where(seen))


@lru_cache(KEPT)
def _local_names(credential_id: int) -> Select[Any]:
    """Teams that ended long ago are no namesakes; ShotSpot itself allows one exact name in a season."""
    place = func.concat_ws("|", teams.c.club_id, teams.c.season_id)
    return select(teams.c.id, place, teams.c.name).where(
        teams.c.club_id.in_(fed_clubs(credential_id)), teams.c.is_active.is_not(False)
    )


def _astray(connection: Connection, credential_id: int, ours: Condition, speaks_of: Scope) -> Finding:
    table = team_mappings.c
    found = connection.execute(
        select(
            remote_id(team_mappings),
            teams.c.id.label("team_id"),
            teams.c.club_id,
            clubs.c.name.label("club"),
            table.twizzit_organization_name.label("organization"),
            table.last_values["club_name"].astext.label("said"),
            table.last_values.is_not(None).label("has_base"),
        )
        .join(teams, teams.c.id == table.local_team_id, isouter=True)
        .join(clubs, clubs.c.id == teams.c.club_id, isouter=True)
        .where(ours)
        .order_by(table.id)
    ).all()
    gone = [row.twizzit_team_id for row in found if row.team_id is None]
    strays = _of_another_club([row for row in found if row.team_id is not None and row.has_base])
    return Finding(
        SOMEWHERE,
        speaks_of,
        (*gone, *strays),
        reasons={"local_row_gone": len(gone), "team_of_another_club": len(strays)},
        grave=True,
    )


def _of_another_club(found: list[_Found]) -> list[str]:
    """Teams of one club in Twizzit that lie in different clubs of ShotSpot: those outside the right one.

    The right one is called like Twizzit's; where none is (it was renamed), it is the one with the most teams. A
    club that was renamed, all its teams with it, is no fault.
    """
    by_club: dict[str, list[_Found]] = defaultdict(list)
    for row in found:
        by_club[normalised_name(row.said or row.organization or "")].append(row)
    strays: list[str] = []
    for said, rows in by_club.items():
        teams_of = Counter(row.club_id for row in rows)
        called_so = {row.club_id for row in rows if normalised_name(row.club or "") == said}
        right = called_so or {min(teams_of, key=lambda club_id: (-teams_of[club_id], club_id))}
        strays.extend(row.twizzit_team_id for row in rows if row.club_id not in right)
    return strays


@lru_cache(KEPT)
def _without_owner(credential_id: int) -> Select[Any]:
    return (
        select(remote_id(team_mappings))
        .join(teams, teams.c.id == team_mappings.c.local_team_id)
        .where(and_(nobodys(team_mappings), teams.c.club_id.in_(fed_clubs(credential_id))))
        .order_by(team_mappings.c.id)
    )


JUDGED = Judged(
    snapshot=twizzit_teams,
    mappings=team_mappings,
    remote_id="twizzit_team_id",
    scanned_names=_scanned_names,
    local_names=_local_names,
    astray=_astray,
    without_owner=_without_owner,
)
