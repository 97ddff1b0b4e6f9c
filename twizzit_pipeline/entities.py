"""What an entity is, said once: its words, its tables, its toggle, its type in the history.

What belongs here: facts that several folders need. What is fetched, judged, planned and applied for an entity is in the
module of its name in `transform`, `contracts`, `plan`, `sync.entities` and `quality`; where a folder asks all entities,
it finds those modules by that name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

EntityName = Literal["teams", "players", "competitions", "matches"]
# What a person can ask for, and ShotSpot's `twizzit_sync_history.sync_type`: competitions come with their matches.
SyncType = Literal["teams", "players", "competitions"]
LocalTable = Literal["teams", "players", "competitions", "games"]


@dataclass(frozen=True, slots=True)
class Entity:
    """One of the things that a sync brings from Twizzit to ShotSpot.

    Attributes:
        name: the plural, as it stands in the history's details, in rules and reports.
        one: the singular.
        sync_type: what it is asked for, switched on and recorded as in ShotSpot's history.
        local: ShotSpot's table, also its plural.
        local_one: ShotSpot's singular; the mapping table's column is `local_{local_one}_id`.
        names: the columns that make up a name, in the snapshot and in ShotSpot's table; a match has none, and is called
            as its mapping has it.
        person_names: the columns that hold the names of a person: shown on a terminal, and nowhere that output is kept.
        news: what may have happened to a row that was there already, besides an update; counted in the details.
        compared: the columns of ShotSpot's table that both sides may change, for which a policy on conflicts counts.
        needs: the entities that must have been scanned, and mapped before it, besides its own scan.
        place: the columns of ShotSpot's table in which a row that a person links is like one that fits.
        once: the columns of ShotSpot's table that no two rows share: what a row wants first, then among which others.
        lets_go: the one of them whose null gives the others up for a moment, where rows change hands.
    """

    name: EntityName
    one: str
    sync_type: SyncType
    local: LocalTable
    local_one: str
    names: tuple[str, ...] = ("name",)
    person_names: tuple[str, ...] = ()
    news: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()
    needs: tuple[EntityName, ...] = ()
    place: tuple[str, ...] = ("club_id",)
    once: tuple[str, ...] = ()
    lets_go: str | None = None

    @property
    def snapshot(self) -> str:
        """The table, and asset, of what the last scan saw."""
        return f"twizzit_{self.name}"

    @property
    def mappings(self) -> str:
        """The table, and asset, of which local row is which remote one."""
        return f"twizzit_{self.one}_mappings"

    @property
    def toggle(self) -> str:
        """The column of `twizzit_sync_config` that switches it on; null is on."""
        return f"sync_{self.sync_type}"

    @property
    def remote_id(self) -> str:
        """The column of the remote id, in the snapshot and in the mappings."""
        return f"twizzit_{self.one}_id"

    @property
    def remote_name(self) -> str:
        """The column of the remote name in the mappings."""
        return f"twizzit_{self.one}_name"

    @property
    def local_id(self) -> str:
        """The column of the local id in the mappings."""
        return f"local_{self.local_one}_id"


TEAMS = Entity(
    "teams",
    "team",
    "teams",
    "teams",
    "team",
    compared=("name", "age_group", "gender"),
    once=("name", "club_id", "season_id"),
    lets_go="season_id",
)
PLAYERS = Entity(
    "players",
    "player",
    "players",
    "players",
    "player",
    names=("first_name", "last_name"),
    person_names=("first_name", "last_name"),
    compared=("first_name", "last_name", "gender", "jersey_number", "team_id"),
    needs=("teams",),
    once=("jersey_number", "club_id"),
    lets_go="jersey_number",
)
COMPETITIONS = Entity(
    "competitions",
    "competition",
    "competitions",
    "competitions",
    "competition",
    compared=("name", "competition_type", "start_date", "end_date", "status"),
    place=("season_id",),
)
MATCHES = Entity(
    "matches",
    "match",
    "competitions",
    "games",
    "game",
    names=(),
    news=("moved", "cancelled", "postponed", "finished", "reinstated"),
    compared=("date", "status", "home_score", "away_score"),
    needs=("competitions", "teams"),
    place=("home_club_id", "away_club_id"),
)

# In the order in which a sync brings them.
ENTITIES: Mapping[str, Entity] = {each.name: each for each in (TEAMS, PLAYERS, COMPETITIONS, MATCHES)}
SYNC_TYPES: tuple[SyncType, ...] = ("teams", "players", "competitions")
# ShotSpot's tables whose rows syncs write and users edit: those of the entities, and what is made beside them.
WRITTEN_TABLES = frozenset({"clubs", "seasons", "competition_teams", *(each.local for each in ENTITIES.values())})


OpponentColumn = Literal["club_id", "team_id"]
# What a question about an opponent, by what of it is not clear, has for candidates: rows of these tables of ShotSpot's.
OPPONENT_TABLES: Mapping[str, Literal["clubs", "teams"]] = {"club_id": "clubs", "team_id": "teams"}


def asked_table(entity: str, kind: str, column: str) -> str:
    """ShotSpot's table that a question, of this entity and kind, is about: its row and its candidates are of it."""
    return OPPONENT_TABLES[column] if kind == "opponent" else ENTITIES[entity].local


def of_sync_type(sync_type: str) -> tuple[Entity, ...]:
    """The entities that a sync of this type brings."""
    return tuple(each for each in ENTITIES.values() if each.sync_type == sync_type)
