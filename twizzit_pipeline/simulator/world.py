"""A whole simulated Twizzit, and how what it holds is found.

What belongs here: the world alone; its rows are in `records`. It is made in `generate`, changed in `changes`, judged in
`truth`, and put on the wire in `v1` and `v2`.
"""

import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from twizzit_pipeline.simulator.options import SimulatorOptions
from twizzit_pipeline.simulator.records import Account, Organization, Season
from twizzit_pipeline.simulator.truth import Truth, truth_of

Dialect = Literal["v1", "v2"]


class World:
    """A whole simulated Twizzit. `lock` guards it: a server reads it in one thread, a test changes it in another."""

    def __init__(
        self,
        *,
        options: SimulatorOptions,
        made_at: datetime,
        seasons: tuple[Season, ...],
        organizations: list[Organization],
    ) -> None:
        self.options = options
        # Belgian local time, without a zone.
        self.made_at = made_at
        self.today = made_at.date()
        self.seasons = {season.id: season for season in seasons}
        self._organizations = {organization.id: organization for organization in organizations}
        self.lock = threading.RLock()

    @property
    def organizations(self) -> tuple[Organization, ...]:
        """All organizations, clubs first, the federation last."""
        return tuple(self._organizations.values())

    @property
    def running_season(self) -> Season:
        """The season of the world's day."""
        return next(season for season in self.seasons.values() if season.start <= self.today <= season.end)

    def organization(self, organization: "int | str | Organization") -> Organization:
        """An organization by its id (as a number or as text), its name, or itself.

        Raises:
            KeyError: there is none.
        """
        if isinstance(organization, Organization):
            return organization
        for candidate in self._organizations.values():
            if organization in (candidate.id, str(candidate.id), candidate.name):
                return candidate
        raise KeyError(organization)

    def season(self, label: str) -> Season:
        """The season with that label; KeyError if there is none."""
        for season in self.seasons.values():
            if season.label == label:
                return season
        raise KeyError(label)

    def seasons_of(self, organization: Organization) -> list[Season]:
        """The organization's seasons, the oldest first."""
        return [self.seasons[season_id] for season_id in organization.season_ids]

    def accounts(self) -> Iterator[Account]:
        """The account of each organization."""
        return (organization.account for organization in self._organizations.values())

    def truth(
        self, organization: int | str | Organization, season_label: str | None = None, *, dialect: Dialect = "v2"
    ) -> Truth:
        """What a right sync of that organization and season must end with.

        A season that the organization does not have gives an empty truth. Without a label, the running season. v1 says
        no gender and has the running season alone.
        """
        with self.lock:
            season = self.season(season_label) if season_label else self.running_season
            return truth_of(self.organization(organization), season, dialect=dialect)
