"""`twizzit doctor` itself: which looks there are, in which order, and how their findings are shown."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import Annotated

import typer
from rich.text import Text

from twizzit_pipeline.cli.doctor.database import look_at_migrations, look_at_server
from twizzit_pipeline.cli.doctor.endpoints import look_at_endpoints
from twizzit_pipeline.cli.doctor.finding import Finding, Installation, Look, Severity, not_checked, ok, problem
from twizzit_pipeline.cli.doctor.machine import (
    look_at_disk,
    look_at_folders,
    look_at_time_zone,
    look_at_variables,
    look_at_versions,
)
from twizzit_pipeline.cli.doctor.orchestrator import look_at_configuration, look_at_orchestrator
from twizzit_pipeline.cli.doctor.roles import look_at_dagsters_tables, look_at_pooler, look_at_privileges
from twizzit_pipeline.cli.doctor.vault import look_at_passwords, look_at_secrets
from twizzit_pipeline.cli.doctor.workers import look_at_workers
from twizzit_pipeline.cli.exit_codes import ExitCode
from twizzit_pipeline.cli.output.terminal import console, plural, print_json, table
from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.engine import driver_errors, open_database

# Those of the second group want the database, open; after "migrations", at its newest migration.
_WITHOUT_DATABASE: tuple[tuple[str, Callable[[Settings], Iterable[Finding]]], ...] = (
    ("variables", look_at_variables),
    ("versions", look_at_versions),
    ("folders", look_at_folders),
    ("disk", look_at_disk),
    ("time zone", look_at_time_zone),
    ("key", look_at_secrets),
    ("runs take place", look_at_workers),
    ("dagster.yaml", look_at_configuration),
)
_WITH_DATABASE: tuple[tuple[str, Look], ...] = (
    ("database", look_at_server),
    ("connection options", look_at_pooler),
    ("privileges", look_at_privileges),
    ("Dagster's tables", look_at_dagsters_tables),
    ("migrations", look_at_migrations),
    ("passwords", look_at_passwords),
    ("endpoint", look_at_endpoints),
    ("orchestrator", look_at_orchestrator),
)
_COLOURS = {Severity.OK: "green", Severity.WARNING: "yellow", Severity.PROBLEM: "bold red", Severity.NOT_CHECKED: "dim"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON document")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Try the login of every active credential: a few calls each")
    ] = False,
) -> None:
    """Look at everything that can be wrong, and say what to do; exit 1 if there is a problem. Changes nothing."""
    findings = list(examine(verify=verify))
    if as_json:
        healthy = not any(one.severity is Severity.PROBLEM for one in findings)
        print_json({"healthy": healthy, "findings": [_document(one) for one in findings]})
    else:
        _show(findings)
    if any(one.severity is Severity.PROBLEM for one in findings):
        raise typer.Exit(ExitCode.FAILURE)


def examine(*, verify: bool = False) -> Iterator[Finding]:
    """Every finding, one after the other. `verify`: logins are tried, which costs calls."""
    try:
        settings = load_settings()
    except TwizzitPipelineError as error:
        yield problem("settings", str(error))
        for subject, _ in (*_WITHOUT_DATABASE, *_WITH_DATABASE):
            yield not_checked(subject, "The settings cannot be read")
        return
    yield ok("settings", "Every variable is well-formed")
    for subject, look in _WITHOUT_DATABASE:
        yield from _careful(subject, partial(look, settings))
    yield from _with_database(settings, verify=verify)


def _with_database(settings: Settings, *, verify: bool) -> Iterator[Finding]:
    opening = open_database(settings)
    try:
        if settings.embedded and not (settings.home / "postgres").exists():  # opening it would make it
            yield ok("database", "There is none yet: the first command makes it (twizzit migrate)")
            yield from _left_out(_WITH_DATABASE[1:], "There is no database yet")
            return
        database = opening.__enter__()
    except Exception as error:  # whatever it is, the other findings are still to be shown
        yield _of_error("database", error)
        yield from _left_out(_WITH_DATABASE[1:], "The database cannot be opened")
        return
    try:
        yield from _looked_at(Installation(settings, database, verify))
    finally:
        with suppress(TwizzitPipelineError):
            opening.__exit__(None, None, None)


def _looked_at(installation: Installation) -> Iterator[Finding]:
    for place, (subject, look) in enumerate(_WITH_DATABASE):
        found = [*_careful(subject, partial(look, installation))]
        yield from found
        if subject == "migrations" and any(one.severity is Severity.PROBLEM for one in found):
            yield from _left_out(_WITH_DATABASE[place + 1 :], "The database is not migrated")
            return


def _careful(subject: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """What a look finds; an error is a finding too."""
    try:
        with driver_errors():
            yield from look()
    except Exception as error:
        yield _of_error(subject, error)


def _of_error(subject: str, error: Exception) -> Finding:
    if isinstance(error, TwizzitPipelineError):
        return problem(subject, " ".join(str(error).split()))
    if isinstance(error, OSError):
        return problem(subject, f"{error.strerror or type(error).__name__}: {error.filename or ''}".rstrip(": "))
    # Its words may hold data.
    return problem(subject, f"unexpected error: {type(error).__name__}", "This is a defect of the program: report it")


def _left_out(looks: Iterable[tuple[str, Look]], because: str) -> Iterator[Finding]:
    for subject, _ in looks:
        yield not_checked(subject, because)


def _document(finding: Finding) -> dict[str, object]:
    """A finding for programs, in which its severity is called `verdict`."""
    return {
        "subject": finding.subject,
        "verdict": finding.severity,
        "message": finding.message,
        "what_to_do": finding.what_to_do,
    }


def _show(findings: list[Finding]) -> None:
    out = console()
    shown = table("What", "", "Found")
    for one in findings:
        shown.add_row(one.subject, Text(one.severity.value, _COLOURS[one.severity]), one.message)
        if one.what_to_do:
            shown.add_row("", "", f"→ {one.what_to_do}")
    out.print(shown)
    problems = sum(one.severity is Severity.PROBLEM for one in findings)
    warnings = sum(one.severity is Severity.WARNING for one in findings)
    out.print(f"{plural(problems, 'problem')}, {plural(warnings, 'warning')}.")
