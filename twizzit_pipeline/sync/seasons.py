"""Seasons: the ones an account lists, kept in `twizzit_seasons`, and which of them is running or decides.

A season is the label that Twizzit gives; where an account has none, the season running on that day.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Engine, Select, false, func, select
from sqlalchemy.dialects.postgresql import insert

from twizzit_pipeline.credentials import store
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import sync_history, twizzit_players, twizzit_seasons
from twizzit_pipeline.sync.history import PLAYERS_NOT_READ
from twizzit_pipeline.twizzit.records import Season

LABEL_LENGTH = 50
USUAL_START = "07-01"  # the month and day on which a season begins, where the settings do not matter

# What Dagster keeps for itself in the keys of partitions.
_NO_KEY = re.compile(r"[|,\[\]]|\.\.\.|[^ -~\u00a0-\uffff]")


_TWO_YEARS = re.compile(r"(?<!\d)((?:20)?\d\d)\s*[-/‐-— ]\s*((?:20)?\d\d)(?!\d)")

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
    """The seasons of an account with usable, distinct labels; the running one where the account lists none."""
    if not seasons:
        return [season_of(day, season_start)]
    found: dict[str, Season] = {}
    for season in sorted(seasons, key=lambda season: (season.start_date or date.min, season.id or "")):
        label = _NO_KEY.sub("-", season.label)[:LABEL_LENGTH]
        if label in found:
            label = f"{label[: LABEL_LENGTH - 12]}-{season.id}"[:LABEL_LENGTH]
        found[label] = Season(season.id, label, season.start_date, season.end_date)
    return list(found.values())


def refresh(connection: Connection, credential_id: int, seasons: Sequence[Season]) -> None:
    """Writes what differs into `twizzit_seasons`; a season that is no longer listed stays, with what hangs on it."""
    said = ("label", "twizzit_season_id", "start_date", "end_date")
    columns = [twizzit_seasons.c[name] for name in said]
    kept = connection.execute(select(*columns).where(twizzit_seasons.c.credential_id == credential_id))
    same = {tuple(row) for row in kept}
    found = [(season.label, season.id, season.start_date, season.end_date) for season in seasons]
    rows = [dict(zip(said, one, strict=True), credential_id=credential_id) for one in found if one not in same]
    if not rows:
        return
    wanted = insert(twizzit_seasons).values(rows)
    connection.execute(
        wanted.on_conflict_do_update(
            index_elements=["credential_id", "label"],
            set_={**{name: wanted.excluded[name] for name in said}, "updated_at": func.now()},
        )
    )


def known(connection: Connection, credential_id: int, season_start: str) -> list[SeasonRow]:
    """Every season of a credential, the oldest first."""
    wanted = select(*(twizzit_seasons.c[name] for name in ROW))
    return of_rows(connection.execute(wanted.where(twizzit_seasons.c.credential_id == credential_id)), season_start)


def of_rows(rows: Iterable[Sequence[Any]], season_start: str) -> list[SeasonRow]:
    """Seasons of one credential, the oldest first, of rows with the columns `ROW`; a date may be its ISO text.

    Raises:
        ValueError: a text is no date.
    """
    filled = [
        _with_dates(row_id, label, remote_id, _date(start), _date(end), season_start=season_start)
        for row_id, label, remote_id, start, end in rows
    ]
    return sorted(filled, key=lambda season: (season.start_date, season.id))


def decides(connection: Connection, credential_id: int, season: SeasonRow, *, day: date, season_start: str) -> bool:
    """Whether `season` is the latest that has begun and lists a team with players.

    A later one that has begun and was never scanned may list some: then this one does not decide.
    """
    if season.start_date > day:
        return False
    # Of two that begin on one day the later one in the list: both deciding, a player would change teams at each sync.
    here = (season.start_date, season.id)
    later = [
        row
        for row in known(connection, credential_id, season_start)
        if here < (row.start_date, row.id) and row.start_date <= day
    ]
    return all(
        teams_scanned(connection, credential_id, row)
        and _players_scanned(connection, credential_id, row)
        and not _lists_players(connection, credential_id, row)
        for row in later
    )


def teams_scanned(connection: Connection, credential_id: int, season: SeasonRow, *, run_id: str | None = None) -> bool:
    """Whether all the teams of the season were read once, by a sync that ended well or by the run `run_id`."""
    by_run = sync_history.c.dagster_run_id == run_id if run_id is not None else false()
    scanned = _history_of(credential_id, "teams", season).where(_ended_well() | by_run)
    return connection.execute(scanned.limit(1)).first() is not None


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
    return credentials, labels


def same(one: str, other: str) -> bool:
    """Whether two labels mean one season: the same words, or the same two years however they are joined.

    ``2026-2027``, ``2026/2027``, ``26-27`` and ``Seizoen 2026-27`` are one; a year alone is none.
    """
    if " ".join(one.casefold().split()) == " ".join(other.casefold().split()):
        return True
    years = _years(one)
    return years is not None and years == _years(other)


def meant(listed: Sequence[SeasonRow], asked: str) -> SeasonRow | None:
    """The season that `asked` means: by its label, by its remote id, or by a label that says the same years."""
    wanted = asked.strip()
    by_label = [season for season in listed if season.label == wanted]
    by_id = [season for season in listed if season.twizzit_season_id == wanted]
    alike = [season for season in listed if same(season.label, wanted)]
    return next(iter(by_label or by_id or alike), None)


def not_listed(listed: Sequence[SeasonRow]) -> str:
    """What to say to whoever asked for a season that is not among these (the oldest first)."""
    labels = [season.label for season in reversed(listed)]
    return f"The account has {', '.join(labels)}" if labels else "The account has no season"


def usable(label: str) -> bool:
    """Whether a season's label can be a partition key: Dagster keeps a few characters for itself."""
    return bool(label) and label.isprintable() and not set(label) & set("|,[]") and "..." not in label


def _years(label: str) -> tuple[int, int] | None:
    """The two years of a label, if it has two that follow each other."""
    found = _TWO_YEARS.search(label)
    if found is None:
        return None
    first, second = (int(year) % 100 for year in found.groups())
    return (first, second) if second == (first + 1) % 100 else None


def _date(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _with_dates(
    row_id: int, label: str, remote_id: str | None, start: date | None, end: date | None, *, season_start: str
) -> SeasonRow:
    """Dates that the account left out follow from the first year in the label, else from today."""
    if start is None or end is None or end < start:
        year = re.search(r"\b(20\d\d)\b", label)
        day = date.fromisoformat(f"{year[1]}-{season_start}") if year else today()
        computed = season_of(day, season_start)
        start, end = computed.start_date, computed.end_date
    assert start is not None
    assert end is not None
    return SeasonRow(row_id, label, remote_id, start, end)


def _players_scanned(connection: Connection, credential_id: int, season: SeasonRow) -> bool:
    """Whether the players of all its teams were read once."""
    unread = func.coalesce(sync_history.c.details["failed"].has_key(PLAYERS_NOT_READ), false())
    scanned = _history_of(credential_id, "players", season).where(_ended_well(), ~unread)
    return connection.execute(scanned.limit(1)).first() is not None


def _history_of(credential_id: int, entity: str, season: SeasonRow) -> Select[tuple[int]]:
    """The syncs of a whole season: one of its teams alone says nothing about the others."""
    return select(sync_history.c.id).where(
        sync_history.c.credential_id == credential_id,
        sync_history.c.sync_type == entity,
        sync_history.c.details["season"].astext == season.label,
        sync_history.c.details["group_id"].astext.is_(None),
    )


def _ended_well() -> ColumnElement[bool]:
    return sync_history.c.status.in_(("success", "partial_success"))


def _lists_players(connection: Connection, credential_id: int, season: SeasonRow) -> bool:
    listed_players = select(twizzit_players.c.twizzit_player_id).where(
        twizzit_players.c.credential_id == credential_id, twizzit_players.c.season_id == season.id
    )
    return connection.execute(listed_players.limit(1)).first() is not None
