"""Seasons: the ones an account lists, kept in `twizzit_seasons`, and which of them is running.

A season is the label that Twizzit gives, as `words.seasons` writes it; where an account has none, the season running on
that day.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, func, select, update
from sqlalchemy.dialects.postgresql import insert

from twizzit_pipeline.credentials import store
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import twizzit_seasons
from twizzit_pipeline.twizzit.records import Season
from twizzit_pipeline.words.seasons import LONGEST, canonical, first_year, key, label_of, usable, years

__all__ = [
    "ROW",
    "USUAL_START",
    "Kept",
    "SeasonRow",
    "as_keys",
    "called",
    "known",
    "known_partitions",
    "listed",
    "meant",
    "no_label",
    "not_listed",
    "of_rows",
    "refresh",
    "running",
    "running_season",
    "season_of",
    "settle",
    "today",
    "usable",
]  # fmt: skip

_BEFORE_AN_ID = LONGEST - 12  # what is left of a label that another season of the account has too
USUAL_START = "07-01"  # the month and day on which a season begins, where the settings do not matter

# The columns that a `SeasonRow` is made of, in the order in which `of_rows` takes them.
ROW = ("id", "label", "twizzit_season_id", "start_date", "end_date")


@dataclass(frozen=True, slots=True)
class SeasonRow:
    """A row of `twizzit_seasons`, its dates filled in where the account gives none."""

    id: int
    label: str
    twizzit_season_id: str | None
    start_date: date
    end_date: date

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


def listed(seasons: Sequence[Season], *, day: date, season_start: str) -> list[Season]:
    """The seasons of an account with usable, distinct labels; the running one where the account lists none.

    The labels are those that a season gets which is new here; what it is called already is known to `refresh`.
    """
    if not seasons:
        return [season_of(day, season_start)]
    found: dict[str, Season] = {}
    for season in sorted(seasons, key=lambda season: (season.start_date or date.min, season.id or "")):
        label = _distinct(season, found)
        found[label] = replace(season, label=label)
    return list(found.values())


def _distinct(season: Season, taken: Collection[str]) -> str:
    label = label_of(season.label) or _by_days(season)
    if label not in taken:
        return label
    return f"{label[:_BEFORE_AN_ID]}-{season.id}"[:LONGEST]


def _by_days(season: Season) -> str:
    """What a season is called whose label is signs alone, or nothing: by its days, else by its id."""
    if season.start_date is not None and season.end_date is not None:
        return canonical(f"{season.start_date.year}-{season.end_date.year}")
    return label_of(season.id or "") or "-"


def refresh(connection: Connection, credential_id: int, seasons: Sequence[Season]) -> list[Season]:
    """Writes what differs into `twizzit_seasons`; the seasons as they are called there.

    A label is fixed once it is made, since partitions, history and mappings hold it: a season that was known under
    another way to write it stays that row. Only a label that no partition can have had is made anew. A season that is
    no longer listed stays, with what hangs on it.
    """
    columns = (twizzit_seasons.c[name] for name in ROW)
    kept = connection.execute(
        select(*columns).where(twizzit_seasons.c.credential_id == credential_id).order_by(twizzit_seasons.c.id)
    ).all()
    settled: list[Season] = []
    for row_id, season in settle(seasons, [Kept(*row) for row in kept]):
        said = {
            "label": season.label,
            "twizzit_season_id": season.id,
            "start_date": season.start_date,
            "end_date": season.end_date,
        }
        settled.append(season)
        if row_id is None:
            wanted = insert(twizzit_seasons).values(credential_id=credential_id, **said)
            connection.execute(
                wanted.on_conflict_do_update(
                    index_elements=["credential_id", "label"],
                    set_={**{name: wanted.excluded[name] for name in said}, "updated_at": func.now()},
                )
            )
        elif (row_id, *said.values()) not in {tuple(row) for row in kept}:
            connection.execute(
                update(twizzit_seasons).where(twizzit_seasons.c.id == row_id).values(**said, updated_at=func.now())
            )
    return settled


class Kept(NamedTuple):
    """A season as `twizzit_seasons` has it."""

    id: int
    label: str
    twizzit_season_id: str | None
    start_date: date | None
    end_date: date | None


def settle(seasons: Sequence[Season], kept: Sequence[Kept]) -> list[tuple[int | None, Season]]:
    """Each season with the row that it is, None for a new one, and with the label that it has here.

    It is the row with its remote id, unless the two name other years; else one that means the same season and whose own
    remote id is listed no more.
    """
    ids = {season.id for season in seasons if season.id is not None}
    free = list(kept)
    found: list[tuple[Season, Kept | None]] = []
    for season in seasons:
        same_id = (row for row in free if season.id is not None and row.twizzit_season_id == season.id)
        row = next((row for row in same_id if not _of_other_years(row, season)), None)
        if row is not None:
            free.remove(row)
        found.append((season, row))
    settled: list[tuple[int | None, Season]] = []
    taken: set[str] = {row.label for row in kept if usable(row.label)}
    for season, by_id in found:
        row = by_id or next((row for row in free if row.twizzit_season_id not in ids and _means(row, season)), None)
        if row in free:
            free.remove(row)
        label = row.label if row is not None and usable(row.label) else _distinct(season, taken)
        taken.add(label)
        settled.append((None if row is None else row.id, replace(season, label=label)))
    return settled


def _of_other_years(row: Kept, season: Season) -> bool:
    return None not in (years(row.label), years(season.label)) and years(row.label) != years(season.label)


def _means(row: Kept, season: Season) -> bool:
    return key(row.label, row.start_date, row.end_date) == key(season.label, season.start_date, season.end_date)


def called(label: str, labels: Collection[str]) -> str:
    """The one of a credential's labels that means the season `label`, however that is written; else what a new season
    of that label would be called, empty where nothing would be left of it.
    """
    if label in labels:
        return label
    alike = [one for one in sorted(labels) if key(one) == key(label)]
    if alike:
        return alike[0]
    whole, cut = canonical(label), label_of(label) or ""
    if whole != cut and any(one != cut and one.startswith(f"{cut[:_BEFORE_AN_ID]}-") for one in labels):
        return whole  # several seasons begin so, and it is not clear which is meant
    return cut


def no_label(asked: str) -> str:
    """What to say to a person who asked for a season by what no season can be called."""
    return f"{asked!r} is no season: a label is a few letters and digits, like 2026-2027"


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


def known(connection: Connection, credential_id: int, season_start: str) -> list[SeasonRow]:
    """Every season of a credential, the oldest first."""
    wanted = select(*(twizzit_seasons.c[name] for name in ROW))
    return of_rows(connection.execute(wanted.where(twizzit_seasons.c.credential_id == credential_id)), season_start)


def of_rows(rows: Iterable[Sequence[Any]], season_start: str) -> list[SeasonRow]:
    """Seasons of one credential, the oldest first, of rows with the columns `ROW`; a date may be its ISO text.

    Raises:
        ValueError: a text is no date.
    """
    found = list(rows)
    labels = as_keys([row[1] for row in found])
    filled = [
        _with_dates(row_id, label, remote_id, _date(start), _date(end), season_start=season_start)
        for (row_id, _, remote_id, start, end), label in zip(found, labels, strict=True)
    ]
    return sorted(filled, key=lambda season: (season.start_date, season.id))


def running_season(engine: Engine, credential_id: int, *, day: date, season_start: str) -> str | None:
    """The label of the credential's season on `day`: the latest that has begun, unless all are over.

    None where nothing is known of its seasons yet (`verify` fills them).
    """
    with driver_errors(), engine.connect() as connection:
        return running(known(connection, credential_id, season_start), day)


def running(seasons: Sequence[SeasonRow], day: date) -> str | None:
    """The label of the one of `seasons` (the oldest first) that is running on `day`; None where there are none."""
    begun = [season for season in seasons if season.start_date <= day]
    current = [season for season in begun if day <= season.end_date]
    return next((season.label for season in reversed(current or begun or seasons)), None)


def known_partitions(engine: Engine) -> tuple[dict[int, str], dict[int, list[str]]]:
    """Credential id → partition key, and credential id → season labels, of every credential; makes missing keys."""
    with driver_errors():
        store.ensure_partition_keys(engine)
        credentials = {credential.id: str(credential.partition_key) for credential in store.list_all(engine)}
        labels: dict[int, list[str]] = {credential_id: [] for credential_id in credentials}
        with engine.connect() as connection:
            rows = connection.execute(
                select(twizzit_seasons.c.credential_id, twizzit_seasons.c.label).order_by(twizzit_seasons.c.label)
            )
            for credential_id, label in rows:
                labels.setdefault(credential_id, []).append(label)
    return credentials, {credential_id: as_keys(stored) for credential_id, stored in labels.items()}


def meant(listed: Sequence[SeasonRow], asked: str) -> SeasonRow | None:
    """The season that `asked` means: by its label, by its remote id, or by a label that means the same season."""
    wanted = asked.strip()
    by_label = [season for season in listed if season.label == wanted]
    by_id = [season for season in listed if season.twizzit_season_id == wanted]
    label = called(wanted, {season.label for season in listed})
    alike = [season for season in listed if season.label == label]
    return next(iter(by_label or by_id or alike), None)


def not_listed(listed: Sequence[SeasonRow]) -> str:
    """The message for a request of a season that is not among these (the oldest first)."""
    labels = [season.label for season in reversed(listed)]
    return f"The account has {', '.join(labels)}" if labels else "The account has no season"


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
