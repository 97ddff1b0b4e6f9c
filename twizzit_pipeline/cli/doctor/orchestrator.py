"""Whether an orchestrator is running to start syncs: our own heartbeat, Dagster's daemons, runs that stand still.

And whether any process could: each reads `dagster.yaml`, with the operator's part of it.
"""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import func, select

from twizzit_pipeline.cli.doctor.finding import Finding, Installation, listed, not_checked, ok, problem, warning
from twizzit_pipeline.cli.doctor.workers import look_at_their_database
from twizzit_pipeline.cli.output.guides import more
from twizzit_pipeline.cli.output.terminal import plural
from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import sync_config, sync_requests

_HANGING_SHOWN = 10
_START = "Start it: twizzit up (or the services of deploy/systemd)"


def look_at_configuration(settings: Settings) -> Iterator[Finding]:
    """The operator's part of `dagster.yaml`; without one Dagster is not even loaded. Writes nothing."""
    own = settings.dagster_overlay or settings.home / "dagster.overlay.yaml"
    if settings.dagster_overlay is None and not own.exists():
        yield ok("dagster.yaml", "As the package has it: there is no part of your own")
        return
    from twizzit_pipeline.orchestration.instance.home import check_configuration  # noqa: PLC0415

    try:
        check_configuration(settings)
    except SettingsError as error:
        todo = f"Correct that file: no sync starts until then{more('operations.md', 'Your own part of dagster.yaml')}"
        yield problem("dagster.yaml", str(error), todo)
    else:
        yield ok("dagster.yaml", f"With your own part of it, {own}")


def look_at_orchestrator(installation: Installation) -> Iterator[Finding]:
    from twizzit_pipeline.scheduling import heartbeat  # noqa: PLC0415
    from twizzit_pipeline.scheduling.automation import SYNC_SENSOR, switched_off  # noqa: PLC0415

    engine = installation.database.engine
    off = switched_off(installation.database)
    for one in off:
        finding = problem if one.name == SYNC_SENSOR else warning
        yield finding("automation", f"The {one.kind} {one.name} is switched off: {one.means}", one.what_to_do)
    if not off:
        yield ok("automation", "No sensor or schedule is switched off")
    start = next((one.what_to_do for one in off if one.name == SYNC_SENSOR), _START)
    with driver_errors(), engine.connect() as connection:
        alive = heartbeat.is_alive(connection)
        automatic = select(func.count()).select_from(sync_config).where(sync_config.c.auto_sync_enabled)
        open_requests = select(func.count()).select_from(sync_requests).where(sync_requests.c.completed_at.is_(None))
        waiting = int(connection.scalar(automatic) or 0) + int(connection.scalar(open_requests) or 0)
    yield from _hanging(installation)
    yield from look_at_their_database(installation)
    seen = heartbeat.seen(engine)
    if seen is None:
        message = "No orchestrator ever ran on this database"
        yield problem("orchestrator", message, start) if waiting else warning("orchestrator", message, start)
        yield not_checked("daemons", "Nothing of Dagster's runs")
        return
    age = _ago(seen[1])
    if alive:
        yield ok("orchestrator", f"Its last sign of life is {age} old")
    else:
        message = f"Its last sign of life is {age} old; {plural(waiting, 'automatic or asked-for sync')} wait for it"
        yield problem("orchestrator", message, start) if waiting else warning("orchestrator", message, start)
    yield from _dagster(installation, alive=alive)


def _hanging(installation: Installation) -> Iterator[Finding]:
    from twizzit_pipeline.queries.hanging import hanging  # noqa: PLC0415

    found = hanging(installation.database.engine)
    for one in found[:_HANGING_SHOWN]:
        yield warning("syncs", f"Credential {one.credential_id}: {one.why}", one.what_to_do)
    if not found:
        yield ok("syncs", "None hangs")


def _dagster(installation: Installation, *, alive: bool) -> Iterator[Finding]:
    from twizzit_pipeline.orchestration.instance.health import inspect_orchestration  # noqa: PLC0415  (Dagster)

    found = inspect_orchestration(installation.settings, installation.database)
    silent = [daemon.name for daemon in found.daemons if not daemon.healthy]
    if not silent:
        yield ok("daemons", f"All {len(found.daemons)} of Dagster's daemons give signs of life")
    elif alive:
        todo = f"Read the daemon's log, then restart it{more('operations.md', 'Logs')}"
        yield problem("daemons", f"Dagster's daemons are silent or report errors: {listed(silent)}", todo)
    else:
        yield not_checked("daemons", f"Silent like the orchestrator: {listed(silent)}")
    if found.dead_runs:
        todo = "Nothing, if the orchestrator runs: its next look ends them. Else start it"
        yield warning("runs", f"Shown as under way, and their process is gone: {listed(_short(found.dead_runs))}", todo)
    if found.stuck_in_queue:
        todo = "See in Dagster's UI which run of the same credential they wait for, and end it there"
        message = f"In the queue for more than half an hour: {listed(_short(found.stuck_in_queue))}"
        yield warning("runs", message, todo)
    if not found.dead_runs and not found.stuck_in_queue:
        yield ok("runs", "None is stuck")


def _short(run_ids: tuple[str, ...]) -> list[str]:
    return [run_id[:8] for run_id in run_ids]


def _ago(age: timedelta) -> str:
    seconds = max(age.total_seconds(), 0)
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
