"""ShotSpot's calendar in memory for the tests of plans: clubs, teams, competitions, games, and what is remembered."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from tests.support.memory_shotspot import CLUB, SEASON
from twizzit_pipeline.plan import Change, Plan
from twizzit_pipeline.plan.competitions import plan_competitions
from twizzit_pipeline.plan.matches import plan_matches
from twizzit_pipeline.plan.repair import repairing
from twizzit_pipeline.plan.rows import (
    LocalClub,
    LocalCompetition,
    LocalGame,
    LocalSeason,
    LocalTeam,
    MappedTeam,
    MappingRow,
    Opponent,
    Owner,
    RemoteCompetition,
    RemoteMatch,
    WantedSeason,
)
from twizzit_pipeline.plan.states import CompetitionState, MatchState
from twizzit_pipeline.transform.names import normalised_name

TODAY = date(2026, 11, 23)
_POINTED = {
    "season_id": "seasons",
    "club_id": "clubs",
    "team_id": "teams",
    **dict.fromkeys(("home_club_id", "away_club_id"), "clubs"),
    **dict.fromkeys(("home_team_id", "away_team_id"), "teams"),
}


@dataclass
class MemoryCalendar:
    """Rows by id. `own`: remote id of a team → credential, local team, Twizzit's name. `derbies_allowed`: as newer
    ShotSpot databases.
    """

    clubs: dict[int, LocalClub] = field(default_factory=dict)
    seasons: dict[int, LocalSeason] = field(default_factory=dict)
    teams: dict[int, LocalTeam] = field(default_factory=dict)
    competitions: dict[int, LocalCompetition] = field(default_factory=dict)
    games: dict[int, LocalGame] = field(default_factory=dict)
    twizzit_opponents: dict[int, tuple[int, str, Opponent]] = field(default_factory=dict)
    competition_teams: dict[int, tuple[int, int]] = field(default_factory=dict)
    own: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    mappings: dict[str, dict[int, MappingRow]] = field(default_factory=lambda: {"competitions": {}, "matches": {}})
    derbies_allowed: bool = True
    has_game_type: bool = False

    def add_own_team(self, owner: Owner, remote_id: str, name: str) -> None:
        """A team of the owner's club, mapped already."""
        club_id = next((one.id for one in self.clubs.values() if one.name == owner.organization_name), 0)
        if not club_id:
            club_id = len(self.clubs) + 1
            self.clubs[club_id] = LocalClub(club_id, owner.organization_name)
        team_id = len(self.teams) + 1
        self.seasons.setdefault(1, LocalSeason(1, SEASON.label, SEASON.start_date, SEASON.end_date))
        self.teams[team_id] = LocalTeam(team_id, club_id, name, None, None, 1, True, True)
        self.own[remote_id] = (owner.credential_id, team_id, name)

    def competition_state(
        self, remote: list[RemoteCompetition], owner: Owner = CLUB, season: WantedSeason = SEASON
    ) -> CompetitionState:
        mapped = {mapping.local_id for mapping in self.mappings["competitions"].values()}
        return CompetitionState(
            owner,
            season,
            TODAY,
            remote,
            list(self.mappings["competitions"].values()),
            list(self.seasons.values()),
            [replace(one, mapped=one.id in mapped) for one in self.competitions.values()],
        )

    def match_state(self, remote: list[RemoteMatch], owner: Owner = CLUB, season: WantedSeason = SEASON) -> MatchState:
        mapped = {mapping.local_id for mapping in self.mappings["matches"].values()}
        own = {
            remote_id: MappedTeam(team_id, team_id, self.teams[team_id].club_id, name)
            for remote_id, (credential_id, team_id, name) in self.own.items()
            if credential_id == owner.credential_id
        }
        return MatchState(
            owner,
            season,
            TODAY,
            remote,
            own,
            set(own),
            {
                mapping.twizzit_id: mapping.local_id
                for mapping in self.mappings["competitions"].values()
                if mapping.credential_id == owner.credential_id
            },
            list(self.mappings["matches"].values()),
            list(self.seasons.values()),
            list(self.clubs.values()),
            list(self.teams.values()),
            [
                opponent
                for credential_id, label, opponent in self.twizzit_opponents.values()
                if (credential_id, label) == (owner.credential_id, season.label)
            ],
            [replace(game, mapped=game.id in mapped) for game in self.games.values()],
            self.derbies_allowed,
            self.has_game_type,
            set(self.competition_teams.values()),
        )

    def apply(self, plan: Plan) -> None:
        made: dict[tuple[str, int], int] = {}
        for table in ("seasons", "clubs", "teams", "twizzit_opponents", "competitions", "games", "competition_teams"):
            for change in plan.changes:
                if change.table == table:
                    self._apply(plan, change, made)
        self.check()

    def check(self) -> None:
        """What the database would not allow."""
        names = [club.name for club in self.clubs.values()]
        assert len(names) == len(set(names))
        slots = [(team.club_id, team.name, team.season_id) for team in self.teams.values()]
        assert len(slots) == len(set(slots))
        assert all(self._playable(game) for game in self.games.values())
        assert len(set(self.competition_teams.values())) == len(self.competition_teams)
        assert all(team_id in self.teams for _, team_id in self.competition_teams.values())
        remembered = [(of, label, one.normalised_name) for of, label, one in self.twizzit_opponents.values()]
        assert len(remembered) == len(set(remembered))
        for mappings in self.mappings.values():
            for ids in ([one.local_id for one in mappings.values()], [one.twizzit_id for one in mappings.values()]):
                assert len(ids) == len(set(ids))

    def _playable(self, game: LocalGame) -> bool:
        both = None not in (game.home_team_id, game.away_team_id)
        return game.home_club_id != game.away_club_id or (self.derbies_allowed and both)

    def _apply(self, plan: Plan, change: Change, made: dict[tuple[str, int], int]) -> None:
        rows = getattr(self, change.table)
        values = {
            name: made.get((_POINTED[name], value), value) if name in _POINTED and isinstance(value, int) else value
            for name, value in change.values.items()
        }
        assert not any(name in _POINTED and isinstance(value, int) and value < 0 for name, value in values.items())
        row_id = change.row_id
        if change.action == "create":
            row_id = made[change.table, change.row_id] = max(rows, default=0) + 1
            rows[row_id] = self._new(change.table, row_id, values)
        else:
            rows[row_id] = replace(rows[row_id], **values)
        if change.mapping is not None and change.table == plan.table:
            self._map(self.mappings[plan.entity], change, row_id)

    @staticmethod
    def _new(table: str, row_id: int, values: dict[str, Any]) -> object:
        if table == "twizzit_opponents":
            opponent = Opponent(str(values["normalised_name"]), values["club_id"], values["team_id"])
            assert opponent.normalised_name == normalised_name(str(values["name"]))
            return (values["credential_id"], values["season"], opponent)
        if table == "competition_teams":
            return (values["competition_id"], values["team_id"])
        if table == "games":
            values.pop("game_type", None)
        kinds = {
            "clubs": LocalClub,
            "seasons": LocalSeason,
            "teams": LocalTeam,
            "competitions": LocalCompetition,
            "games": LocalGame,
        }
        left_out = {"seasons": "is_active", "competitions": "is_official"}
        values.pop(left_out.get(table, ""), None)
        extra = {"games": {"mapped": True, "has_events": False}, "clubs": {}, "seasons": {}}
        return kinds[table](id=row_id, **values, **extra.get(table, {"mapped": True}))

    @staticmethod
    def _map(mappings: dict[int, MappingRow], change: Change, row_id: int) -> None:
        assert change.mapping is not None
        said: dict[str, Any] = dict(change.mapping)
        mapping_id = change.mapping_id if change.mapping_id is not None else max(mappings, default=0) + 1
        mappings[mapping_id] = MappingRow(
            mapping_id,
            row_id,
            str(change.twizzit_id),
            said["twizzit_name"],
            said["credential_id"],
            True,
            said["twizzit_dialect"],
            said["twizzit_organization_id"],
            said["twizzit_organization_name"],
            said["last_values"],
            said["sync_status"],
            said["sync_error"],
            said["twizzit_host"],
        )


def sync_calendar(
    calendar: MemoryCalendar,
    listed: list[RemoteCompetition],
    played: list[RemoteMatch],
    owner: Owner = CLUB,
    season: WantedSeason = SEASON,
) -> tuple[Plan, Plan]:
    """A sync of competitions and matches; a repair where the season says so."""
    first = repairing(plan_competitions)(calendar.competition_state(listed, owner, season))
    calendar.apply(first)
    second = repairing(plan_matches)(calendar.match_state(played, owner, season))
    calendar.apply(second)
    return first, second
