"""The calendar of v2: which type of event is a match, and the season's matches with the series that they belong to.

What belongs here: how events are asked for, and what their rows say. A row does not tell its own type, and a filter may
be ignored: a training has no name, and a meeting neither a series nor two sides.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from twizzit_pipeline.errors import MatchTypeNotFound
from twizzit_pipeline.twizzit.records import Calendar, Competition, Match, Season, Side
from twizzit_pipeline.twizzit.v2_lists import Scope
from twizzit_pipeline.twizzit.wire import Row, day, folded, identifier, plain_keys, reference, text, texts

_TYPES = "/event-types"
_EVENTS = "/events"
_LIMIT = 250
# Half a season a window: few calls for a club, few pages for a federation. Windows share a day, since nobody says
# whether the last day of a window belongs to it.
_WINDOW = timedelta(days=184)
_DAY = timedelta(days=1)

_MATCH_WORDS = {"match", "matches", "matchs", "matchen", "wedstrijd", "wedstrijden", "game", "games", "rencontre"}

# No field tells that a match is off; people write it into its name, or begin its description with it (assumed).
_STATUS_WORDS = {
    **dict.fromkeys(("afgelast", "geannuleerd", "annule", "annulee", "cancelled", "canceled"), "cancelled"),
    **dict.fromkeys(("uitgesteld", "reporte", "reportee", "postponed"), "to_reschedule"),
}
_MARK = re.compile(r"\s*[(\[*]+\s*([^()\[\]*]+?)\s*[)\]*]+\s*")
_BETWEEN_SIDES = re.compile(r"\s+[-–—]\s+")
_SCORE = re.compile(r"\s*(\d+)\s*[-:–]\s*(\d+)\s*")


class CalendarReader:
    """Reads the matches of one organization."""

    def __init__(self, scope: Scope, organization_name: str) -> None:
        self._scope = scope
        self._organization = folded(organization_name)

    def read(self, season: Season, match_type: str | None) -> Calendar:
        """All matches of the season, and the series that they belong to, with the season's dates.

        For each type of match one call a window, and one more for each 250 events; one for the types themselves, unless
        `match_type` is an id.

        Args:
            season: with both its dates.
            match_type: the id or a name of the account's event type; None: it is known by its names.

        Raises:
            MatchTypeNotFound: the account has no such type.
            IncompleteScan: events moved between the pages each time they were read.
        """
        assert season.start_date is not None
        assert season.end_date is not None
        matches: dict[str | None, Match] = {}
        names: dict[str, str | None] = {}
        for type_id in self._types(match_type):
            for row in self._events(type_id, season.start_date, season.end_date):
                series = row.get("series")
                match = self._match(row)
                if match is not None and _within(row, season.start_date, season.end_date):
                    matches[match.id] = match
                    if match.competition_id is not None:
                        names[match.competition_id] = text(series) if isinstance(series, Mapping) else None
        competitions = (Competition(id_, name, None, season.start_date, season.end_date) for id_, name in names.items())
        return Calendar(tuple(competitions), tuple(matches.values()))

    def check(self, match_type: str | None) -> None:
        """Ask which types are matches, for a look around.

        Raises:
            MatchTypeNotFound: none is.
        """
        self._types(match_type)

    def _types(self, wanted: str | None) -> list[str]:
        if wanted is not None and wanted.strip().isdecimal():
            return [wanted.strip()]
        words = _MATCH_WORDS if wanted is None else {folded(wanted)}
        rows = [plain_keys(row) for row in self._scope.few(_TYPES)]
        active = [row for row in rows if row.get("active") is not False]
        found = [id_ for row in active if words & _names(row) and (id_ := identifier(row.get("id")))]
        if not found:
            raise MatchTypeNotFound(
                "None of the account's event types is called a match: set match_event_type in the credential's sync "
                "configuration to the id or the name of the one that is"
            )
        return found

    def _events(self, type_id: str, start: date, end: date) -> Iterator[Row]:
        for first, last in windows(start, end):
            query = [
                ("start-date", str(first)),
                ("end-date", str(last)),
                ("event-types[]", type_id),
                ("includes[]", "event-groups"),
            ]
            for row in self._scope.every(_EVENTS, query, limit=_LIMIT):
                yield plain_keys(row)

    def _match(self, row: Row) -> Match | None:
        """The match that a row is; None for a training or a meeting, which an account may list as well."""
        series_id = reference(row.get("series"))
        name, marked = _without_marks(text(row.get("name")) or "")
        teams = _own_teams(row)
        sides = self._sides(name, teams)
        if series_id is None and sides is None:
            return None
        home, away = sides or (None, None)
        score = _SCORE.fullmatch(text(row.get("score")) or "")
        return Match(
            id=identifier(row.get("id")),
            competition_id=series_id,
            home=Side(_team_on(teams, home=True), home),
            away=Side(_team_on(teams, home=False), away),
            starts_at=text(row.get("start")),
            status=marked or _STATUS_WORDS.get(_first_word(text(row.get("description")) or "")),
            home_score=score[1] if score else None,
            away_score=score[2] if score else None,
        )

    def _sides(self, name: str, teams: "Sequence[_OwnTeam]") -> tuple[str, str] | None:
        """Home and away. A club's own name may hold the separator: then the own team's side decides where to cut."""
        cuts = [(name[: found.start()].strip(), name[found.end() :].strip()) for found in _BETWEEN_SIDES.finditer(name)]
        cuts = [(home, away) for home, away in cuts if home and away]
        if len(cuts) > 1:
            cuts = [cut for cut in cuts if any(self._fits(cut[0 if team.is_home else 1], team) for team in teams)]
        return cuts[0] if len(cuts) == 1 else None

    def _fits(self, side: str, team: "_OwnTeam") -> bool:
        """Whether this text is the name of that team: the organization's and its own, or its own alone."""
        own = folded(team.name)
        return folded(side) in {own, f"{self._organization} {own}"}


@dataclass(frozen=True, slots=True)
class _OwnTeam:
    id: str | None
    name: str
    is_home: bool


def windows(start: date, end: date) -> list[tuple[date, date]]:
    """The stretches of days that a season is read by, both days of each within it; neighbours share a day."""
    found = []
    while start + _WINDOW < end:
        found.append((start, start + _WINDOW))
        start += _WINDOW
    # The day after the last: where a window's last day does not belong to it, the season's does.
    return [*found, (start, end + _DAY)]


def _within(row: Row, start: date, end: date) -> bool:
    """Whether an event is the season's: a filter may be ignored. An unreadable day is the contract's to judge."""
    found = day(row.get("start"))
    return found is None or start <= found <= end


def _names(row: Row) -> set[str]:
    return {folded(name) for name in texts(row.get("name"))} | {
        word for name in texts(row.get("name")) for word in folded(name).split()
    }


def _own_teams(row: Row) -> list[_OwnTeam]:
    value = row.get("eventgroups")
    groups = [plain_keys(group) for group in value if isinstance(group, Mapping)] if isinstance(value, list) else []
    return [
        _OwnTeam(identifier(group.get("groupid")), text(group.get("groupname")) or "", group.get("ishometeam") is True)
        for group in groups
    ]


def _team_on(teams: Sequence[_OwnTeam], *, home: bool) -> str | None:
    """The own team on that side; None for an opponent, and where two of the account's teams claim the same side."""
    ids = {team.id for team in teams if team.is_home is home}
    return ids.pop() if len(ids) == 1 else None


def _without_marks(name: str) -> tuple[str, str | None]:
    """A name without what stands in brackets to say that the match is off, and what that means."""
    for found in _MARK.finditer(name):
        status = _STATUS_WORDS.get(_first_word(found[1]))
        if status is not None:
            return f"{name[: found.start()]} {name[found.end() :]}".strip(), status
    status = _STATUS_WORDS.get(_first_word(name))
    return (re.sub(r"^\s*\w+[\s:!.-]*", "", name), status) if status else (name, None)


def _first_word(value: str) -> str:
    found = re.match(r"\W*(\w+)", folded(value))
    return found[1] if found else ""
