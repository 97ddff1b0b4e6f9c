"""Opponents whose name several clubs or teams of ShotSpot have, and which of them a person said it is. Pure.

An opponent is known by name alone. So what a person decided is kept by that name: of a club for all seasons, of a team
for its season, whose rows others have not. It counts as long as no other row fits than those that it was decided among.
"""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

from twizzit_pipeline.entities import OpponentColumn
from twizzit_pipeline.transform.names import normalised_name

_LONGEST = 100
_DIGEST = 12
OpponentKey = tuple[OpponentColumn, str]


@dataclass(frozen=True, slots=True)
class OpponentDoubt:
    """An opponent that several rows of ShotSpot may be.

    Attributes:
        column: which row is not clear: the club, or the team within it, as `twizzit_opponents` has them.
        name: what Twizzit calls it; where the club is not clear, the words that are its own.
        key: one for all spellings of the name; of a team, and within the own club also of who it plays against.
        local_ids: the rows that fit, sorted.
    """

    column: OpponentColumn
    name: str
    key: str
    local_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OpponentChoice:
    """What a person decided about an opponent.

    Attributes:
        candidates: the rows that it was decided among.
        local_id: the row that it is; of one that is none of them the one that was made for it, None before that.
        is_made: whether it is none of them.
    """

    candidates: Collection[int]
    local_id: int | None
    is_made: bool = False

    def holds_for(self, doubt: OpponentDoubt) -> bool:
        """Whether it answers the doubt: the row that was chosen fits, and none that the person has not seen."""
        seen = {*self.candidates, self.local_id}
        return set(doubt.local_ids) <= seen and (self.is_made or self.local_id in doubt.local_ids)

    def row(self, there: Collection[int]) -> int | None:
        """The row that it is, of those that are there; None where one is to be made."""
        return self.local_id if self.local_id in there else None


def club_doubt(name: str, club_ids: tuple[int, ...]) -> OpponentDoubt:
    """Several clubs have the name with which an opponent's begins."""
    return OpponentDoubt("club_id", name, _short(normalised_name(name)), club_ids)


def team_doubt(name: str, season: str, team_ids: tuple[int, ...], *, against: int | None = None) -> OpponentDoubt:
    """Several teams of one club have an opponent's name.

    Args:
        season: its label.
        against: the own team that it plays, where it is another one of the same club.
    """
    facing = "" if against is None else f" against {against}"
    return OpponentDoubt("team_id", name, _short(f"{season}: {normalised_name(name)}{facing}"), team_ids)


def _short(key: str) -> str:
    if len(key) <= _LONGEST:
        return key
    return f"{key[: _LONGEST - _DIGEST - 1]} {sha256(key.encode()).hexdigest()[:_DIGEST]}"
