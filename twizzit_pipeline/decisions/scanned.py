"""The last scan of a season, as the plans of a decision read it.

Whom it lists in another team than the last sync had them in stays there: whether they left it is proved by syncs alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from twizzit_pipeline.decisions.opening import Deciding
from twizzit_pipeline.entities import EntityName
from twizzit_pipeline.plan import Plan
from twizzit_pipeline.plan.rows import WantedSeason
from twizzit_pipeline.plan.states import PlayerState
from twizzit_pipeline.sync.entities import planned
from twizzit_pipeline.sync.owners import owner_of
from twizzit_pipeline.sync.state.missing import would_stay
from twizzit_pipeline.sync.state.teams_and_players import read_player_state


@dataclass(frozen=True, slots=True)
class Scanned:
    """A season whose scan lists the row that is decided about.

    Attributes:
        season_id: of `twizzit_seasons`.
        day: today in Belgium.
    """

    season_id: int
    season: WantedSeason
    day: date

    def state(self, deciding: Deciding, entity: EntityName) -> Any:
        """Everything that an entity's plan is made from, as it is now."""
        owner = owner_of(deciding.credential)
        return planned(entity).read(deciding.connection, owner, self.season_id, self.season, self.day)

    def players(self, deciding: Deciding, *, whole: bool, stay: Mapping[str, str] | None = None) -> PlayerState:
        """The state of all players, or of those for whom a plan may do something; `stay`: see `read_player_state`."""
        connection, owner = deciding.connection, owner_of(deciding.credential)
        return read_player_state(connection, owner, self.season_id, self.season, self.day, whole=whole, stay=stay)

    def staying(self, deciding: Deciding) -> dict[str, str]:
        """Who stays in their team, by the mappings that there are now; see `would_stay`."""
        return would_stay(deciding.connection, owner_of(deciding.credential), self.season_id, self.season.label)

    def plan(self, entity: EntityName, state: Any) -> Plan:
        """The plan of a state."""
        made: Plan = planned(entity).plan(state)
        return made
