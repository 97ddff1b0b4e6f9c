"""The journal of a plan: what each row was and became, read by PostgreSQL from the rows before they are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select, Table, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, insert

from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.staging import Staged

REPAIR = "repair"  # the action of columns that are written because a repair was asked for
_NOTHING = sa.literal_column("'{}'::jsonb", JSONB)
_COLUMNS = ("history_id", "credential_id", "table_name", "row_id", "twizzit_id", "action", "before", "after")


@dataclass(frozen=True, slots=True)
class Journal:
    """Where a plan's entries belong: a history row and a credential."""

    history_id: int
    credential_id: int

    def made(
        self,
        connection: Connection,
        staged: Staged,
        table_name: str,
        row_id: ColumnElement[Any],
        after: Mapping[str, ColumnElement[Any]],
        *where: ColumnElement[bool],
    ) -> None:
        """Rows that are made."""
        before = sa.cast(sa.null(), JSONB)
        entry = self._entry(staged, table_name, row_id, sa.literal("create"), before, _object(after))
        self._write(connection, entry.where(*where).order_by(staged.table.c.place))

    def rewritten(
        self,
        connection: Connection,
        staged: Staged,
        target: Table,
        row_id: ColumnElement[Any],
        after: Mapping[str, ColumnElement[Any]],
        *where: ColumnElement[bool],
    ) -> None:
        """Rows that are written anew as a whole, with all of the named columns."""
        before = _object({name: target.c[name] for name in after})
        entry = self._entry(staged, target.name, row_id, staged["action"], before, _object(after))
        self._write(connection, entry.where(target.c.id == row_id, *where).order_by(staged.table.c.place))

    def changed(
        self,
        connection: Connection,
        staged: Staged,
        target: Table,
        after: Mapping[str, ColumnElement[Any]],
        *,
        repairs: bool,
    ) -> None:
        """The columns of rows that differ from what they are to be; repaired ones in an entry of their own."""
        for is_repair in (False, True) if repairs else (False,):
            differing = {
                name: (
                    sa.and_(
                        target.c[name].is_distinct_from(value),
                        *([(literal(name) == sa.any_(staged["repaired"])) == is_repair] if repairs else []),
                    ),
                    value,
                )
                for name, value in after.items()
            }
            before = _joined([(differs, name, target.c[name]) for name, (differs, _) in differing.items()])
            became = _joined([(differs, name, value) for name, (differs, value) in differing.items()])
            action = sa.literal(REPAIR) if is_repair else staged["action"]
            entry = self._entry(staged, target.name, target.c.id, action, before, became)
            any_differs = sa.or_(*[differs for differs, _ in differing.values()])
            self._write(
                connection,
                entry.where(target.c.id == staged["row_id"], any_differs).order_by(staged.table.c.place),
            )

    def _entry(
        self,
        staged: Staged,
        table_name: str,
        row_id: ColumnElement[Any],
        action: ColumnElement[Any],
        before: ColumnElement[Any],
        after: ColumnElement[Any],
    ) -> Select[Any]:
        return select(
            literal(self.history_id, sa.Integer),
            literal(self.credential_id, sa.Integer),
            literal(table_name, sa.Text),
            row_id,
            staged["twizzit_id"],
            action,
            before,
            after,
        ).select_from(staged.table)

    def _write(self, connection: Connection, entries: Select[Any]) -> None:
        connection.execute(insert(tables.sync_changes).from_select(_COLUMNS, entries))


def _object(values: Mapping[str, ColumnElement[Any]]) -> ColumnElement[Any]:
    """An object of these values; times in UTC, as every session has them."""
    named = [part for name, value in values.items() for part in (literal(name, sa.Text), value)]
    return func.jsonb_build_object(*named, type_=JSONB)


def _joined(parts: Sequence[tuple[ColumnElement[bool], str, ColumnElement[Any]]]) -> ColumnElement[Any]:
    """An object of those values whose condition holds."""
    joined: ColumnElement[Any] = _NOTHING
    for condition, name, value in parts:
        joined = joined.op("||", return_type=JSONB())(sa.case((condition, _object({name: value})), else_=_NOTHING))
    return joined
