"""What PostgreSQL makes of the statements of some work: its plan of each, as it runs."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

_EXPLAINED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")

_OF_ANOTHER_TABLE = re.compile(r'[\w"]\.[\w"]')  # of its own table an index condition names the columns alone

Plan = dict[str, Any]


@contextmanager
def plans_of(engine: Engine) -> Iterator[list[tuple[str, Plan]]]:
    """Each statement about tables of rows as it runs, with the plan that PostgreSQL makes of it at that moment."""
    with _explained(engine, "EXPLAIN (FORMAT JSON)", _EXPLAINED) as plans:
        yield plans


@contextmanager
def queries_of(engine: Engine) -> Iterator[list[tuple[str, Plan]]]:
    """Each query about tables of rows, with the plan of it and how many rows each part of that read."""
    with _explained(engine, "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON)", ("SELECT", "WITH")) as plans:
        yield plans


@contextmanager
def _explained(engine: Engine, explain: str, of: tuple[str, ...]) -> Iterator[list[tuple[str, Plan]]]:
    plans: list[tuple[str, Plan]] = []

    def ask(connection: Any, cursor: Any, statement: str, parameters: Any, *_: object) -> None:
        if statement.lstrip(" (\n").upper().startswith(of) and "pg_" not in statement:
            with cursor.connection.cursor() as other:
                other.execute(f"{explain} {statement}", parameters)
                (answer,) = other.fetchone()
            plans.append((statement, (answer if isinstance(answer, list) else json.loads(answer))[0]["Plan"]))

    event.listen(engine, "before_cursor_execute", ask)
    try:
        yield plans
    finally:
        event.remove(engine, "before_cursor_execute", ask)


def nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def rows_read(plan: Plan, table: str) -> int:
    """How many rows of the table a query read, those that fit no condition included; of a plan of `queries_of`."""
    scans = (one for one in nodes(plan) if one.get("Relation Name") == table)
    return int(sum(one["Actual Loops"] * (one["Actual Rows"] + one.get("Rows Removed by Filter", 0)) for one in scans))


def compares_each_with_each(loop: Plan) -> bool:
    """Whether a nested loop reads its inner side once for each outer row, without an index that finds which."""
    outer, inner = [one for one in loop["Plans"] if one["Parent Relationship"] in ("Outer", "Inner")]
    if outer["Node Type"] in ("Result", "Limit") or (outer["Node Type"] == "Aggregate" and "Group Key" not in outer):
        return False  # one row
    conditions = [one["Index Cond"] for one in nodes(inner) if "Index Cond" in one]
    return not any(_OF_ANOTHER_TABLE.search(condition) for condition in conditions)
