"""One round of notifications: look for new facts, then send them, channel by channel.

What belongs here: the order of the two. A round takes place outside of any sync, so that no receiver can disturb one: a
dead receiver costs a few seconds of a round, and delays only its own channel.
"""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, Engine, select

from twizzit_pipeline.errors import ReceiverFailed
from twizzit_pipeline.notifications import budgets, messages, outbox
from twizzit_pipeline.notifications.channels import Channel
from twizzit_pipeline.notifications.email import ClubEmail, Email
from twizzit_pipeline.notifications.events import Fact
from twizzit_pipeline.notifications.look import facts_of
from twizzit_pipeline.notifications.outbox import CATCHING_UP, FORGETS_AFTER, OVERLAP, Bookmark
from twizzit_pipeline.notifications.runs import Run, ended_since
from twizzit_pipeline.queries import hanging
from twizzit_pipeline.queries.hanging import Hanging
from twizzit_pipeline.runs import plans
from twizzit_pipeline.runs.lease import close_interrupted
from twizzit_pipeline.runs.plans import StoredPlan
from twizzit_pipeline.scheduling import freshness, recipients
from twizzit_pipeline.scheduling.freshness import Late
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import credentials

SECONDS_A_ROUND = 5.0  # no message of a channel begins later


@dataclass(frozen=True, slots=True)
class RoundResult:
    """What a round did for one channel.

    Attributes:
        found: facts that were new.
        messages: how many were sent.
        waiting: facts that are still to be sent.
        given_up: facts that could not be sent for a day.
        trouble: why the last message was not accepted, or only in part; None where all is well.
    """

    channel: str
    found: int
    messages: int
    waiting: int
    given_up: int
    trouble: str | None


def notify(engine: Engine, channels: Sequence[Channel], at: datetime | None = None) -> list[RoundResult]:
    """One round for these channels. `at`: instead of the database's time.

    Raises:
        DatabaseUnavailable, DatabaseRefused: the database could not be used.
    """
    with driver_errors():
        close_interrupted(engine)
    results = []
    for channel in [*channels, *_of_the_clubs(engine, channels)]:
        found = look(engine, channel.name, at, only=channel.addresses if isinstance(channel, ClubEmail) else None)
        given_up = outbox.give_up(engine, channel.name, at)
        sent, trouble = _deliver(engine, channel, at)
        waiting = outbox.waiting(engine, channel.name, at)
        results.append(RoundResult(channel.name, found, sent, waiting, given_up, trouble))
    return results


def _of_the_clubs(engine: Engine, channels: Sequence[Channel]) -> list[ClubEmail]:
    """The channel to the recipients of single credentials; none where no credential has any."""
    letters = [channel for channel in channels if isinstance(channel, Email)]
    with driver_errors(), engine.connect() as connection:
        addresses = recipients.of_all(connection) if letters else {}
    return [ClubEmail(letters[0], addresses)] if addresses else []


def look(engine: Engine, channel: str, at: datetime | None = None, *, only: Collection[int] | None = None) -> int:
    """Stores the channel's new facts since the last look; how many. None where another process is looking.

    Args:
        only: credentials that the channel is about; None for all.
    """
    with driver_errors(), engine.begin() as connection:
        now = at or outbox.now_of(connection)
        bookmark = outbox.take_bookmark(connection, channel, now)
        if bookmark is None:
            return 0
        runs, still_seen = ended_since(connection, bookmark.since, bookmark.seen)
        new = [run for run in runs if run.over and (only is None or run.credential_id in only)]
        # Read after the runs: a credential that has synced in time is not late any more.
        late = [one for one in freshness.late(engine, now) if only is None or one.credential_id in only]
        hung = [one for one in hanging.hanging(engine, now) if only is None or one.credential_id in only]
        waiting = [
            one
            for one in plans.held_in(connection)
            if one.reason == "review" and (only is None or one.credential_id in only)
        ]
        found = facts_of(
            new,
            still_open=outbox.still_open(connection, channel, {run.credential_id for run in new}),
            late=late,
            catching_up=now - bookmark.watching_since < CATCHING_UP,
            organizations=_organizations(connection, _credentials_of(late, hung, waiting)),
            budgets=[one for one in budgets.nearly_spent(connection, now) if only is None or one.credential_id in only],
            now=now,
            hanging=hung,
            plans=waiting,
        )
        written = outbox.write(connection, channel, found)
        seen = still_seen | {row_id for run in new for row_id in run.row_ids}
        since = _next_since(bookmark, [run for run in runs if not run.over], now)
        outbox.move_bookmark(connection, channel, Bookmark(since, seen, bookmark.watching_since), now)
    return written


def _next_since(bookmark: Bookmark, unfinished: Sequence[Run], now: datetime) -> datetime:
    """Where the next look begins: a little before this one, and before the end of any run that is not over."""
    return max(min([now - OVERLAP, *(run.ended_at for run in unfinished)]), now - FORGETS_AFTER, bookmark.since)


def _credentials_of(late: Sequence[Late], hung: Sequence[Hanging], waiting: Sequence[StoredPlan]) -> set[int]:
    """The credentials whose names the facts will need."""
    return {
        *(one.credential_id for one in late),
        *(one.credential_id for one in hung),
        *(one.credential_id for one in waiting),
    }


def _organizations(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    if not ids:
        return {}
    names = select(credentials.c.id, credentials.c.organization_name).where(among(credentials.c.id, ids))
    return {row.id: row.organization_name for row in connection.execute(names)}


def _deliver(engine: Engine, channel: Channel, at: datetime | None) -> tuple[int, str | None]:
    """How many messages were accepted, and why the last one was not. After one that was not, the others wait."""
    began, sent, trouble = time.monotonic(), 0, None
    alone = isinstance(channel, ClubEmail)
    while time.monotonic() - began < SECONDS_A_ROUND and (
        facts := outbox.claim(engine, channel.name, at, each_alone=alone)
    ):
        try:
            remark = within(channel.seconds, partial(_send, channel, facts))
        except ReceiverFailed as error:
            outbox.failed(engine, facts, str(error))
            return sent, str(error)
        outbox.delivered(engine, facts, remark, at)
        sent, trouble = sent + 1, remark or trouble
    return sent, trouble


def _send(channel: Channel, facts: Sequence[Fact]) -> str | None:
    message = messages.compose(facts)
    if isinstance(channel, ClubEmail):
        return channel.send_of(facts[0].credential_id, message)
    return channel.send(message)


def within(seconds: float, send: Callable[[], str | None]) -> str | None:
    """What `send` returns, if it ends in time: a socket's time-out does not stop a receiver that answers bit by bit.

    Raises:
        ReceiverFailed: it did not, or failed; whatever it failed with.
    """
    remarks: list[str | None] = []
    troubles: list[str] = []

    def attempt() -> None:
        try:
            remarks.append(send())
        except ReceiverFailed as error:
            troubles.append(str(error))
        except Exception as error:  # a mistake with one message must not keep the others back
            troubles.append(f"unexpected error: {type(error).__name__}")

    sending = threading.Thread(target=attempt, name="twizzit-notification", daemon=True)
    sending.start()
    sending.join(seconds)
    if remarks:
        return remarks[0]
    raise ReceiverFailed(troubles[0] if troubles else f"The receiver did not finish within {seconds:g} seconds")
