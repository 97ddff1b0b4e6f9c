"""What a session's `gather` gives, of tasks that are done one after the other."""

from collections.abc import Callable, Sequence
from typing import Any

from twizzit_pipeline.errors import TwizzitPipelineError


def gathered(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    """The answer of each task, or the project's error that it ended with."""
    found: list[Any] = []
    for task in tasks:
        try:
            found.append(task())
        except TwizzitPipelineError as error:
            found.append(error)
    return found
