"""A synced club of which ShotSpot has a team twice, or Twizzit a second one that is called alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import insert

from tests.support.calendar_world import EVERYTHING
from tests.support.decided_world import COACH
from tests.support.sync_world import STEPS, Rows, Step, Synced, SyncWorld
from twizzit_pipeline.decisions import linking, listing
from twizzit_pipeline.decisions.listing import Waiting
from twizzit_pipeline.decisions.resolving import Resolved
from twizzit_pipeline.storage.tables import clubs, departures, games, opponents, players, seasons, teams

# The modules that begin with the same club, one of whose teams is there twice: it is synced once for them all.
TWINS: dict[str, Any] = {"clubs": 1, "teams": 3, "players_per_team": 5, "other_contacts": 0, "tidy": frozenset({1})}


@dataclass
class TwinTeams:
    """A club that was synced with its calendar, and the first of its teams.

    Attributes:
        was: ShotSpot's row of that team, as the first sync made it.
    """

    world: SyncWorld
    credential_id: int
    remote_id: int
    was: dict[str, Any]

    @property
    def local_id(self) -> int:
        """The row of ShotSpot's that the team is mapped to."""
        return self.world.local_id(self.remote_id, "team")

    @property
    def people(self) -> set[int]:
        """ShotSpot's players of the team."""
        return self.in_team(self.local_id)

    def alike(self, **other: Any) -> int:
        """Another row of the same team without a mapping; its name is spelled otherwise."""
        values = {"club_id": self.was["club_id"], "season_id": self.was["season_id"], "name": odd(self.was["name"])}
        with self.world.database.engine.begin() as connection:
            return int(
                connection.execute(insert(teams).values(**{**values, **other}).returning(teams.c.id)).scalar_one()
            )

    def club(self, name: str = "KC Elders") -> int:
        with self.world.database.engine.begin() as connection:
            return int(connection.execute(insert(clubs).values(name=name).returning(clubs.c.id)).scalar_one())

    def season(self) -> int:
        """An earlier season of ShotSpot's."""
        days = {"start_date": date(2001, 7, 1), "end_date": date(2002, 6, 30)}
        with self.world.database.engine.begin() as connection:
            made = insert(seasons).values(name="2001-2002", **days).returning(seasons.c.id)
            return int(connection.execute(made).scalar_one())

    def is_opponent(self, team_id: int) -> None:
        """The calendar of another club has the team as an opponent."""
        known = {
            "twizzit_dialect": "v2",
            "season": self.world.season,
            "name": "X",
            "normalised_name": "x",
            "made": False,
        }
        with self.world.database.engine.begin() as connection:
            connection.execute(insert(opponents).values(**known, club_id=self.was["club_id"], team_id=team_id))

    def stays_although_gone(self) -> Rows:
        """The team is gone in Twizzit, and a person has refused that it leaves in ShotSpot; the rows of that."""
        self.world.simulator.changes.remove_team(self.remote_id)
        of = {"credential_id": self.credential_id, "entity": "teams", "season": self.world.season}
        said = {"twizzit_id": str(self.remote_id), "local_id": self.was["id"], "kind": "gone", "status": "refused"}
        with self.world.database.engine.begin() as connection:
            connection.execute(insert(departures).values(**of, **said))
        return self.world.rows(departures, entity="teams")

    def sync(self, steps: Sequence[Step] = STEPS) -> Synced:
        """Of teams and players, where the calendar is no part of what is asked and answered."""
        return self.world.sync(self.credential_id, steps=steps)

    def open(self) -> list[Waiting]:
        return listing.listing(self.world.database.engine)[0]

    def asked(self, steps: Sequence[Step] = STEPS) -> Waiting:
        """The one question, after a sync."""
        self.sync(steps)
        return self.waits()

    def waits(self) -> Waiting:
        """The one question that waits."""
        (found,) = self.open()
        return found

    def comes_anew(self) -> str:
        """Another team that is called alike comes in Twizzit, with a player of its own; its remote id."""
        changes = self.world.simulator.changes
        group = changes.add_team(self.world.club(), odd(self.was["name"]))
        changes.add_person(group, "Nieuwe", "Speler", None, None)
        return str(group)

    def link(self, conflict_id: int, local_id: int | None) -> Resolved:
        start = self.world.settings.season_start
        return linking.link(self.world.database.engine, conflict_id, local_id, actor=COACH, season_start=start)

    def row(self, team_id: int) -> dict[str, Any]:
        (found,) = self.world.rows(teams, id=team_id)
        return found

    def in_team(self, team_id: int) -> set[int]:
        return {row["id"] for row in self.world.rows(players, team_id=team_id)}

    def played_by(self, team_id: int, *, over: bool) -> set[int]:
        """The games of a team that are over, or that are to come."""
        found = [row for row in self.world.rows(games) if team_id in (row["home_team_id"], row["away_team_id"])]
        return {row["id"] for row in found if (row["status"] == "completed") == over}


def odd(name: str) -> str:
    """A team's name as another person spells it: "U13 1" as "u.13-1"."""
    return f"{name[0].lower()}.{name[1:].replace(' ', '-')}"


def twins_of(world: SyncWorld) -> TwinTeams:
    """The first credential, and the first of its teams."""
    remote_id = world.roster()[0]
    return TwinTeams(world, next(iter(world.dialects)), remote_id, world.team(remote_id))


def with_a_row_alike(world: SyncWorld) -> None:
    """ShotSpot has another row of the team, and a sync has asked about it."""
    twins = twins_of(world)
    twins.alike()
    twins.asked(EVERYTHING)


def with_a_team_alike(world: SyncWorld) -> None:
    """Twizzit has another team that is called alike, and a sync has asked about it."""
    twins = twins_of(world)
    twins.comes_anew()
    twins.asked(EVERYTHING)
