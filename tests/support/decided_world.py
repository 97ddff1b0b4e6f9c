"""What the tests of decisions share: a player of a synced club whom both sides change, and the questions that wait."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert

from tests.support.sync_world import SyncWorld
from twizzit_pipeline.decisions import linking, listing, resolving
from twizzit_pipeline.decisions.listing import Waiting
from twizzit_pipeline.decisions.resolving import FieldResolution, Resolved
from twizzit_pipeline.scheduling import config
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import Actor

SMALL: dict[str, Any] = {"clubs": 1, "teams": 4, "players_per_team": 8, "other_contacts": 0}
COACH = Actor("token", "12", "coach")


@dataclass
class DecidedWorld:
    """A synced club, and one of its players."""

    world: SyncWorld
    credential_id: int
    remote_id: int

    def ask(self, policy: str = "ask", **exceptions: str) -> None:
        """Sets the policy; `players__first_name` is the field of players alone."""
        found: Any = {name.replace("__", "."): policy for name, policy in exceptions.items()}
        config.change(
            self.world.database.engine,
            self.credential_id,
            actor=COACH,
            conflict_policy=policy,  # type: ignore[arg-type]  # a test may try a wrong one
            conflict_exceptions=found,
        )

    def rename(self, first_name: str, remote_id: int | None = None) -> None:
        """Twizzit calls the player otherwise."""
        remote_id = remote_id or self.remote_id
        last_name = self.world.club().contacts[remote_id].last_name
        self.world.simulator.changes.rename_person(remote_id, first_name, last_name)

    def edit(self, **values: object) -> None:
        """A person edits the player in ShotSpot."""
        self.world.change(tables.players, self.local_id, **values)

    def sync(self) -> Any:
        return self.world.sync(self.credential_id)

    def conflict(self, local: str = "Lokaal", remote: str = "Remo") -> Waiting:
        """The one conflict, about the first name, after both sides changed it."""
        self.ask()
        self.edit(first_name=local)
        self.rename(remote)
        self.sync()
        return self.waits()

    def waits(self) -> Waiting:
        """The one question that waits."""
        (found,) = self.open()
        return found

    def open(self, *, over: bool = False) -> list[Waiting]:
        return listing.listing(self.world.database.engine, over=over)[0]

    def resolve(self, conflict_id: int, resolution: FieldResolution, value: object = None) -> Resolved:
        return resolving.resolve(self.world.database.engine, conflict_id, resolution, value=value, actor=COACH)

    def link(self, conflict_id: int, local_id: int | None) -> Resolved:
        return linking.link(
            self.world.database.engine,
            conflict_id,
            local_id,
            actor=COACH,
            season_start=self.world.settings.season_start,
        )

    @property
    def local_id(self) -> int:
        return self.world.local_id(self.remote_id)

    @property
    def player(self) -> dict[str, Any]:
        return self.world.player(self.remote_id)

    def another(self, place: int) -> "DecidedWorld":
        """The same of another player, of the second team."""
        return DecidedWorld(self.world, self.credential_id, self.world.roster(1)[1][place])

    def asked_about(self, found: Waiting) -> "DecidedWorld":
        """The same of the player of a question, who may be in another team by now."""
        return DecidedWorld(self.world, self.credential_id, int(found.twizzit_id))

    def in_doubt(self) -> tuple[Waiting, list[int]]:
        """The doubtful link that waits, and ShotSpot's ids of those that it may be."""
        found = self.waits()
        return found, [one.local_id for one in found.candidates]


def decided(world: SyncWorld) -> DecidedWorld:
    """The first credential, and a player of its first team."""
    return DecidedWorld(world, next(iter(world.dialects)), world.roster()[1][2])


def in_conflict(world: SyncWorld) -> None:
    """Both sides have changed the player's first name, and a sync has asked about it."""
    decided(world).conflict()


def in_doubt(world: SyncWorld) -> None:
    """The player's mapping is lost, ShotSpot has two players that fit, and a sync has asked about it."""
    club = decided(world)
    row, mappings = club.player, tables.player_mappings
    alike = {name: row[name] for name in ("club_id", "team_id", "first_name", "last_name", "gender")}
    with world.database.engine.begin() as connection:
        connection.execute(delete(mappings).where(mappings.c.local_player_id == row["id"]))
        connection.execute(insert(tables.players).values(**alike))
    report = club.sync().players
    assert report.failed == {"doubtful_link": (str(club.remote_id),)}
    assert report.questions == 1


def in_conflict_about_teams(world: SyncWorld) -> None:
    """Two players are of the second team in ShotSpot and of the third one in Twizzit by now, and a sync has asked."""
    club = decided(world)
    club.ask()
    for one in (club, DecidedWorld(world, club.credential_id, world.roster()[1][3])):
        one.edit(team_id=world.local_id(world.roster(1)[0], "team"))
        world.simulator.changes.transfer(one.remote_id, world.roster(2)[0])
    club.sync()
