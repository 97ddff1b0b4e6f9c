"""Seasons: the ones an account lists, kept in `twizzit_seasons`. Which of them is running is in `season_rows`.

A season is the label that Twizzit gives, as `words.seasons` writes it; where an account has none, the season running on
that day.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, Engine, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.partition_keys import ensure_partition_keys
from twizzit_pipeline.runs.season_rows import ROW, SeasonRow, as_keys, in_use, of_rows, running, season_of, today
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import twizzit_seasons
from twizzit_pipeline.twizzit.records import Season
from twizzit_pipeline.words.seasons import LONGEST, canonical, key, label_of, usable, years

__all__ = [
    "ROW",
    "USUAL_START",
    "Kept",
    "SeasonRow",
    "as_keys",
    "called",
    "dated",
    "in_use",
    "known",
    "known_partitions",
    "listed",
    "meant",
    "no_label",
    "not_listed",
    "of_rows",
    "others",
    "refresh",
    "running",
    "running_of",
    "running_season",
    "season_of",
    "settle",
    "today",
    "usable",
]  # fmt: skip

_OF_CREDENTIAL = select(*(twizzit_seasons.c[name] for name in ROW)).where(
    twizzit_seasons.c.credential_id == bindparam("owner")
)

_BEFORE_AN_ID = LONGEST - 12  # what is left of a label that another season of the account has too
USUAL_START = "07-01"  # the month and day on which a season begins, where the settings do not matter


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


def dated(listed: Sequence[Season], season_start: str) -> list[SeasonRow]:
    """The seasons that an account lists, the oldest first, their dates filled in; `id` is the place in `listed`."""
    rows = [(place, one.label, one.id, one.start_date, one.end_date, None) for place, one in enumerate(listed)]
    return of_rows(rows, season_start)


def running_of(listed: Sequence[Season], *, day: date, season_start: str) -> Season:
    """The one of an account's seasons, one at least, that a sync on `day` would be of."""
    known = dated(listed, season_start)
    label = running(known, day)
    return next(one.record for one in known if one.label == label)


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


def refresh(
    connection: Connection, credential_id: int, seasons: Sequence[Season], *, day: date | None = None
) -> list[Season]:
    """Writes what differs into `twizzit_seasons`; the seasons as they are called there.

    A label is fixed once it is made, since partitions, history and mappings hold it: a season that was known under
    another way to write it stays that row. Only a label that no partition can have had is made anew. A season that is
    no longer listed stays, with what hangs on it, and says since which `day` (today, where it is None) that is so; not
    since one that is still to come, as a clock says that is put back later.
    """
    day = day or today()
    kept = connection.execute(_OF_CREDENTIAL.order_by(twizzit_seasons.c.id), {"owner": credential_id}).all()
    settled: list[Season] = []
    unlisted = {row.id for row in kept if row.unlisted_since is None or row.unlisted_since > day}
    for row_id, season in settle(seasons, [Kept(*row) for row in kept]):
        unlisted.discard(row_id)
        said = {
            "label": season.label,
            "twizzit_season_id": season.id,
            "start_date": season.start_date,
            "end_date": season.end_date,
            "unlisted_since": None,
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
    if unlisted:
        gone = update(twizzit_seasons).where(twizzit_seasons.c.id.in_(unlisted))
        connection.execute(gone.values(unlisted_since=day, updated_at=func.now()))
    return settled


class Kept(NamedTuple):
    """A season as `twizzit_seasons` has it."""

    id: int
    label: str
    twizzit_season_id: str | None
    start_date: date | None
    end_date: date | None
    unlisted_since: date | None = None


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


def known(connection: Connection, credential_id: int, season_start: str) -> list[SeasonRow]:
    """Every season of a credential, the oldest first."""
    return of_rows(connection.execute(_OF_CREDENTIAL, {"owner": credential_id}), season_start)


def others(listed: Sequence[SeasonRow], season: SeasonRow) -> frozenset[str]:
    """What the other seasons of an account come down to (`words.seasons.key`)."""
    return frozenset(key(one.label, one.start_date, one.end_date) for one in listed if one.id != season.id)


def running_season(engine: Engine, credential_id: int, *, day: date, season_start: str) -> str | None:
    """The label of the credential's season on `day`: the latest that has begun, unless all are over.

    None where nothing is known of its seasons yet (`verify` fills them).
    """
    with driver_errors(), engine.connect() as connection:
        return running(known(connection, credential_id, season_start), day)


def known_partitions(engine: Engine) -> tuple[dict[int, str], dict[int, list[str]]]:
    """Credential id → partition key, and credential id → season labels, of every credential; makes missing keys."""
    with driver_errors():
        ensure_partition_keys(engine)
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
    return f"The account has no such season; it has {', '.join(labels)}" if labels else "The account has no season"
