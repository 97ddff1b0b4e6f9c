"""Who the sides of a match are in ShotSpot: own teams by their mappings, opponents by name.

The rule (docs/design/calendars.md): an existing club and team where exactly one fits; otherwise they are made, marked
as opponents, and meant from then on. A club that is there already is never made twice: an opponent's team is made in
it, and called by the club's name and its own, since ShotSpot shows a team's name alone.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from twizzit_pipeline.plan import Change
from twizzit_pipeline.plan.numbered_names import numbered
from twizzit_pipeline.plan.opponent_choices import OpponentChoice, OpponentDoubt, club_doubt, team_doubt
from twizzit_pipeline.plan.opponent_names import OpponentNames, Parted, called
from twizzit_pipeline.plan.own_sides import OwnSides
from twizzit_pipeline.plan.rows import RemoteMatch
from twizzit_pipeline.plan.states import MatchState
from twizzit_pipeline.transform.names import normalised_name
from twizzit_pipeline.transform.teams import age_group, team_gender

SAME_CLUB = "same_club"
_NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Place:
    """A club and its team; negative ids are to be made."""

    club_id: int
    team_id: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why a side has no place."""

    reason: str


Side = Place | Unknown | OpponentDoubt


@dataclass(frozen=True, slots=True)
class _Found:
    """An opponent that this plan met first, and what of it is made.

    `is_remembered`: under its name; not where that means another team in another match.
    """

    name: str
    place: Place
    parted: Parted
    is_remembered: bool = True


class Sides:
    """Finds the places of a match's sides; remembers what must be made."""

    def __init__(self, state: MatchState, season_id: int) -> None:
        self._state = state
        self._season_id = season_id
        self._remembered = {one.normalised_name: Place(one.club_id, one.team_id) for one in state.opponents}
        self._names = OpponentNames(state, self._remembered)
        self._club_names = {club.id: club.name for club in state.clubs}
        self._teams: dict[tuple[int, str], list[tuple[int | None, int]]] = defaultdict(list)
        self._team_ids = {team.id for team in state.teams}
        self._names_in: dict[int, set[str]] = defaultdict(set)  # club → the names that its teams of the season have
        for team in state.teams:
            self._teams[team.club_id, normalised_name(team.name)].append((team.season_id, team.id))
            if team.season_id == season_id:
                self._names_in[team.club_id].add(team.name)
        self._own = OwnSides(state)
        self._made_teams: dict[tuple[int, str], int] = {}
        self._found: dict[str, _Found] = {}

    def of(self, remote: RemoteMatch) -> tuple[Side, Side]:
        """The places of both sides, (home, away)."""
        home = self._by_id(remote.home_team_id)
        away = self._by_id(remote.away_team_id)
        if remote.home_team_id is None:
            home = self._by_name(remote.home_name, facing=away)
        if remote.away_team_id is None:
            away = self._by_name(remote.away_name, facing=home)
        return (
            self._opponent(remote.home_name, facing=away) if home is None else home,
            self._opponent(remote.away_name, facing=home) if away is None else away,
        )

    def creations(self, needed: Collection[Place]) -> list[Change]:
        """What must be made for these places: clubs, teams, and the memory of what each name means."""
        wanted = [self._well_spelled(found) for found in self._found.values() if found.place in needed]
        clubs: dict[int, str] = {}
        for found in wanted:
            if found.place.club_id < 0:
                before = clubs.get(found.place.club_id, found.parted.club[:_NAME_LENGTH])
                clubs[found.place.club_id] = min(before, found.parted.club[:_NAME_LENGTH], key=str.isupper)
        taken = set(self._club_names.values())
        clubs = {club_id: _apart(name, taken) for club_id, name in clubs.items()}
        names = self._club_names | clubs
        teams = {found.place.team_id: found for found in wanted if found.place.team_id < 0}
        return [
            *(Change("clubs", "create", club_id, None, {"name": name}) for club_id, name in clubs.items()),
            *(
                Change("teams", "create", team_id, None, self._team(found, names[found.place.club_id]))
                for team_id, found in teams.items()
            ),
            *self._memories(found for found in wanted if found.is_remembered),
        ]

    def _by_id(self, team_id: str | None) -> Place | Unknown | None:
        """The own team with that remote id; None for an opponent, who is known by name alone."""
        if team_id is None:
            return None
        mapped = self._state.own.get(team_id)
        if mapped is not None:
            return Place(mapped.club_id, mapped.team_id)
        if self._state.owner.names_own_teams_alone or team_id in self._state.listed:
            return Unknown("team_not_mapped")
        return None

    def _by_name(self, name: str, *, facing: Place | Unknown | None) -> Place | Unknown | None:
        """The own team that is called so, where the calendar does not give its id: its groups may be one, or none."""
        team = self._own.exactly(name)
        if isinstance(facing, Unknown) or team is None or normalised_name(name) in self._remembered:
            return None
        if facing is not None and (team.club_id != facing.club_id or team.id == facing.team_id):
            return None
        is_taken = facing is None or self._state.derbies_allowed
        return Place(team.club_id, team.id) if is_taken else Unknown(SAME_CLUB)

    def is_of_others(self, remote: RemoteMatch) -> bool:
        """Whether neither side's name has anything of the own club's or of its teams'."""
        return not self._own.is_in(remote.home_name) and not self._own.is_in(remote.away_name)

    def _opponent(self, name: str, *, facing: Side | None) -> Side:
        key = normalised_name(name)
        own = facing if isinstance(facing, Place) else None
        held = self._remembered.get(key)
        if held is not None and held != own:
            return held
        parted = self._names.part(name)
        if len(parted.club_ids) > 1:
            doubt = club_doubt(parted.club, parted.club_ids)
            if (choice := self._choice(doubt)) is None:
                return doubt
            chosen = choice.row(self._club_names)
            parted = replace(parted, club_ids=() if chosen is None else (chosen,))
        club_id = parted.club_ids[0] if parted.club_ids else self._names.make(parted)
        if own is not None and own.club_id == club_id:
            fitting = self._own.fitting(self._team_names(club_id, name, parted), parted.team, own.team_id)
            if fitting or self._names.names_the_team(name, parted):
                return self._of_own_club(name, parted, own, fitting)
            parted = self._names.by_words(name)  # KC Leuven meets KC Leuven Zuid
            club_id = self._names.make(parted)
        return held or self._of_club(club_id, name, parted)

    def _of_own_club(self, name: str, parted: Parted, facing: Place, fitting: tuple[int, ...]) -> Side:
        """The other team of the club in a match between two of its teams: an own one, where exactly one fits.

        Which that is depends on who it plays against, so it is not remembered.
        """
        if not self._state.derbies_allowed:
            return Unknown(SAME_CLUB)
        if len(fitting) > 1:
            doubt = team_doubt(name, self._state.season.label, fitting, against=facing.team_id)
            choice = self._choice(doubt)
            return doubt if choice is None else self._place_chosen(choice, doubt, facing.club_id, name, parted)
        if fitting:
            return Place(facing.club_id, fitting[0])
        return self._remembered.get(normalised_name(name)) or self._of_club(facing.club_id, name, parted)

    def _place_chosen(
        self, choice: OpponentChoice, doubt: OpponentDoubt, club_id: int, name: str, parted: Parted
    ) -> Place:
        """The team that a person chose, which may be one to be made, in the matches that the doubt is about alone."""
        team_id = choice.row(self._team_ids)
        place = Place(club_id, self._made_team(club_id, doubt.key) if team_id is None else team_id)
        self._found[doubt.key] = _Found(name, place, parted, is_remembered=False)
        return place

    def _of_club(self, club_id: int, name: str, parted: Parted) -> Place | OpponentDoubt:
        team_id = self._team_of(club_id, name, parted)
        if isinstance(team_id, OpponentDoubt):
            return team_id
        place = Place(club_id, team_id)
        key = normalised_name(name)
        self._remembered[key] = place
        self._found[key] = _Found(name, place, parted)
        return place

    def _team_names(self, club_id: int, name: str, parted: Parted) -> list[str]:
        """The keys under which the team may be known: by its own name, with the club's as written, or as it is."""
        club = self._club_names.get(club_id, parted.club)
        return list(dict.fromkeys(map(normalised_name, (parted.team or name, name, f"{club} {parted.team}"))))

    def _team_of(self, club_id: int, name: str, parted: Parted) -> int | OpponentDoubt:
        """The club's team of one of its names: of the season before those of none."""
        keys = self._team_names(club_id, name, parted)
        fitting = [team for key in keys for team in self._teams.get((club_id, key), [])]
        for season in (self._season_id, None):
            of_season = sorted({team_id for of, team_id in fitting if of == season})
            if len(of_season) > 1:
                doubt = team_doubt(name, self._state.season.label, tuple(of_season))
                if (choice := self._choice(doubt)) is None:
                    return doubt
                chosen = choice.row(self._team_ids)
                return self._made_team(club_id, normalised_name(parted.team)) if chosen is None else chosen
            if of_season:
                return of_season[0]
        return self._made_team(club_id, normalised_name(parted.team))

    def _made_team(self, club_id: int, key: str) -> int:
        """The id of a team that is to be made: one for each club and key."""
        return self._made_teams.setdefault((club_id, key), -1 - len(self._made_teams))

    def _choice(self, doubt: OpponentDoubt) -> OpponentChoice | None:
        """What a person decided about an opponent, where that answers the doubt."""
        choice = self._state.decisions.opponents.get((doubt.column, doubt.key))
        return choice if choice is not None and choice.holds_for(doubt) else None

    def _well_spelled(self, found: _Found) -> _Found:
        """What was found, called by the first of its spellings that is not all capitals, where there is one."""
        for name in self._names.spellings(found.name):
            for parted in (self._names.part(name), self._names.by_words(name)):
                if parted.key == found.parted.key:
                    return replace(found, name=name, parted=parted)
        return found

    def _team(self, found: _Found, club: str) -> dict[str, object]:
        words = found.parted.team or found.name
        name = called(club, found.parted.team, found.name, longest=_NAME_LENGTH)
        return {
            "name": _apart(name, self._names_in[found.place.club_id]),
            "age_group": age_group(words),
            "gender": team_gender(words),
            "season_id": self._season_id,
            "club_id": found.place.club_id,
            "is_active": not self._state.season.ended,
        }

    def _memories(self, wanted: Iterable[_Found]) -> Iterable[Change]:
        owner = self._state.owner
        for place, found in enumerate(wanted):
            values = {
                "credential_id": owner.credential_id,
                "twizzit_host": owner.host,
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


def _apart(name: str, taken: set[str]) -> str:
    """The name, with a number behind it where another row has it, which is taken from then on.

    Only where a person said that an opponent is none of those that fit: else no row has the name.
    """
    found = numbered(name, taken.__contains__, longest=_NAME_LENGTH) if name in taken else name
    taken.add(found)
    return found
