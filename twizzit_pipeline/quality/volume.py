"""Whether there is as much as usual, against the last ten syncs of the same credential, season and entity."""

from collections.abc import Sequence
from functools import cache
from statistics import median
from typing import Any

from sqlalchemy import Connection, Integer, Select, bindparam, cast, select

from twizzit_pipeline.quality.findings import Finding, Scope
from twizzit_pipeline.quality.names import VOLUME
from twizzit_pipeline.runs.recorded import newest
from twizzit_pipeline.storage.tables import sync_history
from twizzit_pipeline.sync.session import SyncSession

SYNCS = 10
# Of three teams one more or less is half: too few to say anything of.
_FEWEST = 4


def volume(before: Sequence[int], now: int, speaks_of: Scope) -> Finding:
    """A sudden halving: half of the usual (the median) or less. A lasting one is the usual after six syncs.

    Args:
        before: what the last syncs counted.
    """
    usual = median(before) if before else now
    halved = usual >= _FEWEST and now * 2 <= usual
    return Finding(
        VOLUME,
        speaks_of,
        passed=not halved,
        numbers={"rows": now, "usual": float(usual), "syncs_compared": len(before)},
    )


def last_syncs(wanted: Select[Any], entity: str, *keys: str) -> Select[Any]:
    """`wanted` of the last ten syncs of an entity whose details have these keys, before the run of `before_run`."""
    history = sync_history.c
    return newest(
        wanted,
        bindparam("credential_id", type_=Integer),
        entity,
        history.status.in_(("success", "partial_success")),
        history.details["season"].astext == bindparam("season"),
        *(history.details.has_key(key) for key in keys),
        history.dagster_run_id.is_distinct_from(bindparam("run_id")),
    ).limit(SYNCS)


def before_run(session: SyncSession) -> dict[str, object]:
    """The parameters of `last_syncs`: of which credential and season, and before which run."""
    return {"credential_id": session.credential.id, "season": session.season_label, "run_id": session.run_id}


@cache
def _counted(entity: str, counted: str) -> Select[Any]:
    return last_syncs(select(cast(sync_history.c.details[counted].astext, Integer)), entity, counted)


def counted_before(connection: Connection, session: SyncSession, entity: str, counted: str) -> list[int]:
    """A number of the history's details in the last ten syncs; one that lacks it is passed over."""
    found = connection.scalars(_counted(entity, counted), before_run(session))
    return [int(count) for count in found if count is not None]
