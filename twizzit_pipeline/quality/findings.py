"""What a judgement of the data says: how much falls short, which ids, and how bad that is. Never a name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

# Of whom a finding speaks: of one remote team (a narrowed sync), of the rows of one season, or of everything that the
# credential has.
Scope = Literal["one team", "season", "credential"]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How many may fall short before it is worth a warning: a share of all, and never fewer than `fewest`."""

    share: float
    fewest: int

    def exceeded(self, count: int, of: int) -> bool:
        """Whether `count` of `of` are too many."""
        return count >= self.fewest and count > self.share * of


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        check: the name of the check.
        speaks_of: whom it judged.
        ids: who falls short: remote ids, or ShotSpot's where `local`.
        reasons: why → how many of them.
        ids_of: why → which of them, where the reasons are of several kinds.
        numbers: what was compared, to show how near it was.
        passed: whether all is well; by default, whether there is nothing to name.
        grave: what it found does harm now.
    """

    check: str
    speaks_of: Scope
    ids: tuple[str, ...] = ()
    local: bool = False
    reasons: Mapping[str, int] = field(default_factory=dict)
    ids_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    passed: bool | None = None
    grave: bool = False

    @property
    def fine(self) -> bool:
        """Whether the check passes."""
        return not self.ids if self.passed is None else self.passed


@dataclass(frozen=True, slots=True)
class Quality:
    """The findings of one step, by check. A check that is not among them could not be judged by this step.

    Attributes:
        error: the kind of the error that kept it from being judged, None where there was none.
        seconds: how long it took.
        report_speaks_of: whom the report of the step itself is about.
    """

    findings: Mapping[str, Finding] = field(default_factory=dict)
    error: str | None = None
    seconds: float = 0.0
    report_speaks_of: Scope = "season"


def ratio(count: int, of: int) -> float:
    """A share, to four digits; of nothing it is nothing."""
    return round(count / of, 4) if of else 0.0
