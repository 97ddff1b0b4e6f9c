"""What is asked for in a request, and whether one that waits brings another along. Pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from twizzit_pipeline.entities import COMPETITIONS, SYNC_TYPES, SyncType
from twizzit_pipeline.plan.narrowing import Narrowing

RequestType = Literal[SyncType, "all"]


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """What narrows a request.

    Attributes:
        group_id: the one remote team that it is about; None for all.
        create_missing: False makes no team and no player anew.
        include_players: a request for teams brings their players too.
    """

    group_id: str | None = None
    create_missing: bool = True
    include_players: bool = False

    @property
    def narrowing(self) -> Narrowing:
        """What the sync is limited to."""
        return Narrowing(self.group_id, self.create_missing)

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> "RequestOptions":
        """What the column `options` holds; names that mean nothing (any more) are left out."""
        return cls(**{name: value for name, value in (stored or {}).items() if name in cls.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class Wish:
    """What a sync is to bring. `season`: its label; None is the one that runs when the sync begins."""

    sync_type: RequestType
    season: str | None = None
    options: RequestOptions = RequestOptions()

    @property
    def entities(self) -> frozenset[str]:
        """What it is about; `competitions` are those and their matches.

        A request for all gets all, whatever the configuration says; of one team alone there is no calendar.
        """
        if self.sync_type == "all":
            return frozenset(SYNC_TYPES) - ({COMPETITIONS.sync_type} if self.options.narrowing.narrows else set())
        with_players = self.sync_type == "teams" and self.options.include_players
        return frozenset({self.sync_type, "players"} if with_players else {self.sync_type})

    def covers(self, other: "Wish", running: str | None = None) -> bool:
        """Whether a sync of this brings all that `other` asks for.

        Args:
            running: the label of the season that surely runs when the sync begins; None where it cannot be said.
        """
        mine, theirs = self.options, other.options
        return (
            (self.season or running) == (other.season or running)
            and self.entities >= other.entities
            and mine.group_id in (None, theirs.group_id)
            and (mine.create_missing or not theirs.create_missing)
        )
