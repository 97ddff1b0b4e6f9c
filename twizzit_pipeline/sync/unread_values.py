"""Values that are there and could not be read: what the last scan had of them stays, as of a row that was rejected."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import Connection, Table, select

from twizzit_pipeline.storage import bulk


@dataclass(frozen=True, slots=True)
class UnreadValues:
    """Columns of a snapshot that one value of Twizzit's fills, and the remote ids of which it could not be read.

    Attributes:
        alike: columns in which the row must be as it was, or what was known is of another thing (a match that is moved
            has no result yet).
    """

    columns: tuple[str, ...]
    ids: frozenset[str]
    alike: tuple[str, ...] = ()


def as_before(
    connection: Connection, table: Table, scope: Mapping[str, int | str], frame: pd.DataFrame, unread: UnreadValues
) -> pd.DataFrame:
    """The rows of a scan, those of `unread` with what the snapshot has of its columns, where it has all of them."""
    if not unread.ids:
        return frame
    remote_id = [column.name for column in table.primary_key][-1]
    names = [remote_id, *unread.columns, *unread.alike]
    wanted = select(*(table.c[name] for name in names)).where(
        *(table.c[name] == value for name, value in scope.items()),
        *(table.c[name].is_not(None) for name in unread.columns),
        bulk.among(table.c[remote_id], sorted(unread.ids)),
    )
    known = {row[0]: dict(row._mapping) for row in connection.execute(wanted)}
    if not known:
        return frame
    frame = frame.copy()
    for place in frame.index[frame[remote_id].isin(list(known))]:
        before = known[frame.at[place, remote_id]]
        if all(frame.at[place, name] == before[name] for name in unread.alike):
            for name in unread.columns:
                frame.at[place, name] = before[name]
    return frame
