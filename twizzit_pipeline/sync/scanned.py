"""What the scans of one run saw, as evidence of who is missing: ids alone, kept until the run ends.

A scan that is not complete is no evidence: a row without an id may be any other's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class TeamsSeen:
    """The teams of a scan. `kept`: in the snapshot; `rejected`; `others`: listed besides, the rejected ones too."""

    kept: frozenset[str]
    rejected: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RostersSeen:
    """Who was listed where.

    Attributes:
        playing: remote team id → those who play in it, and those of whom it is not clear, as they were read.
        unknown: those who were rejected, or in a team that was not asked for.
        unknown_teams: teams with a row that has no id: any of their players may be meant.
        aside: those who are listed as something else than a player.
        failed: teams whose roster could not be read: who is missing may be in one of them.
    """

    playing: Mapping[str, frozenset[str]]
    unknown: frozenset[str] = frozenset()
    unknown_teams: frozenset[str] = frozenset()
    aside: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()

    @property
    def known(self) -> frozenset[str]:
        """People who are certain to exist: a roster may list one whom the account does not list as a contact."""
        return frozenset().union(*self.playing.values()) - self.unknown - {""}


@dataclass(frozen=True, slots=True)
class MatchesSeen:
    """The matches of a scan: `days`: remote id → Belgian day, of those in the snapshot; `others`: listed besides."""

    days: Mapping[str, date] = field(default_factory=dict)
    others: frozenset[str] = frozenset()


@dataclass(slots=True)
class Scanned:
    """The complete scans of one run; None where there was none."""

    teams: TeamsSeen | None = None
    rosters: RostersSeen | None = None
    matches: MatchesSeen | None = None
