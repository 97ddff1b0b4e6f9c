"""Where runs take place: the launcher's packages; with Celery its broker, its workers, their version, the queue; with
containers their API and the image."""

from collections.abc import Iterator
from importlib.metadata import version

from twizzit_pipeline.cli.doctor.finding import Finding, Installation, listed, not_checked, ok, problem, warning
from twizzit_pipeline.cli.output.guides import more
from twizzit_pipeline.cli.output.terminal import plural
from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.fingerprint import fingerprint

_LONG_QUEUE = 100
_GUIDE = ("scaling.md", "Workers of Celery")


def look_at_workers(settings: Settings) -> Iterator[Finding]:
    """Starts nothing, and sends no run."""
    if settings.run_launcher == "process":
        yield ok("runs take place", "In processes of their own beside the code server")
        return
    from twizzit_pipeline.orchestration.instance.launchers import (  # noqa: PLC0415
        launcher_of,
        require_installed,
    )

    require_installed(settings)
    launcher_of(settings)
    if settings.run_launcher == "celery":
        yield from _workers(settings)
    elif settings.run_launcher == "docker":
        yield _image(str(settings.run_image))
    else:
        yield ok("runs take place", f"In {settings.run_launcher}, from the image {settings.run_image}")


def look_at_their_database(installation: Installation) -> Iterator[Finding]:
    """Whether Celery's workers work on this very database: one on another takes runs, and none of them starts."""
    if installation.settings.run_launcher != "celery":
        return
    from twizzit_pipeline.orchestration.instance.workers import inspect_workers  # noqa: PLC0415  (Celery)

    here = fingerprint(installation.database)
    try:
        found = inspect_workers(installation.settings).answered
    except TwizzitPipelineError:  # "runs take place" has said why
        yield not_checked("workers", "The broker does not say which there are")
        return
    elsewhere = [worker.name for worker in found if worker.database not in (None, here)]
    silent = [worker.name for worker in found if worker.database is None]
    if here is None:
        yield not_checked("workers", "The database's user may not ask which server this is (pg_control_system)")
        return
    if elsewhere:
        message = f"They work on another database than this one, and each run that they take fails: {listed(elsewhere)}"
        todo = (
            "Give them the TWIZZIT_DATABASE_URL (and DAGSTER_POSTGRES_URL) of this machine, or end them; after a move "
            f"of the database start them again{more(*_GUIDE)}"
        )
        yield problem("workers", message, todo)
    if silent:
        message = f"They do not say which database they work on: {listed(silent)}"
        yield warning("workers", message, "Install this version there, and start them again")
    if found and not elsewhere and not silent:
        yield ok("workers", "All work on this database")


def _image(image: str) -> Finding:
    """What a launch needs first; whether the database is reached from a container shows when a run starts."""
    from twizzit_pipeline.orchestration.instance.container_launcher import has_image  # noqa: PLC0415  (Docker)

    if not has_image(image):
        todo = "Pull or build it there, or correct TWIZZIT_RUN_IMAGE; a run that starts pulls it as well"
        return warning("runs take place", f"In docker, where there is no image {image} yet", todo)
    return ok("runs take place", f"In docker, from the image {image}, which is there")


def _workers(settings: Settings) -> Iterator[Finding]:
    from twizzit_pipeline.orchestration.instance.workers import inspect_workers  # noqa: PLC0415  (Celery)

    found = inspect_workers(settings)
    mine = version("twizzit-pipeline")
    waiting = f"{plural(found.waiting, 'run')} {'waits' if found.waiting == 1 else 'wait'} in the queue"
    if not found.answered:
        todo = f"Start one: twizzit worker{more(*_GUIDE)}"
        yield problem("runs take place", f"No worker answers at the broker; {waiting}", todo)
        return
    others = [worker.name for worker in found.answered if worker.version != mine]
    if others:
        todo = "Install the same version everywhere: an older one meets migrations that it does not know"
        yield warning("runs take place", f"Workers of another version than {mine}: {listed(others)}", todo)
    answer = "answers" if len(found.answered) == 1 else "answer"
    said = f"{plural(len(found.answered), 'worker of Celery', 'workers of Celery')} {answer}; {waiting}"
    if found.waiting > _LONG_QUEUE:
        yield warning("runs take place", said, f"Start more workers{more(*_GUIDE)}")
    else:
        yield ok("runs take place", said)
