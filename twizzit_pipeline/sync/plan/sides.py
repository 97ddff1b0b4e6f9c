"""Who the sides of a match are in ShotSpot: own teams by their mappings, opponents by name.

The rule (issue: competitions): an existing club and team where exactly one fits; otherwise they are made, marked as
opponents, and meant from then on. A club that is there already is never made twice: an opponent's team is made in it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from twizzit_pipeline.sync.plan import Change
from twizzit_pipeline.sync.rows import MatchState
from twizzit_pipeline.transform.names import normalised_name
from twizzit_pipeline.transform.sides import split_side
from twizzit_pipeline.transform.teams import age_group, team_gender

NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Place:
    """A club and its team; negative ids are to be made."""

    club_id: int
    team_id: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why nobody can say who a side is, and the local rows that would all fit."""

    reason: str
    local_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """An opponent that this plan met first: to be remembered under `name`; what of it is made."""

    name: str
    place: Place
    club_name: str
    team_name: str


class Sides:
    """Finds the place of each side; remembers what must be made."""

    def __init__(self, state: MatchState, season_id: int) -> None:
        self._state = state
        self._season_id = season_id
        self._remembered = {one.normalised_name: Place(one.club_id, one.team_id) for one in state.opponents}
        self._clubs: dict[str, list[int]] = defaultdict(list)
        for club in state.clubs:
            self._clubs[normalised_name(club.name)].append(club.id)
        self._teams: dict[tuple[int, str], list[tuple[int | None, int]]] = defaultdict(list)
        for team in state.teams:
            self._teams[team.club_id, normalised_name(team.name)].append((team.season_id, team.id))
        self._made_clubs: dict[str, int] = {}
        self._made_teams: dict[tuple[int, str], int] = {}
        self._found: dict[str, _Found] = {}
        self._spellings: dict[str, list[str]] = defaultdict(list)

    def find(self, team_id: str | None, name: str) -> Place | Unknown:
        """The place of a side, given the remote id of the own team that it is (None for an opponent) and its name."""
        if team_id is not None:
            mapped = self._state.own.get(team_id)
            if mapped is not None:
                return Place(mapped.club_id, mapped.team_id)
            # v1 gives opponents ids too; v2 names a team only where it is the account's own.
            if self._state.owner.dialect == "v2" or team_id in self._state.listed:
                return Unknown("team_not_mapped")
        return self._opponent(name)

    def creations(self, needed: Collection[Place]) -> list[Change]:
        """What must be made for these places: clubs, teams, and the memory of what each name means."""
        wanted = [self._well_spelled(found) for found in self._found.values() if found.place in needed]
        clubs: dict[int, str] = {}
        for found in wanted:
            if found.place.club_id < 0:
                before = clubs.get(found.place.club_id, found.club_name)
                clubs[found.place.club_id] = min(before, found.club_name, key=str.isupper)
        teams = {found.place.team_id: found for found in wanted if found.place.team_id < 0}
        return [
            *(Change("clubs", "create", club_id, None, {"name": name}) for club_id, name in clubs.items()),
            *(Change("teams", "create", team_id, None, self._team(found)) for team_id, found in teams.items()),
            *self._memories(wanted),
        ]

    def _opponent(self, name: str) -> Place | Unknown:
        key = normalised_name(name)
        self._spellings[key].append(name)
        if key in self._remembered:
            return self._remembered[key]
        club_name, team_name = split_side(name)
        club_id = self._club(club_name)
        if isinstance(club_id, Unknown):
            return club_id
        team_id = self._team_of(club_id, team_name, name)
        if isinstance(team_id, Unknown):
            return team_id
        place = Place(club_id, team_id)
        self._remembered[key] = place
        self._found[key] = _Found(name, place, club_name[:NAME_LENGTH], team_name[:NAME_LENGTH])
        return place

    def _well_spelled(self, found: _Found) -> _Found:
        """The same by the first of its spellings that is not all capitals, where there is one."""
        for name in sorted(self._spellings[normalised_name(found.name)], key=str.isupper):
            club_name, team_name = split_side(name)
            alike = (normalised_name(club_name), normalised_name(team_name))
            if alike == (normalised_name(found.club_name), normalised_name(found.team_name)):
                return _Found(name, found.place, club_name[:NAME_LENGTH], team_name[:NAME_LENGTH])
        return found

    def _club(self, name: str) -> int | Unknown:
        key = normalised_name(name)
        fitting = self._clubs.get(key, [])
        if len(fitting) > 1:
            return Unknown("opponent_doubtful", tuple(sorted(fitting)))
        return fitting[0] if fitting else self._made_clubs.setdefault(key, -1 - len(self._made_clubs))

    def _team_of(self, club_id: int, *names: str) -> int | Unknown:
        """The club's team of one of these names: of the season before those of none."""
        keys = list(dict.fromkeys(normalised_name(name) for name in names))
        fitting = [team for key in keys for team in self._teams.get((club_id, key), [])]
        for season in (self._season_id, None):
            of_season = sorted({team_id for of, team_id in fitting if of == season})
            if len(of_season) > 1:
                return Unknown("opponent_doubtful", tuple(of_season))
            if of_season:
                return of_season[0]
        return self._made_teams.setdefault((club_id, keys[0]), -1 - len(self._made_teams))

    def _team(self, found: _Found) -> dict[str, object]:
        return {
            "name": found.team_name,
            "age_group": age_group(found.team_name),
            "gender": team_gender(found.team_name),
            "season_id": self._season_id,
            "club_id": found.place.club_id,
            "is_active": not self._state.season.ended,
        }

    def _memories(self, wanted: Iterable[_Found]) -> Iterable[Change]:
        owner = self._state.owner
        for place, found in enumerate(wanted):
            values = {
                "credential_id": owner.credential_id,
                "twizzit_dialect": owner.dialect,
                "twizzit_organization_id": owner.organization_id,
                "twizzit_organization_name": owner.organization_name,
                "season": self._state.season.label,
                "name": found.name,
                "normalised_name": normalised_name(found.name),
                "club_id": found.place.club_id,
                "team_id": found.place.team_id,
                "made": found.place.team_id < 0,
            }
            yield Change("twizzit_opponents", "create", -1 - place, None, values)
