"""The calendar of a season, as one run reads it: once, for the scans of competitions and of matches alike."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import select

from twizzit_pipeline.errors import AccessDenied, CalendarRefused, NotATwizzit
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.storage.tables import twizzit_teams
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.twizzit.records import Calendar, Match, Side

_PATHS = ("/event-types", "/events", "/competitions")  # of both dialects, without those of one competition


def read_calendar(session: SyncSession, season: SeasonRow) -> Calendar:
    """All competitions and matches of the season; asked of Twizzit once a run.

    Raises:
        MatchTypeNotFound: neither the account's names nor the configuration say which event type is the match.
        CalendarRefused: the account may not read it, or its service has none.
        TwizzitAnswerError: any other leaf.
    """
    try:
        names = _scanned_teams(session, season)
        return with_own_names(session.client.calendar(season.record, own_team_ids=names and names.keys()), names or {})
    except (AccessDenied, NotATwizzit) as error:
        refused = isinstance(error, AccessDenied) and not error.answered_before
        if error.endpoint not in _PATHS or not (refused or error.status == 404):
            raise
        seen = (
            "this account may not read its competitions and matches; ask Twizzit for the right"
            if refused
            else "the service lists no such thing for this account; ask Twizzit whether it has a calendar"
        )
        raise CalendarRefused(
            f"{error.endpoint} answered {error.status}: {seen}, or leave competitions and matches out: "
            f"twizzit config set {session.credential.id} --no-competitions",
            endpoint=error.endpoint,
            status=error.status,
        ) from None


def with_own_names(calendar: Calendar, names: Mapping[str, str]) -> Calendar:
    """The calendar with the names of the account's own teams where a match gives their ids alone."""

    def named(side: Side) -> Side:
        name = None if side.name is not None and side.name.strip() else names.get(side.team_id or "")
        return side if name is None else replace(side, name=name)

    def with_names(match: Match) -> Match:
        home, away = named(match.home), named(match.away)
        return match if home is match.home and away is match.away else replace(match, home=home, away=away)

    return replace(calendar, matches=tuple(map(with_names, calendar.matches)))


def _scanned_teams(session: SyncSession, season: SeasonRow) -> dict[str, str] | None:
    """Remote id → name of the season's teams as they were scanned; None where none were, so that nothing is guessed."""
    table = twizzit_teams.c
    wanted = select(table.twizzit_team_id, table.name).where(
        table.credential_id == session.credential.id, table.season_id == season.id
    )
    with session.reading() as connection:
        return {str(id_): str(name) for id_, name in connection.execute(wanted).all()} or None
