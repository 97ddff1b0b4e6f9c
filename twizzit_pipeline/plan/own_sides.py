"""Which own team a name means, in a match in which the calendar does not give every own team's id."""

from collections.abc import Sequence

from twizzit_pipeline.plan.rows import LocalTeam
from twizzit_pipeline.plan.states import MatchState
from twizzit_pipeline.transform.names import normalised_name
from twizzit_pipeline.transform.teams import age_group


class OwnSides:
    """The credential's own teams in the season, by ShotSpot's and by Twizzit's name."""

    def __init__(self, state: MatchState) -> None:
        on_twizzit = {mapped.team_id: mapped.name for mapped in state.own.values()}
        self._teams = {team.id: team for team in state.teams if team.id in on_twizzit}
        self._names = {
            team.id: {normalised_name(name) for name in (team.name, on_twizzit[team.id]) if name is not None}
            for team in self._teams.values()
        }

        own_clubs = {team.club_id for team in self._teams.values()}
        clubs = {state.owner.organization_name, *(club.name for club in state.clubs if club.id in own_clubs)}
        self._clubs = {normalised_name(name) for name in clubs}

    def exactly(self, name: str) -> LocalTeam | None:
        """The only own team that is called so, alone or behind its club's name; None where none is, or several are."""
        key = normalised_name(name)
        keys = {key, *(key.removeprefix(f"{club} ") for club in self._clubs)}
        found = [team for team in self._teams.values() if self._names[team.id] & keys]
        return found[0] if len(found) == 1 else None

    def is_in(self, name: str) -> bool:
        """Whether a text names the own club, or one of its teams."""
        said = f" {normalised_name(name)} "
        return any(f" {club} " in said for club in self._clubs) or any(
            said.strip() in names for names in self._names.values()
        )

    def fitting(self, keys: Sequence[str], team_name: str, facing_id: int) -> tuple[int, ...]:
        """The ids of the teams of that club that the name may mean, but for the one that they play against, sorted.

        A team of that very name; else those of the opponent's own age whose name has every word of it: who meets the
        U15 1 as "KC Duinen 2" is its U15 2.

        Args:
            keys: the names that the team may have, normalised.
            team_name: the words that the club's name leaves.
        """
        facing = self._teams.get(facing_id)
        if facing is None:
            return ()
        others = [team for team in self._teams.values() if team.id != facing_id and team.club_id == facing.club_id]
        same = tuple(sorted(team.id for team in others if self._names[team.id] & set(keys)))
        if same:
            return same
        words = set(normalised_name(team_name).split())
        return tuple(
            sorted(
                team.id
                for team in others
                if _age(team) == _age(facing) and any(words <= set(name.split()) for name in self._names[team.id])
            )
        )


def _age(team: LocalTeam) -> str | None:
    return team.age_group or age_group(team.name)
