"""Answers about the history of syncs."""

from datetime import datetime

from pydantic import Field

from twizzit_pipeline.http_api.schemas.base import Answer
from twizzit_pipeline.http_api.schemas.syncs import SyncError


class HistoryRow(Answer):
    """One sync of one entity. `synced_at` is when it ended, or began where it is not over.

    `sync_type` is ShotSpot's word; `entity` separates matches from competitions, which share one. `season` is null
    in rows of ShotSpot's own; where `season_exists` is false, the account has no such season and nothing was done.
    A `sync_direction` of decision is no sync, but what a person decided. `questions`: conflicts and doubtful links of
    the entity that waited for a person afterwards.
    """

    id: int
    credential_id: int
    sync_type: str
    entity: str
    season: str | None
    season_exists: bool
    sync_direction: str
    status: str
    items_processed: int
    items_succeeded: int
    items_failed: int
    error_message: str | None
    started_at: datetime
    completed_at: datetime | None
    synced_at: datetime
    questions: int


class History(Answer):
    """Newest first."""

    history: list[HistoryRow]


class RejectedRow(Answer):
    """A row that broke a rule of its contract, by id; `message` says for people what is wrong with it."""

    entity: str
    twizzit_id: str | None
    column_name: str
    rule: str
    message: str


class RowCounts(Answer):
    """The rows that Twizzit listed, and what became of them: `read` = `kept` + `rejected` + `set_aside`."""

    read: int
    kept: int
    rejected: int
    set_aside: int


class SetAsideRows(Answer):
    """Rows that are not meant to come, by reason. `twizzit_ids` are those of the first 200.

    `message` says the reason in plain words; `change` is the body of `PUT /sync/config/:id` by which such rows come
    after all, null where nothing does that.
    """

    reason: str
    word: str | None
    count: int
    twizzit_ids: list[str]
    message: str = Field(validation_alias="words")
    change: dict[str, dict[str, str]] | None


class EventTypes(Answer):
    """The account's types of events by name: those that are matches, and those that are not asked for."""

    read: list[str]
    not_read: list[str]


class Repaired(Answer):
    """What a repair wrote that no other sync would have: edits made in ShotSpot, brought back to Twizzit's values.

    `count`: how many rows; `columns`: column of ShotSpot → in how many of them; `twizzit_ids` are the first 200.
    `message` says it in plain words.
    """

    count: int
    columns: dict[str, int]
    twizzit_ids: list[str]
    message: str


class DepartureCounts(Answer):
    """How many teams, players or matches Twizzit does not list any more, or lists again.

    `departed` and `returned` in this sync, as `closed` (not registered any more); `held` for a person and `waiting` for
    proof after it.
    """

    departed: int
    returned: int
    closed: int
    held: int
    waiting: int


class HistoryEntry(HistoryRow):
    """One sync with all that did not arrive. `rows` is null where none were read, `event_types` but for matches.

    `repair` is null where none was asked for, `departures` where there were none. `undone_by` is the undo by which it
    is undone now, null where it is not; `undid` are the rows of the history that it undid, where it is an undo.

    `unknown_words`: the configuration's list that can say what a word means (`functions`, `statuses`) → the account's
    word that is not known → how many rows have it.
    """

    dagster_run_id: str | None
    rejected_rows: list[RejectedRow]
    failed_items: list[SyncError]
    rows: RowCounts | None
    set_aside: list[SetAsideRows]
    event_types: EventTypes | None
    unknown_words: dict[str, dict[str, int]]
    repair: Repaired | None
    departures: DepartureCounts | None
    undone_by: int | None
    undid: list[int]


class HistoryOne(Answer):
    """One sync."""

    history: HistoryEntry
