"""Days and times that PostgreSQL holds and Python does not: infinity, years before 1 or after 9999.

ShotSpot's users may write any into a game, a season or a competition, and an operator `infinity` into the moment of a
credential's next sync; one of them would end the reading of all others. Each is read as a day or a time near the end of
those that there are, which no person writes, and is written back as infinity. A row that is written for another reason
keeps what it holds (`as_it_is`).
"""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from psycopg import Connection, DataError, adapters
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Dumper, Loader, PyFormat
from psycopg.pq import Format
from psycopg.types.datetime import DateDumper, DatetimeDumper, DatetimeNoTzDumper
from sqlalchemy import ColumnElement, Engine, event

from twizzit_pipeline.storage.ends_of_time import FIRST_DAY, FIRST_MOMENT, LAST_DAY, LAST_MOMENT

_FIRST_IN_UTC, _LAST_IN_UTC = (moment.replace(tzinfo=None) for moment in (FIRST_MOMENT, LAST_MOMENT))  # without zone
_INFINITY = dict.fromkeys((FIRST_DAY, FIRST_MOMENT, _FIRST_IN_UTC), b"-infinity") | dict.fromkeys(
    (LAST_DAY, LAST_MOMENT, _LAST_IN_UTC), b"infinity"
)
_DATE, _TIMESTAMP, _TIMESTAMPTZ = 1082, 1114, 1184  # PostgreSQL's ids of the types


def reads_odd_times(engine: Engine) -> Engine:
    """The engine, each connection of which reads and writes them so."""

    @event.listens_for(engine, "connect")
    def connected(connection: Connection[Any], _record: object) -> None:
        connection.adapters.register_loader(_DATE, _DateLoader)
        connection.adapters.register_loader(_TIMESTAMP, _InUtcLoader)
        connection.adapters.register_loader(_TIMESTAMPTZ, _MomentLoader)
        connection.adapters.register_dumper(date, _DateDumper)
        connection.adapters.register_dumper(datetime, _MomentDumper)

    return engine


def as_it_is(column: ColumnElement[Any], value: ColumnElement[Any]) -> ColumnElement[Any]:
    """The value, or what the column of a row holds where that was read as the first or the last: a year 12026 stays."""
    if not isinstance(column.type, sa.Date | sa.DateTime):
        return value
    return sa.case((sa.func.isfinite(value).is_(False), column), else_=value)


class _OddLoader(Loader):
    """Reads as psycopg does, and what it cannot read as the first or the last."""

    of: int
    first: date
    last: date

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        usual = adapters.get_loader(self.of, Format.TEXT)
        assert usual is not None
        self._usual = usual(oid, context)

    def load(self, data: Buffer) -> Any:
        try:
            return self._usual.load(data)
        except DataError:
            said = bytes(data)
            return self.first if said.startswith(b"-") or said.endswith(b"BC") else self.last


class _DateLoader(_OddLoader):
    of, first, last = _DATE, FIRST_DAY, LAST_DAY


class _InUtcLoader(_OddLoader):
    of, first, last = _TIMESTAMP, _FIRST_IN_UTC, _LAST_IN_UTC


class _MomentLoader(_OddLoader):
    of, first, last = _TIMESTAMPTZ, FIRST_MOMENT, LAST_MOMENT


class _DateDumper(DateDumper):
    def dump(self, obj: Any) -> Buffer | None:
        return _INFINITY.get(obj) or super().dump(obj)


class _InUtcDumper(DatetimeNoTzDumper):
    def dump(self, obj: Any) -> Buffer | None:
        return _INFINITY.get(obj) or super().dump(obj)


class _MomentDumper(DatetimeDumper):
    def upgrade(self, obj: datetime, format: PyFormat) -> Dumper:
        return self if obj.tzinfo else _InUtcDumper(self.cls)

    def dump(self, obj: Any) -> Buffer | None:
        return _INFINITY.get(obj) or super().dump(obj)
