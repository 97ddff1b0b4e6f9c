"""This project's Dagster instance: its folder, its environment, and how a process of ours opens it.

What belongs here: where Dagster keeps its files and tables. What runs on the instance is in `launch`, and Dagster's own
commands are in `dagster_command`.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
from dagster_postgres.utils import DagsterPostgresException

from twizzit_pipeline import logs
from twizzit_pipeline.errors import DatabaseUnavailable, SettingsError
from twizzit_pipeline.orchestration.dagster_modules import NO_STEP_LOGS
from twizzit_pipeline.orchestration.dagster_private import (
    ConfigurableClass,
    ConfigurableClassData,
    EvaluationError,
    InstanceRef,
    resolve_to_config_type,
    validate_config,
)
from twizzit_pipeline.orchestration.instance.configuration import (
    CONFIGURATION,
    OVERLAY,
    configuration_text,
    is_ours,
    overlay_of,
)
from twizzit_pipeline.orchestration.instance.kept_storage import KeptPostgresStorage
from twizzit_pipeline.orchestration.instance.launchers import BROKER, require_installed
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.settings.os_errors import why_refused
from twizzit_pipeline.storage.dagster_schema import prepare_schema
from twizzit_pipeline.storage.engine import Database, driver_errors

_LONGEST_MISTAKE = 400
_PARTS = ("run_coordinator", "run_launcher", "scheduler")  # of the file, those that are classes and not ours alone

_log = logs.logger(__name__)


def dagster_home(settings: Settings) -> Path:
    """The folder of Dagster's files, `TWIZZIT_HOME/dagster` as an absolute path, made ready.

    Only its owner may enter it. Its `dagster.yaml` is made of the base, the settings and the operator's file, and
    renewed when one of them differs; one that a person changed is kept beside it (`dagster.yaml.was`).

    Raises:
        SettingsError: the folder cannot be written, or the operator's file cannot be read.
    """
    home = settings.home.absolute()
    folder = home / "dagster"
    wanted = configuration_text(settings)
    try:
        if not home.exists():
            home.mkdir(mode=0o700, parents=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        _write(folder / CONFIGURATION, wanted)
    except OSError as error:
        raise SettingsError(f"TWIZZIT_HOME: {folder} cannot be written: {why_refused(error)}") from None
    return folder


def _write(path: Path, wanted: str) -> None:
    """Another process may read it at this moment: it sees the old file or the new one, never half of it."""
    found = path.read_text(encoding="utf-8", errors="replace") if path.exists() else None
    if found == wanted:
        return
    if found is not None and not is_ours(found):
        kept = _free_name(path)
        kept.write_bytes(path.read_bytes())
        _log.warning("dagster.yaml was changed by hand", kept_as=kept.name, own_file=OVERLAY)
    new_file = path.with_suffix(f".new-{os.getpid()}")
    try:
        new_file.write_text(wanted, encoding="utf-8")
        new_file.replace(path)
    except OSError:  # a full disk
        new_file.unlink(missing_ok=True)
        raise


def _free_name(path: Path) -> Path:
    plain = path.with_name(f"{path.name}.was")
    return next(
        name for number in count(1) if not (name := plain if number == 1 else Path(f"{plain}-{number}")).exists()
    )


def dagster_environment(settings: Settings, database: Database) -> dict[str, str]:
    """What a Dagster process needs in its environment, besides what is there already, to work on this instance.

    The password of the database travels here and not in files or arguments, which others can read.

    Raises: as `open_instance` and `check_configuration`.
    """
    prepare_schema(database)
    require_installed(settings)
    if (
        overlay_of(settings) is not None
    ):  # Dagster's programs say a mistake in pages, and a launcher's when a run starts
        check_configuration(settings)
    broker = settings.broker_url
    return {
        "DAGSTER_HOME": str(dagster_home(settings)),
        "DAGSTER_POSTGRES_URL": database.dagster_url,
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "TWIZZIT_HOME": str(settings.home.absolute()),
        **({} if broker is None else {BROKER: broker.get_secret_value()}),
    }


@contextmanager
def open_instance(settings: Settings, database: Database) -> Iterator[dg.DagsterInstance]:
    """The instance, for this process; of the environment nothing is read, and only `kept_events` sets a variable.

    The first time, Dagster makes its tables (about half a second). What steps print is not captured.

    Raises:
        SettingsError: the folder cannot be written.
        DatabaseUnavailable: Dagster's tables cannot be reached, now or while the instance is open.
        DatabaseRefused, UnsupportedDatabase: they would land where they do not belong, or may not be made.
    """
    prepare_schema(database)
    with driver_errors(), _mistakes_of(settings):
        folder = dagster_home(settings)
        text = (folder / CONFIGURATION).read_text(encoding="utf-8")
        reference = _reference(str(folder), text, database.dagster_url)
        instance = dg.DagsterInstance.from_ref(reference)
    with driver_errors(), _given_up(), instance:
        yield instance


@lru_cache(maxsize=2)
def _reference(folder: str, text: str, url: str) -> InstanceRef:
    """What Dagster makes of `dagster.yaml`; it is read and judged once for each text."""
    return InstanceRef.from_dir(
        folder,
        overrides={
            "storage": {"custom": {**_storage(), "config": {"postgres_url": url}}},
            "compute_logs": {
                "module": NO_STEP_LOGS,
                "class": "NoOpComputeLogManager",
                "config": {},
            },
        },
    )


def check_configuration(settings: Settings) -> None:
    """Whether Dagster takes the `dagster.yaml` that these settings make. Nothing of it is kept.

    Raises:
        SettingsError: the operator's file cannot be read, or holds what Dagster does not take.
    """
    text = configuration_text(settings)
    with TemporaryDirectory(prefix="twizzit-") as folder, _mistakes_of(settings):
        Path(folder, CONFIGURATION).write_text(text, encoding="utf-8")
        reference = InstanceRef.from_dir(folder)
        for part in _PARTS:
            _require_class(part, getattr(reference, f"{part}_data"), overlay_of(settings) or Path(CONFIGURATION))


def _require_class(part: str, named: ConfigurableClassData | None, file: Path) -> None:
    """That the class is there and takes what the file says of it; Dagster itself asks when it first needs it."""
    if named is None:
        return
    try:
        found = getattr(import_module(named.module_name), named.class_name)
    except (ImportError, AttributeError):
        where = f"{named.module_name}.{named.class_name}"
        raise SettingsError(f"{file}: {part}: {where} is not installed here: correct the name, or install it") from None
    if not (isinstance(found, type) and issubclass(found, ConfigurableClass)):
        raise SettingsError(f"{file}: {part}: {named.module_name}.{named.class_name} is no class of that kind")
    judged = validate_config(resolve_to_config_type(found.config_type()), named.config_dict)
    if not judged.success:
        said = _in_one_line(judged.errors or [])
        raise SettingsError(f"{file}: {part}: {said}")


@contextmanager
def _given_up() -> Iterator[None]:
    """What Dagster says once its own tries to reach its tables are over: in the words for what caused it."""
    try:
        yield
    except DagsterPostgresException as error:
        raise (error.__cause__ or DatabaseUnavailable(f"Dagster's tables cannot be reached: {error}")) from None


@contextmanager
def _mistakes_of(settings: Settings) -> Iterator[None]:
    """What Dagster says of a key or a value that it does not take, in one line that names the operator's file."""
    try:
        yield
    except dg.DagsterInvalidConfigError as error:
        said = _in_one_line(error.errors) or " ".join(str(error).split())
        raise SettingsError(f"{overlay_of(settings) or CONFIGURATION}: {said}") from None


def _in_one_line(errors: Iterable[EvaluationError]) -> str:
    return " ".join("; ".join(_without_all_keys(each.message) for each in errors).split())


def _without_all_keys(message: str) -> str:
    """Of a key at the top Dagster lists all that there may be, with their types: three thousand characters."""
    return message if len(message) <= _LONGEST_MISTAKE else message.partition(" Expected: ")[0]


def _storage() -> dict[str, str]:
    return {"module": KeptPostgresStorage.__module__, "class": KeptPostgresStorage.__name__}
