"""Dagster's command line, whose `dev` starts the guarded UI: ``python -m`` and this module's name.

It takes ``dev`` and its options, as ``dagster`` does.
"""

import sys
from collections.abc import Sequence
from typing import Any

from twizzit_pipeline.errors import ProcessFailed, TwizzitPipelineError
from twizzit_pipeline.orchestration.instance.dagster_cli import dagster_cli, dev_command

_UNGUARDED, _GUARDED = "dagster_webserver", "twizzit_pipeline.orchestration.instance.webserver"
_START = "open_ipc_subprocess"


def serve(arguments: Sequence[str]) -> None:
    """Run ``dagster ARGUMENTS…``; ends the process.

    Raises:
        ProcessFailed: this version of Dagster starts its web server in another way, so that nothing would guard it.
    """
    start = getattr(dev_command, _START, None)
    if start is None:
        raise ProcessFailed("The UI of this version of `dagster dev` cannot be guarded: use twizzit up")

    def guarded(command: Sequence[str], **named: Any) -> Any:
        return start([_GUARDED if part == _UNGUARDED else part for part in command], **named)

    setattr(dev_command, _START, guarded)
    dagster_cli()(args=list(arguments), prog_name="dagster")


if __name__ == "__main__":
    try:
        serve(sys.argv[1:])
    except TwizzitPipelineError as error:
        sys.exit(f"Error: {error}")
