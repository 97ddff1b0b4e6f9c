"""The names of opponents: where each parts into a club and its team, given the clubs that are known.

The rule: a club of ShotSpot that is the longest prefix of a name, in whole words, is its club, and the words that
remain are the team. Where no club is known, the names of the same scan decide: "KC D'Haene" makes "KC D'Haene Kern" a
team of it. Only then the words themselves do (`transform.sides`).
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from twizzit_pipeline.plan.clubs import ClubNames
from twizzit_pipeline.plan.states import MatchState
from twizzit_pipeline.transform.clubs import names_one
from twizzit_pipeline.transform.names import normalised_name
from twizzit_pipeline.transform.sides import partings, split_side


@dataclass(frozen=True, slots=True)
class Parted:
    """A side's name in two: the club's as the name has it, and the team's, empty where there is none.

    `club_ids`: ShotSpot's clubs that fit; none where it is to be made, several where it is not clear which is meant.
    """

    club_ids: tuple[int, ...]
    club: str
    team: str

    @property
    def key(self) -> tuple[str, str]:
        """What two spellings of the same side share."""
        return normalised_name(self.club), normalised_name(self.team)


class OpponentNames:
    """Parts the names of one scan; remembers which clubs must be made (with negative ids)."""

    def __init__(self, state: MatchState, remembered: Collection[str]) -> None:
        self._known = _known_clubs(state)
        self._new = ClubNames()
        self._made = 0
        self._spellings: dict[str, list[str]] = defaultdict(list)
        sides = (
            name
            for match in state.remote
            for team_id, name in ((match.home_team_id, match.home_name), (match.away_team_id, match.away_name))
            if team_id is None or team_id not in state.own
        )
        for name in sorted(sides, key=lambda name: (name.isupper(), name)):
            self._spellings[normalised_name(name)].append(name)
        self._bare: set[str] = set()
        self._parts: set[str] = set()
        for key, names in self._spellings.items():
            if key not in remembered and self._of_known(names[0]) is None:
                self._heard(names[0])

    def part(self, name: str) -> Parted:
        """Where the name parts."""
        return self._of_known(name) or self._of_scan(name) or self.by_words(name)

    @staticmethod
    def by_words(name: str) -> Parted:
        """Where the name parts by its words alone, whichever clubs there are."""
        club, team = split_side(name)
        return Parted((), club, "" if team == club else team)

    def names_the_team(self, name: str, parted: Parted) -> bool:
        """Whether the words that the club's name leaves say which of its teams it is, or none is left.

        Other words ("KC Leuven Zuid" of KC Leuven) may as well be another club's.
        """
        return not parted.team or self.by_words(name).key == parted.key

    def make(self, parted: Parted) -> int:
        """The id of a club that no row of ShotSpot's fits: the same for all its spellings."""
        fitting = self._new.fitting(parted.club)
        if len(fitting) == 1:
            return fitting[0]
        self._made -= 1
        self._new.add(self._made, parted.club)
        return self._made

    def spellings(self, name: str) -> list[str]:
        """How the scan spells the name, the spellings in capitals last."""
        return self._spellings[normalised_name(name)]

    def _heard(self, name: str) -> None:
        club, team = split_side(name)
        if names_one(club):
            (self._bare if team == club else self._parts).add(normalised_name(club))

    def _of_known(self, name: str) -> Parted | None:
        """By the longest club of ShotSpot that the name begins with."""
        for club, team in partings(name):
            fitting = self._known.fitting(club)
            if fitting and (not team or names_one(club)):
                return Parted(fitting, club, team)
        return None

    def _of_scan(self, name: str) -> Parted | None:
        """By the shortest name of the scan that it begins with; of longer ones, each is a team of the shortest.

        A name that says by itself which team it is ("KC Leuven Zuid 1") is a team only of a club that the scan names
        alone ("KC Leuven"), and not of one that it was itself read from another team's name ("KC Leuven 1").
        """
        has_side = split_side(name)[0] != split_side(name)[1]
        clubs = self._bare if has_side else self._bare | self._parts
        for club, team in reversed(list(partings(name))):
            if normalised_name(club) in clubs:
                return Parted((), club, team)
        return None


def called(club: str, team: str, name: str, *, longest: int) -> str:
    """What a team that is made is called: its club's name and its own; as the match has it where that is too long."""
    full = f"{club} {team}".strip()
    return full if len(full) <= longest else name[:longest]


def _known_clubs(state: MatchState) -> ClubNames:
    """ShotSpot's clubs, the credential's own under the organization's name as well."""
    known = ClubNames(state.clubs)
    own = {team.club_id for team in state.own.values()} if state.owner.club_id is None else {state.owner.club_id}
    if len(own) == 1 and not known.fitting(state.owner.organization_name):
        known.add(own.pop(), state.owner.organization_name)
    return known
