"""What is asked about competitions: where their mappings point, and whose they are."""

from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, exists, or_, select

from twizzit_pipeline.quality.findings import Finding, Scope
from twizzit_pipeline.quality.judged import KEPT, Condition, Judged, fed_clubs, nobodys, of_its_organizations
from twizzit_pipeline.quality.names import SOMEWHERE
from twizzit_pipeline.storage.remote_ids import remote_id
from twizzit_pipeline.storage.tables import competition_mappings, competitions, games, twizzit_competitions


def _astray(connection: Connection, credential_id: int, ours: Condition, speaks_of: Scope) -> Finding:
    table = competition_mappings.c
    found = connection.scalars(
        select(remote_id(competition_mappings))
        .join(competitions, competitions.c.id == table.local_competition_id, isouter=True)
        .where(ours, competitions.c.id.is_(None))
        .order_by(table.id)
    )
    gone = tuple(found)
    return Finding(SOMEWHERE, speaks_of, gone, reasons={"local_row_gone": len(gone)}, grave=True)


@lru_cache(KEPT)
def _without_owner(credential_id: int) -> Select[Any]:
    """Of the competitions in which a club of the credential plays."""
    clubs = fed_clubs(credential_id)
    played = exists().where(
        games.c.competition_id == competition_mappings.c.local_competition_id,
        or_(games.c.home_club_id.in_(clubs), games.c.away_club_id.in_(clubs)),
    )
    return (
        select(remote_id(competition_mappings))
        .where(nobodys(competition_mappings), played, of_its_organizations(competition_mappings, credential_id))
        .order_by(competition_mappings.c.id)
    )


JUDGED = Judged(
    snapshot=twizzit_competitions,
    mappings=competition_mappings,
    remote_id="twizzit_competition_id",
    astray=_astray,
    without_owner=_without_owner,
)
