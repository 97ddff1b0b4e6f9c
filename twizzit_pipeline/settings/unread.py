"""Variables that look like this project's and that nothing reads: a misspelled one is as good as none."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from twizzit_pipeline.settings import env_file
from twizzit_pipeline.settings.environment import variable
from twizzit_pipeline.settings.fields import Settings

_OF_PROCESSES = {"TWIZZIT_UP"}  # what `twizzit up` marks its processes with


@dataclass(frozen=True, slots=True)
class Unread:
    """A variable that looks like this project's, and that nothing reads; its value is not kept.

    Attributes:
        where: ``environment``, or ``.env``.
        nearest: the variable that may be meant; None where none is like it.
    """

    name: str
    where: str
    nearest: str | None


def unread_variables() -> list[Unread]:
    """Variables of the environment and of `.env` that begin like this project's and that nothing reads, by name."""
    known = {variable(field) for field in Settings.model_fields}
    present = {
        **dict.fromkeys(env_file.read(Path(".env")), ".env"),
        **dict.fromkeys(os.environ, "environment"),
    }
    unread = sorted((name, where) for name, where in present.items() if name.upper().startswith("TWIZZIT_"))
    return [
        Unread(name, where, _nearest(name.upper(), known))
        for name, where in unread
        if name.upper() not in known | _OF_PROCESSES
    ]


def _nearest(name: str, known: Collection[str]) -> str | None:
    bare = name.removeprefix("TWIZZIT_")
    if bare in known:
        return bare
    return next(iter(get_close_matches(name, sorted(known), n=1, cutoff=0.75)), None)
