"""Which of the facts that wait make the next message: what is urgent first, and never behind what is not.

What belongs here: pure rules. Three kinds of messages, each with limits of its own:

* **Urgent** (a failure, lateness, a sync that hangs, calls used up) is sent at once, one message for each credential;
  many credentials at once share one message. Where many messages were sent lately, the rest goes into one message
  later.
* **Other facts** (works again, most calls used) follow.
* **Partial successes and decisions** wait for each other: the rest arrived, and a run of forty clubs is one *digest*.
  It is sent when nothing syncs any more, or after ten minutes; one an hour at most.

Whatever else waits of a credential goes along with its message, so that nothing overtakes what came before it.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from twizzit_pipeline.notifications import events

URGENT = (events.FAILED, events.LATE, events.HANGING, events.BUDGET_SPENT)
DIGEST = (events.QUESTIONS, events.PARTIAL)

# The most messages in that time; whatever exceeds it goes into one message later.
MOST_MESSAGES, IN_TIME = 10, timedelta(minutes=10)
# More credentials than that at once share one message.
MOST_CREDENTIALS = 5
DIGEST_WAITS, DIGEST_EVERY = timedelta(minutes=10), timedelta(hours=1)


class Waiting(Protocol):
    """A fact that waits, by the columns of its row."""

    @property
    def id(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def credential_id(self) -> int: ...
    @property
    def created_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent lately, and whether more is to be expected.

    Attributes:
        urgent: messages of the last ten minutes with an urgent fact; `all`: those that were no digest.
        last_digest: when the last message about partial successes alone was sent; None where none was.
        syncing: a sync is under way, or about to begin.
    """

    urgent: int = 0
    all: int = 0
    last_digest: datetime | None = None
    syncing: bool = False


_Row = TypeVar("_Row", bound=Waiting)


def next_message(due: Sequence[_Row], sent: Sent, now: datetime) -> list[_Row]:
    """The rows of the next message, by id; none where all of them are to wait longer.

    Args:
        due: what waits and may be tried now.
    """
    if sent.urgent < MOST_MESSAGES and (found := _of_one_or_all(due, lambda row: row.kind in URGENT)):
        return found
    if sent.all < MOST_MESSAGES and (found := _of_one_or_all(due, lambda row: row.kind not in (*URGENT, *DIGEST))):
        return found
    digest = [row for row in due if row.kind in DIGEST]
    return digest if digest and _goes(digest, sent, now) else []


def of_one_credential(due: Sequence[_Row]) -> list[_Row]:
    """The rows of the credential with the most urgent one: recipients of one credential wait for no other."""
    if not due:
        return []
    first = min(due, key=_urgency)
    return [row for row in due if row.credential_id == first.credential_id]


def _of_one_or_all(due: Sequence[_Row], matters: Callable[[_Row], bool]) -> list[_Row]:
    found = [row for row in due if matters(row)]
    credentials = {row.credential_id for row in found}
    if not found:
        return []
    if len(credentials) > MOST_CREDENTIALS:
        return _without_digest(due, credentials)
    first = min(found, key=_urgency)
    return [row for row in due if row.credential_id == first.credential_id]


def _without_digest(due: Sequence[_Row], credentials: Collection[int]) -> list[_Row]:
    return [row for row in due if row.credential_id in credentials and row.kind not in DIGEST]


def _urgency(row: Waiting) -> tuple[int, int]:
    order = (*URGENT, events.RECOVERED, events.BUDGET_80, *DIGEST)
    return (order.index(row.kind) if row.kind in order else len(order), row.id)


def _goes(digest: Sequence[Waiting], sent: Sent, now: datetime) -> bool:
    if sent.last_digest is not None and now - sent.last_digest < DIGEST_EVERY:
        return False
    return not sent.syncing or now - min(row.created_at for row in digest) >= DIGEST_WAITS
