"""The seasons of a credential as they are stored, and which of them is running on a day. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from twizzit_pipeline.twizzit.records import Season
from twizzit_pipeline.words.seasons import first_year, label_of, usable

# The columns that a `SeasonRow` is made of, in the order in which `of_rows` takes them.
ROW = ("id", "label", "twizzit_season_id", "start_date", "end_date", "unlisted_since")
# The first weeks of a season, in which its teams get their players: who stands in a team of the season before has not
# left, and a list without anyone is as it should be.
FILLING_UP = timedelta(days=31)
# How long after a season was first not listed it is believed to be gone: one answer may be short.
_BELIEVED = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class SeasonRow:
    """A row of `twizzit_seasons`, its dates filled in where the account gives none.

    `unlisted_since`: the day on which the account first did not list it any more; None while it does.
    """

    id: int
    label: str
    twizzit_season_id: str | None
    start_date: date
    end_date: date
    unlisted_since: date | None = None

    def runs(self, day: date) -> bool:
        """Whether `day` is one of its days."""
        return self.start_date <= day <= self.end_date

    @property
    def record(self) -> Season:
        """The season as the client wants it."""
        return Season(self.twizzit_season_id, self.label, self.start_date, self.end_date)


def today() -> date:
    """The day in Belgium, where the seasons are played."""
    return datetime.now(ZoneInfo("Europe/Brussels")).date()


def season_of(day: date, season_start: str) -> Season:
    """The season running on `day` when seasons begin on `season_start` ("MM-DD"): the label is its two years."""
    begins = date.fromisoformat(f"{day.year}-{season_start}")
    if day < begins:
        begins = begins.replace(year=day.year - 1)
    ends = begins.replace(year=begins.year + 1) - timedelta(days=1)
    return Season(None, f"{begins.year}-{begins.year + 1}", begins, ends)


def as_keys(labels: Sequence[str]) -> list[str]:
    """The labels of one credential, each as it can be the key of a partition.

    One that is stored and cannot be one is called as a new season would be, which `refresh` writes down; where another
    season is called so, it stays what it is, and is not synced until the credential was verified.
    """
    taken = set(labels)
    made = [label if usable(label) else label_of(label) or "-" for label in labels]
    return [
        label if usable(label) or one in taken or made.count(one) > 1 else one
        for label, one in zip(labels, made, strict=True)
    ]


def of_rows(rows: Iterable[Sequence[Any]], season_start: str) -> list[SeasonRow]:
    """Seasons of one credential, the oldest first, of rows with the columns `ROW`; a date may be its ISO text.

    Raises:
        ValueError: a text is no date.
    """
    found = list(rows)
    labels = as_keys([row[1] for row in found])
    filled = [
        replace(
            _with_dates(row_id, label, remote_id, _date(start), _date(end), season_start=season_start),
            unlisted_since=_date(unlisted),
        )
        for (row_id, _, remote_id, start, end, unlisted), label in zip(found, labels, strict=True)
    ]
    return sorted(filled, key=lambda season: (season.start_date, season.id))


def running(seasons: Sequence[SeasonRow], day: date) -> str | None:
    """The label of the one of `seasons` (the oldest first) that is running on `day`; None where there are none."""
    there = in_use(seasons, day)
    begun = [season for season in there if season.start_date <= day]
    current = [season for season in begun if day <= season.end_date]
    return next((season.label for season in reversed(current or begun or there)), None)


def in_use(seasons: Sequence[SeasonRow], day: date) -> Sequence[SeasonRow]:
    """The seasons without those that the account does not list any more: deleted, or made anew under another name.

    They are missed only where another one runs, so that no season of years ago comes in the place of the running one.
    """
    there = [one for one in seasons if one.unlisted_since is None or day < one.unlisted_since + _BELIEVED]
    return there if any(one.runs(day) for one in there) else seasons


def _date(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _with_dates(
    row_id: int, label: str, remote_id: str | None, start: date | None, end: date | None, *, season_start: str
) -> SeasonRow:
    """Dates that the account left out follow from the first year in the label, else from today."""
    if start is None or end is None or end < start:
        year = first_year(label)
        day = date.fromisoformat(f"{year}-{season_start}") if year is not None else today()
        computed = season_of(day, season_start)
        start, end = computed.start_date, computed.end_date
    assert start is not None
    assert end is not None
    return SeasonRow(row_id, label, remote_id, start, end)
