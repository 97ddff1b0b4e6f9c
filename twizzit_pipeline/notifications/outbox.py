"""The rows of `twizzit_notifications`: what is to be sent, what was sent by which channel, and what is tried again.

What belongs here: reading and writing them. Each channel has rows of its own, and one that is no notification, its
*bookmark*: how far it has followed the history. The process with the bookmark's lock looks; others do not.

A message is *claimed* before it is sent, in a transaction of its own that puts its next attempt off: two processes
never send the same one, and after a process that died while sending the next attempt follows. So a message may arrive
twice, and none is lost.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from twizzit_pipeline.notifications import choice
from twizzit_pipeline.notifications.events import HANGING, LATE, STATES, Fact, Facts
from twizzit_pipeline.notifications.lately import BOOKMARK, sent_lately
from twizzit_pipeline.notifications.runs import closed_between
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import notifications

FIRST_LOOK_BACK = timedelta(hours=1)
FORGETS_AFTER = timedelta(days=1)  # a channel that did not follow the history for so long begins anew
# After a pause every credential is late: they get time to catch up before lateness makes a notification.
PAUSE, CATCHING_UP = timedelta(hours=2), timedelta(minutes=10)
GIVES_UP_AFTER = timedelta(days=1)
# A row may be seen later than it was closed: its transaction took that long to commit.
OVERLAP = timedelta(minutes=10)
LONGEST_DELAY = timedelta(minutes=15)

_MOST_ROWS = 5000

_GIVEN_UP = "given up"
_table = notifications.c


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Up to where a channel has followed the history.

    Attributes:
        since: rows that closed before then are not looked at any more (UTC, with zone).
        seen: the history rows since then of the runs that were followed.
        watching_since: when it began to be followed without a pause.
    """

    since: datetime
    seen: frozenset[int]
    watching_since: datetime


@dataclass(frozen=True, slots=True)
class Notification:
    """A row; times are UTC with zone. `state`: ``delivered``, ``waiting`` or ``given up``."""

    id: int
    channel: str
    kind: str
    credential_id: int | None
    state: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    delivered_at: datetime | None
    error: str | None
    body: dict[str, Any]


def now_of(connection: Connection) -> datetime:
    """The database's time: that of the history's rows."""
    now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return now


def take_bookmark(connection: Connection, channel: str, now: datetime) -> Bookmark | None:
    """The channel's bookmark, locked until the transaction ends; None where another process has it."""
    row = {"channel": channel, "key": BOOKMARK, "kind": BOOKMARK, "body": {}, "delivered_at": now}
    of_channel = [_table.channel == channel, _table.key == BOOKMARK]
    if connection.execute(select(_table.id).where(*of_channel)).first() is None:
        connection.execute(insert(notifications).values(row).on_conflict_do_nothing())
    taken = select(_table.body).where(*of_channel).with_for_update(skip_locked=True)
    found = connection.execute(taken).one_or_none()
    if found is None:
        return None
    body = found.body
    unwatched = now - datetime.fromisoformat(body["looked_at"]) if body else FORGETS_AFTER
    if unwatched >= FORGETS_AFTER:
        return Bookmark(now - FIRST_LOOK_BACK, frozenset(), now)
    watching_since = now if unwatched > PAUSE else datetime.fromisoformat(body["watching_since"])
    kept = Bookmark(datetime.fromisoformat(body["since"]), frozenset(body["seen"]), watching_since)
    return _put_back(connection, kept, now) if unwatched < timedelta() else kept


def _put_back(connection: Connection, kept: Bookmark, now: datetime) -> Bookmark:
    """The bookmark where the clock was put back since the last look: what closes from now on lies before it.

    What lies ahead was followed before. Lateness is seen anew: every credential gets time to catch up.
    """
    followed = closed_between(connection, now, kept.since)
    return Bookmark(min(kept.since, now - OVERLAP), kept.seen | followed, now)


def move_bookmark(connection: Connection, channel: str, bookmark: Bookmark, now: datetime) -> None:
    """Stores where the next look begins."""
    body = {
        "looked_at": now.isoformat(),
        "since": bookmark.since.isoformat(),
        "seen": sorted(bookmark.seen),
        "watching_since": bookmark.watching_since.isoformat(),
    }
    connection.execute(update(notifications).where(_table.channel == channel, _table.key == BOOKMARK).values(body=body))


def still_open(connection: Connection, channel: str, credential_ids: Collection[int]) -> list[Fact]:
    """The open facts of these credentials, the oldest first, and those of kind `late` and `hanging` of all."""
    rows = connection.execute(
        select(_table.id, _table.kind, _table.credential_id, _table.key, _table.created_at, _table.body)
        .where(
            _table.channel == channel,
            _table.kind.in_(STATES),
            func.jsonb_array_length(_table.body["open"]) > 0,
            or_(_table.kind.in_((LATE, HANGING)), among(_table.credential_id, credential_ids)),
        )
        .order_by(_table.id)
    )
    return [_fact(row) for row in rows]


def write(connection: Connection, channel: str, found: Facts) -> int:
    """Writes what a look found; how many facts are new to the channel.

    A new one waits together with what waits of the same credential, so that nothing overtakes what came before it.
    """
    for fact in found.changed:
        connection.execute(update(notifications).where(_table.id == fact.row_id).values(body=fact.body))
    keys = [fact.key for fact in found.new]
    known = set(connection.scalars(select(_table.key).where(_table.channel == channel, among(_table.key, keys))))
    new = [fact for fact in found.new if fact.key not in known]
    if not new:
        return 0
    waits_until = _waits_until(connection, channel, {fact.credential_id for fact in new}, new[0].at)
    rows = [
        {
            "key": fact.key,
            "channel": channel,
            "kind": fact.kind,
            "credential_id": fact.credential_id,
            "body": fact.body,
            "created_at": fact.at,
            "next_attempt_at": waits_until.get(fact.credential_id, fact.at),
        }
        for fact in new
    ]
    connection.execute(insert(notifications).on_conflict_do_nothing(), rows)
    return len(rows)


def claim(engine: Engine, channel: str, at: datetime | None = None, *, each_alone: bool = False) -> list[Fact]:
    """The facts of the next message, the oldest first, as `choice` chooses them.

    Empty where nothing is to be sent now, or where another process is sending it. They are due again later, unless
    `delivered` marks them as sent.

    Args:
        each_alone: each credential has its own recipients: no message is about two, and none waits for another.
    """
    with driver_errors(), engine.begin() as connection:
        now = at or now_of(connection)
        due = connection.execute(
            select(notifications)
            .where(
                *_waiting(channel, now),
                # No attempt is put off for longer: one that lies further ahead is of before the clock was put back.
                or_(_table.next_attempt_at <= now, _table.next_attempt_at > now + LONGEST_DELAY),
            )
            .order_by(_table.id)
            .limit(_MOST_ROWS)
            .with_for_update(skip_locked=True)
        ).all()
        if each_alone:
            chosen = choice.of_one_credential(due)
        else:
            chosen = choice.next_message(due, sent_lately(connection, channel, now), now) if due else []
        if chosen:
            tries = max(row.attempts for row in chosen)
            connection.execute(
                update(notifications)
                .where(among(_table.id, [row.id for row in chosen]))
                .values(attempts=_table.attempts + 1, next_attempt_at=now + delay(tries))
            )
    return [_fact(row) for row in chosen]


def delay(tries: int) -> timedelta:
    """How long after a try the next one comes: a minute, then twice as long each time, a quarter of an hour at most."""
    return min(timedelta(minutes=2 ** min(tries, 10)), LONGEST_DELAY)


def delivered(engine: Engine, facts: Sequence[Fact], remark: str | None, at: datetime | None = None) -> None:
    """Marks them as sent, in one message."""
    _mark(engine, facts, delivered_at=at or func.now(), error=remark)


def failed(engine: Engine, facts: Sequence[Fact], error: str) -> None:
    """Notes why they could not be sent; the next attempt is due when `claim` said."""
    _mark(engine, facts, error=error)


def give_up(engine: Engine, channel: str, at: datetime | None = None) -> int:
    """Gives up what could not be sent for a day, and says so in its row; how many rows those are."""
    with driver_errors(), engine.begin() as connection:
        now = at or now_of(connection)
        reason = func.coalesce(_table.error, "no process sent it")
        return connection.execute(
            update(notifications)
            .where(
                _table.channel == channel,
                _table.delivered_at.is_(None),
                _table.created_at <= now - GIVES_UP_AFTER,
                func.coalesce(_table.error, "").not_like(f"{_GIVEN_UP}%"),
            )
            .values(error=func.concat(f"{_GIVEN_UP} after a day and ", _table.attempts, " tries: ", reason))
        ).rowcount


def waiting(engine: Engine, channel: str, at: datetime | None = None) -> int:
    """How many rows are still to be sent."""
    with driver_errors(), engine.connect() as connection:
        now = at or now_of(connection)
        return connection.scalar(select(func.count()).where(*_waiting(channel, now))) or 0


def recent(engine: Engine, *, limit: int = 50, offset: int = 0) -> list[Notification]:
    """What was sent and what still waits, of all channels, newest first."""
    wanted = select(notifications).where(_table.kind != BOOKMARK).order_by(_table.id.desc()).limit(limit)
    with driver_errors(), engine.connect() as connection:
        return [_notification(row) for row in connection.execute(wanted.offset(offset))]


def _waiting(channel: str, now: datetime) -> list[ColumnElement[bool]]:
    return [_table.channel == channel, _table.delivered_at.is_(None), _table.created_at > now - GIVES_UP_AFTER]


def _waits_until(
    connection: Connection, channel: str, credential_ids: Collection[int], now: datetime
) -> dict[int, datetime]:
    rows = connection.execute(
        select(_table.credential_id, func.max(_table.next_attempt_at))
        .where(
            _table.channel == channel,
            _table.delivered_at.is_(None),
            _table.attempts > 0,
            _table.created_at > now - GIVES_UP_AFTER,
            among(_table.credential_id, credential_ids),
        )
        .group_by(_table.credential_id)
    )
    return {int(credential_id): until for credential_id, until in rows}


def _mark(engine: Engine, facts: Sequence[Fact], **values: object) -> None:
    with driver_errors(), engine.begin() as connection:
        connection.execute(
            update(notifications).where(among(_table.id, [fact.row_id for fact in facts])).values(**values)
        )


def _fact(row: Any) -> Fact:
    return Fact(row.kind, row.credential_id, row.key, row.created_at, dict(row.body), row.id)


def _notification(row: Row[Any]) -> Notification:
    values = {name: getattr(row, name) for name in Notification.__dataclass_fields__ if name != "state"}
    given_up = row.delivered_at is None and row.created_at <= datetime.now(UTC) - GIVES_UP_AFTER
    state = "delivered" if row.delivered_at is not None else _GIVEN_UP if given_up else "waiting"
    return Notification(**values, state=state)
