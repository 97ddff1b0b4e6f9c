"""The dialect v2, the live service: organizations, seasons and groups, turned into plain records.

What belongs here: v2's words and rows up to the teams. Who plays in a team is `v2_rosters`', who somebody is
`v2_contacts`', when they play `v2_events`'. No other module of the project says group, contact or event.
"""

from collections.abc import Collection, Mapping, Sequence

from twizzit_pipeline.errors import AccessDenied, NotATwizzit, OrganizationNotFound, TwizzitAnswerError
from twizzit_pipeline.twizzit.paging import by_id
from twizzit_pipeline.twizzit.records import Calendar, Organization, Rosters, Season, Team
from twizzit_pipeline.twizzit.session import Query, Session
from twizzit_pipeline.twizzit.v2_contacts import read_contacts
from twizzit_pipeline.twizzit.v2_events import CalendarReader
from twizzit_pipeline.twizzit.v2_lists import Scope
from twizzit_pipeline.twizzit.v2_rosters import RosterReader
from twizzit_pipeline.twizzit.wire import Row, day, folded, identifier, plain_keys, reference, text, texts
from twizzit_pipeline.words.meanings import NOTHING_SAID, Meanings

_SEASONS = "/seasons"
_TYPES = "/group-types"
_GROUPS = "/groups"
_GROUP_LIMITS = (250, 100)
_TEAM_WORDS = {"team", "teams", "ploeg", "ploegen", "equipe", "equipes"}
_USUAL_TEAM_TYPE = "1"  # what the service's own pages ask for when they want teams (wire page)


class V2:
    """What v2 knows of one account and the organization that its credential names."""

    def __init__(self, session: Session, organization_name: str, meanings: Meanings = NOTHING_SAID) -> None:
        self._session = session
        self._name = organization_name
        self._meanings = meanings
        self._organizations: tuple[Organization, ...] | None = None
        self._organization: Organization | None = None
        self._seasons: tuple[Season, ...] | None = None
        self._reader: RosterReader | None = None

    def organizations(self) -> tuple[Organization, ...]:
        """All organizations that the account may read. One call for each client."""
        if self._organizations is None:
            rows = [plain_keys(row) for row in Scope(self._session, None).few("/organizations")]
            self._organizations = tuple(_organization(row) for row in rows)
        return self._organizations

    def organization(self) -> Organization:
        """The organization named like the credential (accents, case and spaces aside), or the account's only one.

        Raises:
            OrganizationNotFound: there are several and not exactly one has the name, or there is none at all.
        """
        if self._organization is None:
            self._organization = _choose(self.organizations(), self._name)
        return self._organization

    def seasons(self) -> tuple[Season, ...]:
        """The seasons of the organization, as listed; none where the account may not read them. One call a client."""
        if self._seasons is None:
            try:
                rows = self._scope().few(_SEASONS)
            except AccessDenied as error:
                if error.endpoint != _SEASONS:
                    raise
                rows = []
            found = (_season(plain_keys(row)) for row in rows)
            self._seasons = tuple(season for season in found if season is not None)
        return self._seasons

    def first_groups(self) -> int | None:
        """How many groups the first page lists: whether the account may read them at all. One call."""
        return len(self._scope().page(_GROUPS, limit=_GROUP_LIMITS[0]))

    def teams(self, season: Season | None) -> tuple[Team, ...]:
        """The groups of a season that are teams: boards and committees are left out.

        Rows of other seasons are dropped, as the filter may be ignored; with no season, all are taken. `/group-types`
        names the type of teams. A row does not say its type, so the filter is put to the proof by asking for another
        type as well: if both answers share a group it is ignored, and then those groups are teams in which somebody
        plays (a team without players is not seen in such an account until it has some).

        Three calls for up to 250 groups.
        """
        team_type, other_type = self._group_types()
        rows = self._groups(season, team_type)
        if rows and other_type is not None and self._ignores_type(rows, season, other_type):
            in_season = [row for row in rows if _belongs(row, season)]
            playing = self._rosters().groups_with_players([found for row in in_season if (found := _id(row))])
            rows = [row for row in in_season if _id(row) in playing]
        return tuple(self._team(plain_keys(row)) for row in rows if _belongs(row, season))

    def groups(self, season: Season | None, group_type: str) -> tuple[Team, ...]:
        """The groups of a season that are listed for another type than teams; the filter is not put to the proof."""
        rows = self._groups(season, group_type)
        return tuple(self._team(plain_keys(row)) for row in rows if _belongs(row, season))

    def rosters(self, teams: Sequence[Team], _season: Season | None) -> Rosters:
        """Who plays in these teams; see `RosterReader.read`."""
        return self._rosters().read([team.id for team in teams if team.id is not None])

    def names(self, person_ids: Collection[str]) -> dict[str, tuple[str | None, str | None]]:
        """First and last name by id, a whole name standing for the last one; see `read_contacts` for the calls."""
        people = read_contacts(self._scope(), person_ids).people
        return {id_: (one.first_name, one.last_name or one.full_name) for id_, one in people.items()}

    def calendar(self, season: Season, match_type: str | None) -> Calendar:
        """The season's matches and their series; see `CalendarReader.read`."""
        return CalendarReader(self._scope(), self.organization().name).read(season, match_type)

    def _scope(self) -> Scope:
        return Scope(self._session, self.organization().id)

    def _rosters(self) -> RosterReader:
        if self._reader is None:
            self._reader = RosterReader(self._scope())
        return self._reader

    def _group_types(self) -> tuple[str, str | None]:
        """The id of the type "team", and that of another type; None for the latter where all groups are teams."""
        try:
            rows = [plain_keys(row) for row in self._scope().few(_TYPES)]
        except (AccessDenied, NotATwizzit) as error:
            if error.endpoint != _TYPES or error.status not in (400, 403, 404):
                raise
            rows = []
        ids = [found for row in rows if (found := identifier(row.get("id")))]
        named = (identifier(row.get("id")) for row in rows if _names_teams(row.get("name")))
        team_type = next((found for found in named if found), _USUAL_TEAM_TYPE)
        if ids == [team_type]:
            return team_type, None
        # With no other type known, any other number proves as much: nothing, or a refusal, is what it must bring.
        return team_type, next((one for one in ids if one != team_type), "2" if team_type != "2" else "1")

    def _groups(self, season: Season | None, group_type: str) -> list[Row]:
        return self._scope().every(_GROUPS, _filters(season, group_type), limits=_GROUP_LIMITS)

    def _ignores_type(self, rows: Sequence[Row], season: Season | None, other_type: str) -> bool:
        try:
            others = self._scope().page(_GROUPS, _filters(season, other_type), limit=_GROUP_LIMITS[-1])
        except TwizzitAnswerError as error:
            if error.endpoint == _GROUPS and error.status in (400, 403, 404):
                return False
            raise
        return not {by_id(row) for row in rows}.isdisjoint(by_id(row) for row in others)

    def _team(self, row: Row) -> Team:
        club_id, club_name = self._club(row.get("club"))
        return Team(
            id=identifier(row.get("id")),
            name=text(row.get("name")),
            short_name=text(row.get("shortname")),
            club_id=club_id,
            club_name=club_name,
            category=text(row.get("category")),
        )

    def _club(self, value: object) -> tuple[str | None, str | None]:
        """Another club than the organization: an object with a name, or the id of an organization of the account."""
        own = self.organization()
        club_id = reference(value)
        name = text(plain_keys(value).get("name")) if isinstance(value, Mapping) else None
        if name is None or not name.strip():
            name = next((one.name for one in self.organizations() if one.id == club_id), None)
        if name is None or folded(name) == folded(own.name):
            return None, None
        return club_id, name


def _filters(season: Season | None, group_type: str) -> Query:
    asked: list[tuple[str, str | int]] = [("group-type", group_type)]
    return [("season-id", season.id), *asked] if season is not None and season.id is not None else asked


def _id(row: Row) -> str | None:
    return identifier(plain_keys(row).get("id"))


def _belongs(row: Row, season: Season | None) -> bool:
    """Whether a group is one of the season: by its own word where it has one, since the filter may be ignored."""
    said = plain_keys(row).get("season")
    if season is None or said is None:
        return True
    season_id = reference(said)
    if season.id is not None and season_id is not None:
        return season_id == season.id
    label = text(said) if isinstance(said, Mapping) else None
    return label is None or _label(label) == season.label


def _names_teams(name: object) -> bool:
    return any(word in _TEAM_WORDS for one in texts(name) for word in folded(one).split())


def _organization(row: Row) -> Organization:
    found = identifier(row.get("id")) or identifier(row.get("organizationid"))
    if found is None:
        raise NotATwizzit(
            "/organizations lists one without an id: the endpoint is probably not the one of a Twizzit API",
            endpoint="/organizations",
            status=200,
        )
    return Organization(found, text(row.get("name")) or text(row.get("organizationname")) or "")


def _choose(organizations: Sequence[Organization], name: str) -> Organization:
    if len(organizations) == 1:
        return organizations[0]
    if not organizations:
        raise OrganizationNotFound("The account has no organization: ask Twizzit to give it one")
    named = [one for one in organizations if folded(one.name) == folded(name)]
    if len(named) == 1:
        return named[0]
    found = "none" if not named else str(len(named))
    raise OrganizationNotFound(
        f"The account has {len(organizations)} organizations and {found} of them has the credential's name: "
        "give the credential the organization's name as it is in Twizzit"
    )


def _season(row: Row) -> Season | None:
    """A season; None where a row gives neither a name nor dates to call it by."""
    start, end = day(row.get("startdate")), day(row.get("enddate"))
    name = _label(text(row.get("name")) or "")
    if not name and start is not None and end is not None:
        name = f"{start.year}-{end.year}"
    return Season(identifier(row.get("id")), name, start, end) if name else None


def _label(name: str) -> str:
    """A season's name as a partition key may hold it: without ``|`` and ``,``."""
    return name.replace("|", "-").replace(",", "-").strip()
