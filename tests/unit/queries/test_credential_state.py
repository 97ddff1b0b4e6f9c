"""The state of a credential: each of the closed set, which of two comes first, and that the documents know them all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from twizzit_pipeline.queries import credential_state
from twizzit_pipeline.queries.credential_state import CredentialFacts, CredentialState, state_of, what_to_do, why
from twizzit_pipeline.scheduling.schedule import BUDGET_SPENT, QUOTA_SPENT

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LATER, EARLIER = NOW + timedelta(minutes=7), NOW - timedelta(minutes=7)
BY_HAND = CredentialFacts(credential_id=3, organization_name="KC Noord")
AUTOMATIC = replace(BY_HAND, auto_sync_enabled=True, next_sync_at=LATER, last_sync_status="success")
ROOT = Path(__file__).parents[3]


def state(facts: CredentialFacts, *, broken: bool = False, late: bool = False, **changes: Any) -> CredentialState:
    return state_of(replace(facts, **changes), broken=broken, late=late, now=NOW)


EXAMPLES: dict[CredentialState, tuple[CredentialFacts, dict[str, Any]]] = {
    CredentialState.INACTIVE: (AUTOMATIC, {"is_active": False}),
    CredentialState.RUNNING: (AUTOMATIC, {"is_running": True}),
    CredentialState.BROKEN: (AUTOMATIC, {"broken": True}),
    CredentialState.PAUSED: (AUTOMATIC, {"paused_until": LATER}),
    CredentialState.FAILING: (AUTOMATIC, {"consecutive_failures": 1}),
    CredentialState.LATE: (AUTOMATIC, {"late": True}),
    CredentialState.PARTIAL: (AUTOMATIC, {"last_sync_status": "partial_success"}),
    CredentialState.DUE: (AUTOMATIC, {"next_sync_at": NOW}),
    CredentialState.WAITING: (AUTOMATIC, {"last_sync_status": None}),
    CredentialState.OK: (AUTOMATIC, {}),
    CredentialState.UNSYNCED: (BY_HAND, {}),
    CredentialState.OFF: (BY_HAND, {"last_sync_status": "success"}),
}


@pytest.mark.parametrize("wanted", CredentialState, ids=str)
def test_each_state_has_what_leads_to_it(wanted: CredentialState) -> None:
    facts, changes = EXAMPLES[wanted]
    assert state(facts, **changes) is wanted


def test_the_first_that_fits_is_the_state() -> None:
    """Everything is wrong at once; each time the first fault is put right, the next one shows."""
    wrong: dict[str, Any] = {
        "is_active": False,
        "is_running": True,
        "broken": True,
        "paused_until": LATER,
        "consecutive_failures": 2,
        "late": True,
        "last_sync_status": "partial_success",
        "next_sync_at": EARLIER,
    }
    right: dict[str, Any] = {
        "is_active": True,
        "is_running": False,
        "broken": False,
        "paused_until": EARLIER,
        "consecutive_failures": 0,
        "late": False,
        "last_sync_status": "success",
        "next_sync_at": LATER,
    }
    shown = [state(AUTOMATIC, **wrong)]
    for name, value in right.items():
        wrong[name] = value
        shown.append(state(AUTOMATIC, **wrong))
    assert shown == [
        CredentialState.INACTIVE,
        CredentialState.RUNNING,
        CredentialState.BROKEN,
        CredentialState.PAUSED,
        CredentialState.FAILING,
        CredentialState.LATE,
        CredentialState.PARTIAL,
        CredentialState.DUE,
        CredentialState.OK,
    ]


def test_what_concerns_automatic_syncs_alone_says_nothing_where_they_are_off() -> None:
    assert (
        state(BY_HAND, last_sync_status="success", paused_until=LATER, consecutive_failures=4, late=True)
        is CredentialState.OFF
    )
    assert state(BY_HAND, last_sync_status="failed") is CredentialState.FAILING
    assert state(BY_HAND, last_sync_status="partial_success") is CredentialState.PARTIAL


def test_an_automatic_sync_without_a_time_is_due() -> None:
    assert state(AUTOMATIC, next_sync_at=None, last_sync_status=None) is CredentialState.DUE


def test_why_says_what_the_sync_said() -> None:
    failed = replace(AUTOMATIC, consecutive_failures=3, last_sync_error="the month's calls\nare used up")
    assert why(failed, CredentialState.FAILING) == "3 automatic syncs failed in a row; the month's calls are used up"
    assert why(replace(failed, consecutive_failures=1), CredentialState.FAILING) == "the month's calls are used up"
    assert why(replace(AUTOMATIC, paused_because="no calls left"), CredentialState.PAUSED) == "no calls left"
    assert why(AUTOMATIC, CredentialState.BROKEN, "an interval of 0 minutes") == "an interval of 0 minutes"
    assert why(AUTOMATIC, CredentialState.OK) == CredentialState.OK.meaning


def test_a_failing_credential_says_when_another_try_helps() -> None:
    usual = "Read why, and what helps: twizzit history 3; once that is done: twizzit sync 3"
    by_hand = replace(BY_HAND, last_sync_status="failed")
    spent: dict[str, Any] = {"paused_because": QUOTA_SPENT, "paused_until": datetime(2026, 12, 1, tzinfo=UTC)}
    assert what_to_do(by_hand, CredentialState.FAILING, NOW) == usual
    assert what_to_do(replace(by_hand, **spent), CredentialState.FAILING, NOW).startswith(
        "Wait for the next month (2026-12-01 00:00 UTC), or ask Twizzit for more calls; a try before that fails as well"
    )
    over = replace(by_hand, paused_because=QUOTA_SPENT, paused_until=EARLIER)
    assert what_to_do(over, CredentialState.FAILING, NOW) == usual
    # The limit that an administrator set stops automatic syncs alone.
    budget = replace(by_hand, paused_because=BUDGET_SPENT, paused_until=LATER)
    assert what_to_do(budget, CredentialState.FAILING, NOW) == usual


def test_a_failing_credential_says_when_it_asks_again_by_itself() -> None:
    failing = replace(AUTOMATIC, last_sync_status="failed", consecutive_failures=2)
    said = what_to_do(failing, CredentialState.FAILING, NOW)
    assert said.startswith("Read why, and what helps: twizzit history 3")
    assert said.endswith(". It asks again by itself at 2026-11-23 12:07 UTC")
    for due in (replace(failing, next_sync_at=EARLIER), replace(failing, next_sync_at=None)):
        assert "by itself" not in what_to_do(due, CredentialState.FAILING, NOW)


def test_every_state_says_what_it_means_and_what_to_do() -> None:
    assert all(one.meaning and one.what_to_do for one in CredentialState)
    attention = {one.name for one in CredentialState if one.needs_attention}
    assert attention == {"BROKEN", "PAUSED", "FAILING", "LATE"}


def test_the_module_and_its_document_describe_every_state() -> None:
    assert credential_state.__doc__ is not None
    in_module = [
        line.split()[0] for line in credential_state.__doc__.splitlines() if line.split() and not line[0].isspace()
    ]
    assert [word for word in in_module if word in set(CredentialState)] == list(CredentialState)
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    for one in CredentialState:
        assert f"| `{one.value}` | {one.meaning} | {one.what_to_do} |" in page, one


def test_every_state_says_what_an_operator_does() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert [one.value for one in CredentialState if f"`{one.value}`" not in text] == []
