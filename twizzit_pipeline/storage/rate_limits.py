"""How often something may be done, counted by PostgreSQL for all processes and machines that share the database.

Each limit is a row: when it was used last (`slots`, by the database's clock), as far as that still counts. Within any
stretch of `seconds` lie at most `most` of them. One statement reads and writes the row, so that two at once each get
their own slot. pyrate-limiter's bucket for PostgreSQL has a table for each limit, and refuses where two ask at once.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from twizzit_pipeline.storage.engine import driver_errors

# The slots that still count. One that lies further ahead than any is taken was taken before the clock was set back.
_COUNTED = """
    ARRAY(SELECT slot FROM unnest(kept.slots) AS slot
          WHERE slot > {now} - make_interval(secs => :seconds) AND slot < {now} + {ahead} ORDER BY slot)
"""
# A few hundred may wait for their slots, each call for a stretch of its own where the rate is one call in that time.
_WAITED_FOR = "least(interval '1 hour', make_interval(secs => 300 * :seconds))"
_MOMENT = "interval '10 seconds'"  # of one that is spent at once, by a statement that had to wait for the row
# The latest slot that forbids one more before its stretch is over; null where there is room.
_FULL = "(SELECT slot FROM unnest({slots}) AS slot ORDER BY slot DESC OFFSET :most - 1 LIMIT 1)"
_AT_ONCE = _COUNTED.format(now="statement_timestamp()", ahead=_MOMENT)
_LATER = _COUNTED.format(now="clock_timestamp()", ahead=_WAITED_FOR)
_RESERVE = text(f"""
    INSERT INTO twizzit_rate_limits AS kept (key, slots) VALUES (:key, ARRAY[clock_timestamp()])
    ON CONFLICT (key) DO UPDATE SET slots = {_LATER}
        || greatest(clock_timestamp(), {_FULL.format(slots=_LATER)} + make_interval(secs => :seconds))
    RETURNING extract(epoch FROM slots[cardinality(slots)] - clock_timestamp())
""")  # noqa: S608 - the parts are this module's own
_SPEND = text(f"""
    INSERT INTO twizzit_rate_limits AS kept (key, slots) VALUES (:key, ARRAY[statement_timestamp()])
    ON CONFLICT (key) DO UPDATE SET slots = {_AT_ONCE}
        || CASE WHEN cardinality({_AT_ONCE}) < :most THEN ARRAY[statement_timestamp()] ELSE '{{}}' END
    RETURNING slots[cardinality(slots)] = statement_timestamp(),
        extract(epoch FROM {_FULL.format(slots="slots")} + make_interval(secs => :seconds) - statement_timestamp())
""")  # noqa: S608 - the same
_FORGET = text("""
    DELETE FROM twizzit_rate_limits WHERE NOT EXISTS
        (SELECT FROM unnest(slots) AS slot WHERE slot > clock_timestamp() - interval '1 day')
""")


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` within any stretch of `seconds`."""

    most: int
    seconds: float


def reserve(engine: Engine, key: str, limit: Limit) -> float:
    """Takes the next free slot; the seconds until it begins, 0 where it has begun.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    with driver_errors(), _at_once(engine) as connection:
        wait = connection.scalar(_RESERVE, {"key": key, "most": limit.most, "seconds": limit.seconds})
    return max(0.0, float(wait or 0))


def spend(engine: Engine, key: str, limit: Limit) -> float:
    """Takes a slot now, if there is one; else the seconds until there is. 0 where it was taken.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    with driver_errors(), _at_once(engine) as connection:
        row = connection.execute(_SPEND, {"key": key, "most": limit.most, "seconds": limit.seconds}).one()
    taken, wait = row
    return 0.0 if taken else max(0.001, float(wait or 0))


def forget(engine: Engine) -> None:
    """Deletes the limits that were not used for a day."""
    with driver_errors(), _at_once(engine) as connection:
        connection.execute(_FORGET)


def _at_once(engine: Engine) -> Connection:
    """A connection whose statements are each a transaction: one round trip before each call to Twizzit, not three."""
    return engine.connect().execution_options(isolation_level="AUTOCOMMIT")
