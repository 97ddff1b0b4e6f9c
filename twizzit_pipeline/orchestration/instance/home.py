"""This project's Dagster instance: its folder, its environment, and how a process of ours opens it.

What belongs here: where Dagster keeps its files and tables. What is run on the instance is in `runs`, and the commands
of Dagster's own in `dagster_command`.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.orchestration.dagster_modules import NO_STEP_LOGS
from twizzit_pipeline.orchestration.dagster_private import InstanceRef
from twizzit_pipeline.orchestration.instance.kept_storage import KeptPostgresStorage
from twizzit_pipeline.orchestration.run.limit import GRACE_SECONDS
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.dagster_schema import prepare_schema
from twizzit_pipeline.storage.engine import Database, driver_errors

CONFIGURATION = "dagster.yaml"


def dagster_home(settings: Settings) -> Path:
    """The folder of Dagster's files, `TWIZZIT_HOME/dagster` as an absolute path, made ready.

    Only its owner may enter it. It holds a copy of the project's `dagster.yaml`, with the longest time of a run as the
    settings have it, renewed when that differs.

    Raises:
        SettingsError: the folder cannot be written.
    """
    home = settings.home.absolute()
    folder = home / "dagster"
    wanted = _with_longest_run(_configuration().read_text(encoding="utf-8"), settings)
    written = folder / CONFIGURATION
    try:
        if not home.exists():
            home.mkdir(mode=0o700, parents=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        if not written.exists() or written.read_text(encoding="utf-8") != wanted:
            # Another process may read it at this moment: it sees the old file or the new one, never half of it.
            draft = written.with_suffix(".new")
            draft.write_text(wanted, encoding="utf-8")
            draft.replace(written)
    except OSError as error:
        raise SettingsError(f"TWIZZIT_HOME: {folder} cannot be written: {error.strerror or error}") from None
    return folder


def dagster_environment(settings: Settings, database: Database) -> dict[str, str]:
    """What a Dagster process needs in its environment, besides what is there already, to work on this instance.

    The password of the database travels here and not in files or arguments, which others can read.

    Raises: as `open_instance`.
    """
    prepare_schema(database)
    return {
        "DAGSTER_HOME": str(dagster_home(settings)),
        "DAGSTER_POSTGRES_URL": database.dagster_url,
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "TWIZZIT_HOME": str(settings.home.absolute()),
    }


@contextmanager
def open_instance(settings: Settings, database: Database) -> Iterator[dg.DagsterInstance]:
    """The instance, for this process; nothing of the environment is read or changed.

    The first time, Dagster makes its tables (about half a second). What steps print is not captured.

    Raises:
        SettingsError: the folder cannot be written.
        DatabaseUnavailable: Dagster's tables cannot be reached.
        DatabaseRefused, UnsupportedDatabase: they would land where they do not belong, or may not be made.
    """
    prepare_schema(database)
    with driver_errors():
        reference = InstanceRef.from_dir(
            str(dagster_home(settings)),
            overrides={
                "storage": {"custom": {**_storage(), "config": {"postgres_url": database.dagster_url}}},
                "compute_logs": {
                    "module": NO_STEP_LOGS,
                    "class": "NoOpComputeLogManager",
                    "config": {},
                },
            },
        )
        instance = dg.DagsterInstance.from_ref(reference)
    with instance:
        yield instance


def _storage() -> dict[str, str]:
    return {"module": KeptPostgresStorage.__module__, "class": KeptPostgresStorage.__name__}


def _with_longest_run(configuration: str, settings: Settings) -> str:
    """Dagster takes that number from no variable."""
    seconds = settings.run_seconds + GRACE_SECONDS
    return re.sub(r"(?m)^( *max_runtime_seconds:) *\d+", rf"\1 {seconds}", configuration)


def _configuration() -> Path:
    """The project's `dagster.yaml`: at the top of a checkout, beside this module in an installed wheel."""
    checkout = Path(__file__).parents[3] / CONFIGURATION
    return checkout if checkout.exists() else Path(__file__).with_name(CONFIGURATION)
