"""The calendar of v2: the season's matches, and the series that they belong to.

What belongs here: how events are asked for, and which of them are matches. A row does not say its own type, and a
filter may be ignored: a row of the match type is a match until a rule here says why not, and is set aside then.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from twizzit_pipeline.errors import AccessDenied, NotATwizzit
from twizzit_pipeline.twizzit.moments import day, moment_text
from twizzit_pipeline.twizzit.paging import by_id
from twizzit_pipeline.twizzit.records import Calendar, Competition, Match, Presence, Season, SetAside, Side
from twizzit_pipeline.twizzit.scores import score_of, sides_score
from twizzit_pipeline.twizzit.v2.event_groups import EventGroup, EventGroups, Ids, event_groups, own_ids, split_groups
from twizzit_pipeline.twizzit.v2.event_marks import off, without_marks
from twizzit_pipeline.twizzit.v2.event_names import sides_of
from twizzit_pipeline.twizzit.v2.event_types import EventTypes, read_event_types
from twizzit_pipeline.twizzit.v2.lists import Scope, tens
from twizzit_pipeline.twizzit.v2.own_names import OwnNames
from twizzit_pipeline.twizzit.v2.own_rows import LONGEST_NAME
from twizzit_pipeline.twizzit.wire import Row, identifier, is_list, items, plain_keys, reference, text
from twizzit_pipeline.words.letters import visible
from twizzit_pipeline.words.meanings import Meanings

TRAINING = "training"
OTHER_SEASON = "other_season"
NOT_A_MATCH = "not_a_match"
NO_NAME = "no_name"

_EVENTS = "/events"
_LIMIT = 250
# Half a season a window: few calls for a club, few pages for a federation. Windows share a day, since nothing says
# whether the last day of a window belongs to it.
_WINDOW = timedelta(days=184)
_DAY = timedelta(days=1)
_MOST_STRETCHES = 3
_BLANKS = re.compile(r"\s{3,}")

_Days = tuple[date, date]
AskGroups = Callable[[], Collection[Collection[str]] | None]


@dataclass(frozen=True, slots=True)
class _Event:
    """A row of ``/events``, and its groups as they are listed."""

    row: Row
    groups: tuple[EventGroup, ...]

    @property
    def id(self) -> str | None:
        return identifier(self.row.get("id"))

    @property
    def name(self) -> str:
        """Its first 255 characters, of blanks in a row two: of a longer text some patterns take minutes, and the whole
        process waits for a pattern.
        """
        return _BLANKS.sub("  ", visible(text(self.row.get("name")) or ""))[:LONGEST_NAME]

    @property
    def day(self) -> date | None:
        return day(self.row.get("start"))


class CalendarReader:
    """Reads the matches of one organization.

    Args:
        ask_groups: see `own_ids`.
    """

    def __init__(self, scope: Scope, organization_name: str, meanings: Meanings, ask_groups: AskGroups) -> None:
        self._scope = scope
        self._names = OwnNames(organization_name)
        self._meanings = meanings
        self._ask_groups = ask_groups

    def read(self, season: Season, own_team_ids: Collection[str] | None = None) -> Calendar:
        """All matches of the season, and the series that they belong to, with the season's dates.

        For each ten types of matches one call a window, and one more for each 250 events; one for the types themselves.
        One more where an event lists a group that was not scanned, and one where a named event has no opponent.

        Args:
            season: with both its dates.
            own_team_ids: the season's teams as they were scanned; None: none were.

        Raises:
            MatchTypeNotFound: the account has no such type.
            IncompleteScan: events moved between the pages each time they were read.
        """
        assert season.start_date is not None
        assert season.end_date is not None
        types = read_event_types(self._scope, self._meanings)
        read = self._events(types.matches, season.start_date, season.end_date)
        judged = [(event, _within(event, season)) for event in read]
        aside = [SetAside(event.id, OTHER_SEASON) for event, is_within in judged if not is_within]
        in_season = [event for event, is_within in judged if is_within]
        ids = own_ids((event.groups for event in in_season), own_team_ids, self._ask_groups)
        pairs = [(event, self._match(event, ids)) for event in in_season]
        aside += [SetAside(event.id, TRAINING) for event, match in pairs if match is None]
        matches = [(event, match) for event, match in pairs if match is not None]
        doubtful = [event for event, match in matches if _names_no_opponent(match) and event.day is not None]
        if doubtful and self._ignores_types(doubtful[0], types):
            doubtful = [event for event, match in matches if _names_no_opponent(match)]
            aside += [SetAside(event.id, NOT_A_MATCH) for event in doubtful]
            matches = [(event, match) for event, match in matches if not _names_no_opponent(match)]
        competitions, nameless = _competitions([event for event, _ in matches], season)
        return Calendar(
            tuple(competitions),
            tuple(match for _, match in matches),
            tuple(aside),
            tuple(SetAside(id_, NO_NAME) for id_ in nameless),
            types_read=types.read,
            types_not_read=types.not_read,
        )

    def still_listed(self, missing: Mapping[str, date], known: Mapping[str, date]) -> dict[str, Presence]:
        """Which of the matches that a scan did not list come when their days are read anew.

        Each with the day of the nearest match that the scan saw, which must come as well: else nothing is proved. One
        call for the types, and one for each ten types and stretch of days; of many, all days between them instead.

        Args:
            missing, known: remote id → its day.

        Raises:
            TwizzitPipelineError: a day could not be read.
        """
        found: dict[str, Presence] = dict.fromkeys(missing, "unproved")
        if not known:
            return found
        types = read_event_types(self._scope, self._meanings)
        stretches, witnesses = defaultdict[_Days, list[str]](list), defaultdict[_Days, set[str]](set)
        for one, on in missing.items():
            _, witness = min((abs(its_day - on), id_) for id_, its_day in known.items())
            stretch = min(on, known[witness]), max(on, known[witness])
            stretches[stretch].append(one)
            witnesses[stretch].add(witness)
        if len(stretches) > _MOST_STRETCHES:  # most of a season is read faster as a whole
            whole = min(first for first, _ in stretches), max(last for _, last in stretches)
            witnesses = defaultdict(set, {whole: set().union(*witnesses.values())})
            stretches = defaultdict(list, {whole: list(missing)})
        for stretch, ids in stretches.items():
            first, last = stretch
            lists = self._lists(types.matches, first - _DAY, last + _DAY, looked_through=True)
            listed = {identifier(plain_keys(row).get("id")) for rows in lists for row in rows}
            if witnesses[stretch] <= listed:
                found |= {one: "present" if one in listed else "absent" for one in ids}
        return found

    def _events(self, type_ids: Sequence[str], start: date, end: date) -> list[_Event]:
        """Every event of these types, once, though several windows and types list it."""
        found: dict[object, _Event] = {}
        for rows in self._lists(type_ids, start, end):
            for row in rows:
                plain = plain_keys(row)
                found[by_id(row)] = _Event(plain, event_groups(plain))
        return list(found.values())

    def _lists(
        self, type_ids: Sequence[str], start: date, end: date, *, looked_through: bool = False
    ) -> Iterator[list[Row]]:
        """The events of each ten types and stretch of days; `looked_through` as in `Scope.every`."""
        for ids in tens(type_ids):
            for first, last in windows(start, end):
                query = _query(first, last, ids)
                yield self._scope.every(_EVENTS, query, limit=_LIMIT, looked_through=looked_through)

    def _match(self, event: _Event, ids: Ids | None) -> Match | None:
        """The match that a row is; None for a training: it has no name, no series and no two sides."""
        row, groups = event.row, split_groups(event.groups, ids)
        series = _series(row)
        series_id = _series_id(series)
        name, marked = without_marks(event.name, self._meanings)
        home, away = sides_of(name, groups, self._names)
        says_anything = bool(row)  # an empty row is no training: the contract rejects it
        if says_anything and not event.name.strip() and series_id is None and not _are_two_sides(home, away, groups):
            return None
        score = score_of(row.get("score"))
        if score.home is None and not score.unread:
            score = sides_score(row.get("homescore"), row.get("awayscore"))
        description = visible(text(row.get("description")) or "")
        return Match(
            id=event.id,
            competition_id=series_id,
            home=home,
            away=away,
            starts_at=moment_text(row.get("start")),
            status=marked or off(description, self._meanings) or text(row.get("status")),
            home_score=score.home,
            away_score=score.away,
            ends_at=moment_text(row.get("end")),
            score_unread=score.unread,
            series_unread=series_id is None and _says_something(series),
        )

    def _ignores_types(self, event: _Event, types: EventTypes) -> bool:
        """Whether the filter by types is ignored: then an event comes for a type as well that is no match. One call."""
        if event.day is None:
            return False
        query = _query(event.day, event.day + _DAY, [types.other])
        try:
            rows = self._scope.page(_EVENTS, query, limit=_LIMIT)
        except (AccessDenied, NotATwizzit) as error:
            if error.endpoint == _EVENTS and error.status in (400, 403, 404):
                return False
            raise
        return any(by_id(plain_keys(row)) == by_id(event.row) for row in rows)


def windows(start: date, end: date) -> list[tuple[date, date]]:
    """The stretches of days that a season is read by, both days of each within it; neighbours share a day."""
    found = []
    while start + _WINDOW < end:
        found.append((start, start + _WINDOW))
        start += _WINDOW
    # The day after the last: where a window's last day does not belong to it, the season's does.
    return [*found, (start, end + _DAY)]


def _query(first: date, last: date, type_ids: Sequence[str]) -> list[tuple[str, str]]:
    return [
        ("start-date", str(first)),
        ("end-date", str(last)),
        *(("event-types[]", type_id) for type_id in type_ids),
        ("includes[]", "event-groups"),
    ]


def _within(event: _Event, season: Season) -> bool:
    """Whether an event is the season's: a filter may be ignored. An unreadable day is the contract's to judge."""
    assert season.start_date is not None
    assert season.end_date is not None
    played = event.day
    return played is None or season.start_date <= played <= season.end_date


def _are_two_sides(home: Side, away: Side, groups: EventGroups) -> bool:
    """Whether the groups alone say who plays whom; a training of two own teams lists two groups as well."""
    return home.name is not None and away.name is not None and bool(groups.own) and bool(groups.others)


def _names_no_opponent(match: Match) -> bool:
    return match.competition_id is None and (match.home.name is None or match.away.name is None)


def _series(row: Row) -> object:
    """The series of an event: an object, an id or a name; of a list of them the first."""
    value = row.get("series")
    return next(iter(items(value)), None) if is_list(value) else value


def _series_id(series: object) -> str | None:
    """The id by which a series is known; its name where it has no id, as an object or as a text."""
    return reference(series) or (identifier(text(series)) if isinstance(series, Mapping) else None)


def _says_something(value: object) -> bool:
    """Whether there is anything in a value: empty keys are how an account writes a friendly, which has no series."""
    if isinstance(value, Mapping) or is_list(value):
        return any(map(_says_something, value.values() if isinstance(value, Mapping) else items(value)))
    return bool(value) and bool((text(value) or "").strip())


def _competitions(events: Sequence[_Event], season: Season) -> tuple[list[Competition], list[str]]:
    """The series of these events, and the ids of those that no event says more of than an id: none can name them."""
    names: dict[str, str | None] = {}
    described: set[str] = set()
    for event in events:
        series = _series(event.row)
        id_ = _series_id(series)
        if id_ is not None:
            named = isinstance(series, Mapping) or not id_.isdecimal()
            described |= {id_} if named else set()
            names[id_] = (text(series) if named else None) or names.get(id_)
    found = [
        Competition(id_, name, None, season.start_date, season.end_date)
        for id_, name in names.items()
        if id_ in described
    ]
    return found, [id_ for id_ in names if id_ not in described]
