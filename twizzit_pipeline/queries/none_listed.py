"""Credentials whose account lists no team of the running season any more, or no player in any, though some came once.

What belongs here: whom the newest syncs say that of (the remark `none_listed`). It proves nothing, so that no one
leaves and the sync succeeds; it stays so until a person looks at the account. Between seasons nothing is said: the new
one never had any, and the old one runs no more.
"""

from typing import Any

from sqlalchemy import Connection, Integer, ScalarSelect, or_, select

from twizzit_pipeline.runs.details import NONE_LISTED
from twizzit_pipeline.runs.recorded import of_syncs
from twizzit_pipeline.storage.tables import sync_history
from twizzit_pipeline.storage.tables.views import running_seasons

_ENTITIES = ("teams", "players")


def none_listed(connection: Connection) -> dict[int, dict[str, int]]:
    """Credential → entity → how many of ours the account has none of any more; only where that is so."""
    teams, players = map(_newest, _ENTITIES)
    found = select(running_seasons.c.credential_id, teams, players).where(or_(teams.is_not(None), players.is_not(None)))
    return {
        row[0]: {entity: count for entity, count in zip(_ENTITIES, row[1:], strict=True) if count is not None}
        for row in connection.execute(found)
    }


def _newest(sync_type: str) -> ScalarSelect[Any]:
    """What the newest whole sync of the running season says; found by the index of a credential's syncs."""
    history = sync_history.c
    return (
        select(history.details["warnings"][NONE_LISTED]["count"].astext.cast(Integer))
        .where(
            history.credential_id == running_seasons.c.credential_id,
            history.sync_type == sync_type,
            history.status.in_(("success", "partial_success")),
            history.details["season"].astext == running_seasons.c.season,
            history.details["group_id"].astext.is_(None),
            of_syncs,
        )
        .order_by(history.started_at.desc())
        .limit(1)
        .correlate(running_seasons)
        .scalar_subquery()
    )
