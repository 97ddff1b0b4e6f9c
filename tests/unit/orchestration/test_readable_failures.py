"""What an error of a step becomes in Dagster: one line without a person's name, and whether it is tried again."""

import dagster as dg
import pytest
from dagster._utils.error import serializable_error_info_from_exc_info

from twizzit_pipeline.errors import LoginRefused, QuotaSpent, RateLimited, SyncInProgress, TwizzitPipelineError
from twizzit_pipeline.orchestration.run.results import readable_failures


def _values(failure: dg.Failure) -> dict[str, object]:
    return {name: value.value for name, value in failure.metadata.items()}


@pytest.mark.parametrize(
    ("error", "permanent"),
    [
        (LoginRefused("wrong username or password"), True),
        (QuotaSpent("no calls left"), True),
        (RateLimited("slow down"), False),
        (SyncInProgress(), False),
    ],
)
def test_an_error_of_ours_becomes_one_line_without_its_history(error: TwizzitPipelineError, permanent: bool) -> None:
    with pytest.raises(dg.Failure) as raised, readable_failures():
        try:
            raise ValueError("a person's name")
        except ValueError:
            raise error from None
    failure = raised.value
    assert failure.description == str(error)
    assert _values(failure) == {"error": type(error).__name__, "permanent": permanent}
    assert failure.allow_retries is not permanent
    assert failure.__cause__ is None
    assert failure.__suppress_context__


def test_a_defect_of_the_program_keeps_its_kind_and_place_and_not_its_message() -> None:
    with pytest.raises(dg.Failure) as raised, readable_failures():
        int("Annelies")
    failure = raised.value
    assert (failure.description, failure.allow_retries) == ("unexpected error: ValueError", False)
    assert _values(failure) == {"error": "ValueError", "permanent": True}
    assert failure.__traceback__ is not None
    kept = serializable_error_info_from_exc_info((dg.Failure, failure, failure.__traceback__)).to_string()
    assert "keeps_its_kind_and_place" in kept
    assert "invalid literal" not in kept
    assert (failure.__cause__, failure.__suppress_context__) == (None, True)
