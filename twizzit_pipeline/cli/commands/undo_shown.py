"""What `twizzit undo` shows: what it writes, what it leaves and why, and what the next sync will do.

Names of people are shown on a terminal alone, and in JSON: elsewhere the text may end in a log.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from rich.console import Console

from twizzit_pipeline.cli.output.differences import PERSONAL, is_of_people, kick_off, of_column
from twizzit_pipeline.cli.output.terminal import plural, show_line, show_table, table
from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.undo.following import FollowKind
from twizzit_pipeline.undo.rows import REASONS, Key, Left, Step, StepKind
from twizzit_pipeline.undo.undoing import Undo

_ROWS_SHOWN = 50
# What the next sync makes of it.
_FOLLOWS: Mapping[FollowKind, str] = {
    "again": "the next sync of {seasons} does the same again as long as Twizzit says so; to keep automatic syncs from "
    "it: twizzit config set {id} --no-auto; or let them stop at their plan, to leave that out: twizzit config set {id} "
    "--review",
    "held": "who or what had left with it is back, and does not leave again before a person decides: "
    "twizzit departures list {id}",
    "reopened": "links that it had closed are there again, and the next sync leaves them so",
    "repaired": "what the repair wrote comes again with another repair alone: twizzit sync {id} --repair",
    "asked": "what was decided waits for an answer again: twizzit conflicts list {id}",
    "looked_at": "the decision does not count any more; the next sync looks at it anew, and asks where that is still "
    "not clear",
    "stays": "the next sync leaves it so, and writes what Twizzit has changed since",
    "decided": "the decision counts again, and the next sync does not ask",
    "closed": "questions that waited for an answer are closed; the next sync asks again where that is still not clear",
}
_KINDS: Mapping[StepKind, str] = {  # what a reader should see first
    "restore": "changed back",
    "deactivate": "made inactive",
    "bring_back": "brought back",
    "remove": "removed",
}
_OF_PEOPLE = {*PERSONAL, *(each.remote_name for each in ENTITIES.values() if each.person_names), "last_values"}
_COUNTED = ("twizzit_", "competition_teams")  # tables that go along with others: their rows are counted alone
_UNREADABLE = {"last_values"}  # of mappings: what Twizzit said at the last sync, as a document


def show(out: Console, found: Undo) -> None:
    """Print what is written, in a table, and what is left."""
    steps, left = found.plan.steps, found.plan.left
    _say_passed_over(out, found)
    if not steps and not left:
        return
    out.print(f"Undo of {found.label}, {found.organization_name}:", soft_wrap=True)
    for kind, words in _KINDS.items():
        counted = Counter(step.key.table for step in steps if step.kind == kind)
        if counted:
            tables = ", ".join(plural(count, _one(name), _words(name)) for name, count in counted.items())
            show_line(out, f"{plural(counted.total(), 'row')} {words}: {tables}")
    shown = table("What", "Id", "Name", "", "Changes", right=("Id",))
    local = [step for step in steps if not step.key.table.startswith(_COUNTED)]
    for step in sorted(local, key=lambda step: list(_KINDS).index(step.kind))[:_ROWS_SHOWN]:
        shown.add_row(*_step_row(step, names=out.is_terminal))
    if local:
        show_table(out, shown)
    if (more := len(steps) - min(len(local), _ROWS_SHOWN)) > 0:
        out.print(f"  {more:,} more, mappings among them: --json has all", soft_wrap=True)
    if left:
        rows = len({one.key for one in left})
        out.print(f"{plural(rows, 'row')} left as {'it is' if rows == 1 else 'they are'}, at least in part:")
        for one in left[:_ROWS_SHOWN]:
            show_line(out, _left_line(one, names=out.is_terminal))
        if len(left) > _ROWS_SHOWN:
            out.print(f"  and {len(left) - _ROWS_SHOWN:,} more; --json has all")


def _say_passed_over(out: Console, found: Undo) -> None:
    if found.passed_over:
        tables = ", ".join(
            plural(count, f"entry of {table}", f"entries of {table}") for table, count in found.passed_over.items()
        )
        out.print(f"Passed over, since no undo writes these tables: {tables}.", soft_wrap=True)


def say_done(out: Console, found: Undo) -> None:
    """Print what came of it, and what to do so that the next sync does not bring it again."""
    if not found.history_ids:
        out.print("Nothing to undo: no sync of this club began since then.")
        return
    if not found.plan.steps:
        why = "nothing of it can be taken back" if found.plan.left else "it changed nothing that is still there"
        out.print(f"Nothing to undo of {found.label}: {why}.", soft_wrap=True)
        return
    if found.undo_id is None:
        out.print("Nothing is written yet: this is a preview.")
    else:
        out.print(f"Done: undo {found.undo_id}. To bring it back: twizzit undo {found.undo_id}", soft_wrap=True)
    for one in found.follows:
        said = _FOLLOWS[one.kind].format(seasons=" or ".join(one.seasons), id=found.credential_id)
        out.print(f"{said[0].upper()}{said[1:]}.", soft_wrap=True)


def document(found: Undo) -> dict[str, object]:
    """An undo that was looked at or done, for programs."""
    return {
        "undo_id": found.undo_id,
        "credential_id": found.credential_id,
        "history_ids": list(found.history_ids),
        "steps": [
            {
                "action": step.kind,
                **_key(step.key),
                "twizzit_id": step.twizzit_id,
                "name": step.name,
                "before": dict(step.before),
                "after": dict(step.after),
                "because": step.because,
            }
            for step in found.plan.steps
        ],
        "passed_over": dict(found.passed_over),
        "next_sync": [asdict(one) for one in found.follows],
        "left": [
            {**{name: value for name, value in asdict(one).items() if name != "key"}, **_key(one.key)}
            | {"message": REASONS[one.reason]}
            for one in found.plan.left
        ],
    }


def _key(key: Key) -> dict[str, object]:
    return {"table": key.table, "row_id": key.id}


def _step_row(step: Step, *, names: bool) -> tuple[str, ...]:
    hidden = not names and is_of_people(step.key.table)
    changes = ", ".join(_differences(step, names=names)) if step.kind in ("restore", "deactivate") else ""
    because = f"still used by {step.because}" if step.because else ""
    said = ", ".join(filter(None, (changes, because)))
    name = "shown on a terminal" if hidden else _named(step.key, step.name) or "–"
    return _words(step.key.table), str(step.key.id), name, _KINDS[step.kind], said


def _differences(step: Step, *, names: bool) -> Iterator[str]:
    for column, value in step.after.items():
        if column in _UNREADABLE:
            yield "what Twizzit said last"
        elif column in _OF_PEOPLE and not names:
            yield f"{column}: shown on a terminal"
        else:
            yield f"{column}: {of_column(column, step.before.get(column))} → {of_column(column, value)}"


def _left_line(one: Left, *, names: bool) -> str:
    hidden = not names and is_of_people(one.key.table)
    name = f" {_named(one.key, one.name)}" if one.name and not hidden else ""
    columns = f" ({', '.join(one.columns)})" if one.columns else ""
    because = f": {one.because}" if one.because else ""
    return f"{_words(one.key.table)} {one.key.id}{name}{columns}: {REASONS[one.reason]}{because}"


def _named(key: Key, name: str) -> str:
    return kick_off(name) if key.table == "games" and name else name


def _words(name: str) -> str:
    """A table in words: a mapping by what it is of, the rest as it is called in ShotSpot."""
    return name.removeprefix("twizzit_").replace("_", " ")


def _one(name: str) -> str:
    return _words(name).removesuffix("s")
