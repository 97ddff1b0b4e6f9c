"""The dialect v2, the live service: organizations and seasons, and what one account is asked once for.

What belongs here: v2's face, and its rows up to the seasons. Which groups are teams is `groups`', who plays in them
`rosters`', who a person is `contacts`', when they play `events`'. No other module of the project says group,
contact or event.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from twizzit_pipeline.errors import AccessDenied, NotATwizzit
from twizzit_pipeline.twizzit.records import (
    Asked,
    Calendar,
    Organization,
    Presence,
    Rosters,
    Season,
    SetAside,
    Team,
    Teams,
)
from twizzit_pipeline.twizzit.refusals import refused
from twizzit_pipeline.twizzit.session import Session
from twizzit_pipeline.twizzit.source import Source
from twizzit_pipeline.twizzit.v2 import absence
from twizzit_pipeline.twizzit.v2.contacts import read_contacts
from twizzit_pipeline.twizzit.v2.event_types import EventTypes, read_event_types
from twizzit_pipeline.twizzit.v2.events import OTHER_SEASON, CalendarReader
from twizzit_pipeline.twizzit.v2.functions import Functions
from twizzit_pipeline.twizzit.v2.groups import LIMIT as GROUP_LIMIT
from twizzit_pipeline.twizzit.v2.groups import PATH as GROUPS
from twizzit_pipeline.twizzit.v2.groups import Groups
from twizzit_pipeline.twizzit.v2.lists import Scope
from twizzit_pipeline.twizzit.v2.organizations import PATH as ORGANIZATIONS
from twizzit_pipeline.twizzit.v2.organizations import choose, read_organizations
from twizzit_pipeline.twizzit.v2.own_rows import MOST_SEASONS
from twizzit_pipeline.twizzit.v2.rosters import RosterReader
from twizzit_pipeline.twizzit.v2.seasons import seasons_of_rows
from twizzit_pipeline.twizzit.wire import identifier, plain_keys
from twizzit_pipeline.words.meanings import NOTHING_SAID, Meanings
from twizzit_pipeline.words.seasons import canonical

_SEASONS = "/seasons"


class V2(Source):
    """What v2 gives of one account and the organization that its credential names."""

    def __init__(self, session: Session, organization_name: str, meanings: Meanings = NOTHING_SAID) -> None:
        self._session = session
        self._name = organization_name
        self._meanings = meanings
        self._organizations: tuple[Organization, ...] | None = None
        self._ill_named: frozenset[Organization] = frozenset()
        self._organization: Organization | None = None
        self._seasons: tuple[Season, ...] | None = None
        self._functions: Functions | None = None
        self._readers: dict[Season | None, RosterReader] = {}
        self._ids: dict[Season | None, _OtherIds] = {}
        self._a_group: str | None = None

    def organizations(self) -> tuple[Organization, ...]:
        """All organizations that the account may read. One call for each client."""
        if self._organizations is None:
            rows = [plain_keys(row) for row in Scope(self._session, None).few(ORGANIZATIONS)]
            self._organizations, self._ill_named = read_organizations(rows)
        return self._organizations

    def organization(self) -> Organization:
        """The organization named like the credential (accents, case and spaces aside), or the account's only one.

        Raises:
            OrganizationNotFound: there are several and not exactly one has the name, or there is none at all.
        """
        if self._organization is None:
            listed = self.organizations()
            self._organization = choose(listed, self._name, ill_named=self._ill_named)
        return self._organization

    def seasons(self) -> tuple[Season, ...]:
        """The seasons of the organization, as listed; none where the account may not read them. One call a client."""
        if self._seasons is None:
            try:
                rows = self._scope().few(_SEASONS, most=MOST_SEASONS)
            except AccessDenied as error:
                if error.endpoint != _SEASONS:
                    raise
                rows = []
            self._seasons = seasons_of_rows([plain_keys(row) for row in rows], path=_SEASONS)
        return self._seasons

    def first_groups(self) -> int | None:
        """How many groups the first page lists: whether the account may read them at all. One call."""
        groups = self._scope().page(GROUPS, limit=GROUP_LIMIT)
        self._a_group = next((found for row in groups if (found := identifier(plain_keys(row).get("id")))), None)
        return len(groups)

    def refusals(self, *, calendar: bool) -> list[str]:
        """What a sync would refuse or not find, a line each, with what to do. Four calls at most, after the first page.

        Raises:
            TransientError: nothing can be said now.
        """
        checks: list[tuple[str, Callable[[], object]]] = [("teams", self._group_lists().check_types)]
        if self._a_group is not None:
            members = [("group-ids[]", self._a_group)]
            checks.append(("players", lambda: self._scope().page("/group-contacts", members, limit=GROUP_LIMIT)))
        checks.append(("players", lambda: self._function_list().check()))
        if calendar:
            checks.append(("competitions and matches", self._event_types))
        found = [] if self._a_group is not None else ["teams: the account lists no group; ask Twizzit for the right"]
        return [*found, *refused(checks)]

    def teams(self, season: Season | None) -> Teams:
        """The groups of a season that are teams; see `Groups.teams`."""

        def playing(teams: Sequence[Team]) -> set[str]:
            self._other_ids(season).keep(teams)
            return self._rosters(season).groups_with_players([team.id for team in teams if team.id is not None])

        found = self._group_lists().teams(season, playing)
        self._other_ids(season).keep(found.teams)
        return replace(found, set_aside=self._with_labels(found.set_aside))

    def groups(self, season: Season | None, group_type: str) -> tuple[Team, ...]:
        """The groups of a season that are listed for another type than teams; the filter is not put to the proof."""
        return self._group_lists().of_type(season, group_type)

    def rosters(self, teams: Sequence[Team], season: Season | None) -> Rosters:
        """Who plays in these teams; see `RosterReader.read`."""
        found = self._rosters(season).read([team.id for team in teams if team.id is not None])
        return replace(found, set_aside=self._with_labels(found.set_aside))

    def names(self, person_ids: Collection[str]) -> dict[str, tuple[str | None, str | None]]:
        """First and last name by id, a whole name standing for the last one; see `read_contacts` for the calls."""
        people = read_contacts(self._scope(), person_ids).people
        return {id_: (one.first_name, one.last_name or one.full_name) for id_, one in people.items()}

    def calendar(self, season: Season, own_team_ids: Collection[str] | None = None) -> Calendar:
        """The season's matches and their series; see `CalendarReader.read`."""
        return self._calendar_reader(season).read(season, own_team_ids)

    @property
    def can_prove_absence(self) -> bool:
        """It can: lists take ids."""
        return True

    def still_listed(self, what: Asked, ids: Collection[str], known: Collection[str]) -> dict[str, Presence]:
        """What the account says of contacts or groups; see `absence.still_listed`."""
        return absence.still_listed(self._scope(), what, ids, known)

    def playing(self, team_ids: Collection[str], season: Season | None) -> dict[str, frozenset[str]]:
        """Who plays in these groups, asked anew; see `RosterReader.playing_now`."""
        return self._rosters(season).playing_now(sorted(team_ids))

    def matches_still_listed(
        self, season: Season, missing: Mapping[str, date], known: Mapping[str, date]
    ) -> dict[str, Presence]:
        """What the calendar says of matches; see `CalendarReader.still_listed`."""
        return self._calendar_reader(season).still_listed(missing, known)

    def _calendar_reader(self, season: Season) -> CalendarReader:
        return CalendarReader(
            self._scope(), self.organization().name, self._meanings, lambda: self._ids_of_groups(season)
        )

    def _with_labels(self, rows: Iterable[SetAside]) -> tuple[SetAside, ...]:
        """What was set aside, other seasons called as they are listed: a row may have the id alone, or spell it."""
        labels = {season.id: season.label for season in self._seasons or ()}

        def labelled(row: SetAside) -> SetAside:
            if row.reason != OTHER_SEASON or row.word is None:
                return row
            spelled = f"id {row.word}" if row.word.isdigit() else canonical(row.word)
            return replace(row, word=labels.get(row.word) or spelled or row.word)

        return tuple(map(labelled, rows))

    def _ids_of_groups(self, season: Season) -> list[list[str]] | None:
        """The ids of each team of the season, its own first; None where the account may not read them. No call where
        this client has read the season's teams.
        """
        try:
            listed = self._other_ids(season).asked()
        except (AccessDenied, NotATwizzit) as error:
            if error.endpoint != GROUPS or error.status not in (400, 403, 404):
                raise
            return None
        return [[id_, *others] for id_, others in listed.items()]

    def _event_types(self) -> EventTypes:
        return read_event_types(self._scope(), self._meanings)

    def _scope(self) -> Scope:
        return Scope(self._session, self.organization().id)

    def _group_lists(self) -> Groups:
        return Groups(self._scope(), self._meanings, self.organization(), self.organizations())

    def _function_list(self) -> Functions:
        if self._functions is None:
            self._functions = Functions(self._scope(), self._meanings)
        return self._functions

    def _rosters(self, season: Season | None) -> RosterReader:
        if season not in self._readers:
            functions, other_ids = self._function_list(), self._other_ids(season)
            self._readers[season] = RosterReader(self._scope(), season, functions, other_ids)
        return self._readers[season]

    def _other_ids(self, season: Season | None) -> "_OtherIds":
        return self._ids.setdefault(season, _OtherIds(lambda: self._group_lists().listed(season)))


class _OtherIds:
    """The other ids of a season's teams, as far as they are known; see `memberships.OtherIds`."""

    def __init__(self, listed: Callable[[], Sequence[Team]]) -> None:
        self._listed = listed
        self._found: dict[str, tuple[str, ...]] | None = None

    def keep(self, teams: Sequence[Team]) -> None:
        """What was read of them for another reason, besides what is kept: what was set aside is asked for as well."""
        self._found = self.known() | {team.id: team.other_ids for team in teams if team.id is not None}

    def known(self) -> dict[str, tuple[str, ...]]:
        """What has been read of them so far."""
        return self._found or {}

    def asked(self) -> dict[str, tuple[str, ...]]:
        """All of them: for the calls that the groups cost, where no one has read these yet; none where the account may
        not read its groups.
        """
        if self._found is None:
            try:
                self.keep(self._listed())
            except (AccessDenied, NotATwizzit) as error:
                if error.endpoint != GROUPS or error.status not in (400, 403, 404):
                    raise
                self.keep(())
        return self.known()
