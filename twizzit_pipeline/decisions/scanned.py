"""The last scan of a season, as the plans of a decision read it."""

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

    def players(self, deciding: Deciding) -> PlayerState:
        """The state of the players for whom a plan may do something."""
        owner = owner_of(deciding.credential)
        return read_player_state(deciding.connection, owner, self.season_id, self.season, self.day, whole=False)

    def plan(self, entity: EntityName, state: Any) -> Plan:
        """The plan of a state."""
        made: Plan = planned(entity).plan(state)
        return made
