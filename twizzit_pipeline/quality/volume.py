"""Whether there is as much as usual, against the last ten syncs of the same credential, season and entity."""

from statistics import median

from sqlalchemy import Connection, Integer, cast, select

from twizzit_pipeline.quality.findings import Finding, Scope
from twizzit_pipeline.quality.names import VOLUME
from twizzit_pipeline.runs.recorded import newest
from twizzit_pipeline.storage.tables import sync_history
from twizzit_pipeline.sync.session import SyncSession

SYNCS = 10
# Of three teams one more or less is half: too few to say anything of.
_FEWEST = 4


def volume(
    connection: Connection, session: SyncSession, entity: str, counted: str, now: int, speaks_of: Scope
) -> Finding:
    """A sudden halving: half of the usual (the median) or less. A lasting one is the usual after six syncs.

    Args:
        counted: which number of the history's details `now` is compared with; a sync that lacks it is passed over.
    """
    before = _before(connection, session, entity, counted)
    usual = median(before) if before else now
    halved = usual >= _FEWEST and now * 2 <= usual
    return Finding(
        VOLUME,
        speaks_of,
        passed=not halved,
        numbers={"rows": now, "usual": float(usual), "syncs_compared": len(before)},
    )


def _before(connection: Connection, session: SyncSession, entity: str, counted: str) -> list[int]:
    history = sync_history.c
    wanted = newest(
        select(cast(history.details[counted].astext, Integer)),
        session.credential.id,
        entity,
        history.status.in_(("success", "partial_success")),
        history.details["season"].astext == session.season_label,
        history.details.has_key(counted),
        history.dagster_run_id.is_distinct_from(session.run_id),
    )
    return [int(count) for count in connection.scalars(wanted.limit(SYNCS)) if count is not None]
