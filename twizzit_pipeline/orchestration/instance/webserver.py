"""``python -m twizzit_pipeline.orchestration.instance.webserver``: Dagster's web server with our guard before it.

It takes the options of ``dagster-webserver``, and from our settings which origins are its own (`TWIZZIT_UI_ORIGINS`)
and whether it changes anything (`TWIZZIT_UI_READ_ONLY`).
"""

import sys
from typing import Any

import click

from twizzit_pipeline.errors import ProcessFailed, TwizzitPipelineError
from twizzit_pipeline.orchestration.instance.dagster_cli import webserver_command
from twizzit_pipeline.orchestration.instance.guard import Guard
from twizzit_pipeline.settings import Settings, load_settings

_FACTORY = "create_app_from_workspace_process_context"
_LOOPBACK = "127.0.0.1"


def serve(settings: Settings, arguments: list[str]) -> None:
    """Run the web server with these options of Dagster's; ends the process.

    Raises:
        ProcessFailed: this version of Dagster makes its application elsewhere, so that nothing would guard it.
    """
    if not hasattr(webserver_command, _FACTORY):
        raise ProcessFailed("This version of dagster-webserver cannot be guarded: install the one of requirements.txt")
    make = getattr(webserver_command, _FACTORY)

    def guarded(*given: Any, **named: Any) -> Guard:
        host = str(click.get_current_context().params.get("host") or _LOOPBACK)
        return Guard(make(*given, **named), host=host, origins=settings.own_ui_origins)

    setattr(webserver_command, _FACTORY, guarded)
    read_only = ["--read-only"] if settings.ui_read_only else []
    webserver_command.cli(
        args=[*arguments, *read_only], prog_name="dagster-webserver", auto_envvar_prefix="DAGSTER_WEBSERVER"
    )


if __name__ == "__main__":
    try:
        serve(load_settings(), sys.argv[1:])
    except TwizzitPipelineError as error:
        sys.exit(f"Error: {error}")
