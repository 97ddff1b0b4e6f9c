"""What a scan asks, and what every dialect of Twizzit answers.

A further dialect is a folder with a class that says it is a `Source`, and a line in `dialects`.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Protocol

from twizzit_pipeline.twizzit.records import (
    Asked,
    Calendar,
    Organization,
    Presence,
    Rosters,
    Season,
    Team,
    Teams,
)


class Source(Protocol):
    """One account. Every method may raise a leaf of `TwizzitAnswerError`; none gives half an answer for a whole one."""

    def organizations(self) -> tuple[Organization, ...]:
        """All organizations that the account may read; without an id where the source has no organizations."""

    def organization(self) -> Organization:
        """The organization that this credential reads.

        Raises:
            OrganizationNotFound: the account has several and not exactly one is named like the credential.
        """

    def seasons(self) -> tuple[Season, ...]:
        """The seasons that the account lists; none where it has none, or may not read them."""

    def first_groups(self) -> int | None:
        """How many groups there are to begin with, shown when a credential is verified; None where it is unknown."""

    def refusals(self, *, calendar: bool) -> list[str]:
        """What a sync would refuse or not find, a line each, with what to do."""

    def teams(self, season: Season | None) -> Teams:
        """All teams of a season; of every season, or the current one, where it is None."""

    def groups(self, season: Season | None, group_type: str) -> tuple[Team, ...]:
        """What is listed of a group type other than teams, for people to look at."""

    def rosters(self, teams: Sequence[Team], season: Season | None) -> Rosters:
        """The players of these teams; a team that cannot be read is in `Rosters.failed`, never empty."""

    def names(self, person_ids: Collection[str]) -> dict[str, tuple[str | None, str | None]]:
        """First and last name of people by their remote id; those that are not known are left out."""

    def calendar(self, season: Season, own_team_ids: Collection[str] | None) -> Calendar:
        """All competitions and matches of a season, complete."""

    @property
    def can_prove_absence(self) -> bool:
        """Whether the source can be asked for one id, so that an answer without it says something."""

    def still_listed(self, what: Asked, ids: Collection[str], known: Collection[str]) -> dict[str, Presence]:
        """What the source says of each of these ids when it is asked for them.

        Args:
            what: people, or teams.
            known: ids of the same kind that this run has seen. An answer without them proves nothing.

        Returns:
            Each of `ids`; ``unproved`` where an answer was an error, or half of one; or where the source cannot be
            asked for an id, and a second reading of all lacks it.

        Raises:
            TwizzitPipelineError: an error that ends everything, or of that reading.
        """

    def playing(self, team_ids: Collection[str], season: Season | None) -> dict[str, frozenset[str]]:
        """Who plays in each of these teams, asked anew: ids alone, with those of whom it is not clear.

        Raises:
            TwizzitPipelineError: one of the teams could not be read.
        """

    def matches_still_listed(
        self, season: Season, missing: Mapping[str, date], known: Mapping[str, date]
    ) -> dict[str, Presence]:
        """What Twizzit says of matches that a scan did not list, by reading their days anew.

        Args:
            missing, known: remote id → its Belgian day, of the matches in question and of those that this run has seen.
                A reading that lacks the known ones proves nothing.
        """
