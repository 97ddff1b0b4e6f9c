"""Rows that are not meant to come, as the history keeps them: their reasons in plain words, and who can say otherwise.

What belongs here: the list of reasons, which `docs/what-arrives.md` explains, and reading them from a row's details.
Why a row is set aside is decided where it is read (`twizzit`), judged (`contracts`) or planned (`plan`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twizzit_pipeline.runs.details import ROWS, SET_ASIDE

_BETWEEN = ": "  # of reason and word, as `SetAside.label` joins them


@dataclass(frozen=True, slots=True)
class Reason:
    """What a reason means.

    Attributes:
        words: for people.
        of_word: the same with ``{word}`` where the account's own word belongs; None where there never is one.
        field, meaning: the list of the configuration in which the word can be said to mean something else, and what;
            None where it cannot.
    """

    words: str
    of_word: str | None = None
    field: str | None = None
    meaning: str | None = None


REASONS: Mapping[str, Reason] = {
    "not_a_player": Reason(
        "not a player's function", "“{word}” is not a player's function", field="functions", meaning="player"
    ),
    "not_a_team": Reason("a group of which no member has a player's function"),
    "not_a_match": Reason("not a match: it has no opponent and no series, and comes for other types as well"),
    "no_name": Reason("a series without a name: Twizzit gives its id alone, and its matches come without it"),
    "training": Reason("a training session: it has no name, no series and no two sides"),
    "opponent_unknown": Reason("a bye, or an opponent who is not known yet"),
    "other_season": Reason("of another season", "of another season (“{word}”)"),
    "other_group": Reason("of a group that was not asked for"),
    "listed_twice": Reason("listed more than once, and taken once"),
    "no_own_team": Reason("a match of others: neither side names the club or one of its teams"),
    "same_club": Reason("both sides are of one club, which this database of ShotSpot has no games for"),
}


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of one scan: `read` = `kept` + `rejected` + `set_aside`."""

    read: int
    kept: int
    rejected: int
    set_aside: int


@dataclass(frozen=True, slots=True)
class SetAsideRows:
    """The rows that one sync set aside for one reason (and word).

    Attributes:
        reason: stable and snake_case.
        word: the account's own word that decided; None where none did.
        count: rows.
        twizzit_ids: of the first 200 of them.
    """

    reason: str
    word: str | None
    count: int
    twizzit_ids: tuple[str, ...]

    @property
    def label(self) -> str:
        """What such rows are counted under: ``not_a_player: Trainer``."""
        return self.reason if self.word is None else f"{self.reason}{_BETWEEN}{self.word}"

    @property
    def words(self) -> str:
        """The reason in plain words."""
        known = REASONS.get(self.reason)
        if known is not None and self.word is not None and known.of_word is not None:
            return known.of_word.replace("{word}", self.word)
        plain = self.reason.replace("_", " ") if known is None else known.words
        return plain if self.word is None else f"{plain} (“{self.word}”)"

    @property
    def change(self) -> tuple[str, str, str] | None:
        """List of the configuration, word, meaning: what to say so that such rows come; None where nothing does it."""
        known = REASONS.get(self.reason)
        if known is None or self.word is None or known.field is None or known.meaning is None:
            return None
        return known.field, self.word, known.meaning


def counts_of(details: Mapping[str, Any]) -> Counts | None:
    """What became of the rows that a sync read; None where it read none, or is older than these counts."""
    found = details.get(ROWS)
    return Counts(**{name: int(found.get(name, 0)) for name in Counts.__slots__}) if found else None


def set_aside_of(details: Mapping[str, Any]) -> list[SetAsideRows]:
    """What a sync set aside, the most first."""
    found = []
    for label, rows in (details.get(SET_ASIDE) or {}).items():
        reason, between, word = label.partition(_BETWEEN)
        found.append(SetAsideRows(reason, word if between else None, rows["count"], tuple(rows["twizzit_ids"])))
    return sorted(found, key=lambda one: (-one.count, one.reason, one.word or ""))
