"""Whose turn it is: one sync of an organization at a time, in the order in which they were asked for.

What belongs here: what an orchestrator asks before it makes a run of a request. A run that comes too early all the same
finds the lease taken, and its request waits for another turn.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, func, select, update

from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.store import Credential
from twizzit_pipeline.storage import bulk
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import (
    leases,
    sync_history,
    sync_requests,
    team_mappings,
    twizzit_seasons,
    twizzit_teams,
)
from twizzit_pipeline.sync.lease import lease_keys
from twizzit_pipeline.sync.requests import Request, SyncType

# A claim whose run never came (the orchestrator died in between) is free again after this.
CLAIM_SECONDS = 60


def claim(engine: Engine, request_ids: Iterable[int]) -> set[int]:
    """Takes waiting requests for the caller to run; those that somebody else took first are not in the answer.

    A claim is good for a minute. Whether the turn of a request has come is `next_in_line`'s part.
    """
    free = sync_requests.c.claimed_at.is_(None) | (
        sync_requests.c.claimed_at < func.clock_timestamp() - timedelta(seconds=CLAIM_SECONDS)
    )
    claimed = (
        update(sync_requests)
        .where(bulk.among(sync_requests.c.id, list(request_ids)), sync_requests.c.status == "queued", free)
        .values(claimed_at=func.clock_timestamp())
    )
    with driver_errors(), engine.begin() as connection:
        return set(connection.scalars(claimed.returning(sync_requests.c.id)))


@dataclass(frozen=True, slots=True)
class Turn:
    """A request whose turn has come, and whose it is."""

    request: Request
    credential: Credential


def next_in_line(engine: Engine, requests: Iterable[Request], *, busy: Collection[int]) -> list[Turn]:
    """Of these requests the ones whose turn has come: the first of each organization that nobody is working on.

    Args:
        requests: those that are not over, in their order.
        busy: credentials that an orchestrator is working on already.
    """
    with driver_errors(), engine.connect() as connection:
        known = {credential.id: credential for credential in store.list_all(engine)}
        taken = set(connection.scalars(select(leases.c.organization)))
        now = connection.execute(select(func.clock_timestamp())).scalar_one()
    for credential_id in busy:
        if credential_id in known:
            taken |= lease_keys(known[credential_id])
    line: list[Turn] = []
    for request in requests:
        credential = known.get(request.credential_id)
        if credential is None:
            continue  # deleted since, and its requests with it
        free = not taken & lease_keys(credential)
        if free and request.status == "queued" and not _is_claimed(request, now):
            line.append(Turn(request, credential))
        taken |= lease_keys(credential)
    return line


def entities(engine: Engine, request: Request, season: str) -> SyncType:
    """What a run must sync so that a request gets what it asks for.

    Players alone need the teams of that season: where they were never read (or the one team asked for has no mapping),
    they come along.
    """
    if request.sync_type == "players":
        with driver_errors(), engine.connect() as connection:
            return "players" if _has_teams(connection, request, season) else "all"
    return "all" if request.options.include_players else request.sync_type


def _has_teams(connection: Connection, request: Request, season: str) -> bool:
    if request.options.group_id is not None:
        seen = (
            select(twizzit_teams.c.twizzit_team_id)
            .join(twizzit_seasons, twizzit_seasons.c.id == twizzit_teams.c.season_id)
            .join(team_mappings, team_mappings.c.twizzit_team_id == twizzit_teams.c.twizzit_team_id)
            .where(
                twizzit_teams.c.credential_id == request.credential_id,
                team_mappings.c.credential_id == request.credential_id,
                twizzit_seasons.c.label == season,
                twizzit_teams.c.twizzit_team_id == request.options.group_id,
            )
        )
    else:
        seen = select(sync_history.c.id).where(
            sync_history.c.credential_id == request.credential_id,
            sync_history.c.sync_type == "teams",
            sync_history.c.status.in_(("success", "partial_success")),
            sync_history.c.details["season"].astext == season,
            sync_history.c.details["season_exists"].astext.is_(None),
            sync_history.c.details["group_id"].astext.is_(None),
        )
    return connection.execute(seen.limit(1)).first() is not None


def _is_claimed(request: Request, now: datetime) -> bool:
    return request.claimed_at is not None and request.claimed_at > now - timedelta(seconds=CLAIM_SECONDS)
