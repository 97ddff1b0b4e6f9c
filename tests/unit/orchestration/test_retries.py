"""When a step is retried, and after how long."""

import pytest

from twizzit_pipeline import errors
from twizzit_pipeline.orchestration.run.retries import LONGEST_SECONDS, retry_delay
from twizzit_pipeline.settings import load_settings

SETTINGS = load_settings(_env_file=None)
PASSING = errors.DatabaseUnavailable("away")


def test_waits_double_and_never_fall_below_a_minute() -> None:
    waits = {
        retries: [retry_delay(PASSING, retries, SETTINGS) for _ in range(500)]
        for retries in range(SETTINGS.step_retries)
    }
    for retries, found in waits.items():
        least = 60 * 2**retries
        assert all(wait is not None and least <= wait <= least * 1.25 for wait in found)
        assert len(set(found)) > 400, "steps that failed together are not to be retried together"
    assert retry_delay(PASSING, SETTINGS.step_retries, SETTINGS) is None


@pytest.mark.parametrize(
    "error",
    [
        errors.QuotaSpent("spent"),
        errors.CallBudgetSpent("spent"),
        errors.LoginRefused("refused"),
        errors.LeaseLost("lost"),
        errors.SyncInProgress(),
        errors.ConnectionFailed("silent", silent=True),
        errors.RunTooLong("too long"),
    ],
)
def test_what_does_not_pass_by_itself_or_by_waiting_here_is_not_retried(
    error: errors.TwizzitPipelineError,
) -> None:
    assert retry_delay(error, 0, SETTINGS) is None


def test_what_twizzit_asks_for_is_kept() -> None:
    asked = retry_delay(errors.RateLimited("slow down", retry_after=300.0), 0, SETTINGS)
    assert asked is not None
    assert 300 <= asked <= 375
    short = retry_delay(errors.RateLimited("slow down", retry_after=1.0), 0, SETTINGS)
    assert short is not None
    assert short >= 60
    assert retry_delay(errors.RateLimited("slow down", retry_after=LONGEST_SECONDS + 1), 0, SETTINGS) is None
