"""A ShotSpot in memory for the tests of plans: holds rows, checks unique constraints as the database does."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from twizzit_pipeline.plan import Change, Plan
from twizzit_pipeline.plan.club_rights import ClubRights
from twizzit_pipeline.plan.ownership import may_mean
from twizzit_pipeline.plan.players import plan_players
from twizzit_pipeline.plan.repair import repairing
from twizzit_pipeline.plan.rows import (
    LocalClub,
    LocalPlayer,
    LocalSeason,
    LocalTeam,
    MappedTeam,
    MappingRow,
    Owner,
    RemotePlayer,
    RemoteTeam,
    WantedSeason,
)
from twizzit_pipeline.plan.states import PlayerState, TeamState
from twizzit_pipeline.plan.teams import plan_teams

SEASON = WantedSeason("2026-2027", date(2026, 7, 1), date(2027, 6, 30), decides=True, ended=False)
OLDER = WantedSeason("2025-2026", date(2025, 7, 1), date(2026, 6, 30), decides=False, ended=True)
CLUB = Owner(1, "v2", "10", "KC Duinen", names_own_teams_alone=True)
OTHER_CLUB = Owner(2, "v2", "20", "Korfbal Leie", names_own_teams_alone=True)
# A mapping that ShotSpot's own integration made says nothing of whose it is.
OF_SHOTSPOTS_OWN: dict[str, Any] = {
    "credential_id": None,
    "dialect": None,
    "organization_id": None,
    "organization_name": None,
}


@dataclass
class MemoryShotSpot:
    """Rows by id. `active`: the credentials that are in use; `federations`: those that an administrator marked so."""

    clubs: dict[int, LocalClub] = field(default_factory=dict)
    seasons: dict[int, LocalSeason] = field(default_factory=dict)
    teams: dict[int, LocalTeam] = field(default_factory=dict)
    players: dict[int, LocalPlayer] = field(default_factory=dict)
    team_mappings: dict[int, MappingRow] = field(default_factory=dict)
    player_mappings: dict[int, MappingRow] = field(default_factory=dict)
    active: set[int] = field(default_factory=lambda: {1, 2})
    federations: set[int] = field(default_factory=set)

    @classmethod
    def with_teams(cls, *teams: RemoteTeam) -> "MemoryShotSpot":
        """A club with these teams, which are mapped: rows 1, 2, … in their order."""
        found = cls()
        found.apply(plan_teams(found.team_state(list(teams))))
        return found

    def team_state(self, remote: list[RemoteTeam], owner: Owner = CLUB, season: WantedSeason = SEASON) -> TeamState:
        mapped = {mapping.local_id for mapping in self.team_mappings.values()}
        return TeamState(
            owner,
            season,
            remote,
            [self._owned(mapping) for mapping in self.team_mappings.values()],
            list(self.clubs.values()),
            list(self.seasons.values()),
            [replace(team, mapped=team.id in mapped) for team in self.teams.values()],
            self.rights(owner),
        )

    def rights(self, owner: Owner) -> ClubRights:
        own, home, others = set[int](), set[int](), set[int]()
        for one in self.team_mappings.values():
            if one.dialect is None:
                continue
            club_id = self.teams[one.local_id].club_id
            if not may_mean(owner, one.host, one.dialect, one.organization_id, one.organization_name):
                others.add(club_id)
                continue
            own.add(club_id)
            if (one.last_values or {}).get("club_name") is None:
                home.add(club_id)
        is_federation = owner.credential_id in self.federations
        return ClubRights(is_federation, owner.club_id, frozenset(own), frozenset(home), frozenset(others))

    def player_state(
        self, remote: list[RemotePlayer], owner: Owner = CLUB, season: WantedSeason = SEASON
    ) -> PlayerState:
        mapped = {mapping.local_id for mapping in self.player_mappings.values()}
        places = {
            mapping.twizzit_id: MappedTeam(mapping.id, mapping.local_id, self.teams[mapping.local_id].club_id)
            for mapping in self.team_mappings.values()
            if mapping.credential_id == owner.credential_id
        }
        return PlayerState(
            owner,
            season,
            remote,
            places,
            [self._owned(mapping) for mapping in self.player_mappings.values()],
            [replace(player, mapped=player.id in mapped) for player in self.players.values()],
            rights=self.rights(owner),
        )

    def apply(self, plan: Plan) -> None:
        made: dict[tuple[str, int], int] = {}
        for table in ("seasons", "clubs", "teams", "players"):
            for change in plan.changes:
                if change.table == table:
                    self._apply(change, made)
        for mapping_id in plan.seen:
            seen = self.player_mappings[mapping_id]
            self.player_mappings[mapping_id] = replace(seen, unseen=False, touched=False)
        self.check()

    def check(self) -> None:
        """What the database would not allow."""
        assert not _twice(club.name for club in self.clubs.values())
        assert not _twice((t.club_id, t.name, t.season_id) for t in self.teams.values() if t.season_id is not None)
        numbered = [p for p in self.players.values() if p.club_id is not None and p.jersey_number is not None]
        assert not _twice((player.club_id, player.jersey_number) for player in numbered)
        for mappings in (self.team_mappings, self.player_mappings):
            assert not _twice(mapping.local_id for mapping in mappings.values())
            assert not _twice((one.twizzit_id, one.host, one.dialect, one.organization_id) for one in mappings.values())

    def _apply(self, change: Change, made: dict[tuple[str, int], int]) -> None:
        rows = getattr(self, change.table)
        pointed = {"season_id": "seasons", "club_id": "clubs", "team_id": "teams"}
        values = {
            name: made.get((pointed[name], value), value) if name in pointed and isinstance(value, int) else value
            for name, value in change.values.items()
        }
        if change.action == "create":
            row_id = made[change.table, change.row_id] = max(rows, default=0) + 1
            kind = {"clubs": LocalClub, "seasons": LocalSeason, "teams": LocalTeam, "players": LocalPlayer}[
                change.table
            ]
            extra = {"mapped": True} if change.table in ("teams", "players") else {}
            values.pop("is_active", None) if change.table == "seasons" else None
            rows[row_id] = kind(id=row_id, **values, **extra)
        else:
            row_id = change.row_id
            rows[row_id] = replace(rows[row_id], **values)
        if change.mapping is not None:
            self._map(change, row_id)

    def _map(self, change: Change, row_id: int) -> None:
        assert change.mapping is not None
        assert change.twizzit_id is not None
        mappings = self.team_mappings if change.table == "teams" else self.player_mappings
        mapping_id = change.mapping_id if change.mapping_id is not None else max(mappings, default=0) + 1
        said: dict[str, Any] = dict(change.mapping)
        mappings[mapping_id] = MappingRow(
            mapping_id,
            row_id,
            change.twizzit_id,
            said["twizzit_name"],
            said["credential_id"],
            None,
            said["twizzit_dialect"],
            said["twizzit_organization_id"],
            said["twizzit_organization_name"],
            said["last_values"],
            said["sync_status"],
            said["sync_error"],
            said["twizzit_host"],
            said["team_mapping_id"],
        )

    def _owned(self, mapping: MappingRow) -> MappingRow:
        known = mapping.credential_id is not None
        return replace(mapping, credential_active=mapping.credential_id in self.active if known else None)


def _twice(values: Iterable[object]) -> list[object]:
    return [value for value, count in Counter(values).items() if count > 1]


def team(remote_id: str, name: str, club: str | None = None) -> RemoteTeam:
    return RemoteTeam(remote_id, name, club, None, None)


def sync_teams(
    shotspot: MemoryShotSpot, *teams: RemoteTeam, owner: Owner = CLUB, season: WantedSeason = SEASON
) -> Plan:
    """A sync of teams alone."""
    plan = plan_teams(shotspot.team_state(list(teams), owner, season))
    shotspot.apply(plan)
    return plan


def sync_people(
    shotspot: MemoryShotSpot,
    teams: list[RemoteTeam],
    players: list[RemotePlayer],
    owner: Owner = CLUB,
    season: WantedSeason = SEASON,
) -> tuple[Plan, Plan]:
    """A sync of teams and players; a repair where the season says so."""
    team_plan = repairing(plan_teams)(shotspot.team_state(teams, owner, season))
    shotspot.apply(team_plan)
    player_plan = repairing(plan_players)(shotspot.player_state(players, owner, season))
    shotspot.apply(player_plan)
    return team_plan, player_plan
