"""What is asked for in a request, and whether one that waits brings another along. Pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from twizzit_pipeline.entities import COMPETITIONS, SYNC_TYPES, SyncType

if TYPE_CHECKING:  # the plan, for which a command that only looks at requests has no use
    from twizzit_pipeline.plan.narrowing import Narrowing

RequestType = Literal[SyncType, "all"]


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """What narrows a request.

    Attributes:
        group_id: the one remote team that it is about; None for all.
        create_missing: False makes no team and no player anew.
        include_players: a request for teams brings their players too.
        preview: nothing is written, and the plan is stored.
        plan_id: the stored plan that it applies; None for a sync of what there is.
        without: entity and remote id of what of that plan is left out.
        sync_types: what the plan, or the preview, is about; nothing says it where `sync_type` does.
    """

    group_id: str | None = None
    create_missing: bool = True
    include_players: bool = False
    preview: bool = False
    plan_id: int | None = None
    without: tuple[tuple[str, str], ...] = ()
    sync_types: tuple[SyncType, ...] = ()

    @property
    def said(self) -> dict[str, object]:
        """What the audit log has of it: what narrows it, and of plans what is none of the defaults."""
        usual = asdict(RequestOptions())
        narrows = ("group_id", "create_missing", "include_players")
        return {name: value for name, value in asdict(self).items() if name in narrows or value != usual[name]}

    @property
    def narrows(self) -> bool:
        """Whether the sync leaves out what another would do: other teams, or what is to be made anew."""
        return self.group_id is not None or not self.create_missing

    @property
    def narrowing(self) -> "Narrowing":
        """What the sync is limited to."""
        from twizzit_pipeline.plan.narrowing import Narrowing  # noqa: PLC0415  (the plan)

        return Narrowing(self.group_id, self.create_missing)

    @property
    def applied(self) -> tuple[int, tuple[tuple[str, str], ...]] | None:
        """The stored plan that it applies, and what of it is left out."""
        return None if self.plan_id is None else (self.plan_id, self.without)

    @property
    def is_special(self) -> bool:
        """Whether it is about a plan: no other request brings it along, and it brings none."""
        return self.preview or self.plan_id is not None

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> "RequestOptions":
        """What the column `options` holds; names that mean nothing (any more) are left out."""
        said = {name: value for name, value in (stored or {}).items() if name in cls.__dataclass_fields__}
        return cls(**said | {name: _tuple(said[name]) for name in ("without", "sync_types") if name in said})


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
        if self.options.sync_types:
            return frozenset(self.options.sync_types)
        if self.sync_type == "all":
            return frozenset(SYNC_TYPES) - ({COMPETITIONS.sync_type} if self.options.narrows else set())
        with_players = self.sync_type == "teams" and self.options.include_players
        return frozenset({self.sync_type, "players"} if with_players else {self.sync_type})

    def covers(self, other: "Wish", running: str | None = None) -> bool:
        """Whether a sync of this brings all that `other` asks for.

        Args:
            running: the label of the season that surely runs when the sync begins; None where it cannot be said.
        """
        mine, theirs = self.options, other.options
        if mine.is_special or theirs.is_special:
            return self == other
        return (
            (self.season or running) == (other.season or running)
            and self.entities >= other.entities
            and mine.group_id in (None, theirs.group_id)
            and (mine.create_missing or not theirs.create_missing)
        )


def _tuple(stored: Sequence[Any]) -> tuple[Any, ...]:
    """What JSON made lists of."""
    return tuple(tuple(one) if isinstance(one, list) else one for one in stored)
