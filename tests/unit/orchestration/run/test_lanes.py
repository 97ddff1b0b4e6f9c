"""The tags of a run: its lane, and the longest time that it may keep a place."""

import pytest

from twizzit_pipeline.errors import RunTooLong
from twizzit_pipeline.orchestration.run import lanes, limit
from twizzit_pipeline.settings import Settings

AN_HOUR = Settings.model_fields["run_seconds"].default


@pytest.mark.parametrize(
    ("quick", "verified", "lane", "seconds"),
    [
        (True, True, None, 300),
        (True, False, None, 300),
        (None, True, "first", 900),
        (None, False, "slow", AN_HOUR),
        (False, True, "slow", AN_HOUR),
        (False, False, "slow", AN_HOUR),
    ],
)
def test_a_run_keeps_a_place_that_others_wait_for_no_longer_than_that(
    quick: bool | None, verified: bool, lane: str | None, seconds: int
) -> None:
    tags = lanes.tags_of(quick, verified=verified)
    assert tags.get(lanes.LANE_TAG) == lane
    assert limit.RunLimit(AN_HOUR, limit.shorter_by(tags)).seconds == seconds
    # Dagster's daemon ends it where it does not end itself; without the tag, after the setting.
    ends = {} if seconds == AN_HOUR else {"dagster/max_runtime": str(seconds + limit.GRACE_SECONDS)}
    assert {name: value for name, value in tags.items() if name.startswith("dagster/")} == ends


def test_a_setting_that_is_shorter_counts_for_first_syncs_as_well() -> None:
    tags = lanes.tags_of(None, verified=True)
    assert limit.RunLimit(60, limit.shorter_by(tags)).seconds == 60


def test_a_first_sync_that_was_ended_says_that_the_next_may_take_longer() -> None:
    moments = iter([0.0, 901.0])
    tags = lanes.tags_of(None, verified=True)
    over = limit.RunLimit(AN_HOUR, limit.shorter_by(tags), clock=lambda: next(moments))
    with (
        pytest.raises(
            RunTooLong, match=r"ended after 15 minutes, the most for a first sync.*the next one may take longer"
        ),
        over.enforced(),
    ):
        pass
