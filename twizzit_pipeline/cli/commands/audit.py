"""`twizzit audit`: who changed what."""

from collections.abc import Iterator, Mapping

from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.options import Json, Limit, Offset
from twizzit_pipeline.cli.output.differences import brief
from twizzit_pipeline.cli.output.terminal import console, moment, print_json, table
from twizzit_pipeline.storage import audit


def audit_log(
    limit: Limit = 50,
    offset: Offset = 0,
    as_json: Json = False,
) -> None:
    """Show who changed what, newest first; times are local (with --json, ISO 8601 with zone)."""
    with opened() as here:
        rows = audit.recent(here.database.engine, limit=limit, offset=offset)
    if as_json:
        print_json(rows)
        return
    if not rows:
        console().print("Nothing yet.")
        return
    shown = table("Id", "When", "Who", "What", "On", "Details", right=("Id",))
    for row in rows:
        shown.add_row(
            str(row.id),
            moment(row.at),
            " ".join(filter(None, (row.actor.kind, row.actor.id, row.actor.role))),
            row.action,
            " ".join(filter(None, (row.target, row.target_id))),
            ", ".join(in_words(row.details)),
        )
    console().print(shown)


def in_words(details: Mapping[str, object]) -> Iterator[str]:
    """What an entry says, a few words each; of values from before and after ``sync_interval_minutes: 60 → 120``."""
    before, after = details.get("from"), details.get("to")
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from (f"{name}: {_words(before.get(name))} → {_words(value)}" for name, value in after.items())
    elif "from" in details and "to" in details:
        yield f"{_words(before)} → {_words(after)}"
    else:
        yield from (f"{name}: {_words(value)}" for name in ("from", "to") if (value := details.get(name)) is not None)
    for name, value in details.items():
        if name not in {"from", "to"} and value is not None:
            yield f"{name}: {_words(value)}"


def _words(value: object) -> str:
    """A value; of values by name, each with its name."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {brief(one)}" for name, one in value.items()) or "none"
    return brief(value) or "none"
