"""Days and times that Python does not hold: read as the first or the last, and infinity written back as itself."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Date, DateTime, bindparam, literal_column, select, text

from twizzit_pipeline.storage.ends_of_time import FIRST_DAY, FIRST_MOMENT, LAST_DAY, LAST_MOMENT
from twizzit_pipeline.storage.engine import Database

EACH = "CAST(:said AS date), CAST(:said AS timestamptz), CAST(:said AS timestamp)"


@pytest.mark.parametrize(
    ("said", "day", "moment"),
    [
        ("infinity", LAST_DAY, LAST_MOMENT),
        ("-infinity", FIRST_DAY, FIRST_MOMENT),
        ("12026-01-01", LAST_DAY, LAST_MOMENT),
        ("0044-03-15 BC", FIRST_DAY, FIRST_MOMENT),
        ("2026-11-21", date(2026, 11, 21), datetime(2026, 11, 21, tzinfo=UTC)),
        ("9999-12-31", date(9999, 12, 31), datetime(9999, 12, 31, tzinfo=UTC)),
    ],
)
def test_they_are_read(database: Database, said: str, day: date, moment: datetime) -> None:
    with database.engine.connect() as connection:
        found = connection.execute(text(f"SELECT {EACH}"), {"said": said}).one()
    assert tuple(found) == (day, moment, moment.replace(tzinfo=None))


@pytest.mark.parametrize("said", ["infinity", "-infinity", "2026-11-21"])
def test_they_are_written_back(database: Database, said: str) -> None:
    same = select(
        literal_column(f"'{said}'::date") == bindparam("day", type_=Date),
        literal_column(f"'{said}'::timestamptz") == bindparam("moment", type_=DateTime(timezone=True)),
        literal_column(f"'{said}'::timestamp") == bindparam("in_utc", type_=DateTime()),
        literal_column(f"ARRAY['{said}'::date]") == bindparam("days"),
    )
    with database.engine.connect() as connection:
        day, moment, in_utc = connection.execute(text(f"SELECT {EACH}"), {"said": said}).one()
        values = {"day": day, "moment": moment, "in_utc": in_utc, "days": [day]}
        assert tuple(connection.execute(same, values).one()) == (True,) * 4
