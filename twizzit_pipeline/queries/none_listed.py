"""Credentials whose account lists no team of the running season, or no player in any team, weeks after it began.

What belongs here: whom the newest whole syncs say that of. It proves nothing, so that no one leaves and the sync
succeeds (the remark `none_listed`); it stays so until a person looks at the account. In the weeks in which a season
fills up it is as it should be, and nothing is said.
"""

from typing import Any

from sqlalchemy import Connection, Integer, ScalarSelect, or_, select

from twizzit_pipeline.runs import seasons
from twizzit_pipeline.runs.details import LISTED
from twizzit_pipeline.runs.recorded import newest, of_syncs
from twizzit_pipeline.runs.season_rows import FILLING_UP
from twizzit_pipeline.storage.tables import sync_history
from twizzit_pipeline.storage.tables.views import running_seasons

_ENTITIES = ("teams", "players")


def none_listed(connection: Connection, *, season_start: str) -> dict[int, str]:
    """Credential → the entity of which its account lists none: teams, or players where it lists teams.

    Args:
        season_start: of the settings: month and day on which a season without dates begins.
    """
    teams, players = map(_listed, _ENTITIES)
    wanted = select(running_seasons.c.credential_id, running_seasons.c.season, teams)
    found = connection.execute(wanted.where(or_(teams == 0, players == 0))).all()
    return {
        credential_id: "teams" if listed == 0 else "players"
        for credential_id, season, listed in found
        if not _fills_up(connection, credential_id, season, season_start)
    }


def _fills_up(connection: Connection, credential_id: int, label: str, season_start: str) -> bool:
    """Whether the season began so lately that its teams may be empty; an account may give no dates of it."""
    known = seasons.known(connection, credential_id, season_start)
    return any(season.label == label and seasons.today() < season.start_date + FILLING_UP for season in known)


def _listed(entity: str) -> ScalarSelect[Any]:
    """How many the newest whole sync of the running season listed; found by the index of a credential's syncs."""
    history = sync_history.c
    found = newest(
        select(history.details[LISTED].astext.cast(Integer)),
        running_seasons.c.credential_id,
        entity,
        history.status.in_(("success", "partial_success")),
        history.details["season"].astext == running_seasons.c.season,
        history.details.has_key(LISTED),
        of_syncs,
    )
    return found.limit(1).correlate(running_seasons).scalar_subquery()
