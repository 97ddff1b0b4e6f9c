"""Answers about undos."""

from typing import Any

from pydantic import AliasPath, Field

from twizzit_pipeline.http_api.schemas.base import Answer


class UndoStep(Answer):
    """A row that an undo writes: `restore`, `remove`, `bring_back` or `deactivate`.

    `before` and `after` hold the columns that change; the whole row stands on one side where it goes or comes back.
    `because`: of a row that is deactivated, what refers to it.
    """

    action: str = Field(validation_alias="kind")
    table: str = Field(validation_alias=AliasPath("key", "table"))
    row_id: int = Field(validation_alias=AliasPath("key", "id"))
    twizzit_id: str | None
    name: str
    before: dict[str, Any]
    after: dict[str, Any]
    because: str


class UndoLeft(Answer):
    """What is left as it is: these columns of a row, or the row where there are none.

    `message` says `reason` for people, `because` what stands in the way.
    """

    table: str = Field(validation_alias=AliasPath("key", "table"))
    row_id: int = Field(validation_alias=AliasPath("key", "id"))
    twizzit_id: str | None
    name: str
    columns: list[str]
    reason: str
    message: str
    because: str


class UndoCounts(Answer):
    """How many rows are written in each way, and how many are left, at least in part."""

    restored: int
    removed: int
    brought_back: int
    deactivated: int
    left: int


class UndoResult(Answer):
    """An undo that is done, or that was looked at: then `undo_id` is null, as where nothing was to be written.

    `undo_id` is its own row in the sync history, by which it can be undone. `history_ids` are the rows that it undoes:
    all of the run. `passed_over`: tables that the journal names and no undo writes, with their entries. `next_sync`:
    what the next sync makes of it; empty where nothing is written.
    """

    success: bool
    message: str
    preview: bool
    undo_id: int | None
    credential_id: int
    history_ids: list[int]
    counts: UndoCounts
    steps: list[UndoStep]
    left: list[UndoLeft]
    passed_over: dict[str, int]
    next_sync: str
