"""``python -m`` and this module's name, then a program: it takes this process's place, on this project's instance.

For containers and units that run Dagster's own programs, such as ``dagster-daemon run``: they find dagster.yaml in
DAGSTER_HOME, the schema of their tables made, and the URLs in their environment, all from our settings.
"""

import os
import sys
from collections.abc import Sequence

from twizzit_pipeline.errors import ProcessFailed, TwizzitPipelineError
from twizzit_pipeline.orchestration.instance.home import dagster_environment
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.settings.processes import process_environment
from twizzit_pipeline.storage.engine import open_database


def become(settings: Settings, command: Sequence[str]) -> None:
    """Run the program in place of this process; returns only by an error.

    Raises:
        ProcessFailed: no program is named, the one that is cannot be started, or the database would end with this
            process.
        DatabaseUnavailable, DatabaseRefused, SettingsError: as `dagster_environment`.
    """
    if not command:
        raise ProcessFailed("Name a program and its arguments, such as: dagster-daemon run --workspace workspace.yaml")
    if settings.embedded:
        raise ProcessFailed("The embedded database ends with this process: set TWIZZIT_DATABASE_URL, or use twizzit up")
    with open_database(settings) as database:
        environment = process_environment(**dagster_environment(settings, database))
    try:
        os.execvpe(command[0], list(command), environment)  # noqa: S606  (no shell is meant)
    except OSError as error:
        raise ProcessFailed(f"{command[0]} cannot be started: {error.strerror}") from None


if __name__ == "__main__":
    try:
        become(load_settings(), sys.argv[1:])
    except TwizzitPipelineError as error:
        sys.exit(f"Error: {error}")
