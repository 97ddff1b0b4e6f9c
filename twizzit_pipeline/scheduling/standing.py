"""A credential as an orchestrator's tick finds it, and what keeps it from syncing by itself.

What belongs here: what was read, as dataclasses, and judgements on one credential, without the database. The statement
that reads it is in `due`, whose turn it is in `turns`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from twizzit_pipeline.credentials.store import Credential
from twizzit_pipeline.errors import EndpointRefused
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.runs.processes import process_is_gone
from twizzit_pipeline.scheduling import schedule
from twizzit_pipeline.scheduling.schedule import Schedule
from twizzit_pipeline.scheduling.wishes import RequestOptions, RequestType, Wish
from twizzit_pipeline.twizzit.endpoint import parse_endpoint

# What stands for times that Python cannot hold; without zone, as ShotSpot's columns have them.
EARLIEST, LATEST = datetime(2, 1, 1), datetime(9998, 1, 1)  # noqa: DTZ001


@dataclass(frozen=True, slots=True)
class Held:
    """A lease. `silent`: it has had no heartbeat for a minute."""

    organization: str
    credential_id: int
    run_id: str
    holder: str
    silent: bool

    @property
    def dead(self) -> bool:
        """Whether its holder is gone."""
        return self.silent or process_is_gone(self.holder)


@dataclass(frozen=True, slots=True)
class Asked:
    """The request of a credential that is first in line: the one that is being carried out, or else the oldest.

    Attributes:
        season: as it was asked for; None is the running one.
        run_id: the run that carries it out, once that has begun.
        attempt: counts the runs that were asked for.
        was_claimed: a process took it, to make a run of it; `claimed`: less than a minute ago.
    """

    id: int
    sync_type: RequestType
    season: str | None
    options: RequestOptions
    trigger: str
    status: str
    run_id: str | None
    attempt: int
    requested_at: datetime
    was_claimed: bool
    claimed: bool

    @property
    def wish(self) -> Wish:
        """What it asks for."""
        return Wish(self.sync_type, self.season, self.options)


@dataclass(frozen=True, slots=True)
class Standing:
    """A credential as a tick finds it.

    Attributes:
        schedule: None where its configuration was never read: it is not to sync by itself then.
        wanted: the sync types that its configuration turns on.
        listed: its seasons, as `seasons.of_rows` takes them.
        asked: the request that is first in line, if there is one.
        teams_read: labels of the seasons whose teams were read, as far as the next run needs them; known only where
            that is not to read them itself.
        quick: its last syncs took little time, so that the next one is not expected to keep a run's place for long;
            None where it never synced. Known only where a sync is due or asked for.
    """

    credential: Credential
    schedule: Schedule | None
    wanted: frozenset[str]
    listed: tuple[tuple[Any, ...], ...]
    asked: Asked | None
    teams_read: frozenset[str]
    quick: bool | None = None

    @property
    def fails(self) -> bool:
        """Whether its automatic syncs have failed since one succeeded."""
        return self.schedule is not None and self.schedule.consecutive_failures > 0

    @property
    def labels(self) -> list[str]:
        """The labels of its seasons, as `seasons.as_keys` has them."""
        return seasons.as_keys([str(row[1]) for row in self.listed])

    def running_season(self, day: date, season_start: str) -> str:
        """Its season on `day`; a guess for an account that was never asked, which the run itself puts right.

        Raises:
            ValueError: the database holds dates that no calendar has.
        """
        known = seasons.of_rows(self.listed, season_start)
        return seasons.running(known, day) or seasons.season_of(day, season_start).label

    def trouble(self, day: date, season_start: str) -> str | None:
        """What keeps a credential that is to sync by itself from doing so, and what to do; None where nothing does."""
        if self.schedule is None or not self.schedule.auto_sync_enabled:
            return None
        if not self.credential.is_active:
            return "it is switched off: activate it, or switch its automatic syncs off"
        minutes = self.schedule.sync_interval_minutes
        if not schedule.SHORTEST_INTERVAL_MINUTES <= minutes <= schedule.LONGEST_INTERVAL_MINUTES:
            return f"its interval of {minutes} minutes is not 5 minutes to a year: change sync_interval_minutes"
        due = self.schedule.next_sync_at
        if due is not None and due.year in (EARLIEST.year, LATEST.year):
            return "its next_sync_at is no time of a calendar: switch its automatic syncs off, and on again"
        if not self.wanted:
            return "it is to sync nothing: switch teams, players or competitions on, or its automatic syncs off"
        return self._what_is_wrong_with_its_account(day, season_start)

    def _what_is_wrong_with_its_account(self, day: date, season_start: str) -> str | None:
        try:
            parse_endpoint(self.credential.api_endpoint)
            season = self.running_season(day, season_start)
        except EndpointRefused as error:
            return str(error)
        except ValueError:
            return "the dates of its seasons cannot be read: verify it again"
        if not seasons.usable(season):
            return "its running season's label cannot be a partition key: verify it again, for another label"
        return None


@dataclass(frozen=True, slots=True)
class View:
    """What one statement saw, at one moment of the database's clock (`now`, UTC with zone).

    Attributes:
        standings: by credential id.
        dead_runs: of the runs that were asked about, those whose process has ended or was cut off (`runs.dead`).
        cancelled: of the requests that were asked about, those that were cancelled.
    """

    now: datetime
    standings: Mapping[int, Standing]
    leases: tuple[Held, ...]
    dead_runs: frozenset[str]
    cancelled: frozenset[int] = frozenset()

    @property
    def abandoned(self) -> bool:
        """Whether a process died: a lease without heartbeat, or a request that is started without a lease."""
        leased = {held.run_id for held in self.leases}
        asked = (standing.asked for standing in self.standings.values())
        started = {one.run_id for one in asked if one is not None and one.status == "started"}
        return any(held.dead for held in self.leases) or not started <= leased

    @property
    def lacks_keys(self) -> bool:
        """Whether ShotSpot put in a credential, which has no partition key yet."""
        return any(standing.credential.partition_key is None for standing in self.standings.values())
