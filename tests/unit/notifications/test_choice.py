"""Which of the facts that wait make the next message, and how long the others wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from twizzit_pipeline.notifications.budgets import BudgetUse
from twizzit_pipeline.notifications.choice import (
    DIGEST_EVERY,
    DIGEST_WAITS,
    MOST_CREDENTIALS,
    MOST_MESSAGES,
    Sent,
    next_message,
    of_one_credential,
)
from twizzit_pipeline.notifications.events import BUDGET_80, FAILED, LATE, PARTIAL, QUESTIONS, RECOVERED

NOW = datetime(2026, 11, 23, 13, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Row:
    id: int
    kind: str
    credential_id: int = 1
    created_at: datetime = NOW


def chosen(*due: Row, sent: Sent | None = None) -> list[int]:
    return [row.id for row in next_message(due, sent or Sent(), NOW)]


def test_what_is_urgent_comes_first_and_takes_along_what_else_its_credential_waits_for() -> None:
    due = [Row(1, PARTIAL), Row(2, RECOVERED, 2), Row(3, LATE, 2), Row(4, FAILED)]
    assert chosen(*due) == [1, 4], "a failure before lateness"
    assert chosen(*due[:3]) == [2, 3]
    assert chosen(*due[:2]) == [2]
    assert chosen(Row(5, BUDGET_80, 2), Row(6, RECOVERED, 1)) == [6]
    assert chosen() == []


def test_many_credentials_share_one_message_without_what_can_wait() -> None:
    few = [Row(number, FAILED, number) for number in range(1, MOST_CREDENTIALS + 1)]
    assert chosen(*few, Row(20, PARTIAL, 1)) == [1, 20]
    many = [*few, Row(9, FAILED, 9), Row(20, PARTIAL, 1), Row(21, RECOVERED, 1), Row(22, RECOVERED, 30)]
    assert chosen(*many) == [*(row.id for row in few), 9, 21]


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        (Sent(urgent=MOST_MESSAGES - 1, all=MOST_MESSAGES), [1]),
        (Sent(urgent=MOST_MESSAGES, all=MOST_MESSAGES - 1), [2]),
        (Sent(urgent=MOST_MESSAGES, all=MOST_MESSAGES), []),
    ],
)
def test_so_many_messages_go_in_a_while_and_no_more(sent: Sent, found: Sequence[int]) -> None:
    assert chosen(Row(1, FAILED), Row(2, RECOVERED, 2), sent=sent) == found


@pytest.mark.parametrize(
    ("waits", "sent", "goes"),
    [
        (timedelta(), Sent(), True),
        (timedelta(), Sent(syncing=True), False),
        (DIGEST_WAITS - SECOND, Sent(syncing=True), False),
        (DIGEST_WAITS, Sent(syncing=True), True),
        (DIGEST_WAITS, Sent(last_digest=NOW - DIGEST_EVERY + SECOND), False),
        (DIGEST_WAITS, Sent(last_digest=NOW - DIGEST_EVERY), True),
        (timedelta(), Sent(urgent=MOST_MESSAGES, all=MOST_MESSAGES), True),
    ],
)
def test_a_digest_goes_when_nothing_syncs_or_it_waited_and_once_an_hour(
    waits: timedelta, sent: Sent, goes: bool
) -> None:
    due = [Row(1, PARTIAL, 1, NOW - waits), Row(2, QUESTIONS, 2)]
    assert chosen(*due, sent=sent) == ([1, 2] if goes else [])


def test_recipients_of_one_credential_wait_for_no_other() -> None:
    due = [Row(1, PARTIAL), Row(2, LATE, 2), Row(3, RECOVERED, 2)]
    assert [row.id for row in of_one_credential(due)] == [2, 3]
    assert of_one_credential([]) == []


@pytest.mark.parametrize(
    ("calls", "limit", "paused", "nearly", "spent"),
    [
        (79, 100, False, False, False),
        (80, 100, False, True, False),
        (99, 100, False, True, False),
        (100, 100, False, True, True),
        (0, 100, True, False, True),
        (10**6, None, False, False, False),
        (10**6, None, True, False, True),
    ],
)
def test_when_calls_are_nearly_spent_and_when_all_are(
    calls: int, limit: int | None, paused: bool, nearly: bool, spent: bool
) -> None:
    used = BudgetUse(1, "KC Duinen", NOW.date(), calls, limit, NOW if paused else None)
    assert (used.is_nearly_spent, used.is_spent) == (nearly, spent)
