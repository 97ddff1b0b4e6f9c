"""The season that a person names: which of the account's seasons is meant, or that there is none such.

What belongs here: finding it, with as few calls as it takes. Which one runs is decided in `seasons`.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, func, select

from twizzit_pipeline.accounts.clients import open_client
from twizzit_pipeline.accounts.naming import naming
from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import TwizzitPipelineError, UnknownSeason
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.runs.recorded import of_syncs
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.scheduling.automatic import metered
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database, driver_errors
from twizzit_pipeline.storage.tables import sync_history

# A list of seasons that is younger is believed where it lacks the one that is asked for: a new one comes once a year.
FRESH = timedelta(days=1)


def resolve(settings: Settings, database: Database, credential_id: int, asked: str) -> str:
    """The label of the season that is meant.

    What the database holds is taken where it has the season, or is not older than a day; otherwise Twizzit is asked
    once, and what it lists is remembered.

    Raises:
        UnknownSeason: the account has no such season; the message lists those that it has, the newest first.
        TwizzitPipelineError: the account's seasons are not known, and Twizzit gives none.
    """
    listed = _known(database.engine, settings, credential_id)
    found = seasons.meant(listed, asked)
    if found is None and not (listed and _is_fresh(database.engine, credential_id)):
        try:
            _look(settings, database, credential_id)
        except TwizzitPipelineError:
            if not listed:
                raise  # else what the account said last has to do
        listed = _known(database.engine, settings, credential_id)
        found = seasons.meant(listed, asked)
    if found is None:
        raise UnknownSeason(seasons.not_listed(listed))
    return found.label


def _known(engine: Engine, settings: Settings, credential_id: int) -> list[SeasonRow]:
    with driver_errors(), engine.connect() as connection:
        return seasons.known(connection, credential_id, settings.season_start)


def _is_fresh(engine: Engine, credential_id: int) -> bool:
    """Whether the account's seasons were read within the last day: every sync and `verify` does so first.

    By the clock of the database, which wrote when. What lies ahead is of before that clock was put back, and says
    nothing.
    """
    verified = store.get(engine, credential_id).last_verified_at
    with driver_errors(), engine.connect() as connection:
        now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        synced = _last_sync(connection, credential_id, now)
    read = [moment.replace(tzinfo=moment.tzinfo or UTC) for moment in (verified, synced) if moment is not None]
    return any(timedelta() <= now - moment < FRESH for moment in read)


def _last_sync(connection: Connection, credential_id: int, now: datetime) -> datetime | None:
    history = sync_history.c
    newest = select(func.max(history.completed_at)).where(
        history.completed_at <= now.astimezone(UTC).replace(tzinfo=None),
        history.credential_id == credential_id,
        history.status.in_(("success", "partial_success")),
        history.dagster_run_id.is_not(None),
        of_syncs,
    )
    found: datetime | None = connection.scalar(newest)
    return None if found is None else found.replace(tzinfo=UTC)


def _look(settings: Settings, database: Database, credential_id: int) -> None:
    """Asks Twizzit for the account's seasons, and remembers them."""
    with driver_errors():
        credential = store.get(database.engine, credential_id)
    client = open_client(settings, database.engine, credential)
    with naming(credential_id), client, metered(database.engine, credential_id, lambda: client.calls):
        organization = client.source.organization()
        listed = seasons.listed(client.source.seasons(), day=seasons.today(), season_start=settings.season_start)
    with driver_errors():
        with database.engine.begin() as connection:
            seasons.refresh(connection, credential_id, listed)
        store.remember_organization(database.engine, credential_id, organization.id, organization.name)
        if client.calls:  # v1 computes its season without a call, which verifies no login
            store.mark_verified(database.engine, credential_id)
