"""What only the database can judge of an undo: CHECKs, indexes of expressions, exclusions, and triggers of ShotSpot's.

What belongs here: trying a plan, and finding the rows that the database refuses. A try is written in a savepoint that
is rolled back. Of the rows in their order, the last of the shortest part that is refused is the one that is left; then
all is tried again without it.
"""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from twizzit_pipeline.errors import DatabaseRefused, UndoRefused
from twizzit_pipeline.undo.catalogue import Columns
from twizzit_pipeline.undo.rows import Key, Step, UndoPlan
from twizzit_pipeline.undo.writing import write_rows

MOST_REFUSED = 20
Make = Callable[[Mapping[Key, str]], UndoPlan]

# By the beginning of the SQLSTATE: rules on values, bad values, views with a check, and what a function raises.
_OF_RULES = ("22", "23", "44", "P0")
_RULE = "a rule or trigger"
_UNIQUE, _FOREIGN_KEY = "23505", "23503"
_OF_EXPRESSION = text(
    "SELECT bool_or(i.indexprs IS NOT NULL) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " WHERE c.relname = :name AND c.relnamespace = quote_ident(current_schema())::regnamespace"
)


def possible(connection: Connection, make: Make, columns: Mapping[str, Columns]) -> UndoPlan:
    """The plan without what the database refuses.

    Args:
        make: the plan without some rows, each with the rule that forbids it.

    Raises:
        UndoRefused: it refuses many rows.
    """
    refused: dict[Key, str] = {}
    plan = make(refused)
    while (rule := _refusal(connection, plan.steps, columns)) is not None:
        if len(refused) == MOST_REFUSED:
            raise UndoRefused(
                f"ShotSpot's database refuses more than {MOST_REFUSED} rows as they were before ({rule}): nothing was "
                "written; see whether that rule is newer than the sync"
            )
        key, refused_by = _first_refused(connection, make, refused, plan.steps, columns)
        refused[key] = refused_by or rule
        plan = make(refused)
    return plan


def _first_refused(
    connection: Connection,
    make: Make,
    refused: Mapping[Key, str],
    steps: Sequence[Step],
    columns: Mapping[str, Columns],
) -> tuple[Key, str | None]:
    """The last row of the shortest beginning of these steps that is refused, and by which rule."""
    taken, found, by = 0, len(steps), None
    while found - taken > 1:
        middle = (taken + found) // 2
        later = {step.key: "" for step in steps[middle:]}
        rule = _refusal(connection, make({**refused, **later}).steps, columns)
        if rule is None:
            taken = middle
        else:
            found, by = middle, rule
    return steps[found - 1].key, by


def _refusal(connection: Connection, steps: Sequence[Step], columns: Mapping[str, Columns]) -> str | None:
    """The rule by which the database refuses these steps; None where it takes them."""
    try:
        with connection.begin_nested() as attempt:
            write_rows(connection, steps, columns)
            connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            attempt.rollback()
    except DBAPIError as error:
        state = str(getattr(error.orig, "sqlstate", None) or "")
        diagnosis = getattr(error.orig, "diag", None)
        table, name = (getattr(diagnosis, part, None) for part in ("table_name", "constraint_name"))
        by_others = state == _FOREIGN_KEY or (
            state == _UNIQUE and not connection.scalar(_OF_EXPRESSION, {"name": name})
        )
        if by_others or not state.startswith(_OF_RULES):  # the plan has seen to those: another transaction came between
            raise
        of_table = f" of {table}" if table else ""
        return f"{name}{of_table}" if name else f"{_RULE}{of_table}"
    except DatabaseRefused:  # nothing was raised, and a row is as it was
        return _RULE
    return None
