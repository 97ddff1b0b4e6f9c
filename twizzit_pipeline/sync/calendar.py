"""The calendar of a season, as one run reads it: once, for the scans of competitions and of matches alike."""

from sqlalchemy import select

from twizzit_pipeline.storage.tables import sync_config
from twizzit_pipeline.sync.seasons import SeasonRow
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.twizzit.records import Calendar


def read_calendar(session: SyncSession, season: SeasonRow) -> Calendar:
    """All competitions and matches of the season; asked of Twizzit once a run.

    Raises:
        MatchTypeNotFound: the account's names do not tell which event type is the match, nor does the configuration.
        TwizzitAnswerError: any leaf.
    """
    wanted = select(sync_config.c.match_event_type).where(sync_config.c.credential_id == session.credential.id)
    with session.engine.connect() as connection:
        match_type: str | None = connection.scalar(wanted)
    return session.client.calendar(season.record, match_type=match_type or None)
