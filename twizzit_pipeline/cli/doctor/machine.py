"""The machine: room on the disk, folders, the time zone, versions."""

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from email.parser import HeaderParser
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from twizzit_pipeline.cli.doctor.finding import Finding, listed, not_checked, ok, problem, warning
from twizzit_pipeline.cli.output.guides import more
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.settings.unread import unread_variables

_GIGABYTE = 10**9
_FULL, _NEARLY_FULL = 0.5 * _GIGABYTE, 2 * _GIGABYTE
_OLDEST, _NEWEST = (3, 11), (3, 14)
_REQUIREMENTS = Path(__file__).parents[3] / "requirements.txt"
_NOT_BEFORE = 2026
_PLAYED_IN = "Europe/Brussels"


def look_at_folders(settings: Settings) -> Iterator[Finding]:
    """The home folder and a `.env` beside us: whose they are, and who may read them."""
    home = settings.home.absolute()
    dotenv = Path(".env")
    if dotenv.exists() and stat.S_IMODE(dotenv.stat().st_mode) & 0o004:
        todo = "chmod 600 .env"
        yield warning("folders", ".env in the working directory can be read by others, and may hold secrets", todo)
    if not home.exists():
        yield ok("folders", f"{settings.home} is not there yet: the first command makes it")
        return
    found = home.stat()
    mode = stat.S_IMODE(found.st_mode)
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        todo = f"Run as its owner (uid {found.st_uid}), or: chown -R $USER {home}"
        yield problem("folders", f"TWIZZIT_HOME ({settings.home}) cannot be written by this user", todo)
    elif mode & 0o077:
        message = f"TWIZZIT_HOME ({settings.home}) can be entered by others (mode {mode:04o})"
        yield warning("folders", message, f"chmod 700 {home}")
    else:
        yield ok("folders", f"TWIZZIT_HOME ({settings.home}) is this user's alone, mode {mode:04o}")


def look_at_variables(_: Settings) -> Iterator[Finding]:
    """Variables that look like this project's and that nothing reads, each with the one that may be meant."""
    unread = unread_variables()
    for one in unread:
        meant = f"Rename it to {one.nearest}, or unset it" if one.nearest else "Unset it"
        yield warning("variables", f"Nothing reads {one.name} ({one.where})", meant)
    if not unread:
        yield ok("variables", "Every TWIZZIT_ variable is one that is read")


def look_at_disk(settings: Settings) -> Iterator[Finding]:
    """The room left where TWIZZIT_HOME is, which holds the embedded database."""
    there = settings.home.absolute()
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free
    message = f"{free / _GIGABYTE:,.1f} GB are free where TWIZZIT_HOME is"
    todo = f"Make room, or move TWIZZIT_HOME{more('operations.md', 'Disk full')}"
    if free < _FULL:
        yield problem("disk", message, todo)
    elif free < _NEARLY_FULL:
        yield warning("disk", message, todo)
    else:
        yield ok("disk", message)
    if not settings.embedded:
        yield not_checked("disk", "The room of the database's server: look there")


def look_at_time_zone(_: Settings) -> Iterator[Finding]:
    """Seasons are judged by the day in Belgium, whatever zone this machine is in; its clock must be right, though."""
    local = datetime.now(UTC).astimezone()
    try:
        there = datetime.now(ZoneInfo(_PLAYED_IN))
    except ZoneInfoNotFoundError:
        yield problem("time zone", f"{_PLAYED_IN} is unknown here", "Install the package tzdata")
        return
    message = f"Here it is {local:%Y-%m-%d %H:%M} ({local.tzname()}), in Belgium {there:%H:%M}"
    if local.year < _NOT_BEFORE:
        yield problem("time zone", message, "Set this machine's clock (timedatectl set-ntp true)")
    else:
        yield ok("time zone", message)


def look_at_versions(_: Settings) -> Iterator[Finding]:
    """Python, this package, Dagster; and in a checkout, whether what is installed is what `requirements.txt` says."""
    running = sys.version_info[:2]
    parts = f"twizzit-pipeline {version('twizzit-pipeline')}, Dagster {version('dagster')}"
    message = f"Python {sys.version.split()[0]}, {parts}"
    if not _OLDEST <= running <= _NEWEST:
        yield problem("versions", message, "Install it under Python 3.11 to 3.14")
        return
    if not _REQUIREMENTS.is_file():
        yield ok("versions", message)
        return
    other = [*_other_versions(_REQUIREMENTS.read_text(encoding="utf-8"))]
    if other:
        message = f"{message}; not as requirements.txt has it: {listed(other)}"
        yield warning(
            "versions", message, "make demo (or: pip install --require-hashes --requirement requirements.txt)"
        )
    else:
        yield ok("versions", f"{message}, all as requirements.txt has it")


def _installed(name: str) -> str:
    """What `version` says, which also parses the long description below the headers: of a hundred packages, here."""
    above, _, _ = (distribution(name).read_text("METADATA") or "").partition("\n\n")
    return HeaderParser().parsestr(above)["Version"] or version(name)


def _other_versions(requirements: str) -> Iterator[str]:
    for line in requirements.splitlines():
        pin, _, _ = line.rstrip("\\").partition(";")
        name, pinned, wanted = pin.partition("#")[0].partition("==")
        if not pinned:
            continue
        try:
            installed = _installed(name.strip())
        except PackageNotFoundError:
            continue
        if installed != wanted.strip():
            yield f"{name.strip()} {installed}"
