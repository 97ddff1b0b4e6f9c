"""A file that cannot be used says why, and what to look at where this user may not use it."""

from twizzit_pipeline.settings import os_errors


def test_what_this_user_may_not_use_says_what_to_look_at() -> None:
    assert os_errors.why_refused(PermissionError(13, "Permission denied")) == "Permission denied; check who owns it"
    assert os_errors.why_refused(OSError(28, "No space left on device")) == "No space left on device"
