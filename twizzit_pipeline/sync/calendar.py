"""The calendar of a season, as one run reads it: once, for the scans of competitions and of matches alike."""

from twizzit_pipeline.errors import AccessDenied, CalendarRefused, NotATwizzit
from twizzit_pipeline.sync.meanings import meanings_of
from twizzit_pipeline.sync.seasons import SeasonRow
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.twizzit.records import Calendar

_PATHS = ("/event", "/competition")


def read_calendar(session: SyncSession, season: SeasonRow) -> Calendar:
    """All competitions and matches of the season; asked of Twizzit once a run.

    Raises:
        MatchTypeNotFound: the account's names do not tell which event type is the match, nor does the configuration.
        CalendarRefused: the account may not read it, or its service has none.
        TwizzitAnswerError: any other leaf.
    """
    types = meanings_of(session.engine, session.credential.id).event_types
    match_type = next((word for word, meaning in types.items() if meaning == "match"), None)
    try:
        return session.client.calendar(season.record, match_type=match_type)
    except (AccessDenied, NotATwizzit) as error:
        if error.status not in (403, 404) or not (error.endpoint or "").startswith(_PATHS):
            raise
        raise CalendarRefused(
            f"{error.endpoint} answered {error.status}: this account may not read its competitions and matches; ask "
            f"Twizzit for the right, or leave them out: twizzit config set {session.credential.id} --no-competitions",
            endpoint=error.endpoint,
            status=error.status,
        ) from None
