"""Where things go: the ShotSpot club of a remote team, and the ShotSpot season of a partition.

The rule (docs/design/clubs-and-ids.md): the organization is the club, unless a team names another. The club that an
administrator says the organization is comes first; else a club is found by the teams that were mapped before, then by
its name, then without accents and case, then by other spellings of it (`transform.clubs`); only then is one made.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from twizzit_pipeline.plan import Change
from twizzit_pipeline.plan.clubs import CLUB_NAME_LENGTH, ClubNames
from twizzit_pipeline.plan.ownership import same_organization
from twizzit_pipeline.plan.rows import LocalSeason, WantedSeason
from twizzit_pipeline.plan.states import TeamState
from twizzit_pipeline.transform.clubs import club_keys
from twizzit_pipeline.words.seasons import key


class Clubs:
    """Finds the club of a team; remembers the ones that must be made (with negative ids)."""

    def __init__(self, state: TeamState) -> None:
        self._owner = state.owner
        self._names = ClubNames(state.clubs)
        local = {team.id: team.club_id for team in state.local}
        called = {club.id: club.name for club in state.clubs}
        self._known = _clubs_of_mapped_teams(state, local, called)
        self._new = ClubNames()
        self._made: dict[str, int] = {}

    def find(self, club_name: str | None) -> int | None:
        """The id of the club that `club_name` (None: the organization itself) means; negative for one to be made.

        None where several clubs fit: then it is not clear which is meant.
        """
        if club_name in self._known and not self._names.is_said(club_name, self._owner):
            return self._known[club_name]
        fitting = self._names.of_team(club_name, self._owner)
        if not fitting:
            name = (club_name or self._owner.organization_name)[:CLUB_NAME_LENGTH].strip()
            fitting = self._new.fitting(name) or (self._make(name),)
        return fitting[0] if len(fitting) == 1 else None

    def _make(self, name: str) -> int:
        self._made[name] = -1 - len(self._made)
        self._new.add(self._made[name], name)
        return self._made[name]

    def creations(self, needed: Iterable[int]) -> list[Change]:
        """The clubs to be made, of those that some change really needs."""
        wanted = set(needed)
        return [
            Change("clubs", "create", row_id, None, {"name": name})
            for name, row_id in self._made.items()
            if row_id in wanted
        ]


def _clubs_of_mapped_teams(
    state: TeamState, club_of: Mapping[int, int], called: Mapping[int, str]
) -> dict[str | None, int]:
    """Club name as Twizzit gave it (None: the organization) → the one club that its mapped teams stand in.

    Not a name that a team of another club alone has taken: a group that moves leaves its club, whose other teams name
    it still, and the team of ShotSpot stays there until a person moves it. It says nothing of the club that it names.
    """
    found: dict[str | None, set[int]] = defaultdict(set)
    listed: dict[int, set[str]] = defaultdict(set)
    now = {team.id: team.club_name for team in state.remote}
    for mapping in state.mappings:
        if not same_organization(mapping, state.owner) or mapping.local_id not in club_of:
            continue
        club_id = club_of[mapping.local_id]
        if mapping.twizzit_id in now:
            listed[club_id].add(now[mapping.twizzit_id] or state.owner.organization_name)
        if mapping.last_values is not None:
            name = mapping.last_values.get("club_name")
            found[name if isinstance(name, str) else None].add(club_id)
    known = {name: ids.pop() for name, ids in found.items() if len(ids) == 1}
    return {
        name: club_id
        for name, club_id in known.items()
        if not _is_of_another(name or state.owner.organization_name, listed[club_id], called.get(club_id, ""))
    }


def _is_of_another(name: str, listed: Collection[str], called: str) -> bool:
    """Whether the club `called` so is one that other teams of it name, and `name` another."""
    keys = club_keys(called)
    return not club_keys(name) & keys and any(club_keys(one) & keys for one in listed)


def find_season(wanted: WantedSeason, seasons: Sequence[LocalSeason]) -> int:
    """The id of ShotSpot's season; -1 for one to be made.

    By its name, then by the years and words that the name comes down to (`words.seasons.key`), whatever the dates are;
    of several such the one with the same dates. Then by its dates alone, unless its name is that of another season of
    the account: an indoor and an outdoor one may have the same days, and each its team of one name.
    """
    dates = (wanted.start_date, wanted.end_date)
    meant = key(wanted.label, *dates)
    by_id = sorted(seasons, key=lambda season: ((season.start_date, season.end_date) != dates, season.id))
    same_name = [season.id for season in by_id if season.name.strip() == wanted.label]
    keys = {season.id: key(season.name, season.start_date, season.end_date) for season in seasons}
    same_season = [season.id for season in by_id if keys[season.id] == meant]
    on_its_days = [season.id for season in by_id if (season.start_date, season.end_date) == dates]
    same_dates = [season_id for season_id in on_its_days if keys[season_id] not in wanted.others]
    return next(iter(same_name or same_season or same_dates), -1)


def season_creation(wanted: WantedSeason) -> Change:
    """The season to be made."""
    return Change(
        "seasons",
        "create",
        -1,
        None,
        {
            "name": wanted.label,
            "start_date": wanted.start_date,
            "end_date": wanted.end_date,
            "is_active": not wanted.ended,
        },
    )
